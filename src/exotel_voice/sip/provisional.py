"""Provisional responses sent reliably: the server's side of PRACK (RFC 3262 §3).

One is out at a time; the next waits for the PRACK of the last.
"""

from __future__ import annotations

from collections import deque
from typing import TYPE_CHECKING

from exotel_voice.sip.call import CallTimer
from exotel_voice.sip.events import TransactionId
from exotel_voice.sip.message import Response
from exotel_voice.sip.values import RAck

if TYPE_CHECKING:
    from exotel_voice.sip.stack import Stack

__all__ = ["ReliableProvisional"]

FIRST_RSEQ_BELOW = 2**31 - 1
"""The first RSeq is drawn from 1 up to here (RFC 3262 §3)."""


class ReliableProvisional:
    """The reliable provisional responses to one INVITE.

    Args:
        stack: What the sessions share.
        owner: The session's id, which owns the timers.
        transaction: The INVITE.
        cseq_number: The number in the INVITE's CSeq.
    """

    __slots__ = (
        "_cseq_number", "_interval", "_next_rseq", "_out", "_owner", "_stack", "_transaction",
        "_waiting",
    )  # fmt: skip

    def __init__(
        self, stack: Stack, *, owner: str, transaction: TransactionId, cseq_number: int
    ) -> None:
        self._stack = stack
        self._owner = owner
        self._transaction = transaction
        self._cseq_number = cseq_number
        self._next_rseq = 1 + int(stack.ids.fraction() * (FIRST_RSEQ_BELOW - 1))
        self._out: Response | None = None
        self._waiting: deque[Response] = deque()
        self._interval = 0.0

    @property
    def holds_description(self) -> bool:
        """Whether a response with a description is not yet acknowledged."""
        out = self._out is not None and bool(self._out.body)
        return out or any(each.body for each in self._waiting)

    def send(self, response: Response, *, now: float) -> None:
        """Send a response reliably, after those before it have been acknowledged.

        Args:
            response: It gets its Require and RSeq here.
            now: The current time, seconds.
        """
        response.headers.add("Require", "100rel")
        response.headers.add("RSeq", str(self._next_rseq))
        self._next_rseq += 1
        self._waiting.append(response)
        if self._out is None:
            self._send_next(now)

    def resend(self, *, now: float) -> None:
        """Send the response that is out again: after T1, then after twice as long each time."""
        if self._out is not None:
            self._stack.send_response(self._transaction, self._out, now=now)
            self._interval *= 2
            self._set(CallTimer.RESEND_RELIABLE, now + self._interval)

    def receive_prack(self, rack: RAck | None, *, now: float) -> bool:
        """Take a PRACK.

        Returns:
            Whether it is for the response that is out; if not, it gets 481.
        """
        out = self._out
        if out is None or rack is None:
            return False
        if rack != RAck(out.rseq or 0, self._cseq_number, "INVITE"):
            return False
        self.stop()
        if self._waiting:
            self._send_next(now)
        return True

    def stop(self) -> None:
        """Wait for no PRACK any more."""
        self._out = None
        for timer in (CallTimer.RESEND_RELIABLE, CallTimer.PRACK_LIMIT):
            self._stack.deadlines.cancel((self._owner, timer))

    def close(self) -> None:
        """Send nothing any more: the final response is out."""
        self._waiting.clear()
        self.stop()

    def _send_next(self, now: float) -> None:
        self._out = self._waiting.popleft()
        self._stack.send_response(self._transaction, self._out, now=now)
        timers = self._stack.config.timers
        self._interval = timers.t1
        self._set(CallTimer.RESEND_RELIABLE, now + timers.t1)
        self._set(CallTimer.PRACK_LIMIT, now + timers.limit)

    def _set(self, timer: CallTimer, at: float) -> None:
        self._stack.deadlines.set((self._owner, timer), at)
