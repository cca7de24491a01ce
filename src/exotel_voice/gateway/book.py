"""The phones of one gateway process, by whose they are; and which are this process's at all."""

from __future__ import annotations

import asyncio
import hashlib
import logging
from collections.abc import Iterator
from dataclasses import replace
from typing import Final

from exotel_voice.gateway.bus import SessionBus
from exotel_voice.gateway.session import PhoneSession
from exotel_voice.gateway.shared import Shared
from exotel_voice.phone.account import SipAccount

__all__ = ["SessionBook"]

logger = logging.getLogger("exotel_voice.gateway")

Key = tuple[str, SipAccount]

CLAIM_LIFETIME: Final = 15.0
"""Seconds after which the phones of a process that died can be had by another."""


class SessionBook:
    """Finds the phone for an identity and an account, and makes it if there is none.

    Two pages have the same phone only if the whole account is the same, password included: who
    brings a wrong one gets a phone of their own, which the registrar then refuses.

    Args:
        shared: What all phones have in common.
        bus: Tells which process owns which phone.
    """

    def __init__(self, shared: Shared, bus: SessionBus) -> None:
        self._shared = shared
        self._bus = bus
        self._sessions: dict[Key, PhoneSession] = {}
        self._claims: dict[Key, str] = {}

    def __len__(self) -> int:
        return len(self._sessions)

    def __iter__(self) -> Iterator[PhoneSession]:
        return iter(tuple(self._sessions.values()))

    async def owner(self, identity: str, account: SipAccount, *, is_own: bool) -> str:
        """Tell which gateway process has the phone; from now on this one, if none had.

        Args:
            identity: Whose phone it is.
            account: Its account.
            is_own: Whether a page brought the account. Such phones are not shared with other
                processes, because the password would have to be.
        """
        key = _key(identity, account)
        if is_own or key in self._sessions:
            return self._shared.server
        name = session_name(identity, account)
        owner = await self._bus.claim(name, self._shared.server, lifetime=CLAIM_LIFETIME)
        if owner == self._shared.server:
            self._claims[key] = name
        return owner

    def open(self, identity: str, account: SipAccount) -> PhoneSession:
        """Give the phone, made now if there is none."""
        key = _key(identity, account)
        session = self._sessions.get(key)
        if session is None:
            session = PhoneSession(identity, account, self._shared, on_closed=self._closed)
            self._sessions[key] = session
        return session

    async def renew(self) -> None:
        """Keep the claims of this process alive, for as long as it runs."""
        while True:
            await asyncio.sleep(CLAIM_LIFETIME / 3)
            for name in tuple(self._claims.values()):
                try:
                    await self._bus.claim(name, self._shared.server, lifetime=CLAIM_LIFETIME)
                except OSError as error:
                    logger.warning("the session bus cannot be reached: %s", error)
                    break

    async def aclose(self) -> None:
        """Close every phone."""
        await asyncio.gather(*(session.aclose() for session in self))

    def _closed(self, session: PhoneSession) -> None:
        key = _key(session.identity, session.phone.account)
        if self._sessions.get(key) is session:
            del self._sessions[key]
            name = self._claims.pop(key, None)
            if name is not None:
                self._shared.supervisor.start(
                    self._release(key, name), name="give a phone up", is_clean_up=True
                )

    async def _release(self, key: Key, name: str) -> None:
        if key in self._claims:
            return
        try:
            await self._bus.release(name, self._shared.server)
        except OSError as error:
            logger.warning("the session bus cannot be reached: %s", error)


def session_name(identity: str, account: SipAccount) -> str:
    """Name a phone for other processes, without its password."""
    parts = (identity, account.aor, account.url, account.auth_username)
    return hashlib.sha256("\0".join(parts).encode()).hexdigest()[:32]


def _key(identity: str, account: SipAccount) -> Key:
    return identity, replace(account, display_name="")
