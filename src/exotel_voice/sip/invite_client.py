"""The INVITE client transaction (RFC 3261 §17.1.1, RFC 6026 §8.4), with its CANCEL (RFC 3261 §9.1).

The RFC's figure has Calling, Proceeding, Completed, Accepted and Terminated. Two more states hold
what the figure leaves to words: `cancelling` is Calling with a CANCEL that may not go out before a
provisional response, `cancelled` is Proceeding after the CANCEL.

A pair that is not in the table is ignored: a provisional response after a final one, a second final
one of another kind.
"""

from __future__ import annotations

from collections.abc import Sequence
from enum import StrEnum
from typing import Final, assert_never

from exotel_voice.sip.machine import Chart, Rule
from exotel_voice.sip.timers import Timer
from exotel_voice.sip.transaction import ClientTransaction, Identity
from exotel_voice.sip.transaction_events import FailureKind
from exotel_voice.sip.wire import Headers, Request, Response

__all__ = ["CHART", "TABLE", "Do", "Input", "InviteClient", "State", "ack_for", "cancel_for"]


class State(StrEnum):
    """Where the transaction stands."""

    IDLE = "idle"
    CALLING = "calling"
    CANCELLING = "cancelling"
    PROCEEDING = "proceeding"
    CANCELLED = "cancelled"
    COMPLETED = "completed"
    ACCEPTED = "accepted"
    TERMINATED = "terminated"


class Input(StrEnum):
    """What may happen to it."""

    SEND = "send"
    CANCEL = "cancel"
    PROVISIONAL = "1xx"
    SUCCESS = "2xx"
    FAILURE = "300-699"
    TRANSPORT_ERROR = "transport error"
    TIMER_A = "timer A"
    TIMER_B = "timer B"
    TIMER_D = "timer D"
    TIMER_M = "timer M"
    CANCEL_LIMIT = "cancel limit"


class Do(StrEnum):
    """What it does about it."""

    SEND_REQUEST = "send INVITE"
    SEND_ACK = "send ACK"
    SEND_CANCEL = "send CANCEL"
    DELIVER = "deliver the response"
    REPORT_TIMEOUT = "report a time-out"
    REPORT_TRANSPORT = "report the lost connection"
    START_A = "start A at T1"
    DOUBLE_A = "double A"
    START_B = "start B"
    START_D = "start D"
    START_M = "start M"
    START_CANCEL_LIMIT = "start the cancel limit"


def _rule(to: State, *do: Do) -> Rule[State, Do]:
    return Rule(to, do)


