"""State machines as data: what a row of a table is, and the one function that takes a step.

A machine is three enums (states, inputs and actions) and a `Chart`: the table, and which timers may
run in which state. The table can be walked by a test and drawn by a script; the class that runs it
holds no decision of its own.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Hashable, Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Generic, TypeVar

from exotel_voice.sip.timers import Deadlines

__all__ = ["Chart", "Machine", "Rule"]

S = TypeVar("S", bound=StrEnum)
I = TypeVar("I", bound=StrEnum)  # noqa: E741 - S, I, D: state, input, do
D = TypeVar("D", bound=StrEnum)
T = TypeVar("T", bound=StrEnum)

Owner = Hashable
"""Names the machine whose timer it is, among those that share one `Deadlines`."""


@dataclass(frozen=True, slots=True)
class Rule(Generic[S, D]):
    """What one input does in one state."""

    to: S
    """The state that follows; the same one when it does not change."""
    do: tuple[D, ...] = ()
    """The actions, performed in this order after the state has changed."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Chart(Generic[S, I, D, T]):
    """A whole machine as data. A pair that the table lacks means: nothing happens."""

    name: str
    """The noun, for the drawing."""
    source: str
    """The RFC and section that it follows."""
    start: S
    """The first state."""
    ends: frozenset[S]
    """The states that nothing follows."""
    table: Mapping[tuple[S, I], Rule[S, D]]
    """The rows."""
    timers: Mapping[S, frozenset[T]]
    """The timers that may run in a state, none if it is missing; entering stops all others."""
    fires: Mapping[T, I]
    """The input that each timer gives when it falls due."""


class Machine(ABC, Generic[S, I, D, T]):
    """Runs a chart. A subclass performs the actions, with one `match` that knows them all.

    Args:
        chart: The machine as data.
        deadlines: Where its timers are kept; may be shared with other machines.
        owner: Names this machine's timers there.
    """

    __slots__ = ("_chart", "_deadlines", "_instant", "_owner", "state")

    def __init__(
        self, chart: Chart[S, I, D, T], deadlines: Deadlines[tuple[Owner, T]], *, owner: Owner
    ) -> None:
        self._chart = chart
        self._deadlines = deadlines
        self._owner = owner
        self._instant: T | None = None
        self.state: S = chart.start

    @property
    def is_ended(self) -> bool:
        """Whether nothing can follow any more."""
        return self.state in self._chart.ends

    def allows(self, what: I) -> bool:
        """Tell whether the table has a row for this input in the present state."""
        return (self.state, what) in self._chart.table

    def take(self, what: I, *, now: float) -> bool:
        """Take one step: change the state, then perform the row's actions.

        Returns:
            Whether the table had a row for it.
        """
        rule = self._chart.table.get((self.state, what))
        if rule is None:
            return False
        if rule.to is not self.state:
            self._enter(rule.to)
        for action in rule.do:
            self._perform(action, now)
        if self._instant is not None:
            timer, self._instant = self._instant, None
            self.take(self._chart.fires[timer], now=now)
        return True

    def take_timer(self, timer: T, *, now: float) -> bool:
        """Take the step of a timer that fell due.

        Returns:
            Whether the table had a row for it.
        """
        return self.take(self._chart.fires[timer], now=now)

    def _enter(self, state: S) -> None:
        # The one place that stops timers: none outlives the states in which the chart allows it.
        allowed = self._chart.timers.get(state, frozenset())
        for timer in self._chart.timers.get(self.state, frozenset()) - allowed:
            self._deadlines.cancel((self._owner, timer))
        self.state = state

    def _start(self, timer: T, *, after: float, now: float) -> None:
        """Start a timer anew. One of no length falls due when the row's actions are done."""
        if after <= 0:
            self._instant = timer
        else:
            self._deadlines.set((self._owner, timer), now + after)

    @abstractmethod
    def _perform(self, action: D, now: float) -> None:
        """Do one action, with a `match` over all of them."""
