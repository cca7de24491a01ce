"""The client transaction of every request but INVITE and ACK (RFC 3261 §17.1.2).

A pair that is not in the table is ignored: any response after the final one.
"""

from __future__ import annotations

from enum import StrEnum
from typing import Final, assert_never

from exotel_voice.sip.machine import Chart, Rule
from exotel_voice.sip.timers import Timer
from exotel_voice.sip.transaction import ClientTransaction, Identity
from exotel_voice.sip.transaction_events import FailureKind
from exotel_voice.sip.wire import Request, Response

__all__ = ["CHART", "TABLE", "Do", "Input", "PlainClient", "State"]


class State(StrEnum):
    """Where the transaction stands."""

    IDLE = "idle"
    TRYING = "trying"
    PROCEEDING = "proceeding"
    COMPLETED = "completed"
    TERMINATED = "terminated"


class Input(StrEnum):
    """What may happen to it."""

    SEND = "send"
    PROVISIONAL = "1xx"
    FINAL = "200-699"
    TRANSPORT_ERROR = "transport error"
    TIMER_E = "timer E"
    TIMER_F = "timer F"
    TIMER_K = "timer K"


class Do(StrEnum):
    """What it does about it."""

    SEND_REQUEST = "send request"
    DELIVER = "deliver the response"
    REPORT_TIMEOUT = "report a time-out"
    REPORT_TRANSPORT = "report the lost connection"
    START_E = "start E at T1"
    DOUBLE_E = "double E up to T2"
    START_E_LONG = "start E at T2"
    START_F = "start F"
    START_K = "start K"


def _rule(to: State, *do: Do) -> Rule[State, Do]:
    return Rule(to, do)


TABLE: Final = {
    # RFC 3261 §17.1.2.2: in Trying the request goes out, timer F starts, and timer E if the
    # transport is unreliable.
    (State.IDLE, Input.SEND): _rule(State.TRYING, Do.SEND_REQUEST, Do.START_E, Do.START_F),
    # RFC 3261 §17.1.2.2: when timer E fires in Trying the request goes again; E doubles up to T2.
    (State.TRYING, Input.TIMER_E): _rule(State.TRYING, Do.SEND_REQUEST, Do.DOUBLE_E),
    # RFC 3261 §17.1.2.2: when timer E fires in Proceeding the request goes again, and E is T2.
    (State.PROCEEDING, Input.TIMER_E): _rule(State.PROCEEDING, Do.SEND_REQUEST, Do.START_E_LONG),
    # RFC 3261 §17.1.2.2: when timer F fires the user learns of a time-out.
    (State.TRYING, Input.TIMER_F): _rule(State.TERMINATED, Do.REPORT_TIMEOUT),
    (State.PROCEEDING, Input.TIMER_F): _rule(State.TERMINATED, Do.REPORT_TIMEOUT),
    # RFC 3261 §17.1.2.2: provisional responses go to the user and lead to Proceeding.
    (State.TRYING, Input.PROVISIONAL): _rule(State.PROCEEDING, Do.DELIVER),
    (State.PROCEEDING, Input.PROVISIONAL): _rule(State.PROCEEDING, Do.DELIVER),
    # RFC 3261 §17.1.2.2: a final response goes to the user and leads to Completed, where K runs.
    (State.TRYING, Input.FINAL): _rule(State.COMPLETED, Do.DELIVER, Do.START_K),
    (State.PROCEEDING, Input.FINAL): _rule(State.COMPLETED, Do.DELIVER, Do.START_K),
    (State.COMPLETED, Input.TIMER_K): _rule(State.TERMINATED),
    # RFC 3261 §17.1.4: a transport error is told to the user and ends the transaction. In Completed
    # the user has its final response already.
    (State.TRYING, Input.TRANSPORT_ERROR): _rule(State.TERMINATED, Do.REPORT_TRANSPORT),
    (State.PROCEEDING, Input.TRANSPORT_ERROR): _rule(State.TERMINATED, Do.REPORT_TRANSPORT),
    (State.COMPLETED, Input.TRANSPORT_ERROR): _rule(State.TERMINATED),
}

CHART: Final = Chart(
    name="Non-INVITE client transaction",
    source="RFC 3261 §17.1.2",
    start=State.IDLE,
    ends=frozenset({State.TERMINATED}),
    table=TABLE,
    timers={
        State.TRYING: frozenset({Timer.E, Timer.F}),
        State.PROCEEDING: frozenset({Timer.E, Timer.F}),
        State.COMPLETED: frozenset({Timer.K}),
    },
    fires={Timer.E: Input.TIMER_E, Timer.F: Input.TIMER_F, Timer.K: Input.TIMER_K},
)


class PlainClient(ClientTransaction[State, Input, Do]):
    """One request of ours that is not an INVITE.

    Args:
        request: The request with its top Via.
        identity: Its name, its connection and where its bytes and events go.
    """

    __slots__ = ("_data", "_interval", "_response")

    def __init__(self, request: Request, identity: Identity) -> None:
        super().__init__(CHART, identity)
        self._data = bytes(request)
        self._interval = 0.0
        self._response: Response | None = None

    def send(self, *, now: float) -> None:
        """Send the request."""
        self.take(Input.SEND, now=now)

    def lose_connection(self, *, now: float) -> None:
        """Take note that the connection is gone."""
        self.take(Input.TRANSPORT_ERROR, now=now)

    def receive(self, response: Response, *, now: float) -> None:
        """Take a response that belongs to this transaction."""
        self._response = response
        self.take(Input.PROVISIONAL if response.status < 200 else Input.FINAL, now=now)
        self._response = None

    def _perform(self, action: Do, now: float) -> None:
        timers = self._outlet.timers
        match action:
            case Do.SEND_REQUEST:
                self._send(self._data)
            case Do.DELIVER:
                self._deliver(self._response)
            case Do.REPORT_TIMEOUT:
                self._report(FailureKind.TIMEOUT)
            case Do.REPORT_TRANSPORT:
                self._report(FailureKind.TRANSPORT)
            case Do.START_E:
                self._interval = timers.t1
                self._start_unreliable(Timer.E, after=self._interval, now=now)
            case Do.DOUBLE_E:
                self._interval = min(2 * self._interval, timers.t2)
                self._start_unreliable(Timer.E, after=self._interval, now=now)
            case Do.START_E_LONG:
                self._start_unreliable(Timer.E, after=timers.t2, now=now)
            case Do.START_F:
                self._start(Timer.F, after=timers.limit, now=now)
            case Do.START_K:
                self._start(Timer.K, after=timers.settle, now=now)
            case _:
                assert_never(action)
