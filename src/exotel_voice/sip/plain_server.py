"""The server transaction of every request but INVITE and ACK (RFC 3261 §17.2.2).

A pair that is not in the table is ignored, or for what the user asks refused with `InvalidState`:
a copy of a request that has no response yet, a response after the final one.

A lost connection changes no state: what is sent meanwhile is lost.
"""

from __future__ import annotations

from enum import StrEnum
from typing import Final, assert_never

from exotel_voice.sip.machine import Chart, Rule
from exotel_voice.sip.timers import Timer
from exotel_voice.sip.transaction import Identity, ServerTransaction
from exotel_voice.sip.transaction_events import RequestArrived
from exotel_voice.sip.wire import Request, Response

__all__ = ["CHART", "TABLE", "Do", "Input", "PlainServer", "State"]


class State(StrEnum):
    """Where the transaction stands."""

    IDLE = "idle"
    TRYING = "trying"
    PROCEEDING = "proceeding"
    COMPLETED = "completed"
    TERMINATED = "terminated"


class Input(StrEnum):
    """What may happen to it."""

    REQUEST = "request"
    SEND_PROVISIONAL = "send 1xx"
    SEND_FINAL = "send 200-699"
    TIMER_J = "timer J"


class Do(StrEnum):
    """What it does about it."""

    DELIVER = "deliver the request"
    SEND_RESPONSE = "send the response"
    SEND_AGAIN = "send the last response again"
    START_J = "start J"


def _rule(to: State, *do: Do) -> Rule[State, Do]:
    return Rule(to, do)


TABLE: Final = {
    # RFC 3261 §17.2.2: the request goes to the user; copies of it in Trying are discarded.
    (State.IDLE, Input.REQUEST): _rule(State.TRYING, Do.DELIVER),
    # RFC 3261 §17.2.2: a provisional response from the user leads to Proceeding; a copy of the
    # request gets the last one again.
    (State.TRYING, Input.SEND_PROVISIONAL): _rule(State.PROCEEDING, Do.SEND_RESPONSE),
    (State.PROCEEDING, Input.SEND_PROVISIONAL): _rule(State.PROCEEDING, Do.SEND_RESPONSE),
    (State.PROCEEDING, Input.REQUEST): _rule(State.PROCEEDING, Do.SEND_AGAIN),
    # RFC 3261 §17.2.2: a final response leads to Completed and starts timer J; a copy of the
    # request gets it again until timer J fires.
    (State.TRYING, Input.SEND_FINAL): _rule(State.COMPLETED, Do.SEND_RESPONSE, Do.START_J),
    (State.PROCEEDING, Input.SEND_FINAL): _rule(State.COMPLETED, Do.SEND_RESPONSE, Do.START_J),
    (State.COMPLETED, Input.REQUEST): _rule(State.COMPLETED, Do.SEND_AGAIN),
    (State.COMPLETED, Input.TIMER_J): _rule(State.TERMINATED),
}

CHART: Final = Chart(
    name="Non-INVITE server transaction",
    source="RFC 3261 §17.2.2",
    start=State.IDLE,
    ends=frozenset({State.TERMINATED}),
    table=TABLE,
    timers={State.COMPLETED: frozenset({Timer.J})},
    fires={Timer.J: Input.TIMER_J},
)


class PlainServer(ServerTransaction[State, Input, Do]):
    """One request of the peer that is not an INVITE.

    Args:
        request: The request.
        identity: Its name, its connection and where its bytes and events go.
    """

    __slots__ = ()

    def __init__(self, request: Request, identity: Identity) -> None:
        super().__init__(CHART, request, identity)

    def receive(self, *, now: float) -> None:
        """Take the request, the first time and each time it comes again."""
        self.take(Input.REQUEST, now=now)

    def respond(self, response: Response, *, now: float) -> bool:
        """Answer the request.

        Returns:
            False when it has its final response: then nothing is sent.
        """
        what = Input.SEND_PROVISIONAL if response.status < 200 else Input.SEND_FINAL
        if not self.allows(what):
            return False
        self._keep(response)
        return self.take(what, now=now)

    def _perform(self, action: Do, now: float) -> None:
        match action:
            case Do.DELIVER:
                self._tell(
                    RequestArrived(transaction=self.tid, request=self.request, flow=self.flow)
                )
            case Do.SEND_RESPONSE | Do.SEND_AGAIN:
                self._send(self._data)
            case Do.START_J:
                self._start(Timer.J, after=self._outlet.timers.linger, now=now)
            case _:
                assert_never(action)
