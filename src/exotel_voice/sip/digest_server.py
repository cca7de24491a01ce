"""Digest challenges and their check: the server's side (RFC 7616, RFC 8760, RFC 3261 §22).

server = DigestServer("example.com", ids)
verdict = server.check(request, passwords.get, now=now)
if not verdict.is_accepted: respond 401 with server.challenges(now=now, is_stale=verdict.is_stale)
"""

from __future__ import annotations

import hmac
import re
from collections import OrderedDict
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Protocol

from exotel_voice.errors import ConfigError
from exotel_voice.sip.addresses import unquote
from exotel_voice.sip.challenges import (
    ALGORITHMS,
    Algorithm,
    DigestInput,
    escape_quoted,
    parse_schemes,
    password_hash,
    session_key,
    split_algorithm,
    write_scheme,
)
from exotel_voice.sip.message import Request

__all__ = ["DigestServer", "NonceSource", "Verdict"]

_NC = re.compile(r"[0-9a-fA-F]{8}")
_MAX_CREDENTIALS = 8
_NEVER_AGAIN = 2**32


class NonceSource(Protocol):
    """What the server needs of an `IdSource`."""

    def nonce(self) -> str:
        """Make a nonce that nobody can guess (RFC 7616 §3.3)."""
        ...


@dataclass(frozen=True, slots=True)
class Verdict:
    """What the check of a request came to."""

    username: str | None
    """The user that proved its password; None when nobody did."""
    is_stale: bool = False
    """The password was right, but the nonce too old or used before: challenge again and say so."""
    is_answered: bool = False
    """The request had an answer for our realm, right or wrong."""

    @property
    def is_accepted(self) -> bool:
        """Whether the request comes from `username`."""
        return self.username is not None


_NOBODY = Verdict(None)
_REFUSED = Verdict(None, is_answered=True)
_STALE = Verdict(None, is_stale=True, is_answered=True)


class _Nonce:
    __slots__ = ("expires_at", "highest_count")

    def __init__(self, expires_at: float) -> None:
        self.expires_at = expires_at
        self.highest_count = 0


