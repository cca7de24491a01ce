"""The platform's HTTP API: calls from a program, their web-hooks, accounts from a token.

`ExotelClient` places calls (guide section 7), `ExotelIntegrationClient` serves applications whose
users have phones, `status_callback` reads what the platform tells. Each client has a twin without
asyncio. httpx is used in `drivers.py` alone; all else is plain functions and generators.
"""

from exotel_voice.rest.account import REGIONS, ApiAccount
from exotel_voice.rest.client import ExotelClient, SyncExotelClient
from exotel_voice.rest.connect import ConnectOptions
from exotel_voice.rest.exchange import RetryPolicy
from exotel_voice.rest.integration import ExotelIntegrationClient, SyncExotelIntegrationClient
from exotel_voice.rest.integration_plans import IntegrationUser, PlacedCall
from exotel_voice.rest.results import ApiCall, ApiCallStatus, ApiLeg
from exotel_voice.rest.status_callback import (
    CallAnsweredEvent,
    CallTerminalEvent,
    StatusCallbackEvent,
    parse_status_callback,
    read_django,
    read_starlette,
)

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
