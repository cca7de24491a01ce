"""How paths for audio are looked for: STUN and TURN servers, and which addresses are offered."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, field

from exotel_voice.errors import ConfigError

__all__ = ["IceServer", "IceSettings", "ServerAddress"]

_URL = re.compile(
    r"(?P<scheme>stun|turns?):(?P<host>\[[0-9a-fA-F:.]+\]|[^\s:?/\[\]]+)"
    r"(?::(?P<port>\d{1,5}))?(?:\?transport=(?P<transport>udp|tcp))?"
)


@dataclass(frozen=True, slots=True, kw_only=True)
class ServerAddress:
    """Where a STUN or TURN server is, taken from its URL."""

    scheme: str
    """`stun`, `turn` or `turns`."""
    host: str
    """Name or address."""
    port: int
    """Port, 1 to 65535."""
    transport: str
    """`udp` or `tcp`."""


@dataclass(frozen=True, slots=True)
class IceServer:
    """A server that tells our public address (STUN) or relays our audio (TURN).

    Args:
        url: `stun:host[:port]` (RFC 7064), `turn:host[:port][?transport=udp|tcp]` or
            `turns:host[:port]`, which is TURN over TLS (RFC 7065).
        username: For TURN.
        credential: For TURN, the password.

    Raises:
        ConfigError: The URL is of another form, or a TURN server lacks user name or credential.
    """

    url: str
    username: str | None = None
    credential: str | None = field(default=None, repr=False)

    def __post_init__(self) -> None:
        if self.address.scheme != "stun" and not (self.username and self.credential):
            raise ConfigError(f"The TURN server {self.url} needs a username and a credential")

    @property
    def address(self) -> ServerAddress:
        """The parts of the URL, with the default ports 3478 and 5349 filled in."""
        match = _URL.fullmatch(self.url)
        if match is None:
            raise ConfigError(f"{self.url!r} is not the URL of a STUN or TURN server")
        scheme, transport = match["scheme"], match["transport"]
        port = int(match["port"] or (5349 if scheme == "turns" else 3478))
        is_odd = (scheme == "stun" and transport) or (scheme == "turns" and transport == "udp")
        if is_odd or not 0 < port < 65536:
            raise ConfigError(f"{self.url!r} is not the URL of a STUN or TURN server")
        return ServerAddress(
            scheme=scheme,
            host=match["host"].strip("[]"),
            port=port,
            transport=transport or ("tcp" if scheme == "turns" else "udp"),
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class IceSettings:
    """Which addresses a call offers, and how long it looks for them and for a path.

    Raises:
        ConfigError: A time is out of range, or only relayed paths are wanted without a TURN server.
    """

    servers: Sequence[IceServer] = ()
    """STUN and TURN servers; none by default. All are asked at once."""
    has_loopback: bool | None = None
    """Whether to offer the loopback addresses. By default only where the machine has no other
    address, or where the far side offers one itself."""
    is_relay_only: bool = False
    """Whether to use TURN only, so that the far side never learns this machine's address."""
    gathering_limit: float = 0.5
    """Seconds, 0.05 to 10, after which a description is sent with the addresses known by then."""
    connect_limit: float = 15.0
    """Seconds, 1 to 120, after which a path that was not found counts as failed."""

    def __post_init__(self) -> None:
        limits = (
            ("gathering_limit", self.gathering_limit, 0.05, 10.0),
            ("connect_limit", self.connect_limit, 1.0, 120.0),
        )
        for name, value, low, high in limits:
            if not low <= value <= high:
                raise ConfigError(f"{name} is {value}, and must be from {low} to {high} seconds")
        if self.is_relay_only and all(item.address.scheme == "stun" for item in self.servers):
            raise ConfigError("is_relay_only needs a TURN server among the servers")
