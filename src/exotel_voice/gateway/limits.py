"""What one connection may do, and how long anything may take."""

from __future__ import annotations

from dataclasses import dataclass, fields
from typing import Final

from exotel_voice.errors import ConfigError

__all__ = ["GatewayLimits", "RateLimit"]

_MAY_BE_NONE: Final = {"log_lines", "trace_messages"}


@dataclass(frozen=True, slots=True, kw_only=True)
class GatewayLimits:
    """Bounds of a gateway. Durations are seconds.

    Raises:
        ConfigError: A bound is not more than 0; of what is kept, less than 0.
    """

    resume: float = 30.0
    """How long a call waits for a tab after its own is gone; then it is hung up."""
    last_tab: float = 10.0
    """How long a phone without tabs and calls stays registered."""
    media: float = 5.0
    """How long a tab may take over one request about its audio."""
    hello: float = 10.0
    """How long `authenticate`, `accounts` and the first message of a tab may take, each."""
    silence: float = 120.0
    """How long a tab may say nothing; it sends a sign of life each 20 seconds, and browsers let
    hidden pages do so once a minute."""
    write: float = 10.0
    """How long a tab may leave one message unread, once the buffers of the network are full."""
    decide: float = 0.05
    """How long tabs wait for `on(IncomingCall, ...)` handlers before they ring."""
    messages_per_second: float = 60.0
    """Messages of a tab, averaged."""
    burst: int = 200
    """Messages of a tab at once."""
    queue: int = 512
    """Messages that wait for a slow tab before it is dropped."""
    tabs: int = 64
    """Tabs of one phone."""
    connections: int = 20_000
    """Connections of one gateway."""
    log_lines: int = 500
    """Lines that are kept of each phone's log for the tabs' `downloadLogs`; 0 for none."""
    trace_messages: int = 200
    """SIP messages that are kept of each phone for `VoiceGateway.trace`; 0 for none."""

    def __post_init__(self) -> None:
        for field in fields(self):
            value = getattr(self, field.name)
            if value < 0 or (value == 0 and field.name not in _MAY_BE_NONE):
                raise ConfigError(f"the limit {field.name} must be more than 0")


class RateLimit:
    """Counts messages: so many at once, and so many a second in the long run.

    Args:
        rate: Messages a second.
        burst: Messages at once.
        now: The time, in seconds on any clock.
    """

    __slots__ = ("_at", "_burst", "_left", "_rate")

    def __init__(self, *, rate: float, burst: int, now: float) -> None:
        self._rate = rate
        self._burst = burst
        self._left = float(burst)
        self._at = now

    def take(self, now: float) -> bool:
        """Count one message; False when it is one too many."""
        self._left = min(self._burst, self._left + (now - self._at) * self._rate)
        self._at = now
        if self._left < 1.0:
            return False
        self._left -= 1.0
        return True
