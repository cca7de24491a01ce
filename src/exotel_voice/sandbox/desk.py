"""The desk that new calls come to: it checks who calls and sends each call where it goes."""

from __future__ import annotations

import logging
from collections.abc import Mapping
from typing import Final

from exotel_voice.errors import ConfigError, MalformedMessage
from exotel_voice.sandbox.fork import Failure, Invitation
from exotel_voice.sandbox.gatekeeper import Refusal
from exotel_voice.sandbox.house import House
from exotel_voice.sandbox.legs import BridgedCall, passed_headers
from exotel_voice.sandbox.parties.party import Party
from exotel_voice.sandbox.party_call import PartyCall
from exotel_voice.sandbox.records import CallRecord, Direction
from exotel_voice.sandbox.registrar import Binding
from exotel_voice.sandbox.router import AccountTarget, Nobody, PartyTarget
from exotel_voice.sip.addresses import Uri
from exotel_voice.sip.events import InviteReceived, SessionId, TransferRequested

__all__ = ["Desk"]

logger = logging.getLogger(__name__)

BAD_REQUEST: Final = 400
FORBIDDEN: Final = 403
NOT_FOUND: Final = 404
NOT_REGISTERED: Final = 480
NO_SUCH_CALL: Final = 481
OK: Final = 200


