"""How gateway processes share sessions: who owns which phone, and messages between them.

One process needs none of it and gets `LocalBus`. A carrier for several, over Redis for example,
fulfils the same protocol: `claim` is SET NX with a lifetime, `publish` and `subscribe` are the
commands of that name.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Protocol

from exotel_voice.phone.observe import Subscription

__all__ = ["LocalBus", "SessionBus"]

Receive = Callable[[bytes], None]
"""Takes one message; called in the event loop."""


class SessionBus(Protocol):
    """What gateway processes need of each other. Every method takes seconds at most.

    Methods raise `OSError` when the carrier cannot be reached.
    """

    async def claim(self, session: str, owner: str, *, lifetime: float) -> str:
        """Become the owner of a session if it has none, or keep it if it is one's own.

        Args:
            session: Names the session.
            owner: Who claims it.
            lifetime: Seconds after which the claim ends unless it is made again.

        Returns:
            The owner from now on, who may be another one.
        """
        ...

    async def release(self, session: str, owner: str) -> None:
        """Give a session up; nothing happens if it is another's."""
        ...

    async def publish(self, topic: str, message: bytes) -> None:
        """Send a message to all who subscribe to a topic; those of one sender keep their order."""
        ...

    async def subscribe(self, topic: str, receive: Receive) -> Subscription:
        """Call a function with each message to a topic from now on."""
        ...


class LocalBus:
    """The carrier within one process; gateways that are given the same one share sessions."""

    def __init__(self) -> None:
        self._owners: dict[str, tuple[str, float]] = {}
        self._readers: dict[str, list[Receive]] = {}

    async def claim(self, session: str, owner: str, *, lifetime: float) -> str:
        """Become the owner, or learn who is; see `SessionBus.claim`."""
        now = asyncio.get_running_loop().time()
        present, until = self._owners.get(session, (owner, now))
        if present != owner and until > now:
            return present
        self._owners[session] = (owner, now + lifetime)
        return owner

    async def release(self, session: str, owner: str) -> None:
        """Give a session up; see `SessionBus.release`."""
        if self._owners.get(session, ("", 0.0))[0] == owner:
            del self._owners[session]

    async def publish(self, topic: str, message: bytes) -> None:
        """Send a message; see `SessionBus.publish`."""
        loop = asyncio.get_running_loop()
        for receive in self._readers.get(topic, ()):
            loop.call_soon(receive, message)

    async def subscribe(self, topic: str, receive: Receive) -> Subscription:
        """Hear of a topic; see `SessionBus.subscribe`."""
        readers = self._readers.setdefault(topic, [])
        readers.append(receive)

        def end() -> None:
            if receive in readers:
                readers.remove(receive)

        return Subscription(end)
