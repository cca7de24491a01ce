"""Whose phone it is and where its server is: `SipAccount`, checked once, when it is made."""

from __future__ import annotations

import os
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Final, Literal, Self, cast

from exotel_voice.errors import ConfigError
from exotel_voice.sip.addresses import escape_user

__all__ = ["Security", "SipAccount"]

Security = Literal["ws", "wss"]
"""`wss` is the WebSocket over TLS, `ws` the one in clear."""

DEFAULT_PORT: Final = 443
DEFAULT_ENDPOINT: Final = "wss"
"""The path at which the platform takes SIP connections."""

_HOST = re.compile(r"[A-Za-z0-9_](?:[A-Za-z0-9_.-]*[A-Za-z0-9_.])?|\[[0-9A-Fa-f:.]+\]")
_ENVIRONMENT: Final = {
    "username": "EXOTEL_SIP_USERNAME",
    "password": "EXOTEL_SIP_PASSWORD",
    "domain": "EXOTEL_SIP_DOMAIN",
    "host": "EXOTEL_SIP_HOST",
    "port": "EXOTEL_SIP_PORT",
    "security": "EXOTEL_SIP_SECURITY",
    "endpoint": "EXOTEL_SIP_ENDPOINT",
}
_GUIDE_NEEDED: Final = ("userName", "authUser", "secret", "sipdomain", "port", "security")
_GUIDE_OPTIONAL: Final = ("domain", "displayname", "displayName", "endpoint", "accountSid")
_GUIDE_IGNORED: Final = ("sipUri", "contactHost")
_GUIDE_KNOWN: Final = frozenset((*_GUIDE_NEEDED, *_GUIDE_OPTIONAL, *_GUIDE_IGNORED))


