"""The table of a registration (RFC 3261 §10.2, RFC 5626 §4.2).

One REGISTER is out at a time. A wish that comes meanwhile waits in a state of its own, and the last
wish wins. After a refusal nothing is sent until the owner asks again.

A pair that the table lacks is ignored: a wish that is being fulfilled, a response to nothing.
"""

from __future__ import annotations

from enum import StrEnum
from typing import Final

from exotel_voice.sip.machine import Chart, Rule

__all__ = ["CHART", "TABLE", "Do", "Input", "State", "Timer"]


class State(StrEnum):
    """Where the registration stands."""

    UNREGISTERED = "unregistered"
    """Nothing is out, and no binding is known to be in force."""
    REGISTERING = "registering"
    """A REGISTER that adds or refreshes the binding is out."""
    REGISTERED = "registered"
    """The binding is in force, and its refresh is due some time."""
    TO_REMOVE = "to remove"
    """A REGISTER is out, and the owner wants the binding taken away after it."""
    REMOVING = "removing"
    """A REGISTER that takes bindings away is out."""
    TO_REGISTER = "to register"
    """A removal is out, and the owner wants to be registered after it."""
    TO_REMOVE_ALL = "to remove all"
    """A removal of our binding is out, and the owner wants every binding taken away after it."""


class Input(StrEnum):
    """What may happen to it."""

    REGISTER = "register"
    UNREGISTER = "unregister"
    UNREGISTER_ALL = "unregister every binding"
    SUCCESS = "2xx"
    BINDING_MISSING = "2xx without our binding"
    CHALLENGE = "401 or 407 with a new challenge"
    REDIRECT = "3xx with a new target"
    TOO_BRIEF = "423 with a longer time"
    NO_OUTBOUND = "439"
    REFUSED = "any other final response, or none"
    CONNECTION_LOST = "connection lost"
    REFRESH_DUE = "refresh due"


class Do(StrEnum):
    """What it does about it."""

    SEND_REGISTER = "send REGISTER"
    SEND_REMOVAL = "send REGISTER with Expires: 0"
    SEND_AGAIN = "send it again, changed"
    KEEP_BINDING = "keep binding"
    FORGET_BINDING = "forget binding"
    START_REFRESH = "start refresh at 80 %"
    REPORT_REGISTERED = "report registered"
    REPORT_ENDED = "report ended"
    REPORT_REFUSED = "report refused"


class Timer(StrEnum):
    """Its only timer."""

    REFRESH = "refresh"


def _rule(to: State, *do: Do) -> Rule[State, Do]:
    return Rule(to, do)


_REMOVE: Final = _rule(State.REMOVING, Do.SEND_REMOVAL)
_ADD: Final = _rule(State.REGISTERING, Do.SEND_REGISTER)
_REFUSED: Final = _rule(State.UNREGISTERED, Do.FORGET_BINDING, Do.REPORT_REFUSED)

