"""The HTTP API's call: it rings `From` first, then `To`, and joins them.

Deviates: RFC 3725 §4 joins two phones by sending each the other's description. Its flow I keeps the
first phone waiting for an ACK while the second one rings, and the other flows need descriptions
without audio, which browsers do not take. So the sandbox does what the platform does: it is one end
of both audio paths, lets the first phone hear the ringing, and passes sound and digits across.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable
from typing import Final, TypeVar

from exotel_voice.errors import ConfigError, InvalidState
from exotel_voice.sandbox.fork import Failure, Invitation
from exotel_voice.sandbox.house import House
from exotel_voice.sandbox.outcomes import status_of_failure
from exotel_voice.sandbox.parties.line import Line
from exotel_voice.sandbox.parties.party import AT_ONCE, Party
from exotel_voice.sandbox.party_call import PartyCall
from exotel_voice.sandbox.records import CallRecord, CallStatus, Direction, LegRecord
from exotel_voice.sandbox.rest_request import ConnectRequest
from exotel_voice.sandbox.router import AccountTarget, Nobody
from exotel_voice.sandbox.status_callback import deliver

__all__ = ["connect"]

T = TypeVar("T")

NO_ANSWER: Final = Failure(status=480, reason="No Answer", is_no_answer=True)
NOBODY: Final = Failure(status=404, reason="Nobody Has This Address")
GIVEN_UP: Final = Failure(status=487, reason="The Caller Hung Up", is_no_answer=True)


def connect(house: House, request: ConnectRequest) -> CallRecord:
    """Begin a call between two parties; its record says how it fares."""
    record = house.new_record(
        from_=request.from_,
        to=request.to,
        direction=Direction.OUTBOUND_API,
        caller_id=request.caller_id,
    )
    record.custom_field = request.custom_field
    record.when_over(lambda ended: _tell(house, request, ended, event="terminal"))
    call = _ConnectedCall(house, request, record)
    task = house.switchboard.tasks.start(call.run(), name=f"connect {record.sid[:8]}")

    def hang_up() -> None:
        call.end()
        task.cancel()

    record.carried_by(hang_up)
    return record


def _tell(house: House, request: ConnectRequest, record: CallRecord, *, event: str) -> None:
    """Tell the application: of the end always, of the answer only if it asked for that."""
    callback = request.callback
    if callback is None or (event == "answered" and event not in callback.events):
        return
    retry_after = house.settings.callback_retry_after
    house.switchboard.tasks.start(
        deliver(record, callback, event=event, retry_after=retry_after), name="StatusCallback"
    )


class _ConnectedCall:
    """One call of the HTTP API, from the first ringing to the end."""

    def __init__(self, house: House, request: ConnectRequest, record: CallRecord) -> None:
        self._house = house
        self._request = request
        self._record = record
        self._first = record.add_leg(request.from_)
        self._second = record.add_leg(request.to)
        self._ring_for = request.time_out or house.settings.no_answer_after
        self._calls: list[PartyCall] = []
        self._ended_by = ""
        self.failure: Failure | None = None
        """Why the call did not come about."""

    async def run(self) -> None:
        """Carry the call from its begin to its end."""
        try:
            await self._call_first()
        except ConfigError as error:
            self.failure = Failure(status=NOBODY.status, reason=error.message)
        finally:
            self.end()
            self._finish()

    def end(self) -> None:
        """Hang up on both sides."""
        for call in self._calls:
            call.end()

    def _finish(self) -> None:
        if self._record.answered_at is not None:
            self._record.finish(CallStatus.COMPLETED, sip_status=200, reason=self._ended_by)
            return
        failure = self.failure or GIVEN_UP
        self._record.finish(
            status_of_failure(failure), sip_status=failure.status, reason=failure.reason
        )

    async def _call_first(self) -> None:
        target = self._house.router.find(self._request.from_)
        if isinstance(target, Nobody):
            self.failure = NOBODY
        elif isinstance(target, AccountTarget):
            call = self._ring(target, self._first, _FirstParty(self))
            await call.over.wait()
            self.failure = self.failure or call.failure
        else:
            party = self._house.make_party(target)
            self.failure = await self._await_party(party, self._first)
            if self.failure is None:
                await self._call_second_from(party)

    async def _call_second_from(self, party: Party) -> None:
        """Let a simulated party, which has answered, call the second side."""
        target = self._house.router.find(self._request.to)
        if not isinstance(target, AccountTarget):
            self.failure = NOBODY if isinstance(target, Nobody) else None
            if self.failure is None:
                self._joined()  # two parties with nobody to hear them: over at once
            return
        call = self._ring(target, self._second, party)
        await call.up.wait()
        self.failure = call.failure
        if self.failure is None:
            self._joined()
            await self._until_over(call.over.wait())

    async def call_second(self, line: Line) -> None:
        """Call the second side for the first one, whose line this is, and join them."""
        target = self._house.router.find(self._request.to)
        if isinstance(target, Nobody):
            self.failure = NOBODY
        elif isinstance(target, AccountTarget):
            call = self._ring(target, self._second, _Relay(line))
            await _ring_until(line, call.up.wait())
            self.failure = call.failure
            if call.failure is None and call.line is not None:
                await self._talk(_Relay(call.line), line, call.over.wait())
        else:
            party = self._house.make_party(target)
            self.failure = await _ring_until(line, self._await_party(party, self._second))
            if self.failure is None:
                await self._talk(party, line, asyncio.get_running_loop().create_future())
        line.hang_up(reason=self.failure.reason if self.failure else "the other side hung up")

    async def _talk(self, party: Party, line: Line, other_is_over: Awaitable[object]) -> None:
        """Let a party talk on the first line until the other side is over, or the time is."""
        self._joined()
        talking = asyncio.ensure_future(party.talk(line))
        try:
            await self._until_over(other_is_over)
        finally:
            await _stop(talking)

    async def _until_over(self, end: Awaitable[object]) -> None:
        """Wait for the end of the call, or for the time limit."""
        try:
            async with asyncio.timeout(self._request.time_limit):
                await end
        except TimeoutError:
            self._ended_by = "the time limit"

    def _ring(self, target: AccountTarget, leg: LegRecord, party: Party) -> PartyCall:
        house = self._house
        call = PartyCall(
            house.switchboard, house.engine, self._record, leg, party, is_whole_call=False
        )
        self._calls.append(call)
        self._record.advance(CallStatus.RINGING)
        headers = house.invite_headers(self._record, leg)
        bindings = house.bindings(target.username)
        call.call(bindings, Invitation(headers=headers), ring_for=self._ring_for)
        return call

    async def _await_party(self, party: Party, leg: LegRecord) -> Failure | None:
        """Wait until a simulated party answers; why it does not, if so."""
        self._record.begin()
        self._record.advance(CallStatus.RINGING)
        leg.advance(CallStatus.RINGING)
        plan = party.plan
        if plan.refuse_with is not None:
            failure = Failure(status=plan.refuse_with, reason="")
            leg.advance(status_of_failure(failure))
            return failure
        after = self._ring_for if plan.answer_after is None else plan.answer_after
        await asyncio.sleep(min(after, self._ring_for))
        if plan.answer_after is None or after >= self._ring_for:
            leg.advance(CallStatus.NO_ANSWER)
            return NO_ANSWER
        leg.advance(CallStatus.IN_PROGRESS)
        return None

    def _joined(self) -> None:
        self._record.advance(CallStatus.IN_PROGRESS)
        _tell(self._house, self._request, self._record, event="answered")


class _FirstParty:
    """The sandbox on the first line: it calls the second side."""

    plan = AT_ONCE

    def __init__(self, call: _ConnectedCall) -> None:
        self._call = call

    async def talk(self, line: Line) -> None:
        """Call the second side and stay between the two."""
        try:
            await self._call.call_second(line)
        except ConfigError as error:
            self._call.failure = Failure(status=NOBODY.status, reason=error.message)
            line.hang_up(reason=error.message)


class _Relay:
    """Says on one line what is heard on another, and passes digits on.

    Args:
        source: The line that is heard.
    """

    plan = AT_ONCE

    def __init__(self, source: Line) -> None:
        self._source = source

    async def talk(self, line: Line) -> None:
        """Pass sound and digits on."""
        digits = asyncio.ensure_future(self._pass_digits(line))
        try:
            async for frame in self._source.heard():
                await line.say(frame)
        finally:
            await _stop(digits)

    async def _pass_digits(self, line: Line) -> None:
        while True:
            line.send_digit(await self._source.digit())


async def _ring_until(line: Line, event: Awaitable[T]) -> T:
    """Let the line hear ringing until something has happened."""
    ringing = asyncio.ensure_future(line.ringback())
    try:
        return await event
    finally:
        await _stop(ringing)


async def _stop(work: asyncio.Future[None]) -> None:
    """End work, and take no notice of a line that is over already."""
    work.cancel()
    await asyncio.wait([work])
    if not work.cancelled() and not isinstance(work.exception(), InvalidState | None):
        work.result()
