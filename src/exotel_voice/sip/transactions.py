"""The transaction layer: every live transaction, and which one a message belongs to (RFC 3261 §17).

tid = layer.send_request(request, flow=flow, now=now)
layer.receive(message, flow=flow, now=now)
for event in layer.drain_events(): ...
for flow, data in layer.drain_messages(): ...
at = layer.next_timer()
layer.handle_timer(now=now)
"""

from __future__ import annotations

from collections.abc import Sequence

from exotel_voice.sip.events import Flow, TransactionId
from exotel_voice.sip.ids import IdSource
from exotel_voice.sip.timers import TimerSettings
from exotel_voice.sip.transaction_events import TransactionEvent
from exotel_voice.sip.wire import Request, Response

__all__ = ["TransactionLayer"]

DEFAULT_MAX_TRANSACTIONS = 1000


class TransactionLayer:
    """Client and server transactions of one user agent, on any number of connections.

    Args:
        ids: Where branches come from.
        timers: T1, T2, T4 and the kind of transport.
        max_transactions: How many server transactions may live at once; more requests get 503.
        retry_after: Seconds that the 503 names (RFC 3261 §21.5.4).
    """

    def __init__(
        self,
        ids: IdSource,
        *,
        timers: TimerSettings,
        max_transactions: int = DEFAULT_MAX_TRANSACTIONS,
        retry_after: int = 5,
    ) -> None: ...

    def receive(self, message: Request | Response, *, flow: Flow, now: float) -> None:
        """Take one parsed message that came on `flow`. Never raises for what the peer sent."""

    def send_request(
        self, request: Request, *, flow: Flow, now: float, sent_by: str | None = None
    ) -> TransactionId:
        """Send a request in a new transaction; puts the topmost Via with a new branch.

        Not for ACK and CANCEL: see `send_ack` and `cancel`.
        """
        ...

    def send_response(self, transaction: TransactionId, response: Response, *, now: float) -> None:
        """Answer a request that arrived; on the flow it came on.

        Raises:
            InvalidState: It is unknown, or has its final response.
        """

    def send_ack(self, request: Request, *, flow: Flow, sent_by: str | None = None) -> bytes:
        """Send an ACK to a 2xx, outside every transaction, with a branch of its own."""
        ...

    def resend(self, data: bytes, *, flow: Flow) -> None:
        """Send bytes again as they are: an ACK again for a 2xx that came again."""

    def cancel(
        self,
        transaction: TransactionId,
        *,
        now: float,
        headers: Sequence[tuple[str, str]] = (),
    ) -> None:
        """Cancel an INVITE of ours (RFC 3261 §9.1); the CANCEL waits for the first provisional one."""

    def flow_lost(self, flow: Flow, *, now: float) -> None:
        """Take note that a connection is gone: its client transactions fail, its server ones fall silent."""

    def next_timer(self) -> float | None:
        """Tell when `handle_timer` is to be called next, None for never."""
        ...

    def handle_timer(self, *, now: float) -> None:
        """Do whatever is due at `now`."""

    def drain_events(self) -> list[TransactionEvent]:
        """Take the events that came about since the last call, in order."""
        ...

    def drain_messages(self) -> list[tuple[Flow, bytes]]:
        """Take the messages to be sent since the last call, in order."""
        ...
