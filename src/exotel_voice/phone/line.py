"""What every call of a phone shares with its phone."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

from exotel_voice.media.base import MediaEngine
from exotel_voice.phone.driver import Driver
from exotel_voice.phone.observe import EventHub
from exotel_voice.phone.settings import PhoneSettings
from exotel_voice.phone.supervisor import Supervisor
from exotel_voice.sip.events import SessionId

if TYPE_CHECKING:
    from exotel_voice.phone.leg import Leg

__all__ = ["Line", "Switchboard"]


class Switchboard(Protocol):
    """What a call asks of its phone beyond the shared parts."""

    def bind(self, session: SessionId, leg: Leg) -> None:
        """Send the events of a session to a call from now on."""
        ...

    def release(self, leg: Leg) -> None:
        """Forget a call that has ended."""
        ...

    def resolve(self, target: str) -> str:
        """Turn a name, a number or a URI into a URI to call."""
        ...

    async def check_connection(self) -> bool:
        """Tell whether the SIP connection is of use; one that is not is made anew."""
        ...

    def place(self, uri: str, *, headers: Mapping[str, str], replaces: str | None) -> Leg:
        """Begin an outgoing call."""
        ...


@dataclass(frozen=True, slots=True)
class Line:
    """The shared parts."""

    driver: Driver
    supervisor: Supervisor
    hub: EventHub
    settings: PhoneSettings
    engine: MediaEngine
    switchboard: Switchboard
