"""A local telephone platform on real sockets, for learning and for tests.

The names load what they need when they are first used, so that the pytest plugin costs nothing.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from exotel_voice.sandbox.parties import Party, PartyKind
    from exotel_voice.sandbox.records import CallRecord, CallStatus
    from exotel_voice.sandbox.server import Sandbox
    from exotel_voice.sandbox.settings import SandboxSettings
    from exotel_voice.sandbox.threaded import SandboxThread

__all__ = [
    "CallRecord",
    "CallStatus",
    "Party",
    "PartyKind",
    "Sandbox",
    "SandboxSettings",
    "SandboxThread",
]

_HOMES = {
    "CallRecord": "records",
    "CallStatus": "records",
    "Party": "parties",
    "PartyKind": "parties",
    "Sandbox": "server",
    "SandboxSettings": "settings",
    "SandboxThread": "threaded",
}


def __getattr__(name: str) -> object:
    if name not in _HOMES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(f"{__name__}.{_HOMES[name]}"), name)
