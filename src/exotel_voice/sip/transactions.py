"""The transaction layer: every live transaction, and which one a message belongs to (RFC 3261 §17).

    tid = layer.send_request(request, flow=flow, now=now)
    layer.receive(message, flow=flow, now=now)
    for event in layer.drain_events(): ...
    for flow, data in layer.drain_messages(): ...
    at = layer.next_timer()
    layer.handle_timer(now=now)

What belongs to no dialog it settles itself: 100 for an INVITE, the answer to CANCEL, 482 for a
request that came twice by two paths, 503 beyond the limit.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final
from zlib import crc32

from exotel_voice.errors import InvalidState
from exotel_voice.sip.events import Flow, TransactionId
from exotel_voice.sip.ids import IdSource
from exotel_voice.sip.invite_client import InviteClient
from exotel_voice.sip.invite_server import InviteServer
from exotel_voice.sip.machine import Owner
from exotel_voice.sip.plain_client import PlainClient
from exotel_voice.sip.plain_server import PlainServer
from exotel_voice.sip.timers import Deadlines, Timer, TimerSettings
from exotel_voice.sip.transaction import Identity
from exotel_voice.sip.transaction_events import (
    AckArrived,
    CancelArrived,
    Stray,
    StrayKind,
    TransactionEnded,
    TransactionEvent,
)
from exotel_voice.sip.transaction_set import (
    Client,
    Key,
    Server,
    TransactionSet,
    request_key,
    response_key,
)
from exotel_voice.sip.wire import Request, Response

__all__ = ["TransactionLayer"]

DEFAULT_MAX_TRANSACTIONS: Final = 1000


class TransactionLayer:
    """Client and server transactions of one user agent, on any number of connections.

    Args:
        ids: Where branches and tags come from.
        timers: T1, T2, T4 and the kind of transport.
        sent_by: Host, and port if there is one, for the Via of our requests (RFC 7118 §5).
        transport: The transport that Via names: WS, WSS, or UDP and TCP in tests.
        max_transactions: How many server transactions may live at once. One request more gets 503;
            inside a dialog only beyond twice as many, so that calls can still be ended.
        retry_after: Seconds that the 503 names (RFC 3261 §21.5.4).
    """

    __slots__ = (
        "_count", "_events", "_hops", "_ids", "_live", "_max", "_messages", "_retry_after",
        "_sent_by", "_transport", "deadlines", "timers",
    )  # fmt: skip

    def __init__(
        self,
        ids: IdSource,
        *,
        timers: TimerSettings,
        sent_by: str,
        transport: str = "WSS",
        max_transactions: int = DEFAULT_MAX_TRANSACTIONS,
        retry_after: int = 5,
    ) -> None:
        self.timers = timers
        self.deadlines: Deadlines[tuple[Owner, Timer]] = Deadlines()
        self._ids = ids
        self._sent_by = sent_by
        self._transport = transport
        self._max = max_transactions
        self._retry_after = retry_after
        self._count = 0
        self._hops: dict[Flow, tuple[str, str]] = {}
        self._live = TransactionSet()
        self._events: list[TransactionEvent] = []
        self._messages: list[tuple[Flow, bytes]] = []

    def __len__(self) -> int:
        return len(self._live)

    # -- from and to the network -----------------------------------------------------------------

    def receive(self, message: Request | Response, *, flow: Flow, now: float) -> None:
        """Take one parsed message that came on `flow`. Never raises for what the peer sent."""
        if isinstance(message, Response):
            self._receive_response(message, flow=flow, now=now)
        elif message.method == "ACK":
            self._receive_ack(message, flow=flow, now=now)
        else:
            self._receive_request(message, flow=flow, now=now)

    def drain_events(self) -> list[TransactionEvent]:
        """Take the events that came about since the last call, in order."""
        events, self._events = self._events, []
        return events

    def drain_messages(self) -> list[tuple[Flow, bytes]]:
        """Take the messages to be sent since the last call, in order."""
        messages, self._messages = self._messages, []
        return messages

    # -- time ------------------------------------------------------------------------------------

    def next_timer(self) -> float | None:
        """Tell when `handle_timer` is to be called next, None for never."""
        return self.deadlines.next()

    def handle_timer(self, *, now: float) -> None:
        """Do whatever is due at `now`."""
        while (due := self.deadlines.pop_due(now=now)) is not None:
            owner, timer = due
            transaction = self._live.find(owner)
            if transaction is not None:
                transaction.take_timer(timer, now=now)
                self._settle(transaction)

    # -- connections -----------------------------------------------------------------------------

    def flow_made(
        self, flow: Flow, *, transport: str | None = None, sent_by: str | None = None
    ) -> None:
        """Take note of a connection, new or again.

        Args:
            flow: Its name.
            transport: What Via names on it; None for the layer's own.
            sent_by: The host that Via names on it; None for the layer's own.
        """
        if transport or sent_by:
            self._hops[flow] = (transport or self._transport, sent_by or self._sent_by)
        for transaction in self._live.on_flow(flow):
            transaction.is_cut = False

    def flow_lost(self, flow: Flow, *, now: float) -> None:
        """Take note that a connection is gone.

        Its client transactions fail (RFC 3261 §17.1.4). Its server transactions live on but fall
        silent until the connection is made again (RFC 6026 §8.5).
        """
        self._hops.pop(flow, None)
        for transaction in self._live.on_flow(flow):
            if isinstance(transaction, InviteClient | PlainClient):
                transaction.lose_connection(now=now)
                self._settle(transaction)
            else:
                transaction.is_cut = True

    # -- requests of ours ------------------------------------------------------------------------

    def send_request(self, request: Request, *, flow: Flow, now: float) -> TransactionId:
        """Send a request in a new transaction; puts the topmost Via with a new branch.

        `ResponseArrived` follows for each provisional response and the final one, or
        `RequestFailed`; then `TransactionEnded`. For ACK and CANCEL see `send_ack` and `cancel`.

        Args:
            request: The request without Via. It is given one, and must not be changed afterwards.
            flow: The connection to send it on.
            now: The current time, seconds.

        Returns:
            The name of the transaction.
        """
        sent = self._put_via(request, flow)
        return self._open_client(request, sent, flow=flow, now=now, is_internal=False)

    def send_ack(self, request: Request, *, flow: Flow) -> bytes:
        """Send an ACK to a 2xx, outside every transaction, with a branch of its own.

        Args:
            request: The ACK without Via. It is given one (RFC 3261 §13.2.2.4).
            flow: The connection to send it on.

        Returns:
            What was sent: give it to `resend` when the 2xx comes again.
        """
        self._put_via(request, flow)
        data = bytes(request)
        self.transmit(flow, data)
        return data

    def resend(self, data: bytes, *, flow: Flow) -> None:
        """Send bytes again as they are: an ACK again for a 2xx that came again."""
        self.transmit(flow, data)

    def cancel(
        self, transaction: TransactionId, *, now: float, headers: Sequence[tuple[str, str]] = ()
    ) -> bool:
        """Cancel an INVITE of ours (RFC 3261 §9.1); the CANCEL waits for the first provisional one.

        The INVITE still ends as every other: by its final response (487 as a rule, or a 2xx that
        crossed the CANCEL), or by `RequestFailed` with a time-out.

        Args:
            transaction: What `send_request` gave for the INVITE.
            now: The current time, seconds.
            headers: More headers for the CANCEL, such as Reason (RFC 3326).

        Returns:
            False when there is nothing to cancel: it has its final response, or is gone, or is
            being cancelled already.
        """
        client = self._live.find(transaction)
        return isinstance(client, InviteClient) and client.cancel(headers, now=now)

    # -- responses of ours -----------------------------------------------------------------------

    def send_response(self, transaction: TransactionId, response: Response, *, now: float) -> None:
        """Answer a request that arrived, on the connection it came on.

        A 2xx to INVITE may be given again, for as long as its ACK is missing (RFC 3261 §13.3.1.4).

        Raises:
            InvalidState: The transaction is gone, or has its final response.
        """
        server = self._live.find(transaction)
        if not isinstance(server, InviteServer | PlainServer):
            raise InvalidState("There is no such request to answer any more.")
        if not server.respond(response, now=now):
            raise InvalidState(f"The {server.request.method} has its final response already.")
        self._settle(server)

    # -- the outlet of the transactions ----------------------------------------------------------

    def transmit(self, flow: Flow, data: bytes) -> None:
        """Queue bytes for a connection."""
        self._messages.append((flow, data))

    def deliver(self, event: TransactionEvent) -> None:
        """Queue an event."""
        self._events.append(event)

    def send_cancel(self, request: Request, *, flow: Flow, now: float) -> None:
        """Send a CANCEL in a transaction of its own, whose outcome nobody hears of."""
        self._open_client(request, response_key(request), flow=flow, now=now, is_internal=True)

    # -- receiving -------------------------------------------------------------------------------

    def _receive_response(self, response: Response, *, flow: Flow, now: float) -> None:
        client = self._live.client_for(response)
        if client is None:
            self._stray(StrayKind.RESPONSE, "A response belongs to no request of ours.", flow)
            return
        client.receive(response, now=now)
        self._settle(client)

    def _receive_ack(self, ack: Request, *, flow: Flow, now: float) -> None:
        server = self._live.server_for_ack(ack)
        if server is None:
            self.deliver(AckArrived(request=ack, flow=flow, transaction=None))
            return
        server.receive_ack(ack, now=now)
        self._settle(server)

    def _receive_request(self, request: Request, *, flow: Flow, now: float) -> None:
        server = self._live.server_for(request)
        # Inside a dialog there is room for as many again, so that calls can still be ended.
        room = self._max if request.to_tag is None else 2 * self._max
        if server is not None:
            server.receive(now=now)
        elif request.method == "CANCEL":
            self._receive_cancel(request, flow=flow, now=now)
        elif self._live.server_count >= room:
            self._refuse(request, flow=flow)
        elif self._live.is_merged(request):
            self._settle_alone(request, request.reply(482, to_tag=self._ids.tag()), flow, now)
        else:
            self._open_server(request, flow=flow).receive(now=now)

    def _receive_cancel(self, cancel: Request, *, flow: Flow, now: float) -> None:
        """Answer a CANCEL, and tell the user if there is something to cancel (RFC 3261 §9.2)."""
        target = self._live.server_to_cancel(cancel)
        if target is None:
            self._settle_alone(cancel, cancel.reply(481, to_tag=self._ids.tag()), flow, now)
            return
        # RFC 3261 §9.2: the To tag is that of the response to the INVITE, if it had one. A CANCEL
        # of another request, or of one with its final response, is answered 200 without effect.
        to_tag = target.to_tag or self._ids.tag()
        self._settle_alone(cancel, cancel.reply(200, to_tag=to_tag), flow, now)
        if isinstance(target, InviteServer) and target.is_waiting:
            self.deliver(CancelArrived(transaction=target.tid, request=cancel, flow=flow))

    def _settle_alone(self, request: Request, reply: Response, flow: Flow, now: float) -> None:
        """Answer a request in a transaction of its own that the user does not hear of."""
        server = self._open_server(request, flow=flow, is_internal=True)
        server.receive(now=now)
        server.respond(reply, now=now)
        self._settle(server)

    def _refuse(self, request: Request, *, flow: Flow) -> None:
        # Without a transaction, so a copy has to get the same To tag (RFC 3261 §8.2.7).
        tag = f"{crc32(repr(request_key(request, request.method)).encode()):08x}"
        retry_after = ("Retry-After", str(self._retry_after))
        self.transmit(flow, bytes(request.reply(503, to_tag=tag, headers=[retry_after])))
        self._stray(StrayKind.OVERLOAD, "Too many requests wait; one more got 503.", flow)

    def _stray(self, kind: StrayKind, detail: str, flow: Flow) -> None:
        self.deliver(Stray(kind=kind, detail=detail, flow=flow))

    # -- the set of transactions -----------------------------------------------------------------

    def _identity(self, flow: Flow, *, is_internal: bool) -> Identity:
        self._count += 1
        tid = TransactionId(str(self._count))
        return Identity(tid=tid, flow=flow, outlet=self, is_internal=is_internal)

    def _open_client(
        self, request: Request, key: Key, *, flow: Flow, now: float, is_internal: bool
    ) -> TransactionId:
        kind = InviteClient if request.method == "INVITE" else PlainClient
        client = kind(request, self._identity(flow, is_internal=is_internal))
        self._live.add_client(client, key)
        client.send(now=now)
        return client.tid

    def _open_server(self, request: Request, *, flow: Flow, is_internal: bool = False) -> Server:
        identity = self._identity(flow, is_internal=is_internal)
        kind = InviteServer if request.method == "INVITE" else PlainServer
        server = kind(request, identity)
        self._live.add_server(server)
        return server

    def _settle(self, transaction: Client | Server) -> None:
        """Forget a transaction that has come to its end."""
        if not transaction.is_ended:
            return
        self._live.remove(transaction)
        if not transaction.is_internal:
            self.deliver(TransactionEnded(transaction=transaction.tid, failure=transaction.failure))

    def _put_via(self, request: Request, flow: Flow) -> Key:
        """Put the topmost Via with a new branch, and give the `response_key` that it makes."""
        transport, sent_by = self._hops.get(flow, (self._transport, self._sent_by))
        branch = self._ids.branch()
        request.headers.prepend("Via", f"SIP/2.0/{transport} {sent_by};branch={branch}")
        return (branch, sent_by.lower(), request.method)
