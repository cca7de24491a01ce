"""The platform's HTTP API: calls from a program, their web-hooks, accounts from a token.

`ExotelClient` places calls (guide section 7), `ExotelIntegrationClient` serves applications whose
users have phones, `status_callback` reads what the platform tells. Each client has a twin without
asyncio. httpx is used in `drivers.py` alone; all else is plain functions and generators.

What makes accounts of phones is loaded when it is first used: phones take a second to load.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING

from exotel_voice.rest.account import REGIONS, ApiAccount
from exotel_voice.rest.client import ExotelClient, SyncExotelClient
from exotel_voice.rest.connect import ConnectOptions
from exotel_voice.rest.exchange import RetryPolicy
from exotel_voice.rest.results import ApiCall, ApiCallStatus, ApiLeg
from exotel_voice.rest.status_callback import (
    CallAnsweredEvent,
    CallTerminalEvent,
    StatusCallbackEvent,
    parse_status_callback,
    read_django,
    read_starlette,
)

if TYPE_CHECKING:
    from exotel_voice.rest.integration import ExotelIntegrationClient, SyncExotelIntegrationClient
    from exotel_voice.rest.integration_plans import IntegrationUser, PlacedCall

__all__ = [
    "REGIONS",
    "ApiAccount",
    "ApiCall",
    "ApiCallStatus",
    "ApiLeg",
    "CallAnsweredEvent",
    "CallTerminalEvent",
    "ConnectOptions",
    "ExotelClient",
    "ExotelIntegrationClient",
    "IntegrationUser",
    "PlacedCall",
    "RetryPolicy",
    "StatusCallbackEvent",
    "SyncExotelClient",
    "SyncExotelIntegrationClient",
    "parse_status_callback",
    "read_django",
    "read_starlette",
]

_HOMES = {
    "ExotelIntegrationClient": "integration",
    "IntegrationUser": "integration_plans",
    "PlacedCall": "integration_plans",
    "SyncExotelIntegrationClient": "integration",
}


def __getattr__(name: str) -> object:
    """Load a name from its module."""
    if name not in _HOMES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    value: object = getattr(import_module(f"{__name__}.{_HOMES[name]}"), name)
    globals()[name] = value
    return value
