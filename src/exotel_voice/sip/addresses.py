"""SIP addresses: name-addr, header parameters, URIs, and what a user types as a target.

RFC 3261 §19.1, §20.10 and §25.1. The URI of a parsed address is the exact string of the wire.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from types import MappingProxyType

from exotel_voice.errors import ConfigError, MalformedMessage

__all__ = [
    "Address",
    "Uri",
    "escape_user",
    "normalise_target",
    "parse_parameters",
    "quote",
    "unquote",
]

_NO_PARAMETERS: Mapping[str, str | None] = MappingProxyType({})

_QUOTED = r'"(?:[^"\\]|\\.)*"'
_PARAMETER = re.compile(
    rf"\s*;\s*([A-Za-z0-9\-.!%*_+`'~]+)(?:\s*=\s*({_QUOTED}|[^\s;,\"]*))?", re.DOTALL
)
# Deviates: a display name without quotes may hold more than tokens (RFC 3261 §25.1), such as
# letters beyond ASCII, because phones send them; a comma or a quote in it is still refused.
_NAME_ADDR = re.compile(
    rf"(?:({_QUOTED})\s*|([^\",;<>\\]*))<([A-Za-z][A-Za-z0-9+\-.]*:[^<>\s]*)>", re.DOTALL
)
# Without brackets a comma, a question mark or a semicolon ends the URI (RFC 3261 §20).
_ADDR_SPEC = re.compile(r"[A-Za-z][A-Za-z0-9+\-.]*:[^\s;<>\",?]+|\*")
_QUOTED_PAIR = re.compile(r"\\(.)", re.DOTALL)
_SCHEME = re.compile(r"([A-Za-z][A-Za-z0-9+\-.]*):")
# Deviates: a host may hold underscores (RFC 3261 §25.1), as names in container networks do.
_HOST_PORT = re.compile(
    r"(?P<host>\[[0-9A-Fa-f:.]+\]|[A-Za-z0-9_](?:[A-Za-z0-9\-_.]*[A-Za-z0-9_.])?)"
    r"(?::(?P<port>[0-9]{1,5}))?"
)
_USER_INFO = re.compile(r"(?:[A-Za-z0-9\-_.!~*'()&=+$,;?/:]|%[0-9A-Fa-f]{2})+")
_UNSAFE_IN_USER = re.compile(r"[^A-Za-z0-9\-_.!~*'()&=+$,;?/]")
_PHONE_NUMBER = re.compile(r"\+?[\-.() ]*[0-9*#][0-9*#\-.() ]*")
_VISUAL_SEPARATORS = re.compile(r"[\-.() ]")
_FORBIDDEN_IN_URI = re.compile(r"[\s<>\"\x00-\x1f\x7f]")


def quote(text: str) -> str:
    """Write text as a quoted-string (RFC 3261 §25.1).

    Raises:
        ConfigError: The text has a line break, which a quoted-string cannot hold.
    """
    if "\r" in text or "\n" in text:
        raise ConfigError("a display name cannot hold a line break")
    return '"' + text.replace("\\", "\\\\").replace('"', '\\"') + '"'


def unquote(text: str) -> str:
    """Read a quoted-string; text that is not one comes back as it is."""
    if len(text) < 2 or text[0] != '"' or text[-1] != '"':
        return text
    inner = text[1:-1]
    return _QUOTED_PAIR.sub(r"\1", inner) if "\\" in inner else inner


def parse_parameters(text: str) -> Mapping[str, str | None]:
    """Read `;name=value` parameters; names in lower case, quoted values unquoted, the first wins.

    Raises:
        MalformedMessage: Something in the text is not a parameter.
    """
    if not text or text.isspace():
        return _NO_PARAMETERS
    found: dict[str, str | None] = {}
    at = 0
    while match := _PARAMETER.match(text, at):
        name, value = match.groups()
        found.setdefault(name.lower(), None if value is None else unquote(value))
        at = match.end()
    if text[at:].strip():
        raise MalformedMessage("header parameters cannot be read")
    return found


@dataclass(frozen=True, slots=True)
class Address:
    """A name-addr or addr-spec with its header parameters, as in From, To and Contact."""

    uri: str
    """The URI as it was received, without angle brackets."""
    display_name: str = ""
    """The display name, unquoted; empty when there is none."""
    parameters: Mapping[str, str | None] = field(default_factory=lambda: _NO_PARAMETERS)
    """Parameters of the header, not of the URI; names in lower case, quoted values unquoted."""

    @classmethod
    def parse(cls, text: str) -> Address:
        """Read one address. Without brackets, parameters belong to the header (RFC 3261 §20).

        Raises:
            MalformedMessage: The text is not an address.
        """
        text = text.strip()
        match = _NAME_ADDR.match(text)
        if match is not None:
            quoted, plain, uri = match.groups()
            name = plain.strip() if quoted is None else unquote(quoted)
        else:
            match = _ADDR_SPEC.match(text)
            if match is None:
                raise MalformedMessage("an address cannot be read")
            name, uri = "", match[0]
        return cls(uri, name, parse_parameters(text[match.end() :]))

    @property
    def tag(self) -> str | None:
        """The tag parameter (RFC 3261 §19.3)."""
        return self.parameters.get("tag")


@dataclass(frozen=True, slots=True)
class Uri:
    """The parts of a URI; `str` gives the exact string it was read from."""

    text: str
    scheme: str
    """In lower case: sip, sips, tel or another."""
    user: str | None
    """Unescaped; None when there is none."""
    host: str
    """In lower case; empty for a URI that is not sip or sips."""
    port: int | None
    parameters: Mapping[str, str | None]
    """Names in lower case."""
    headers: str = ""
    """What follows the question mark, still escaped (RFC 3261 §19.1.1)."""

    @classmethod
    def parse(cls, text: str) -> Uri:
        """Read a URI.

        Raises:
            MalformedMessage: The text is not a URI, or a part of a sip URI is wrong.
        """
        scheme_match = _SCHEME.match(text)
        if scheme_match is None or _FORBIDDEN_IN_URI.search(text):
            raise MalformedMessage("a URI cannot be read")
        scheme = scheme_match.group(1).lower()
        rest = text[scheme_match.end() :]
        if scheme not in {"sip", "sips"}:
            opaque, _, parameters = rest.partition(";")
            return cls(text, scheme, opaque, "", None, _uri_parameters(parameters))
        user_info: str | None = None
        if "@" in rest:
            user_info, _, rest = rest.rpartition("@")
            if not _USER_INFO.fullmatch(user_info):
                raise MalformedMessage("the user part of a URI cannot be read")
        rest, _, headers = rest.partition("?")
        host_port, _, parameters = rest.partition(";")
        match = _HOST_PORT.fullmatch(host_port)
        if match is None:
            raise MalformedMessage("the host of a URI cannot be read")
        port = int(match["port"]) if match["port"] else None
        if port is not None and port > 65535:
            raise MalformedMessage("the port of a URI is too great")
        user = None if user_info is None else unescape(user_info.partition(":")[0])
        return cls(
            text,
            scheme,
            user,
            match["host"].lower(),
            port,
            _uri_parameters(parameters),
            headers,
        )

    def __str__(self) -> str:
        return self.text


def _uri_parameters(text: str) -> Mapping[str, str | None]:
    if not text:
        return _NO_PARAMETERS
    found: dict[str, str | None] = {}
    for each in text.split(";"):
        name, equals, value = each.partition("=")
        found.setdefault(unescape(name).lower(), unescape(value) if equals else None)
    return found


def unescape(text: str) -> str:
    """Undo %-escapes; bytes that are not UTF-8 become surrogate escapes."""
    if "%" not in text:
        return text
    data = re.sub(
        rb"%([0-9A-Fa-f]{2})",
        lambda match: bytes([int(match[1], 16)]),
        text.encode("utf-8", "surrogateescape"),
    )
    return data.decode("utf-8", "surrogateescape")


def escape_user(user: str) -> str:
    """Write a user name as the user part of a URI, with %-escapes where needed."""
    return _UNSAFE_IN_USER.sub(
        lambda match: "".join(
            f"%{byte:02X}" for byte in match[0].encode("utf-8", "surrogateescape")
        ),
        user,
    )


def normalise_target(target: str, domain: str) -> str:
    """Turn what a user dials into a URI.

    `bob` and `+91 80 1234 5678` become users of `domain`, `bob@example.com` gets its scheme, and a
    full sip, sips or tel URI stays as it is.

    Args:
        target: What the user gave; surrounding blanks and visual separators of a phone number
            (`-`, `.`, brackets and blanks) do not matter.
        domain: The domain of the account, `example.com` or `example.com:5061`.

    Raises:
        ConfigError: It cannot be made a URI.
    """
    target = target.strip()
    if not target:
        raise ConfigError("the target is empty")
    match = _SCHEME.match(target)
    if match is not None and match.group(1).lower() in {"sip", "sips", "tel"}:
        uri = target
    elif _PHONE_NUMBER.fullmatch(target):
        uri = f"sip:{escape_user(_VISUAL_SEPARATORS.sub('', target))}@{domain}"
    else:
        user, at, host = target.rpartition("@")
        uri = f"sip:{escape_user(user)}@{host}" if at else f"sip:{escape_user(target)}@{domain}"
    try:
        Uri.parse(uri)
    except MalformedMessage as error:
        raise ConfigError(f"{target!r} is not something that can be called") from error
    return uri
