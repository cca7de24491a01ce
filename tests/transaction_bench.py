"""A transaction layer on a bench: messages to feed it, a clock, and a log of what it did when."""

from __future__ import annotations

from collections.abc import Sequence

from exotel_voice.sip.events import Flow, TransactionId
from exotel_voice.sip.ids import CountingIds
from exotel_voice.sip.timers import TimerSettings
from exotel_voice.sip.transaction_events import (
    RequestArrived,
    RequestFailed,
    ResponseArrived,
    TransactionEnded,
    TransactionEvent,
)
from exotel_voice.sip.transactions import TransactionLayer
from exotel_voice.sip.wire import Request, Response, parse

FLOW: Flow = "wire"
LOSSY = TimerSettings(is_reliable=False)
RELIABLE = TimerSettings(is_reliable=True)


def outgoing(method: str = "INVITE", *, headers: Sequence[tuple[str, str]] = ()) -> Request:
    """Make a request as the transaction user hands it over: without Via."""
    return Request(
        method,
        "sip:bob@biloxi.example.com",
        headers=[
            ("Max-Forwards", "70"),
            *headers,
            ("From", "<sip:alice@atlanta.example.com>;tag=9fxced76sl"),
            ("To", "<sip:bob@biloxi.example.com>"),
            ("Call-ID", "3848276298220188511@atlanta.example.com"),
            ("CSeq", f"2 {method}"),
        ],
    )


def incoming(
    method: str = "INVITE",
    *,
    branch: str = "z9hG4bK74bf9",
    sent_by: str = "df7jal23ls0d.invalid",
    to_tag: str | None = None,
    **changes: str,
) -> Request:
    """Make a request as it comes from the wire."""
    fields = {
        "Via": f"SIP/2.0/WSS {sent_by};branch={branch}",
        "Max-Forwards": "70",
        "From": "<sip:carol@chicago.example.com>;tag=sq8ju",
        "To": "<sip:alice@atlanta.example.com>" + (f";tag={to_tag}" if to_tag else ""),
        "Call-ID": "2xTb9vxSit55XU7p8@chicago.example.com",
        "CSeq": f"1 {method}",
        "Content-Length": "0",
    } | {name.replace("_", "-"): value for name, value in changes.items()}
    lines = [f"{method} sip:alice@atlanta.example.com SIP/2.0"]
    lines += [f"{name}: {value}" for name, value in fields.items()]
    message = parse(("\r\n".join(lines) + "\r\n\r\n").encode())
    assert isinstance(message, Request)
    return message


class Bench:
    """One layer, one clock, one log."""

    def __init__(
        self, timers: TimerSettings = LOSSY, *, max_transactions: int = 1000, now: float = 0.0
    ) -> None:
        self.now = now
        self.layer = TransactionLayer(
            CountingIds(),
            timers=timers,
            sent_by="client.invalid",
            max_transactions=max_transactions,
        )
        self.sent: list[tuple[float, str]] = []
        self.data: list[bytes] = []
        self.events: list[TransactionEvent] = []

    # -- acting ----------------------------------------------------------------------------------

    def send(self, request: Request, *, flow: Flow = FLOW) -> TransactionId:
        tid = self.layer.send_request(request, flow=flow, now=self.now)
        self._collect()
        return tid

    def receive(self, message: Request | Response, *, flow: Flow = FLOW) -> None:
        self.layer.receive(message, flow=flow, now=self.now)
        self._collect()

    def respond(self, status: int, *, tid: TransactionId | None = None, tag: str = "ours") -> None:
        arrived = self.arrived[-1] if tid is None else self.arrived_as(tid)
        response = arrived.request.reply(status, to_tag=tag)
        self.layer.send_response(arrived.transaction, response, now=self.now)
        self._collect()

    def cancel(self, tid: TransactionId, *, headers: Sequence[tuple[str, str]] = ()) -> bool:
        is_due = self.layer.cancel(tid, now=self.now, headers=headers)
        self._collect()
        return is_due

    def lose(self, flow: Flow = FLOW) -> None:
        self.layer.flow_lost(flow, now=self.now)
        self._collect()

    def run(self, *, until: float) -> None:
        """Let time pass, stopping at each instant that the layer asks for."""
        while (at := self.layer.next_timer()) is not None and at <= until:
            self.now = max(self.now, at)
            self.layer.handle_timer(now=self.now)
            self._collect()
        self.now = max(self.now, until)

    def _collect(self) -> None:
        for _, data in self.layer.drain_messages():
            self.data.append(data)
            self.sent.append((self.now, data.split(b"\r\n", 1)[0].decode()))
        self.events += self.layer.drain_events()

    # -- looking ---------------------------------------------------------------------------------

    def sent_requests(self, method: str) -> list[float]:
        return [at for at, line in self.sent if line.startswith(f"{method} ")]

    def sent_responses(self, status: int) -> list[float]:
        return [at for at, line in self.sent if line.startswith(f"SIP/2.0 {status} ")]

    def last_request(self, method: str) -> Request:
        data = next(each for each in reversed(self.data) if each.startswith(method.encode()))
        message = parse(data)
        assert isinstance(message, Request)
        return message

    @property
    def last_line(self) -> str:
        return self.sent[-1][1]

    @property
    def arrived(self) -> list[RequestArrived]:
        return [event for event in self.events if isinstance(event, RequestArrived)]

    def arrived_as(self, tid: TransactionId) -> RequestArrived:
        return next(event for event in self.arrived if event.transaction == tid)

    @property
    def statuses(self) -> list[int]:
        return [e.response.status for e in self.events if isinstance(e, ResponseArrived)]

    @property
    def failures(self) -> list[str]:
        return [event.kind.value for event in self.events if isinstance(event, RequestFailed)]

    @property
    def ended(self) -> list[TransactionId]:
        return [e.transaction for e in self.events if isinstance(e, TransactionEnded)]
