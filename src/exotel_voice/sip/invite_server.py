"""The INVITE server transaction (RFC 3261 §17.2.1, RFC 6026 §8.5).

A pair that is not in the table is ignored, or for what the user asks refused with `InvalidState`:
a copy of the INVITE after a 2xx or an ACK, a response after a final one.

A lost connection changes no state (RFC 6026 §8.5): what is sent meanwhile is lost, and the timers
or the user bring the transaction to its end.
"""

from __future__ import annotations

from enum import StrEnum
from typing import Final, assert_never

from exotel_voice.sip.machine import Chart, Rule
from exotel_voice.sip.timers import Timer
from exotel_voice.sip.transaction import Identity, ServerTransaction
from exotel_voice.sip.transaction_events import AckArrived, FailureKind, RequestArrived
from exotel_voice.sip.wire import Request, Response

__all__ = ["CHART", "TABLE", "Do", "Input", "InviteServer", "State"]


class State(StrEnum):
    """Where the transaction stands."""

    IDLE = "idle"
    PROCEEDING = "proceeding"
    COMPLETED = "completed"
    CONFIRMED = "confirmed"
    ACCEPTED = "accepted"
    TERMINATED = "terminated"


class Input(StrEnum):
    """What may happen to it."""

    REQUEST = "INVITE"
    ACK = "ACK"
    SEND_PROVISIONAL = "send 1xx"
    SEND_SUCCESS = "send 2xx"
    SEND_FAILURE = "send 300-699"
    TIMER_G = "timer G"
    TIMER_H = "timer H"
    TIMER_I = "timer I"
    TIMER_L = "timer L"


class Do(StrEnum):
    """What it does about it."""

    SEND_TRYING = "send 100"
    SEND_RESPONSE = "send the response"
    SEND_AGAIN = "send the last response again"
    DELIVER = "deliver the INVITE"
    DELIVER_ACK = "deliver the ACK"
    NOTE_TIMEOUT = "note that no ACK came"
    START_G = "start G at T1"
    DOUBLE_G = "double G up to T2"
    START_H = "start H"
    START_I = "start I"
    START_L = "start L"


def _rule(to: State, *do: Do) -> Rule[State, Do]:
    return Rule(to, do)


TABLE: Final = {
    # RFC 3261 §17.2.1: the request goes to the user, and the transaction answers 100 unless the
    # user answers within 200 ms. Here a person answers, so 100 goes at once.
    (State.IDLE, Input.REQUEST): _rule(State.PROCEEDING, Do.SEND_TRYING, Do.DELIVER),
    # RFC 3261 §17.2.1: a copy of the INVITE in Proceeding gets the last provisional response again.
    (State.PROCEEDING, Input.REQUEST): _rule(State.PROCEEDING, Do.SEND_AGAIN),
    (State.PROCEEDING, Input.SEND_PROVISIONAL): _rule(State.PROCEEDING, Do.SEND_RESPONSE),
    # RFC 6026 §8.5: a 2xx from the user leads to Accepted and starts timer L. In Accepted copies of
    # the INVITE are absorbed, further 2xx of the user go out, and an ACK goes to the user.
    (State.PROCEEDING, Input.SEND_SUCCESS): _rule(State.ACCEPTED, Do.SEND_RESPONSE, Do.START_L),
    (State.ACCEPTED, Input.SEND_SUCCESS): _rule(State.ACCEPTED, Do.SEND_RESPONSE),
    (State.ACCEPTED, Input.ACK): _rule(State.ACCEPTED, Do.DELIVER_ACK),
    (State.ACCEPTED, Input.TIMER_L): _rule(State.TERMINATED),
    # RFC 3261 §17.2.1: a response from 300 to 699 leads to Completed; timer H starts, and timer G
    # if the transport is unreliable.
    (State.PROCEEDING, Input.SEND_FAILURE): _rule(
        State.COMPLETED, Do.SEND_RESPONSE, Do.START_G, Do.START_H
    ),
    # RFC 3261 §17.2.1: when timer G fires, and for each copy of the INVITE, it goes again.
    (State.COMPLETED, Input.TIMER_G): _rule(State.COMPLETED, Do.SEND_AGAIN, Do.DOUBLE_G),
    (State.COMPLETED, Input.REQUEST): _rule(State.COMPLETED, Do.SEND_AGAIN),
    # RFC 3261 §17.2.1: when timer H fires no ACK has come, and the user learns of a failure.
    (State.COMPLETED, Input.TIMER_H): _rule(State.TERMINATED, Do.NOTE_TIMEOUT),
    # RFC 3261 §17.2.1: an ACK leads to Confirmed, which absorbs further ones until timer I fires.
    (State.COMPLETED, Input.ACK): _rule(State.CONFIRMED, Do.START_I),
    (State.CONFIRMED, Input.TIMER_I): _rule(State.TERMINATED),
}

