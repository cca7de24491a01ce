"""What the parts of a running sandbox share, and the INVITE headers that all its calls have."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from exotel_voice.media.base import MediaEngine
from exotel_voice.sandbox.accounts import Accounts
from exotel_voice.sandbox.changes import Changes
from exotel_voice.sandbox.gatekeeper import Gatekeeper
from exotel_voice.sandbox.parties.party import Party, PartyKind
from exotel_voice.sandbox.records import CallLog, CallRecord, Direction, LegRecord
from exotel_voice.sandbox.registrar import Binding, Registrar
from exotel_voice.sandbox.router import PartyTarget, Router
from exotel_voice.sandbox.settings import SandboxSettings
from exotel_voice.sandbox.switchboard import Switchboard
from exotel_voice.sip.addresses import escape_user, quote
from exotel_voice.sip.events import Flow

__all__ = ["House"]


@dataclass(slots=True, kw_only=True)
class House:
    """A running sandbox, from the inside."""

    settings: SandboxSettings
    accounts: Accounts
    registrar: Registrar
    gatekeeper: Gatekeeper
    router: Router
    parties: Mapping[str, PartyKind]
    calls: CallLog
    changes: Changes
    engine: MediaEngine
    switchboard: Switchboard = field(init=False)
    """Set once there is a user agent."""

    def bindings(self, username: str, *, but_on: Flow | None = None) -> list[Binding]:
        """List an account's phones, without those on one connection."""
        found = self.registrar.bindings(self.switchboard.now, username)
        return [binding for binding in found if but_on is None or binding.flow != but_on]

    def make_party(self, target: PartyTarget) -> Party:
        """Make the party of one call.

        Raises:
            ConfigError: What follows its name makes no sense.
        """
        return self.parties[target.name].make(target.parameter)

    def new_record(
        self, *, from_: str, to: str, direction: Direction, caller_id: str
    ) -> CallRecord:
        """Make the record of a call, and keep it."""
        record = CallRecord(
            from_=from_,
            to=to,
            direction=direction,
            caller_id=caller_id,
            changes=self.changes,
        )
        self.calls.add(record)
        self.changes.announce()
        return record

    def invite_headers(
        self,
        record: CallRecord,
        leg: LegRecord,
        *,
        display_name: str = "",
        more: Mapping[str, str] | None = None,
    ) -> dict[str, str]:
        """Write the headers of an INVITE to an account: who calls, and the platform's ids.

        Args:
            record: The call.
            leg: The leg that the INVITE makes.
            display_name: The caller's name, may be empty.
            more: Headers of the application.
        """
        domain = self.settings.domain
        caller = f"<sip:{escape_user(record.caller_id)}@{domain}>"
        return {
            **(more or {}),
            "From": f"{quote(display_name)} {caller}" if display_name else caller,
            "To": f"<sip:{escape_user(leg.who)}@{domain}>",
            "X-Exotel-Callsid": record.sid,
            "LegSid": leg.sid,
        }
