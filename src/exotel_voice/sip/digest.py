"""Answers to digest challenges: the client's side (RFC 7616, RFC 8760, RFC 3261 §22).

    client = DigestClient(credentials, ids)
    attempt = client.authenticate("REGISTER", "sip:example.com")
    send with attempt.headers                       # from earlier challenges, often empty
    headers = attempt.answer(response)              # on 401 and 407; None: give up
    client.receive_success(response, uri=uri)       # on 2xx: takes the next nonce, if one came

One attempt ends after one refused answer per realm, so that a wrong password never makes a loop.
"""

from __future__ import annotations

import re
from collections import OrderedDict
from dataclasses import dataclass, field
from typing import Protocol

from exotel_voice.errors import ConfigError
from exotel_voice.sip.challenges import (
    Challenge,
    DigestInput,
    escape_quoted,
    parse_schemes,
    password_hash,
    session_key,
    write_scheme,
)
from exotel_voice.sip.message import Response

__all__ = ["Authentication", "CnonceSource", "Credentials", "DigestClient"]

_MAX_SPACES = 32
_MAX_STALE = 3
_MAX_CHALLENGES = 16
_UNWRITABLE = re.compile("[\ud800-\udfff]")
_QOP_PLAIN = frozenset({"qop"})

# Challenge header, credentials header, header that brings the next nonce (RFC 3261 §22.2, §22.3).
_SERVER = ("WWW-Authenticate", "Authorization", "Authentication-Info")
_PROXY = ("Proxy-Authenticate", "Proxy-Authorization", "Proxy-Authentication-Info")


class CnonceSource(Protocol):
    """What the client needs of an `IdSource`."""

    def cnonce(self) -> str:
        """Make a client nonce (RFC 7616 §3.4)."""
        ...


@dataclass(frozen=True, slots=True)
class Credentials:
    """A user name and its password. The repr hides the password.

    Raises:
        ConfigError: The user name is empty or holds a control character, or the password cannot
            be written as UTF-8.
    """

    username: str
    password: str = field(repr=False)
    realm: str | None = None
    """The only realm to answer; None answers every realm that asks."""

    def __post_init__(self) -> None:
        if not self.username:
            raise ConfigError("the user name for authentication is empty")
        if not self.username.isprintable():
            raise ConfigError("the user name for authentication holds a control character")
        if _UNWRITABLE.search(self.password):
            raise ConfigError("the password for authentication cannot be written as UTF-8")


# A proxy's challenge counts for every request; a server's for the Request-URI that it refused, so
# that no answer meant for the registrar travels on to the far side of a call (RFC 3261 §22.3).
_SpaceKey = tuple[tuple[str, str, str], str, str]


class _Space:
    """A protection space: the challenge in force there and how often its nonce was used."""

    __slots__ = ("challenge", "count", "nonce", "secret", "session_cnonce")

    def __init__(self, challenge: Challenge) -> None:
        self.take(challenge)

    def take(self, challenge: Challenge) -> None:
        self.challenge = challenge
        self.nonce = challenge.nonce
        self.count = 0
        self.secret: str | None = None
        self.session_cnonce = ""

    def take_next_nonce(self, nonce: str) -> None:
        self.nonce = nonce
        self.count = 0


class _Wallet:
    """The credentials of one user, and the protection spaces in which they were asked for."""

    __slots__ = ("_credentials", "_ids", "_spaces")

    def __init__(self, credentials: Credentials, ids: CnonceSource) -> None:
        self._credentials = credentials
        self._ids = ids
        self._spaces: OrderedDict[_SpaceKey, _Space] = OrderedDict()

    def forget(self) -> None:
        self._spaces.clear()

    def take_next_nonce(self, kind: tuple[str, str, str], uri: str, nonce: str) -> None:
        spaces = [space for key, space in self._spaces.items() if self._applies(key, uri, kind)]
        # The header names no realm; with several in force there is no telling whose nonce it is.
        if len(spaces) == 1:
            spaces[0].take_next_nonce(nonce)

    @staticmethod
    def _applies(key: _SpaceKey, uri: str, kind: tuple[str, str, str] | None = None) -> bool:
        key_kind, _, key_uri = key
        return key_uri in {"", uri} and kind in {None, key_kind}

    def learn(self, kind: tuple[str, str, str], uri: str, challenge: Challenge) -> None:
        key = (kind, challenge.realm, "" if kind is _PROXY else uri)
        space = self._spaces.get(key)
        if space is None:
            self._spaces[key] = _Space(challenge)
            if len(self._spaces) > _MAX_SPACES:
                self._spaces.popitem(last=False)
        else:
            space.take(challenge)
            self._spaces.move_to_end(key)

    def headers(self, method: str, uri: str, body: bytes) -> list[tuple[str, str]]:
        return [
            (key[0][1], self._write(space, method, uri, body))
            for key, space in self._spaces.items()
            if self._applies(key, uri)
        ]

    def may_answer(self, realm: str) -> bool:
        return self._credentials.realm in {None, realm}

    def _write(self, space: _Space, method: str, uri: str, body: bytes) -> str:
        challenge = space.challenge
        qop = challenge.qop
        # A session keeps its client nonce, for servers that make the session key anew each time.
        cnonce = space.session_cnonce
        if not cnonce and (qop or challenge.is_session):
            cnonce = self._ids.cnonce()
        secret = self._secret(space, cnonce)
        space.count += 1
        nc = f"{space.count:08x}"
        digest = DigestInput(
            algorithm=challenge.algorithm,
            nonce=space.nonce,
            method=method,
            uri=uri,
            qop=qop,
            nc=nc,
            cnonce=cnonce,
            body=body,
        )
        parameters = {
            "username": escape_quoted(self._credentials.username),
            "realm": challenge.realm,
            "nonce": space.nonce,
            "uri": uri,
            "response": digest.response(secret),
        }
        if challenge.algorithm_text is not None:
            parameters["algorithm"] = challenge.algorithm_text
        if cnonce:
            parameters["cnonce"] = cnonce
        if challenge.opaque is not None:
            parameters["opaque"] = challenge.opaque
        if qop is not None:
            parameters |= {"qop": qop, "nc": nc}
        return write_scheme(parameters, plain=_QOP_PLAIN)

    def _secret(self, space: _Space, cnonce: str) -> str:
        if space.secret is None:
            challenge = space.challenge
            space.secret = password_hash(
                challenge.algorithm,
                username=self._credentials.username,
                realm=challenge.realm,
                password=self._credentials.password,
            )
            if challenge.is_session:
                space.session_cnonce = cnonce
                space.secret = session_key(
                    challenge.algorithm, space.secret, nonce=space.nonce, cnonce=cnonce
                )
        return space.secret


