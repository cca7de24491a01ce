"""Who may register and who may call: digest challenges and what a wrong password leads to.

A wrong password is challenged again once, as a typing error deserves; the second wrong one in a row
on the same connection gets 403, so that a phone which would try for ever stops (RFC 3261 §22.2).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from exotel_voice.sandbox.accounts import Accounts
from exotel_voice.sandbox.settings import SandboxSettings
from exotel_voice.sip.digest_server import DigestServer, Verdict
from exotel_voice.sip.events import Flow, InviteReceived
from exotel_voice.sip.ids import IdSource
from exotel_voice.sip.wire import Request

__all__ = ["Gatekeeper", "Refusal"]

MAX_WRONG: Final = 2
"""Wrong passwords in a row on one connection, after which 403 is the answer."""


@dataclass(frozen=True, slots=True)
class Refusal:
    """The reply to somebody who may not pass."""

    status: int
    headers: tuple[tuple[str, str], ...] = ()


class Gatekeeper:
    """Checks passwords for the registrar and for calls.

    Args:
        settings: The realm, and the algorithms to offer.
        accounts: The passwords.
        ids: Where nonces come from.
    """

    # Deviates: RFC 8760 §2.3 wants the strongest algorithm first. JsSIP and SIP.js read only the
    # first challenge and know only MD5, so MD5 stands first; clients that look at all of them, as
    # ours does, still choose SHA-256.

    def __init__(self, settings: SandboxSettings, accounts: Accounts, ids: IdSource) -> None:
        self._accounts = accounts
        self._registrar = DigestServer(settings.domain, ids, algorithms=settings.digest_algorithms)
        self._proxy = DigestServer(
            settings.domain, ids, algorithms=settings.digest_algorithms, is_proxy=True
        )
        self._wrong: dict[tuple[Flow, str], int] = {}

    def check(self, request: Request, *, username: str, flow: Flow, now: float) -> Refusal | None:
        """Check a REGISTER for an account; None when it may pass, else the reply to send."""
        verdict = self._registrar.check(request, self._accounts.password, now=now)
        return self._judge(verdict, 401, self._registrar, username, flow=flow, now=now)

    def check_call(self, invite: InviteReceived, *, username: str, now: float) -> Refusal | None:
        """Check an INVITE from an account; None when it may pass, else the reply to send."""
        credentials = [
            ("Proxy-Authorization", value)
            for value in invite.headers.get("Proxy-Authorization", ())
        ]
        request = Request("INVITE", invite.request_uri, headers=credentials)
        verdict = self._proxy.check(request, self._accounts.password, now=now)
        return self._judge(verdict, 407, self._proxy, username, flow=invite.flow, now=now)

    def flow_lost(self, flow: Flow) -> None:
        """Forget the wrong tries of a connection that is gone."""
        self._wrong = {key: count for key, count in self._wrong.items() if key[0] != flow}

    def _judge(
        self,
        verdict: Verdict,
        status: int,
        server: DigestServer,
        username: str,
        *,
        flow: Flow,
        now: float,
    ) -> Refusal | None:
        key = (flow, username)
        if verdict.is_accepted:
            self._wrong.pop(key, None)
            return None if verdict.username == username else Refusal(403)
        if verdict.is_answered and not verdict.is_stale:
            self._wrong[key] = self._wrong.get(key, 0) + 1
            if self._wrong[key] >= MAX_WRONG:
                return Refusal(403)
        challenges = server.challenges(now=now, is_stale=verdict.is_stale)
        return Refusal(status, tuple(challenges))