class DigestServer:
    """Makes challenges for one realm and checks what comes back.

    A nonce serves for `nonce_lifetime` and each nonce count once (RFC 7616 §5.5), so that nobody
    can send a recorded request again. A client that leaves out qop can use a nonce once.

    Args:
        realm: The realm, usually the domain.
        ids: Where nonces come from.
        algorithms: Names as in RFC 8760, strongest first; one header is made for each. Those that
            this Python's OpenSSL does not have are left out.
        is_proxy: Use the headers of a proxy (407) in place of those of a server (401).
        nonce_lifetime: Seconds that a nonce is good for.
        max_nonces: How many nonces are kept at a time; beyond it the oldest is forgotten, and its
            user is challenged again.

    Raises:
        ConfigError: No algorithm is left, or the realm has a line break.
    """

    def __init__(
        self,
        realm: str,
        ids: NonceSource,
        *,
        algorithms: tuple[str, ...] = ("SHA-256", "MD5"),
        is_proxy: bool = False,
        nonce_lifetime: float = 300.0,
        max_nonces: int = 10_000,
    ) -> None:
        self._quoted_realm = escape_quoted(realm)
        self._ids = ids
        self._algorithms = {
            name: ALGORITHMS[split_algorithm(name)[0]]
            for name in algorithms
            if split_algorithm(name)[0] in ALGORITHMS
        }
        if not self._algorithms:
            raise ConfigError("none of the digest algorithms is known here")
        self._by_name = {name.upper(): algorithm for name, algorithm in self._algorithms.items()}
        self._header = "Proxy-Authorization" if is_proxy else "Authorization"
        self._challenge_header = "Proxy-Authenticate" if is_proxy else "WWW-Authenticate"
        self._info_header = "Proxy-Authentication-Info" if is_proxy else "Authentication-Info"
        self._nonce_lifetime = nonce_lifetime
        self._max_nonces = max_nonces
        self._nonces: OrderedDict[str, _Nonce] = OrderedDict()

    def challenges(self, *, now: float, is_stale: bool = False) -> list[tuple[str, str]]:
        """Make the headers of a 401 (or 407): one for each algorithm (RFC 8760 §2.3).

        Args:
            now: The current time, seconds.
            is_stale: Tell the client that its password was right and only the nonce was not.

        Returns:
            Name and value of each header, in the order to send them.
        """
        nonce = self._new_nonce(now)
        return [
            (self._challenge_header, self._write(name, nonce, is_stale=is_stale))
            for name in self._algorithms
        ]

    def next_nonce(self, *, now: float) -> tuple[str, str]:
        """Make the header that gives an accepted client its next nonce (RFC 7616 §3.5)."""
        return self._info_header, f'nextnonce="{self._new_nonce(now)}"'

    def check(
        self, request: Request, password_of: Callable[[str], str | None], *, now: float
    ) -> Verdict:
        """Check who sent a request.

        Args:
            request: The request, with or without credentials.
            password_of: Gives the password of a user name, or None for an unknown user.
            now: The current time, seconds.
        """
        for text in request.headers.get_all(self._header)[:_MAX_CREDENTIALS]:
            for scheme, parameters in parse_schemes(text)[:1]:
                if scheme == "digest" and parameters.get("realm") == self._quoted_realm:
                    return self._check(request, parameters, password_of, now)
        return _NOBODY

    def _check(
        self,
        request: Request,
        parameters: Mapping[str, str],
        password_of: Callable[[str], str | None],
        now: float,
    ) -> Verdict:
        username = unquote(f'"{parameters.get("username", "")}"')
        password = password_of(username)
        algorithm = self._by_name.get(parameters.get("algorithm", "MD5").upper())
        if algorithm is None or not _is_complete(parameters, request):
            return _REFUSED
        # Unknown users take as long as known ones, so that nobody can tell them apart.
        expected = self._expected(request, parameters, algorithm, (username, password or ""))
        given = parameters["response"].lower().encode("utf-8", "replace")
        if not hmac.compare_digest(expected.encode(), given) or password is None:
            return _REFUSED
        count = int(parameters["nc"], 16) if parameters.get("qop") else None
        return self._use_nonce(parameters["nonce"], username, count, now)

    @staticmethod
    def _expected(
        request: Request,
        parameters: Mapping[str, str],
        algorithm: Algorithm,
        login: tuple[str, str],
    ) -> str:
        nonce, cnonce = parameters["nonce"], parameters.get("cnonce", "")
        secret = password_hash(
            algorithm, username=login[0], realm=parameters["realm"], password=login[1]
        )
        if split_algorithm(parameters.get("algorithm", ""))[1]:
            secret = session_key(algorithm, secret, nonce=nonce, cnonce=cnonce)
        digest = DigestInput(
            algorithm=algorithm,
            nonce=nonce,
            method=request.method,
            uri=parameters["uri"],
            qop=parameters.get("qop"),
            nc=parameters.get("nc", ""),
            cnonce=cnonce,
        )
        return digest.response(secret)

    def _use_nonce(self, nonce: str, username: str, count: int | None, now: float) -> Verdict:
        known = self._nonces.get(nonce)
        if known is None or known.expires_at <= now:
            return _STALE
        if (known.highest_count > 0) if count is None else (count <= known.highest_count):
            return _STALE
        known.highest_count = _NEVER_AGAIN if count is None else count
        return Verdict(username, is_answered=True)

    def _new_nonce(self, now: float) -> str:
        while self._nonces:
            oldest, state = next(iter(self._nonces.items()))
            if state.expires_at > now and len(self._nonces) < self._max_nonces:
                break
            del self._nonces[oldest]
        nonce = self._ids.nonce()
        self._nonces[nonce] = _Nonce(now + self._nonce_lifetime)
        return nonce

    def _write(self, algorithm: str, nonce: str, *, is_stale: bool) -> str:
        parameters = {"realm": self._quoted_realm, "nonce": nonce, "algorithm": algorithm}
        if is_stale:
            parameters["stale"] = "true"
        return write_scheme({**parameters, "qop": "auth"})


def _is_complete(parameters: Mapping[str, str], request: Request) -> bool:
    """Tell whether an answer has all its parts and is for this very request (RFC 3261 §22.4)."""
    if parameters.get("uri") != request.uri:
        return False
    if "nonce" not in parameters or "response" not in parameters:
        return False
    qop = parameters.get("qop")
    if qop is None:
        return True
    return (
        qop == "auth"
        and _NC.fullmatch(parameters.get("nc", "")) is not None
        and bool(parameters.get("cnonce"))
    )