class DigestClient:
    """Keeps what servers asked for, so that later requests are right at once.

    Args:
        credentials: Used for each realm that asks, or only for the one they name.
        ids: Where client nonces come from.
    """

    __slots__ = ("_wallet",)

    def __init__(self, credentials: Credentials, ids: CnonceSource) -> None:
        self._wallet = _Wallet(credentials, ids)

    def authenticate(self, method: str, uri: str, *, body: bytes = b"") -> Authentication:
        """Begin one request.

        Args:
            method: The request's method.
            uri: Its Request-URI, exactly as it is sent.
            body: Its body, which goes into the answer when a server wants `auth-int`.

        Returns:
            The attempt; its `headers` are to be put on the request.
        """
        return Authentication(self._wallet, method, uri, body)

    def receive_success(self, response: Response, *, uri: str) -> None:
        """Take the next nonce out of a 2xx (RFC 7616 §3.5), if it has one.

        Args:
            response: The response to a request with credentials.
            uri: The Request-URI of that request.
        """
        for kind in (_SERVER, _PROXY):
            for text in response.headers.get_all(kind[2]):
                for _, parameters in parse_schemes(text)[:1]:
                    nonce = parameters.get("nextnonce")
                    if nonce:
                        self._wallet.take_next_nonce(kind, uri, nonce)

    def forget(self) -> None:
        """Forget every challenge, as when another server is used from now on."""
        self._wallet.forget()


class Authentication:
    """The attempts at one request, from the first sending to the answer that ends them.

    Attributes:
        headers: Name and value of each header to put on the request that is sent next; empty when
            no challenge is known yet.
    """

    __slots__ = ("_answered", "_body", "_method", "_stale_left", "_uri", "_wallet", "headers")

    def __init__(self, wallet: _Wallet, method: str, uri: str, body: bytes) -> None:
        self._wallet = wallet
        self._method = method
        self._uri = uri
        self._body = body
        self._answered: set[tuple[str, str]] = set()
        self._stale_left = _MAX_STALE
        self.headers = wallet.headers(method, uri, body)

    def answer(self, response: Response) -> list[tuple[str, str]] | None:
        """Answer the challenges in a 401 or 407 (RFC 3261 §22.2, §22.3).

        Of several challenges for one realm the strongest that we know is answered. A nonce that was
        only too old is replaced without counting as a refusal.

        Args:
            response: The response to the request with the last `headers`.

        Returns:
            The headers for the next try, which needs a new CSeq number and a new branch; None when
            there is nothing more to try: the answer was refused, no challenge is one that we can
            answer, or the response is not a challenge.
        """
        if response.status not in {401, 407}:
            return None
        wanted = [
            (kind, challenge)
            for kind in (_SERVER, _PROXY)
            for challenge in _strongest(response.headers.get_all(kind[0]))
            if self._wallet.may_answer(challenge.realm)
        ]
        if not wanted:
            return None
        for kind, challenge in wanted:
            if not self._may_try(kind, challenge):
                return None
        for kind, challenge in wanted:
            self._answered.add((kind[1], challenge.realm))
            self._wallet.learn(kind, self._uri, challenge)
        self.headers = self._wallet.headers(self._method, self._uri, self._body)
        return self.headers

    def _may_try(self, kind: tuple[str, str, str], challenge: Challenge) -> bool:
        if (kind[1], challenge.realm) not in self._answered:
            return True
        if not challenge.is_stale or self._stale_left == 0:
            return False
        self._stale_left -= 1
        return True


def _strongest(texts: list[str]) -> list[Challenge]:
    """Pick one challenge for each realm: the strongest algorithm, and of equals the first."""
    best: dict[str, Challenge] = {}
    schemes = [each for text in texts for each in parse_schemes(text)]
    for scheme, parameters in schemes[:_MAX_CHALLENGES]:
        challenge = Challenge.from_parameters(parameters) if scheme == "digest" else None
        if challenge is None:
            continue
        known = best.get(challenge.realm)
        if known is None or challenge.algorithm.strength > known.algorithm.strength:
            best[challenge.realm] = challenge
    return list(best.values())
