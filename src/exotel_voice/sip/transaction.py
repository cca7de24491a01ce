"""What the four transaction machines have in common (RFC 3261 §17).

A transaction reaches the network and its user only through its `Outlet`, which the layer is.
"""

from __future__ import annotations

from abc import abstractmethod
from dataclasses import dataclass
from enum import StrEnum
from typing import Protocol, TypeVar

from exotel_voice.sip.events import Flow, TransactionId
from exotel_voice.sip.machine import Chart, Machine, Owner
from exotel_voice.sip.timers import Deadlines, Timer, TimerSettings
from exotel_voice.sip.transaction_events import (
    FailureKind,
    RequestFailed,
    ResponseArrived,
    TransactionEvent,
)
from exotel_voice.sip.wire import Request, Response

__all__ = ["ClientTransaction", "Identity", "Outlet", "ServerTransaction", "Transaction"]

S = TypeVar("S", bound=StrEnum)
I = TypeVar("I", bound=StrEnum)  # noqa: E741 - S, I, D: state, input, do
D = TypeVar("D", bound=StrEnum)


class Outlet(Protocol):
    """Where a transaction's bytes and events go, and what it knows of time."""

    @property
    def deadlines(self) -> Deadlines[tuple[Owner, Timer]]:
        """The timers of all transactions."""
        ...

    @property
    def timers(self) -> TimerSettings:
        """The lengths of the timers."""
        ...

    def transmit(self, flow: Flow, data: bytes) -> None:
        """Send bytes on a connection."""
        ...

    def deliver(self, event: TransactionEvent) -> None:
        """Tell the transaction user."""
        ...

    def send_cancel(self, request: Request, *, flow: Flow, now: float) -> None:
        """Send a CANCEL in a transaction of its own."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Identity:
    """What tells one transaction from another, and where it lives."""

    tid: TransactionId
    """Its name."""
    flow: Flow
    """The connection that it uses."""
    outlet: Outlet
    """Where its bytes and events go."""
    is_internal: bool = False
    """Whether the layer itself is its user, so that no event tells of it."""


class Transaction(Machine[S, I, D, Timer]):
    """One transaction, of any of the four kinds.

    Args:
        chart: Its machine.
        identity: Its name, its connection and where its bytes and events go.
    """

    __slots__ = ("_outlet", "failure", "flow", "is_cut", "is_internal", "tid")

    def __init__(self, chart: Chart[S, I, D, Timer], identity: Identity) -> None:
        super().__init__(chart, identity.outlet.deadlines, owner=identity.tid)
        self._outlet = identity.outlet
        self.tid = identity.tid
        self.flow = identity.flow
        self.is_internal = identity.is_internal
        self.is_cut = False
        """Whether its connection is gone: then what it would send is lost."""
        self.failure: FailureKind | None = None

    def _send(self, data: bytes) -> None:
        if not self.is_cut:
            self._outlet.transmit(self.flow, data)

    def _tell(self, event: TransactionEvent) -> None:
        if not self.is_internal:
            self._outlet.deliver(event)

    def _start_unreliable(self, timer: Timer, *, after: float, now: float) -> None:
        # RFC 3261 §17.1.1.2, §17.1.2.2, §17.2.1: A, E and G do not run on a reliable transport.
        if not self._outlet.timers.is_reliable:
            self._start(timer, after=after, now=now)


class ClientTransaction(Transaction[S, I, D]):
    """One request of ours."""

    __slots__ = ()

    def _deliver(self, response: Response | None) -> None:
        if response is not None:
            self._tell(ResponseArrived(transaction=self.tid, response=response, flow=self.flow))

    def _report(self, kind: FailureKind) -> None:
        self.failure = kind
        self._tell(RequestFailed(transaction=self.tid, kind=kind))


class ServerTransaction(Transaction[S, I, D]):
    """One request of the peer.

    Args:
        chart: Its machine.
        request: The request that opened it.
        identity: Its name, its connection and where its bytes and events go.
    """

    __slots__ = ("_data", "request", "to_tag")

    def __init__(self, chart: Chart[S, I, D, Timer], request: Request, identity: Identity) -> None:
        super().__init__(chart, identity)
        self.request = request
        self._data = b""
        self.to_tag: str | None = None
        """The To tag of the last response that had one."""

    @abstractmethod
    def receive(self, *, now: float) -> None:
        """Take the request, the first time and each time it comes again."""

    @abstractmethod
    def respond(self, response: Response, *, now: float) -> bool:
        """Answer the request; False when the state forbids it."""

    def _keep(self, response: Response) -> None:
        self._data = bytes(response)
        self.to_tag = response.to_tag or self.to_tag