class Desk:
    """Begins calls.

    Args:
        house: The sandbox.
    """

    def __init__(self, house: House) -> None:
        self._house = house

    # -- calls of phones ----------------------------------------------------------------------

    def take(self, invite: InviteReceived) -> None:
        """Take a phone's INVITE."""
        try:
            username = Uri.parse(invite.from_uri).user or ""
        except MalformedMessage:
            self._refuse(invite, BAD_REQUEST, "The From Header Cannot Be Read")
            return
        if username not in self._house.accounts:
            self._refuse(invite, FORBIDDEN, "Unknown Caller")
            return
        if self._house.settings.authenticate_calls:
            now = self._house.switchboard.now
            outcome = self._house.gatekeeper.check_call(invite, username=username, now=now)
            if isinstance(outcome, Refusal):
                self._challenge(invite, outcome)
                return
        if invite.replaces is not None:
            self._replace(invite, invite.replaces, username)
            return
        match self._house.router.find(invite.request_uri):
            case AccountTarget() as target:
                self._to_account(invite, username, target.username)
            case PartyTarget() as target:
                self._to_party(invite, username, target)
            case Nobody():
                self._refuse(invite, NOT_FOUND, "Nobody Has This Address")

    def _refuse(self, invite: InviteReceived, status: int, reason: str) -> None:
        self._house.switchboard.agent.reject(
            invite.session, now=self._house.switchboard.now, status=status, reason=reason
        )

    def _challenge(self, invite: InviteReceived, refusal: Refusal) -> None:
        self._house.switchboard.agent.reject(
            invite.session,
            now=self._house.switchboard.now,
            status=refusal.status,
            headers=refusal.headers,
        )

    def _record(self, username: str, to: str) -> CallRecord:
        return self._house.new_record(
            from_=username, to=to, direction=Direction.INBOUND, caller_id=username
        )

    def _to_account(self, invite: InviteReceived, caller: str, callee: str) -> None:
        bindings = self._house.bindings(callee, but_on=invite.flow)
        if not bindings:
            self._refuse(invite, NOT_REGISTERED, "Not Registered")
            return
        record = self._record(caller, callee)
        self._bridge(invite, record, bindings)

    def _bridge(
        self,
        invite: InviteReceived,
        record: CallRecord,
        bindings: list[Binding],
        replaces: str | None = None,
    ) -> None:
        caller, callee = record.add_leg(record.from_), record.add_leg(record.to)
        call = BridgedCall(self._house.switchboard, record, caller, callee, invite)
        self._own(invite, record.from_, call)
        headers = self._house.invite_headers(
            record,
            callee,
            display_name=invite.from_display_name,
            more=passed_headers(invite.headers),
        )
        invitation = Invitation(offer=invite.offer, headers=headers, replaces=replaces)
        call.ring(bindings, invitation, ring_for=self._house.settings.no_answer_after)

    def _to_party(self, invite: InviteReceived, caller: str, target: PartyTarget) -> None:
        try:
            party = self._house.make_party(target)
        except ConfigError as error:
            logger.warning("%s was dialled: %s", target.address, error.message)
            self._refuse(invite, NOT_FOUND, "The Party's Number Makes No Sense")
            return
        record = self._record(caller, target.address)
        self._answer_as(invite, record, party)

    def _answer_as(self, invite: InviteReceived, record: CallRecord, party: Party) -> None:
        call = self._party_call(record, record.from_, party)
        self._own(invite, record.from_, call)
        call.take(invite, ring_for=self._house.settings.no_answer_after)

    def _own(self, invite: InviteReceived, caller: str, call: BridgedCall | PartyCall) -> None:
        device = self._house.registrar.device_on(invite.flow, caller)
        self._house.switchboard.own(invite.session, call, flow=invite.flow, device=device)

    def _party_call(self, record: CallRecord, phone: str, party: Party) -> PartyCall:
        leg = record.add_leg(phone)
        call = PartyCall(self._house.switchboard, self._house.engine, record, leg, party)
        call.on_transfer = self._transfer_party
        return call

    # -- calls of the sandbox -----------------------------------------------------------------

    def place(
        self,
        to: str,
        party: str,
        *,
        caller_id: str | None = None,
        display_name: str = "",
        headers: Mapping[str, str] | None = None,
    ) -> CallRecord:
        """Let a party call an account.

        Raises:
            ConfigError: There is no such account or no such party.
        """
        if to not in self._house.accounts:
            raise ConfigError(f"There is no account {to!r} to call.")
        target = self._house.router.find_party(party)
        if target is None:
            names = ", ".join(self._house.parties)
            raise ConfigError(f"There is no party {party!r}; there are {names}.")
        talker = self._house.make_party(target)
        record = self._house.new_record(
            from_=party, to=to, direction=Direction.OUTBOUND, caller_id=caller_id or party
        )
        call = self._party_call(record, to, talker)
        invitation = Invitation(
            headers=self._house.invite_headers(
                record, record.legs[0], display_name=display_name, more=headers
            )
        )
        ring_for = self._house.settings.no_answer_after
        call.call(self._house.bindings(to), invitation, ring_for=ring_for)
        return record

    # -- transfers ----------------------------------------------------------------------------

    def _replace(self, invite: InviteReceived, replaced: SessionId, username: str) -> None:
        """Let a call take the place of another one (RFC 3891 §3)."""
        owner = self._house.switchboard.owner_of(replaced)
        if isinstance(owner, PartyCall):
            record = self._record(username, owner.record.to)
            self._answer_as(invite, record, owner.party)
            return
        found = self._far_end(replaced)
        if found is None:
            self._refuse(invite, NO_SUCH_CALL, "No Such Call")
            return
        binding, replaces = found
        record = self._record(username, binding.username)
        self._bridge(invite, record, [binding], replaces)

    def _far_end(self, replaced: SessionId) -> tuple[Binding, str] | None:
        """Find the phone at the other side of a session, and what a call to it has to replace."""
        board = self._house.switchboard
        owner = board.owner_of(replaced)
        other = owner.other(replaced) if isinstance(owner, BridgedCall) else None
        if other is None:
            return None
        device = board.device_of(other)
        replaces = board.agent.replaces_value(other)
        for binding in self._house.registrar.bindings(board.now):
            if binding.device == device and replaces is not None:
                return binding, replaces
        return None

    def _transfer_party(self, call: PartyCall, event: TransferRequested) -> None:
        """Let a party that is asked to call somebody else do so (RFC 3515 §2.4.2)."""
        board = self._house.switchboard
        board.agent.accept_transfer(event.session, now=board.now)
        if event.replaces is not None:
            self._transfer_to_call(call, event)
            return
        match self._house.router.find(event.target):
            case AccountTarget() as target:
                bindings = self._house.bindings(target.username)
                self._call_instead(call, event, target.username, bindings, Invitation())
            case PartyTarget():
                self._report(event.session, OK, "OK")  # two parties with nobody to hear them
            case Nobody():
                self._report(event.session, NOT_FOUND, "Not Found")

    def _transfer_to_call(self, call: PartyCall, event: TransferRequested) -> None:
        board = self._house.switchboard
        replaced = board.agent.find_session(event.replaces or "")
        if replaced is not None and isinstance(board.owner_of(replaced), PartyCall):
            self._report(event.session, OK, "OK")
            board.hang_up(replaced, reason="transferred")
            return
        found = self._far_end(replaced) if replaced is not None else None
        if found is None:
            self._report(event.session, NO_SUCH_CALL, "No Such Call")
            return
        binding, replaces = found
        invitation = Invitation(replaces=replaces)
        self._call_instead(call, event, binding.username, [binding], invitation)

    def _call_instead(
        self,
        call: PartyCall,
        event: TransferRequested,
        username: str,
        bindings: list[Binding],
        invitation: Invitation,
    ) -> None:
        was_dialled = call.record.direction is Direction.INBOUND
        name = call.record.to if was_dialled else call.record.from_
        record = self._house.new_record(
            from_=name, to=username, direction=Direction.OUTBOUND, caller_id=name
        )
        instead = self._party_call(record, username, call.party)
        headers = self._house.invite_headers(record, record.legs[0])
        invitation = Invitation(headers=headers, replaces=invitation.replaces)
        instead.call(bindings, invitation, ring_for=self._house.settings.no_answer_after)
        board = self._house.switchboard
        board.tasks.start(self._report_outcome(instead, event.session), name="report a transfer")

    async def _report_outcome(self, instead: PartyCall, session: SessionId) -> None:
        await instead.up.wait()
        failure = instead.failure or Failure(status=OK, reason="OK")
        with self._house.switchboard.turn():
            self._report(session, failure.status, failure.reason)

    def _report(self, session: SessionId, status: int, reason: str) -> None:
        board = self._house.switchboard
        board.agent.report_transfer(session, status=status, reason=reason, now=board.now)
