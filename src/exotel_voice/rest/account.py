"""Whose HTTP API it is and in which region: `ApiAccount`, checked once, when it is made."""

from __future__ import annotations

import os
import re
from base64 import b64encode
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Final, Self, cast
from urllib.parse import quote, urlsplit

from exotel_voice.errors import ConfigError

__all__ = ["REGIONS", "ApiAccount", "check_base_url"]

REGIONS: Final[Mapping[str, str]] = {
    "singapore": "api.exotel.com",
    "mumbai": "api.in.exotel.com",
}
"""The platform's regions and the subdomains of their HTTP APIs."""

_ENVIRONMENT: Final = {
    "key": "EXOTEL_API_KEY",
    "token": "EXOTEL_API_TOKEN",
    "account_sid": "EXOTEL_ACCOUNT_SID",
    "subdomain": "EXOTEL_SUBDOMAIN",
}
_HOST: Final = re.compile(r"[A-Za-z0-9](?:[A-Za-z0-9.-]*[A-Za-z0-9])?(?::\d{1,5})?")
_LOOPBACK: Final = frozenset({"localhost", "127.0.0.1", "::1"})


@dataclass(frozen=True, slots=True, kw_only=True)
class ApiAccount:
    """An account of the HTTP API. The repr hides the key and the token.

    Raises:
        ConfigError: A setting is empty or of the wrong form; the message names it.
    """

    key: str = field(repr=False)
    """The API key, the user name of basic authentication (RFC 7617 §2)."""
    token: str = field(repr=False)
    """The API token, its password."""
    account_sid: str
    """The account's name in every URL."""
    subdomain: str = REGIONS["singapore"]
    """The region: `api.exotel.com` (Singapore), `api.in.exotel.com` (Mumbai), another host name,
    `singapore` or `mumbai`; or a whole URL, which may be `http` on this machine only."""

    def __post_init__(self) -> None:
        for name in ("key", "token", "account_sid", "subdomain"):
            value = getattr(self, name)
            if not isinstance(value, str) or not value.strip():
                raise ConfigError(f"{name} is empty")
            if any(ord(character) < 0x20 for character in value):
                raise ConfigError(f"{name} holds a control character")
        if ":" in self.key:
            raise ConfigError("key holds a colon, which no user name may (RFC 7617 §2)")
        check_base_url(self.base_url, "subdomain")

    @property
    def base_url(self) -> str:
        """Where the API is, for example `https://api.in.exotel.com`; no slash at the end."""
        text = self.subdomain.strip().removeprefix("@").rstrip("/")
        text = REGIONS.get(text.lower(), text)
        return text if "://" in text else f"https://{text}"

    @property
    def calls_url(self) -> str:
        """Where the account's calls are, without a format's suffix."""
        return f"{self.base_url}/v1/Accounts/{quote(self.account_sid, safe='')}/Calls"

    @property
    def authorization(self) -> str:
        """The value of the Authorization header (RFC 7617 §2)."""
        return f"Basic {b64encode(f'{self.key}:{self.token}'.encode()).decode()}"

    @classmethod
    def from_env(cls, environ: Mapping[str, str] | None = None, **explicit: str) -> Self:
        """Read `EXOTEL_API_KEY`, `EXOTEL_API_TOKEN`, `EXOTEL_ACCOUNT_SID`, `EXOTEL_SUBDOMAIN`.

        Args:
            environ: Where to look; None for the environment of the process.
            **explicit: Fields of the account that stand above the environment.

        Raises:
            ConfigError: A setting is missing or wrong; the message names the variable.
        """
        source = os.environ if environ is None else environ
        values = dict(explicit)
        for name, variable in _ENVIRONMENT.items():
            text = source.get(variable, "").strip()
            if name in values:
                continue
            if text:
                values[name] = text
            elif name != "subdomain":
                raise ConfigError(f"{variable} is not set", hint=f"Set {variable} or give {name}.")
        unknown = sorted(set(values) - set(_ENVIRONMENT))
        if unknown:
            raise ConfigError(f"{', '.join(unknown)} is no setting of an API account")
        return cls(**cast("dict[str, Any]", values))


def check_base_url(url: str, name: str) -> None:
    """Refuse a URL that is none, or that would carry credentials in clear over a network.

    Raises:
        ConfigError: The URL cannot be used; the message begins with `name`.
    """
    try:
        parts = urlsplit(url)
        host = parts.hostname or ""
        is_usable = parts.port is None or parts.port > 0
    except ValueError:
        host, is_usable, parts = "", False, urlsplit("")
    is_plain = not (parts.query or parts.fragment or parts.username)
    if not (is_usable and is_plain and parts.scheme in ("http", "https")):
        raise ConfigError(f"{name} is neither a host name nor a URL")
    if not (_HOST.fullmatch(parts.netloc) or host in _LOOPBACK):
        raise ConfigError(f"{name} is neither a host name nor a URL")
    if parts.scheme == "http" and host not in _LOOPBACK:
        raise ConfigError(
            f"{name} is an http URL, and would send the credentials in clear", hint="Use https."
        )