TABLE: Final = {
    # RFC 3261 §10.2.1: a REGISTER adds the binding; one wish more while it is out changes nothing.
    (State.UNREGISTERED, Input.REGISTER): _ADD,
    (State.REGISTERED, Input.REGISTER): _ADD,
    # RFC 3261 §10.2.4: each client refreshes the bindings that it has made.
    (State.REGISTERED, Input.REFRESH_DUE): _ADD,
    # RFC 3261 §10.2.2: an Expires of 0 takes the binding away, with Contact * every binding. It is
    # sent when no binding is known too: one may have outlived the connection that it was made on.
    (State.UNREGISTERED, Input.UNREGISTER): _REMOVE,
    (State.UNREGISTERED, Input.UNREGISTER_ALL): _REMOVE,
    (State.REGISTERED, Input.UNREGISTER): _REMOVE,
    (State.REGISTERED, Input.UNREGISTER_ALL): _REMOVE,
    # RFC 3261 §10.2: no new registration before the final response to the last one, or its
    # time-out. So a wish against what is under way waits, and may be taken back.
    (State.REGISTERING, Input.UNREGISTER): _rule(State.TO_REMOVE),
    (State.REGISTERING, Input.UNREGISTER_ALL): _rule(State.TO_REMOVE),
    (State.TO_REMOVE, Input.REGISTER): _rule(State.REGISTERING),
    (State.REMOVING, Input.REGISTER): _rule(State.TO_REGISTER),
    (State.TO_REGISTER, Input.UNREGISTER): _rule(State.REMOVING),
    (State.REMOVING, Input.UNREGISTER_ALL): _rule(State.TO_REMOVE_ALL),
    (State.TO_REGISTER, Input.UNREGISTER_ALL): _rule(State.TO_REMOVE_ALL),
    (State.TO_REMOVE_ALL, Input.REGISTER): _rule(State.TO_REGISTER),
    # RFC 3261 §10.2.4: a 2xx lists the bindings, each with the time that the registrar granted.
    (State.REGISTERING, Input.SUCCESS): _rule(
        State.REGISTERED, Do.REPORT_REGISTERED, Do.KEEP_BINDING, Do.START_REFRESH
    ),
    (State.TO_REMOVE, Input.SUCCESS): _REMOVE,
    (State.TO_REMOVE_ALL, Input.SUCCESS): _REMOVE,
    (State.REMOVING, Input.SUCCESS): _rule(State.UNREGISTERED, Do.FORGET_BINDING, Do.REPORT_ENDED),
    (State.TO_REGISTER, Input.SUCCESS): _rule(
        State.REGISTERING, Do.FORGET_BINDING, Do.REPORT_ENDED, Do.SEND_REGISTER
    ),
    # RFC 3261 §10.3: a registrar that has dropped the binding, for lack of room say, lists others.
    (State.REGISTERING, Input.BINDING_MISSING): _REFUSED,
    (State.TO_REMOVE, Input.BINDING_MISSING): _REMOVE,
    # RFC 3261 §22.2, §22.3: a challenge is answered in a new request. One that is not wanted any
    # more gives way to the removal, which takes the answer along.
    (State.REGISTERING, Input.CHALLENGE): _rule(State.REGISTERING, Do.SEND_AGAIN),
    (State.REMOVING, Input.CHALLENGE): _rule(State.REMOVING, Do.SEND_AGAIN),
    (State.TO_REGISTER, Input.CHALLENGE): _rule(State.TO_REGISTER, Do.SEND_AGAIN),
    (State.TO_REMOVE, Input.CHALLENGE): _REMOVE,
    (State.TO_REMOVE_ALL, Input.CHALLENGE): _REMOVE,
    # RFC 3261 §8.1.3.4: a redirected request is tried at the new target.
    (State.REGISTERING, Input.REDIRECT): _rule(State.REGISTERING, Do.SEND_AGAIN),
    (State.REMOVING, Input.REDIRECT): _rule(State.REMOVING, Do.SEND_AGAIN),
    (State.TO_REGISTER, Input.REDIRECT): _rule(State.TO_REGISTER, Do.SEND_AGAIN),
    (State.TO_REMOVE, Input.REDIRECT): _REMOVE,
    (State.TO_REMOVE_ALL, Input.REDIRECT): _REMOVE,
    # RFC 3261 §10.2.8: after 423 the registration is tried again with the time of Min-Expires.
    (State.REGISTERING, Input.TOO_BRIEF): _rule(State.REGISTERING, Do.SEND_AGAIN),
    (State.TO_REMOVE, Input.TOO_BRIEF): _REMOVE,
    # RFC 5626 §4.2.1: after 439 the registration is tried again without outbound.
    (State.REGISTERING, Input.NO_OUTBOUND): _rule(State.REGISTERING, Do.SEND_AGAIN),
    (State.REMOVING, Input.NO_OUTBOUND): _rule(State.REMOVING, Do.SEND_AGAIN),
    (State.TO_REGISTER, Input.NO_OUTBOUND): _rule(State.TO_REGISTER, Do.SEND_AGAIN),
    (State.TO_REMOVE, Input.NO_OUTBOUND): _REMOVE,
    (State.TO_REMOVE_ALL, Input.NO_OUTBOUND): _REMOVE,
    # RFC 3261 §10.2.7, §8.1.3: everything else is a failure, told once.
    (State.REGISTERING, Input.REFUSED): _REFUSED,
    (State.REMOVING, Input.REFUSED): _REFUSED,
    (State.TO_REGISTER, Input.REFUSED): _rule(
        State.REGISTERING, Do.FORGET_BINDING, Do.REPORT_REFUSED, Do.SEND_REGISTER
    ),
    (State.TO_REMOVE, Input.REFUSED): _REMOVE,
    (State.TO_REMOVE_ALL, Input.REFUSED): _REMOVE,
    # RFC 5626 §4.2.1: a binding is worth as much as its connection. What is out fails by itself.
    (State.REGISTERED, Input.CONNECTION_LOST): _rule(State.UNREGISTERED, Do.FORGET_BINDING),
}

CHART: Final = Chart(
    name="Registration",
    source="RFC 3261 §10.2, RFC 5626 §4.2",
    start=State.UNREGISTERED,
    ends=frozenset(),
    table=TABLE,
    timers={State.REGISTERED: frozenset({Timer.REFRESH})},
    fires={Timer.REFRESH: Input.REFRESH_DUE},
)
