"""What a tab is told when something is refused: codes, words and hints that hold no secret."""

from __future__ import annotations

from dataclasses import dataclass
from enum import IntEnum
from typing import Self

from exotel_voice.errors import ExotelVoiceError

__all__ = ["CloseCode", "Fault", "Refused"]


class CloseCode(IntEnum):
    """Why the gateway closes a tab's WebSocket (RFC 6455 §7.4)."""

    GOING_AWAY = 1001
    """The gateway stops."""
    RESTARTING = 1012
    """The phone has moved; connect again."""
    NOT_AUTHENTICATED = 4401
    FORBIDDEN = 4403
    """The page's origin is not allowed."""
    TOO_SLOW = 4408
    """The tab does not read what it is sent, or says nothing at all."""
    REPLACED = 4409
    """Another connection has taken the tab's name."""
    TOO_LARGE = 4413
    TOO_MANY = 4429
    """Too many messages or connections."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Fault:
    """What went wrong, in words for a page."""

    code: str
    """A slug for programs: of `exotel_voice.errors`, or one that begins with `gateway.`."""
    message: str
    """One sentence that says what happened."""
    hint: str
    """One sentence that says what to do."""

    @classmethod
    def of(cls, error: ExotelVoiceError) -> Self:
        """Describe an error of the package."""
        return cls(code=error.code, message=error.message, hint=error.hint)


class Refused(Exception):
    """A tab is refused something. Stays inside the gateway.

    Attributes:
        fault: What the tab is told.
        close: The code to close its connection with; None when it may go on.
    """

    def __init__(self, fault: Fault, *, close: CloseCode | None = None) -> None:
        super().__init__(fault.message)
        self.fault = fault
        self.close = close


BAD_MESSAGE_HINT = "Load the browser module that this gateway serves."


def bad_message(what: str) -> Fault:
    """A message cannot be read."""
    return Fault(code="gateway.bad_message", message=what, hint=BAD_MESSAGE_HINT)
