"""Carriers of SIP messages: WebSocket (RFC 7118) and a pair within one process.

A carrier moves whole messages and knows nothing of what they mean. `backoff` has the delays between
two attempts to connect.
"""

from exotel_voice.transport.backoff import backoff_delays
from exotel_voice.transport.base import Transport
from exotel_voice.transport.memory import MemoryListener, MemoryTransport, memory_pair
from exotel_voice.transport.websocket import WebSocketTransport

__all__ = [
    "MemoryListener",
    "MemoryTransport",
    "Transport",
    "WebSocketTransport",
    "backoff_delays",
    "memory_pair",
]
