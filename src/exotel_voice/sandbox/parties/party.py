"""What a simulated party is: how it takes a call, and what it does once it talks."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final, Protocol

from exotel_voice.errors import ConfigError

if TYPE_CHECKING:
    from exotel_voice.sandbox.parties.line import Line

__all__ = ["AT_ONCE", "NEVER", "AnswerPlan", "Party", "PartyKind", "seconds_from"]


@dataclass(frozen=True, slots=True, kw_only=True)
class AnswerPlan:
    """How a party takes a call that comes to it."""

    refuse_with: int | None = None
    """The SIP status to refuse it with; None to ring."""
    answer_after: float | None = 0.0
    """Seconds of ringing before the answer; None never answers."""


AT_ONCE: Final = AnswerPlan()
"""Rings, and answers at once."""

NEVER: Final = AnswerPlan(answer_after=None)
"""Rings until the caller or the sandbox gives up."""


class Party(Protocol):
    """One party in one call."""

    @property
    def plan(self) -> AnswerPlan:
        """How it takes the call, if it is called."""
        ...

    async def talk(self, line: Line) -> None:
        """Do what it does in the call. When this returns, the call goes on in silence."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class PartyKind:
    """A name that can be dialled."""

    make: Callable[[str], Party]
    """Makes the party of a call from what follows the name's dash, such as the `2` of `hangup-2`.

    Raises:
        ConfigError: That text makes no sense.
    """
    does: str
    """One line about it, for people."""
    example: str
    """What to dial."""


def seconds_from(text: str, *, default: float, most: float = 3600.0) -> float:
    """Read the seconds that follow a party's name.

    Raises:
        ConfigError: It is no number, or not within 0 to `most`.
    """
    if not text:
        return default
    try:
        seconds = float(text)
    except ValueError:
        seconds = -1.0
    if not 0.0 <= seconds <= most:
        raise ConfigError(f"{text!r} is not a number of seconds from 0 to {most:g}.")
    return seconds