CHART: Final = Chart(
    name="INVITE server transaction",
    source="RFC 3261 §17.2.1, RFC 6026 §8.5",
    start=State.IDLE,
    ends=frozenset({State.TERMINATED}),
    table=TABLE,
    timers={
        State.COMPLETED: frozenset({Timer.G, Timer.H}),
        State.CONFIRMED: frozenset({Timer.I}),
        State.ACCEPTED: frozenset({Timer.L}),
    },
    fires={
        Timer.G: Input.TIMER_G,
        Timer.H: Input.TIMER_H,
        Timer.I: Input.TIMER_I,
        Timer.L: Input.TIMER_L,
    },
)


class InviteServer(ServerTransaction[State, Input, Do]):
    """One INVITE of the peer.

    Args:
        request: The INVITE.
        identity: Its name, its connection and where its bytes and events go.
    """

    __slots__ = ("_ack", "_interval")

    def __init__(self, request: Request, identity: Identity) -> None:
        super().__init__(CHART, request, identity)
        self._interval = 0.0
        self._ack: Request | None = None

    @property
    def is_waiting(self) -> bool:
        """Whether it has no final response yet."""
        return self.state is State.PROCEEDING

    def receive(self, *, now: float) -> None:
        """Take the INVITE, the first time and each time it comes again."""
        self.take(Input.REQUEST, now=now)

    def receive_ack(self, ack: Request, *, now: float) -> None:
        """Take an ACK that has the INVITE's branch."""
        self._ack = ack
        self.take(Input.ACK, now=now)
        self._ack = None

    def respond(self, response: Response, *, now: float) -> bool:
        """Answer the INVITE; a 2xx may be given again.

        Returns:
            False when it has another final response: then nothing is sent.
        """
        if response.status < 200:
            what = Input.SEND_PROVISIONAL
        elif response.status < 300:
            what = Input.SEND_SUCCESS
        else:
            what = Input.SEND_FAILURE
        if not self.allows(what):
            return False
        self._keep(response)
        return self.take(what, now=now)

    def _perform(self, action: Do, now: float) -> None:  # noqa: C901 - one case per action
        timers = self._outlet.timers
        match action:
            case Do.SEND_TRYING:
                self._keep(self.request.reply(100))
                self._send(self._data)
            case Do.SEND_RESPONSE | Do.SEND_AGAIN:
                self._send(self._data)
            case Do.DELIVER:
                self._tell(
                    RequestArrived(transaction=self.tid, request=self.request, flow=self.flow)
                )
            case Do.DELIVER_ACK:
                if self._ack is not None:
                    self._tell(AckArrived(transaction=self.tid, request=self._ack, flow=self.flow))
            case Do.NOTE_TIMEOUT:
                self.failure = FailureKind.TIMEOUT
            case Do.START_G:
                self._interval = timers.t1
                self._start_unreliable(Timer.G, after=self._interval, now=now)
            case Do.DOUBLE_G:
                self._interval = min(2 * self._interval, timers.t2)
                self._start_unreliable(Timer.G, after=self._interval, now=now)
            case Do.START_H:
                self._start(Timer.H, after=timers.limit, now=now)
            case Do.START_I:
                self._start(Timer.I, after=timers.settle, now=now)
            case Do.START_L:
                self._start(Timer.L, after=timers.limit, now=now)
            case _:
                assert_never(action)
