"""What all phones and connections of one gateway have in common."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from exotel_voice.gateway.limits import GatewayLimits
from exotel_voice.gateway.news import IceServer
from exotel_voice.gateway.notices import NoticeBoard
from exotel_voice.phone.phone import Phone
from exotel_voice.phone.supervisor import Supervisor

__all__ = ["IdentityTrace", "MakePhone", "Shared"]

MakePhone = Callable[..., Phone]
"""Called with an account, `media` and `trace`; makes the phone."""
IdentityTrace = Callable[[str, str, str], object]
"""Called with the identity, `sent` or `received`, and a SIP message, credentials taken out."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Shared:
    """The common parts."""

    server: str
    """Names this run of the gateway."""
    limits: GatewayLimits
    """How much and how long."""
    notices: NoticeBoard
    """The application's handlers."""
    supervisor: Supervisor
    """Owns every task."""
    ice_servers: Sequence[IceServer]
    """For the tabs' peer connections."""
    make_phone: MakePhone
    """Makes a phone."""
    trace: IdentityTrace | None = None
    """Called with each SIP message of each phone."""
