"""The settings of a sandbox: one frozen value, checked once, when it is made."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Final

from exotel_voice.errors import ConfigError

__all__ = ["DEFAULT_DOMAIN", "SandboxSettings"]

DEFAULT_DOMAIN: Final = "sandbox.test"
"""The SIP domain of the sandbox's accounts (`.test` never exists on the Internet, RFC 6761)."""

MAX_PORT: Final = 65_535


@dataclass(frozen=True, slots=True, kw_only=True)
class SandboxSettings:
    """How a sandbox is to behave. Every setting has a default that suits a test.

    Raises:
        ConfigError: A setting is out of range.
    """

    host: str = "127.0.0.1"
    """Address to listen on, `127.0.0.1` or `::1`: nobody else's machine can reach it."""
    ws_port: int = 0
    """Port for SIP over ws; 0 takes a free one."""
    wss_port: int = 0
    """Port for SIP over wss; 0 takes a free one."""
    http_port: int = 0
    """Port for the HTTP API and the status page; 0 takes a free one."""
    use_other_ports: bool = False
    """Whether a port that is in use is replaced by a free one; otherwise that is an error."""
    domain: str = DEFAULT_DOMAIN
    """SIP domain of the accounts, and the realm of the password check."""
    authenticate_calls: bool = True
    """Whether an INVITE from a phone is challenged with 407, as the platform does."""
    digest_algorithms: tuple[str, ...] = ("SHA-256", "MD5")
    """Digest algorithms to offer, the preferred one first (RFC 8760 §2.4).

    JsSIP looks at the last challenge alone, so MD5 stands there.
    """
    min_expires: float = 10.0
    """Shortest registration, seconds; less is refused with 423 (RFC 3261 §10.3)."""
    default_expires: float = 300.0
    """Length of a registration that asks for none, seconds."""
    max_expires: float = 3600.0
    """Longest registration, seconds; more is granted as this."""
    no_answer_after: float = 60.0
    """Seconds that a phone or a party may ring."""
    lost_call_after: float = 60.0
    """Seconds that an answered call goes on after the connection of its phone is gone."""
    phone_numbers: Mapping[str, str] = field(default_factory=dict)
    """Which party answers a phone number, for example `{"+919900000001": "busy"}`; a number that
    is not in it is answered by `echo`."""
    account_sid: str = "sandbox"
    """The account's name in the HTTP API."""
    api_key: str | None = None
    """The HTTP API's key; made up when None."""
    api_token: str | None = field(default=None, repr=False)
    """The HTTP API's token; made up when None."""
    callback_retry_after: float = 1.0
    """Seconds before a StatusCallback that failed is tried again; doubled for the third try."""

    def __post_init__(self) -> None:
        for name in ("ws_port", "wss_port", "http_port"):
            if not 0 <= getattr(self, name) <= MAX_PORT:
                raise ConfigError(f"{name} must be a port, 0 to {MAX_PORT}.")
        if self.host not in ("127.0.0.1", "::1"):
            raise ConfigError(
                f"The sandbox listens on this machine only, not on {self.host!r}.",
                hint="Use 127.0.0.1 or ::1; its passwords are for tests.",
            )
        if not 0 < self.min_expires <= self.default_expires <= self.max_expires:
            raise ConfigError("Needed: 0 < min_expires <= default_expires <= max_expires.")
        for name in ("no_answer_after", "lost_call_after", "callback_retry_after"):
            if getattr(self, name) <= 0:
                raise ConfigError(f"{name} must be more than 0 seconds.")
        if not self.domain or any(character in self.domain for character in ' \r\n"<>;@'):
            raise ConfigError(f"{self.domain!r} is not a domain.")
        if not self.digest_algorithms:
            raise ConfigError("digest_algorithms needs one algorithm at least.")

    @property
    def url_host(self) -> str:
        """The address as it stands in a URL."""
        return f"[{self.host}]" if ":" in self.host else self.host
