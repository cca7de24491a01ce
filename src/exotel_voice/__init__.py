"""Phone calls in Python: a SIP-over-WebSocket and WebRTC phone."""

__version__ = "0.1.0"
