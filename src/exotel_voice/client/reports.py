"""What `RegisterEventCallBack` is told: each state once, in the order of their causes."""

from __future__ import annotations

from collections.abc import Callable

from exotel_voice.phone import events
from exotel_voice.phone.phone import Phone

__all__ = ["RegisterReports"]


class RegisterReports:
    """Turns a phone's news of its registration into the guide's four states (guide 5.2).

    `sent_request` for a REGISTER, `registered` and `unregistered` as they become so, `terminated`
    for a refusal after which the phone does not try again. A phone that tries again is
    `unregistered`, told once however often it fails.

    Args:
        phone: The phone.
        callback: The user's function; None for none.
        user_name: Its second argument.
    """

    def __init__(
        self, phone: Phone, callback: Callable[[str, str], object] | None, user_name: str
    ) -> None:
        self._callback = callback
        self._user_name = user_name
        self._last = ""
        phone.on(events.PhoneEvent, self._hear)

    def begin(self) -> None:
        """A new attempt begins: its failure is news, whatever was told before."""
        self._last = ""

    def _hear(self, event: events.PhoneEvent) -> object:
        match event:
            case events.RegistrationSent():
                return self._tell("sent_request")
            case events.Registered():
                return self._tell("registered")
            case events.Unregistered() | events.RegistrationLost() | events.ConnectionDown():
                return self._tell("unregistered")
            case events.RegistrationRefused(is_final=is_final):
                return self._tell("terminated" if is_final else "unregistered")
            case _:
                return None

    def _tell(self, state: str) -> object:
        if state == self._last:
            return None
        self._last = state
        return None if self._callback is None else self._callback(state, self._user_name)
