"""The root of the errors, and those that any layer raises."""

from __future__ import annotations

from typing import ClassVar

__all__ = [
    "ConfigError",
    "DeadlineExceeded",
    "ExotelVoiceError",
    "InvalidState",
]


class ExotelVoiceError(Exception):
    """Root of every error the package raises.

    Attributes:
        code: A stable slug such as `call.busy`, for programs.
        message: One sentence that says what happened, for people.
        hint: One sentence that says what to do about it.
        call_id: The SIP Call-ID concerned, if there is one (RFC 3261 §8.1.1.4).
        retryable: Whether the same action may succeed later without a change by the user.
    """

    code: ClassVar[str] = "error"
    default_hint: ClassVar[str] = "Look at the log of exotel_voice for what came before."
    default_retryable: ClassVar[bool] = False

    def __init__(
        self,
        message: str,
        *,
        hint: str | None = None,
        call_id: str | None = None,
        retryable: bool | None = None,
    ) -> None:
        super().__init__(message)
        self.message = message
        self.hint = hint or self.default_hint
        self.call_id = call_id
        self.retryable = self.default_retryable if retryable is None else retryable

    def __str__(self) -> str:
        return f"{self.message} ({self.hint})"


class ConfigError(ExotelVoiceError):
    """A setting is missing or wrong. Raised when the object is made, never later."""

    code = "config"
    default_hint = "Correct the setting that the message names."


class InvalidState(ExotelVoiceError):
    """The caller asked for something that the present state forbids. Nothing was sent."""

    code = "state.invalid"
    default_hint = "Look at `state` before the call, or wait for the event that allows it."


class DeadlineExceeded(ExotelVoiceError, TimeoutError):
    """Something took longer than its limit."""

    code = "deadline"
    default_hint = "Try again, or give a longer limit."
    default_retryable = True