@dataclass(frozen=True, slots=True, kw_only=True)
class SipAccount:
    """A SIP account. The repr hides the password.

    Raises:
        ConfigError: A setting is missing, empty or of the wrong form; the message names it.
    """

    username: str
    """The user part of the address of record, `alice` in `sip:alice@acme.voip.example`."""
    password: str = field(repr=False)
    """The password of the account; never sent, only used to answer challenges (RFC 7616)."""
    domain: str
    """The SIP domain, `acme.voip.example`."""
    host: str = ""
    """The host that takes the WebSocket; the domain when empty."""
    port: int = DEFAULT_PORT
    """Its port, 1 to 65535."""
    auth_username: str = ""
    """The user name in answers to challenges; `username` when empty."""
    display_name: str = ""
    """What the far side may show; nothing when empty."""
    security: Security = "wss"
    """`wss` or `ws`."""
    endpoint: str = DEFAULT_ENDPOINT
    """The path of the WebSocket, without the first slash."""

    def __post_init__(self) -> None:
        for name in ("username", "password", "domain"):
            _check_text(name, getattr(self, name))
        for name in ("host", "auth_username", "display_name", "endpoint"):
            _check_text(name, getattr(self, name), may_be_empty=True)
        _fill(self, "host", self.host or self.domain)
        _fill(self, "auth_username", self.auth_username or self.username)
        _fill(self, "endpoint", self.endpoint.lstrip("/"))
        for name in ("domain", "host"):
            if not _HOST.fullmatch(getattr(self, name)):
                raise ConfigError(f"{name} is not a host name or an address in brackets")
        if re.search(r"[\s@<>\"]", self.username):
            raise ConfigError("username holds a character that no SIP user name has")
        if '"' in self.display_name or "\\" in self.display_name:
            raise ConfigError("display_name holds a quote or a backslash")
        if isinstance(self.port, bool) or not isinstance(self.port, int):
            raise ConfigError("port must be a number from 1 to 65535")
        if not 1 <= self.port <= 65_535:
            raise ConfigError("port must be a number from 1 to 65535")
        if self.security not in ("ws", "wss"):
            raise ConfigError('security must be "ws" or "wss"')

    @property
    def url(self) -> str:
        """Where the WebSocket goes, for example `wss://voip.example:443/wss`."""
        return f"{self.security}://{self.host}:{self.port}/{self.endpoint}"

    @property
    def aor(self) -> str:
        """The address of record (RFC 3261 §6), for example `sip:alice@acme.voip.example`."""
        return f"sip:{escape_user(self.username)}@{self.domain}"

    @classmethod
    def from_env(cls, environ: Mapping[str, str] | None = None, **explicit: str | int) -> Self:
        """Read the account from `EXOTEL_SIP_USERNAME`, `..._PASSWORD`, `..._DOMAIN` and so on.

        Args:
            environ: Where to look; None for the environment of the process.
            **explicit: Fields of the account that stand above the environment.

        Raises:
            ConfigError: A setting is missing or wrong; the message names the variable.
        """
        source = os.environ if environ is None else environ
        values: dict[str, str | int] = {}
        for name, variable in _ENVIRONMENT.items():
            text = source.get(variable, "")
            if name in explicit:
                continue
            if text:
                values[name] = _number(variable, text) if name == "port" else text
            elif name in ("username", "password", "domain"):
                raise ConfigError(f"{variable} is not set", hint=f"Set {variable} or give {name}.")
        return cls._from_values(values | explicit)

    @classmethod
    def from_guide(cls, info: Mapping[str, object]) -> Self:
        """Take the dictionary `sipAccountInfo` of the integration guide, section 6.

        `domain` (the server, `host:port`) may be left out: then the server is at `sipdomain` and
        `port`. `displayname` and `displayName` both work. Keys that mean nothing here, such as
        `sipUri` and `contactHost`, are ignored; `unknown_guide_keys` names those that nobody knows.

        Raises:
            ConfigError: A needed key is missing, empty or of the wrong form; the message names it.
        """
        for key in _GUIDE_NEEDED:
            _guide_text(info, key)
        domain = _guide_text(info, "sipdomain")
        host, port = domain, _number("port", _guide_text(info, "port"))
        if "domain" in info:
            host, port = _server(_guide_text(info, "domain"), port)
        security = _guide_text(info, "security")
        if security not in ("ws", "wss"):
            raise ConfigError('security must be "wss" or "ws"')
        display_name = info.get("displayname") or info.get("displayName") or ""
        return cls._from_values(
            {
                "username": _guide_text(info, "userName"),
                "auth_username": _guide_text(info, "authUser"),
                "password": _guide_text(info, "secret"),
                "domain": domain,
                "host": host,
                "port": port,
                "display_name": str(display_name),
                "security": security,
                "endpoint": str(info.get("endpoint") or DEFAULT_ENDPOINT),
            },
            names={
                "username": "userName",
                "auth_username": "authUser",
                "password": "secret",
                "domain": "sipdomain",
                "host": "domain",
            },
        )

    @staticmethod
    def unknown_guide_keys(info: Mapping[str, object]) -> tuple[str, ...]:
        """Name the keys of a guide dictionary that the guide does not know, in order."""
        return tuple(key for key in info if key not in _GUIDE_KNOWN)

    @classmethod
    def _from_values(
        cls, values: Mapping[str, str | int], *, names: Mapping[str, str] | None = None
    ) -> Self:
        try:
            return cls(**cast("dict[str, Any]", values))
        except ConfigError as error:
            field_name, _, rest = error.message.partition(" ")
            renamed = (names or {}).get(field_name, field_name)
            raise ConfigError(f"{renamed} {rest}", hint=error.hint) from None
        except TypeError:
            unknown = sorted(set(values) - set(cls.__slots__))
            raise ConfigError(f"{', '.join(unknown)} is no setting of a SIP account") from None


def _fill(account: SipAccount, name: str, value: str) -> None:
    object.__setattr__(account, name, value)


def _check_text(name: str, value: object, *, may_be_empty: bool = False) -> None:
    if not isinstance(value, str):
        raise ConfigError(f"{name} must be text")
    if not value.strip() and not (may_be_empty and not value):
        raise ConfigError(f"{name} is empty")
    if any(character in value for character in "\r\n\0"):
        raise ConfigError(f"{name} holds a line break or a null character")


def _number(name: str, text: str) -> int:
    if not (text.isascii() and text.isdigit()) or not 1 <= int(text) <= 65_535:
        raise ConfigError(f"{name} must be a number from 1 to 65535")
    return int(text)


def _guide_text(info: Mapping[str, object], key: str) -> str:
    """Read one key of the guide's dictionary as text; numbers are taken as written."""
    if key not in info or info[key] is None:
        raise ConfigError(f"{key} is missing", hint=f"Put {key} into sipAccountInfo.")
    value = info[key]
    if isinstance(value, bool) or not isinstance(value, str | int):
        raise ConfigError(f"{key} must be text")
    text = str(value).strip()
    if not text:
        raise ConfigError(f"{key} is empty", hint=f"Put {key} into sipAccountInfo.")
    return text


def _server(text: str, port: int) -> tuple[str, int]:
    """Split the guide's `domain`, a host with or without a port."""
    host, colon, digits = text.rpartition(":")
    if not colon or text.endswith("]"):
        return text, port
    return host, _number("domain: its port", digits)
