"""Digits that this side sends in a call: by SIP INFO (RFC 6086) or beside the audio (RFC 4733)."""

from __future__ import annotations

import asyncio
import re
from collections import deque
from typing import TYPE_CHECKING, Final, Literal

from exotel_voice.errors import InvalidState, RequestRefused
from exotel_voice.phone.details import CallState
from exotel_voice.sip import events as sip

if TYPE_CHECKING:
    from exotel_voice.phone.leg import Leg

__all__ = ["DigitSender", "DtmfChoice", "is_digits"]

DtmfChoice = Literal["info", "rfc4733", "auto"]
"""`auto` is RFC 4733 where the far side agreed to it, INFO elsewhere."""

INFO_DURATION: Final = 0.24
"""Seconds that INFO says a key was held."""
EVENT_DURATION: Final = 0.16
"""Seconds that a key is held in RFC 4733 events."""
GAP: Final = 0.07
"""Seconds of silence between two digits."""
PAUSE: Final = 0.5
"""Seconds that a comma stands for."""

_DIGITS = re.compile(r"[0-9A-D*#,]+")
_CHUNKS = re.compile(r",|[^,]+")


def is_digits(digits: str) -> bool:
    """Tell whether a text is nothing but digits and pauses: 0-9, *, #, A-D and the comma."""
    return _DIGITS.fullmatch(digits) is not None


class DigitSender:
    """Sends the digits of one call, one after the other, whoever asks for them.

    Args:
        leg: The call.
    """

    def __init__(self, leg: Leg) -> None:
        self._leg = leg
        self._lock = asyncio.Lock()
        self._waiters: deque[asyncio.Future[sip.InfoAnswered]] = deque()

    async def send(self, digits: str, method: DtmfChoice) -> None:
        """Send digits; returns when the last one was sent and, by INFO, answered.

        Raises:
            InvalidState: It is no digit, the call is not up, or it ended meanwhile.
            RequestRefused: The far side refused an INFO.
        """
        if not is_digits(digits):
            raise InvalidState(
                f"{digits!r} cannot be sent as digits",
                hint="Use 0-9, *, #, A-D, and a comma for a pause of half a second.",
                call_id=self._leg.call_id,
            )
        async with self._lock:
            for chunk in _CHUNKS.findall(digits):
                self._leg.require(CallState.ACTIVE, CallState.HELD)
                if chunk == ",":
                    await self._pause(PAUSE)
                elif method == "rfc4733" or (method == "auto" and self._leg.media.can_send_digits):
                    await self._leg.media.send_digits(chunk, duration=EVENT_DURATION, gap=GAP)
                else:
                    await self._send_by_info(chunk)

    def answered(self, event: sip.InfoAnswered) -> None:
        """Take the far side's answer to an INFO; answers come in the order of the digits."""
        while self._waiters:
            waiter = self._waiters.popleft()
            if not waiter.done():
                waiter.set_result(event)
                break

    def end(self) -> None:
        """The call is over: nobody answers any more."""
        error = InvalidState("the call has ended", call_id=self._leg.call_id)
        while self._waiters:
            waiter = self._waiters.popleft()
            if not waiter.done():
                waiter.set_exception(error)

    async def _send_by_info(self, digits: str) -> None:
        for position, digit in enumerate(digits):
            if position:
                await self._pause(INFO_DURATION + GAP)
            answer = await self._send_info(digit)
            if answer.status >= 300:
                raise RequestRefused(
                    f"the far side refused the digit: {answer.status} {answer.reason}",
                    status=answer.status,
                    reason=answer.reason,
                    call_id=self._leg.call_id,
                )

    async def _send_info(self, digit: str) -> sip.InfoAnswered:
        session = self._leg.require(CallState.ACTIVE, CallState.HELD)
        waiter: asyncio.Future[sip.InfoAnswered] = asyncio.get_running_loop().create_future()
        self._waiters.append(waiter)
        self._leg.line.driver.run(
            lambda agent, now: agent.send_digit(session, digit, now=now, duration=INFO_DURATION)
        )
        return await waiter

    async def _pause(self, seconds: float) -> None:
        """Wait, as a finger on the keys does, but not beyond the end of the call."""
        try:
            async with asyncio.timeout(seconds):
                await self._leg.ended.wait()
        except TimeoutError:
            return
