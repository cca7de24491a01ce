"""The settings of a phone besides its account: one frozen value, checked when it is made."""

from __future__ import annotations

import ssl
from dataclasses import dataclass
from pathlib import Path

from exotel_voice.errors import ConfigError

__all__ = ["PhoneSettings"]


@dataclass(frozen=True, slots=True, kw_only=True)
class PhoneSettings:
    """How a phone behaves. Durations are seconds.

    Raises:
        ConfigError: A setting is out of its range.
    """

    max_calls: int = 8
    """Calls at one time; a further INVITE gets 486 and `IncomingCallRefused` tells of it."""
    no_answer_after: float = 60.0
    """How long an outgoing call rings before it is withdrawn."""
    register_for: float = 300.0
    """Lifetime of the registration to ask for; refreshed at 80 % of what was granted."""
    unregister_limit: float = 5.0
    """How long `unregister` waits for the server's reply."""
    close_limit: float = 1.2
    """How long `aclose` waits for the server's reply to the last messages."""
    accept_transfers: bool = False
    """Follow every transfer that the far side asks for. Whoever calls can then make this phone
    call any number; without it the application decides on `TransferRequested`."""
    transfer_decision_limit: float = 10.0
    """How long the application may take over a `TransferRequested` before it is refused."""
    media_restart_after: float = 3.0
    """A call that is not on hold looks for a new path after so long without an audio packet;
    `math.inf` for never."""
    media_timeout: float = 35.0
    """A call that is not on hold ends after so long without an audio packet."""
    ca_file: str | Path | None = None
    """A PEM file of certificates to trust besides the system's."""
    tls_context: ssl.SSLContext | None = None
    """TLS settings of your own; `ca_file` is then left aside."""
    insecure_skip_certificate_check: bool = False
    """Take any certificate. For a laboratory only: whoever sits between can listen to calls."""
    proxy: bool | str | None = True
    """True for the proxy of the environment, the URL of one, or None for none."""
    connect_limit: float = 5.0
    """How long opening the connection may take."""
    keep_alive_interval: float = 15.0
    """Seconds between two keep-alives on the connection."""
    keep_alive_limit: float = 10.0
    """Seconds without a reply to a keep-alive after which the connection counts as lost."""
    reconnect_first: float = 0.1
    """Ceiling of the first delay before reconnecting; it doubles with each attempt."""
    reconnect_limit: float = 30.0
    """Ceiling that the delay never passes."""
    reconnect_limit_in_call: float = 0.8
    """The same while a call is alive, because its far end waits."""
    event_buffer: int = 256
    """Events that one slow reader may have waiting; beyond it the oldest are dropped."""
    user_agent: str = "exotel-voice"
    """The text of the User-Agent header."""

    def __post_init__(self) -> None:
        if self.max_calls < 1:
            raise ConfigError("max_calls must be at least 1")
        if self.event_buffer < 1:
            raise ConfigError("event_buffer must be at least 1")
        for name in (
            "no_answer_after",
            "register_for",
            "unregister_limit",
            "close_limit",
            "media_restart_after",
            "media_timeout",
            "connect_limit",
            "keep_alive_interval",
            "keep_alive_limit",
            "reconnect_first",
            "reconnect_limit",
            "reconnect_limit_in_call",
        ):
            if getattr(self, name) <= 0.0:
                raise ConfigError(f"{name} must be more than 0 seconds")
