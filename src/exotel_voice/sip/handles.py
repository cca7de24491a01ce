"""Names for what lives inside a user agent, so that events and commands carry no live objects."""

from __future__ import annotations

from collections.abc import Hashable
from typing import NewType

__all__ = ["Flow", "SessionId", "TransactionId"]

SessionId = NewType("SessionId", str)
TransactionId = NewType("TransactionId", str)
Flow = Hashable
"""Names one connection. A phone has one at a time; a server has one per WebSocket."""
