"""Bounds on what one message may hold, so that a peer cannot fill the memory."""

from __future__ import annotations

from dataclasses import dataclass, fields

from exotel_voice.errors import ConfigError

__all__ = ["Limits"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Limits:
    """What is accepted from the wire. Each bound has its reply (RFC 3261 §21.5.7, §21.4.12).

    Raises:
        ConfigError: A bound is less than one.
    """

    max_message_bytes: int = 65_536
    """Whole message, start line, headers and body; beyond it the reply is 513."""
    max_headers: int = 256
    """Number of header fields; beyond it the reply is 513."""
    max_header_bytes: int = 8_192
    """One header field with its name, unfolded; beyond it the reply is 513."""
    max_uri_bytes: int = 2_048
    """The Request-URI; beyond it the reply is 414."""

    def __post_init__(self) -> None:
        for each in fields(self):
            if getattr(self, each.name) < 1:
                raise ConfigError(f"{each.name} must be at least 1")