TABLE: Final = {
    # RFC 3261 §17.1.1.2: the transaction passes the request to the transport, starts timer A if the
    # transport is unreliable, and timer B for any transport.
    (State.IDLE, Input.SEND): _rule(State.CALLING, Do.SEND_REQUEST, Do.START_A, Do.START_B),
    # RFC 3261 §17.1.1.2: when timer A fires the request goes again, and A doubles.
    (State.CALLING, Input.TIMER_A): _rule(State.CALLING, Do.SEND_REQUEST, Do.DOUBLE_A),
    (State.CANCELLING, Input.TIMER_A): _rule(State.CANCELLING, Do.SEND_REQUEST, Do.DOUBLE_A),
    # RFC 3261 §17.1.1.2: when timer B fires in Calling the user learns of a time-out.
    (State.CALLING, Input.TIMER_B): _rule(State.TERMINATED, Do.REPORT_TIMEOUT),
    (State.CANCELLING, Input.TIMER_B): _rule(State.TERMINATED, Do.REPORT_TIMEOUT),
    # RFC 3261 §17.1.1.2: a provisional response in Calling leads to Proceeding and goes to the
    # user; further ones go to the user too. Timer B ends here: the call limits the ringing.
    (State.CALLING, Input.PROVISIONAL): _rule(State.PROCEEDING, Do.DELIVER),
    (State.PROCEEDING, Input.PROVISIONAL): _rule(State.PROCEEDING, Do.DELIVER),
    (State.CANCELLED, Input.PROVISIONAL): _rule(State.CANCELLED, Do.DELIVER),
    # RFC 3261 §9.1: no CANCEL before a provisional response; it waits for the first one. After it,
    # the request is given up if no final response comes within 64 times T1.
    (State.CALLING, Input.CANCEL): _rule(State.CANCELLING),
    (State.CANCELLING, Input.PROVISIONAL): _rule(
        State.CANCELLED, Do.DELIVER, Do.SEND_CANCEL, Do.START_CANCEL_LIMIT
    ),
    (State.PROCEEDING, Input.CANCEL): _rule(State.CANCELLED, Do.SEND_CANCEL, Do.START_CANCEL_LIMIT),
    (State.CANCELLED, Input.CANCEL_LIMIT): _rule(State.TERMINATED, Do.REPORT_TIMEOUT),
    # RFC 6026 §8.4: a 2xx leads to Accepted, starts timer M and goes to the user; every further 2xx
    # goes to the user too, who sends an ACK for it.
    (State.CALLING, Input.SUCCESS): _rule(State.ACCEPTED, Do.DELIVER, Do.START_M),
    (State.CANCELLING, Input.SUCCESS): _rule(State.ACCEPTED, Do.DELIVER, Do.START_M),
    (State.PROCEEDING, Input.SUCCESS): _rule(State.ACCEPTED, Do.DELIVER, Do.START_M),
    (State.CANCELLED, Input.SUCCESS): _rule(State.ACCEPTED, Do.DELIVER, Do.START_M),
    (State.ACCEPTED, Input.SUCCESS): _rule(State.ACCEPTED, Do.DELIVER),
    # RFC 6026 §8.4: timer M ends Accepted.
    (State.ACCEPTED, Input.TIMER_M): _rule(State.TERMINATED),
    # RFC 3261 §17.1.1.2: a final response from 300 to 699 leads to Completed, goes to the user,
    # gets an ACK made by the transaction, and starts timer D.
    (State.CALLING, Input.FAILURE): _rule(State.COMPLETED, Do.SEND_ACK, Do.DELIVER, Do.START_D),
    (State.CANCELLING, Input.FAILURE): _rule(State.COMPLETED, Do.SEND_ACK, Do.DELIVER, Do.START_D),
    (State.PROCEEDING, Input.FAILURE): _rule(State.COMPLETED, Do.SEND_ACK, Do.DELIVER, Do.START_D),
    (State.CANCELLED, Input.FAILURE): _rule(State.COMPLETED, Do.SEND_ACK, Do.DELIVER, Do.START_D),
    # RFC 3261 §17.1.1.2: each copy of the final response gets the ACK again, but not to the user.
    (State.COMPLETED, Input.FAILURE): _rule(State.COMPLETED, Do.SEND_ACK),
    (State.COMPLETED, Input.TIMER_D): _rule(State.TERMINATED),
    # RFC 3261 §17.1.4: a transport error is told to the user and ends the transaction. In Completed
    # the user has its final response already, so it is not told again.
    (State.CALLING, Input.TRANSPORT_ERROR): _rule(State.TERMINATED, Do.REPORT_TRANSPORT),
    (State.CANCELLING, Input.TRANSPORT_ERROR): _rule(State.TERMINATED, Do.REPORT_TRANSPORT),
    (State.PROCEEDING, Input.TRANSPORT_ERROR): _rule(State.TERMINATED, Do.REPORT_TRANSPORT),
    (State.CANCELLED, Input.TRANSPORT_ERROR): _rule(State.TERMINATED, Do.REPORT_TRANSPORT),
    (State.COMPLETED, Input.TRANSPORT_ERROR): _rule(State.TERMINATED),
}

CHART: Final = Chart(
    name="INVITE client transaction",
    source="RFC 3261 §17.1.1, RFC 6026 §8.4",
    start=State.IDLE,
    ends=frozenset({State.TERMINATED}),
    table=TABLE,
    timers={
        State.CALLING: frozenset({Timer.A, Timer.B}),
        State.CANCELLING: frozenset({Timer.A, Timer.B}),
        State.CANCELLED: frozenset({Timer.CANCEL}),
        State.COMPLETED: frozenset({Timer.D}),
        State.ACCEPTED: frozenset({Timer.M}),
    },
    fires={
        Timer.A: Input.TIMER_A,
        Timer.B: Input.TIMER_B,
        Timer.D: Input.TIMER_D,
        Timer.M: Input.TIMER_M,
        Timer.CANCEL: Input.CANCEL_LIMIT,
    },
)


