"""A session on a bench, as far as a call transfer needs one."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from exotel_voice.sip.call import CallTimer
from exotel_voice.sip.events import (
    Event,
    SessionId,
    TransactionId,
    TransferProgressed,
)
from exotel_voice.sip.exchange import Reply, ReplyHandler
from exotel_voice.sip.machine import Owner
from exotel_voice.sip.timers import Deadlines, TimerSettings
from exotel_voice.sip.transaction_events import RequestArrived
from exotel_voice.sip.transfer import Transferee, Transferor
from exotel_voice.sip.wire import Response
from transaction_bench import incoming

SESSION = SessionId("call")
FRAGMENT = "message/sipfrag;version=2.0"


@dataclass
class Sent:
    """A request that the session was asked to send."""

    at: float
    method: str
    headers: dict[str, str]
    body: bytes
    handler: ReplyHandler


class Bench:
    """A session as far as a transfer needs one: it writes down what it is to do."""

    def __init__(self) -> None:
        self.now = 0.0
        self.id = SESSION
        self.sent: list[Sent] = []
        self.answers: list[tuple[float, int]] = []
        self.events: list[Event] = []
        self.deadlines: Deadlines[tuple[Owner, CallTimer]] = Deadlines()
        self.asking = Transferor(self, self.deadlines, TimerSettings())
        self.asked = Transferee(self, self.deadlines)

    def send_request(
        self,
        method: str,
        *,
        headers: Sequence[tuple[str, str]],
        body: bytes = b"",
        handler: ReplyHandler,
        now: float,
    ) -> None:
        self.sent.append(Sent(now, method, dict(headers), body, handler))

    def respond(
        self,
        arrived: RequestArrived,
        status: int,
        *,
        headers: Sequence[tuple[str, str]] = (),
        now: float,
    ) -> None:
        assert not headers
        assert arrived.request.method == "REFER"
        self.answers.append((now, status))

    def emit(self, event: Event) -> None:
        self.events.append(event)

    # -- acting ----------------------------------------------------------------------------------

    def ask(self, replaces: str | None = None) -> None:
        self.asking.ask("sip:carol@x", now=self.now, referred_by="sip:alice@x", replaces=replaces)

    def reply(self, status: int, reason: str | None = None) -> None:
        handler = self.sent[-1].handler
        exchange: object = None
        handler(exchange, Reply(Response(status, reason)), self.now)  # type: ignore[arg-type]

    def notify(
        self, body: bytes, state: str | None = "active;expires=60", event: str = "refer"
    ) -> int:
        changes = {"Event": event} | ({} if state is None else {"Subscription_State": state})
        request = incoming("NOTIFY", to_tag="ours", **changes)
        request.body = body
        return self.asking.receive_notify(request, now=self.now)

    def refer(self, value: str = "<sip:carol@x>", cseq: int = 7, **more: str) -> None:
        request = incoming("REFER", to_tag="ours", CSeq=f"{cseq} REFER", Refer_To=value, **more)
        self.asked.receive_refer(
            RequestArrived(transaction=TransactionId("9"), request=request, flow="wire"),
            now=self.now,
        )

    def run(self, *, until: float) -> None:
        while (at := self.deadlines.next()) is not None and at <= until:
            self.now = at
            due = self.deadlines.pop_due(now=at)
            assert due is not None
            assert due[0] == SESSION
            machine = self.asking if due[1] is CallTimer.TRANSFER else self.asked
            machine.take_timer(due[1], now=at)
        self.now = until

    def take_events(self) -> list[Event]:
        events, self.events = self.events, []
        return events

    def notified(self) -> list[tuple[float, str, bytes]]:
        return [
            (each.at, each.headers["Subscription-State"], each.body)
            for each in self.sent
            if each.method == "NOTIFY"
        ]


def news(status: int, reason: str, *, is_final: bool = False) -> TransferProgressed:
    return TransferProgressed(session=SESSION, status=status, reason=reason, is_final=is_final)
