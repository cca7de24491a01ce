"""Digest challenges and the hash over them (RFC 7616, RFC 8760, RFC 3261 §22).

What client and server have in common: the grammar of the headers, the algorithms, and the response.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Mapping
from dataclasses import dataclass

from exotel_voice.sip.addresses import quote

__all__ = ["ALGORITHMS", "Algorithm", "Challenge", "DigestInput", "parse_schemes", "write_scheme"]

_TOKEN_PATTERN = r"[A-Za-z0-9\-.!%*_+`'~]+"  # noqa: S105 - a grammar rule, not a password
_PARAMETER = re.compile(
    rf"[\s,]*(?:({_TOKEN_PATTERN})\s+)?({_TOKEN_PATTERN})\s*=\s*"
    r'(?:"((?:[^"\\]|\\.)*)"|([^\s,"]*))(?=\s*(?:,|$))',
    re.DOTALL,
)
_UNQUOTED = frozenset({"algorithm", "nc", "stale"})


@dataclass(frozen=True, slots=True)
class Algorithm:
    """A hash of RFC 7616 §3.3 and RFC 8760 §2.2.

    Attributes:
        name: Without `-sess`, as the registry spells it.
        hash_name: What `hashlib` calls it.
        strength: The greater the stronger.
    """

    name: str
    hash_name: str
    strength: int

    def hash(self, text: str | bytes) -> str:
        """Give the hash of the UTF-8 form of the text, in lower-case hexadecimal."""
        data = text if isinstance(text, bytes) else text.encode("utf-8", "surrogateescape")
        return hashlib.new(self.hash_name, data, usedforsecurity=False).hexdigest()


_ALL = (
    Algorithm("SHA-512-256", "sha512_256", 3),
    Algorithm("SHA-256", "sha256", 2),
    Algorithm("MD5", "md5", 1),
)

ALGORITHMS: Mapping[str, Algorithm] = {
    each.name: each for each in _ALL if each.hash_name in hashlib.algorithms_available
}
"""By name, strongest first. SHA-512-256 is left out where OpenSSL was built without it."""


def parse_schemes(text: str) -> list[tuple[str, dict[str, str]]]:
    """Read the value of an authentication header: each scheme with its parameters.

    Several challenges in one header are taken too. Schemes and names come in lower case; quoted
    values come without the quotes but otherwise as they stand, since the hash is over just that
    (RFC 7616 §3.4.1). What cannot be read ends the list.
    """
    found: list[tuple[str, dict[str, str]]] = []
    at = 0
    while match := _PARAMETER.match(text, at):
        scheme, name, quoted, plain = match.groups()
        if scheme is not None:
            found.append((scheme.lower(), {}))
        if not found:
            found.append(("", {}))
        found[-1][1].setdefault(name.lower(), plain if quoted is None else quoted)
        at = match.end()
    return found


def write_scheme(parameters: Mapping[str, str], *, plain: frozenset[str] = frozenset()) -> str:
    """Write `Digest` with its parameters; values are quoted but for those that must not be.

    Args:
        parameters: Name to value, the value as it goes between the quotes.
        plain: Names to leave without quotes besides algorithm, nc and stale.
    """
    return "Digest " + ", ".join(
        f"{name}={value}" if name in _UNQUOTED or name in plain else f'{name}="{value}"'
        for name, value in parameters.items()
    )


def escape_quoted(text: str) -> str:
    """Write text as it goes between quotes."""
    return quote(text)[1:-1]


@dataclass(frozen=True, slots=True)
class Challenge:
    """One digest challenge (RFC 7616 §3.3). Texts are as they stood between the quotes."""

    realm: str
    nonce: str
    algorithm: Algorithm
    algorithm_text: str | None
    """As received; None when the challenge names none, which means MD5."""
    is_session: bool
    """Whether the algorithm is a `-sess` one."""
    qops: tuple[str, ...]
    """In lower case; empty for a challenge in the form of RFC 2069."""
    opaque: str | None
    is_stale: bool
    """Whether only the nonce was too old, and the password was not refused."""

    @classmethod
    def from_parameters(cls, parameters: Mapping[str, str]) -> Challenge | None:
        """Take the parameters of a challenge; None when we cannot answer it."""
        realm, nonce = parameters.get("realm"), parameters.get("nonce")
        if realm is None or not nonce:
            return None
        text = parameters.get("algorithm")
        name, is_session = split_algorithm(text or "MD5")
        algorithm = ALGORITHMS.get(name)
        qops = tuple(
            each.strip().lower() for each in parameters.get("qop", "").split(",") if each.strip()
        )
        if algorithm is None or (qops and not {"auth", "auth-int"} & set(qops)):
            return None
        return cls(
            realm,
            nonce,
            algorithm,
            text,
            is_session,
            qops,
            parameters.get("opaque"),
            parameters.get("stale", "").lower() == "true",
        )

    @property
    def qop(self) -> str | None:
        """The quality of protection to answer with: auth if offered, else auth-int, else none."""
        if not self.qops:
            return None
        return "auth" if "auth" in self.qops else "auth-int"


def split_algorithm(text: str) -> tuple[str, bool]:
    """Split `-sess` off an algorithm's name, which comes back in upper case."""
    name = text.upper()
    return (name[:-5], True) if name.endswith("-SESS") else (name, False)


@dataclass(frozen=True, slots=True, kw_only=True)
class DigestInput:
    """All that goes into a digest response, besides the password's hash (RFC 7616 §3.4.1)."""

    algorithm: Algorithm
    nonce: str
    method: str
    uri: str
    qop: str | None = None
    nc: str = ""
    """The nonce count, eight hexadecimal digits."""
    cnonce: str = ""
    body: bytes = b""
    """Needed for `auth-int` only."""

    def response(self, secret: str) -> str:
        """Give the response for H(A1) or the session key `secret` (RFC 7616 §3.4.1)."""
        a2 = f"{self.method}:{self.uri}"
        if self.qop == "auth-int":
            a2 += f":{self.algorithm.hash(self.body)}"
        middle = f"{self.nc}:{self.cnonce}:{self.qop}:" if self.qop else ""
        return self.algorithm.hash(f"{secret}:{self.nonce}:{middle}{self.algorithm.hash(a2)}")


def password_hash(algorithm: Algorithm, *, username: str, realm: str, password: str) -> str:
    """Give H(username:realm:password) (RFC 7616 §3.4.2)."""
    return algorithm.hash(f"{username}:{realm}:{password}")


def session_key(algorithm: Algorithm, secret: str, *, nonce: str, cnonce: str) -> str:
    """Give H(A1) of a `-sess` algorithm, made once from the first nonces (RFC 7616 §3.4.2)."""
    return algorithm.hash(f"{secret}:{nonce}:{cnonce}")
