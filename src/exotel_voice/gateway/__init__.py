"""Phones for web pages: one ASGI app with the browser module, and SIP kept in this process.

gateway = VoiceGateway(authenticate=user_of, accounts=account_of)
application.mount("/voice", gateway.app)
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from exotel_voice.gateway.assets import import_map
    from exotel_voice.gateway.bus import LocalBus, SessionBus
    from exotel_voice.gateway.gateway import VoiceGateway
    from exotel_voice.gateway.limits import GatewayLimits
    from exotel_voice.gateway.news import IceServer
    from exotel_voice.gateway.notices import Notice

__all__ = [
    "GatewayLimits",
    "IceServer",
    "LocalBus",
    "Notice",
    "SessionBus",
    "VoiceGateway",
    "import_map",
]

_HOMES = {
    "GatewayLimits": "limits",
    "IceServer": "news",
    "LocalBus": "bus",
    "Notice": "notices",
    "SessionBus": "bus",
    "VoiceGateway": "gateway",
    "import_map": "assets",
}


def __getattr__(name: str) -> object:
    if name not in _HOMES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(f"{__name__}.{_HOMES[name]}"), name)