class InviteClient(ClientTransaction[State, Input, Do]):
    """One INVITE of ours.

    Args:
        request: The INVITE with its top Via.
        identity: Its name, its connection and where its bytes and events go.
    """

    __slots__ = ("_cancel", "_data", "_interval", "_response", "request")

    def __init__(self, request: Request, identity: Identity) -> None:
        super().__init__(CHART, identity)
        self.request = request
        self._data = bytes(request)
        self._interval = 0.0
        self._response: Response | None = None
        self._cancel: Request | None = None

    def send(self, *, now: float) -> None:
        """Send the INVITE."""
        self.take(Input.SEND, now=now)

    def lose_connection(self, *, now: float) -> None:
        """Take note that the connection is gone."""
        self.take(Input.TRANSPORT_ERROR, now=now)

    def receive(self, response: Response, *, now: float) -> None:
        """Take a response that belongs to this transaction."""
        if response.status < 200:
            what = Input.PROVISIONAL
        elif response.status < 300:
            what = Input.SUCCESS
        else:
            what = Input.FAILURE
        self._response = response
        self.take(what, now=now)
        self._response = None

    def cancel(self, headers: Sequence[tuple[str, str]], *, now: float) -> bool:
        """Cancel the INVITE (RFC 3261 §9.1).

        Returns:
            False when it has its final response, or is being cancelled: then nothing happens.
        """
        if not self.allows(Input.CANCEL):
            return False
        self._cancel = cancel_for(self.request, headers)
        return self.take(Input.CANCEL, now=now)

    def _perform(self, action: Do, now: float) -> None:  # noqa: C901, PLR0912 - one case per action
        timers = self._outlet.timers
        match action:
            case Do.SEND_REQUEST:
                self._send(self._data)
            case Do.SEND_ACK:
                if self._response is not None:
                    self._send(bytes(ack_for(self.request, self._response)))
            case Do.SEND_CANCEL:
                if self._cancel is not None:
                    self._outlet.send_cancel(self._cancel, flow=self.flow, now=now)
            case Do.DELIVER:
                self._deliver(self._response)
            case Do.REPORT_TIMEOUT:
                self._report(FailureKind.TIMEOUT)
            case Do.REPORT_TRANSPORT:
                self._report(FailureKind.TRANSPORT)
            case Do.START_A:
                self._interval = timers.t1
                self._start_unreliable(Timer.A, after=self._interval, now=now)
            case Do.DOUBLE_A:
                self._interval *= 2
                self._start_unreliable(Timer.A, after=self._interval, now=now)
            case Do.START_B:
                self._start(Timer.B, after=timers.limit, now=now)
            case Do.START_D:
                self._start(Timer.D, after=timers.absorb, now=now)
            case Do.START_M:
                self._start(Timer.M, after=timers.limit, now=now)
            case Do.START_CANCEL_LIMIT:
                self._start(Timer.CANCEL, after=timers.limit, now=now)
            case _:
                assert_never(action)


def ack_for(request: Request, response: Response) -> Request:
    """Make the ACK to a response from 300 to 699 (RFC 3261 §17.1.1.3).

    Args:
        request: The INVITE as it was sent.
        response: The response; its To goes into the ACK.
    """
    return _follower(request, "ACK", to=response.headers.get("To"))


def cancel_for(request: Request, headers: Sequence[tuple[str, str]] = ()) -> Request:
    """Make the CANCEL of an INVITE (RFC 3261 §9.1).

    Args:
        request: The INVITE as it was sent.
        headers: More headers, such as Reason (RFC 3326).
    """
    cancel = _follower(request, "CANCEL", to=request.headers.get("To"))
    for name, value in headers:
        cancel.headers.add(name, value)
    return cancel


def _follower(request: Request, method: str, *, to: str | None) -> Request:
    old = request.headers
    fields = [("Via", old.values("Via")[0]), ("Max-Forwards", "70")]
    fields += [("Route", route) for route in old.get_all("Route")]
    fields += [
        ("From", old.get("From") or ""),
        ("To", to or ""),
        ("Call-ID", request.call_id),
        ("CSeq", f"{request.cseq_number} {method}"),
    ]
    # Taken as they are: To may hold bytes of the peer that are not UTF-8.
    return Request(method, request.uri, headers=Headers.from_wire(fields))
