"""The paths of one call over its life: the first one, ICE restarts, and a change of the far end.

Offers and answers decide when a new path is looked for; until it is found, the one in use carries
the audio. A new certificate at the far side, as after a transfer behind a server, gets a path of
its own with new keys; a new ICE session with the same certificate keeps the keys (RFC 8842 §3.1).
"""

from __future__ import annotations

import asyncio
import ipaddress
import logging
import secrets
from collections.abc import Callable, Coroutine
from dataclasses import dataclass, field
from typing import Final

from exotel_voice.errors import DtlsFailed, IceFailed, MediaError
from exotel_voice.media._aioice import IceAgent
from exotel_voice.media.certificate import shared_certificate
from exotel_voice.media.ice import IceSettings
from exotel_voice.media.negotiation import LocalTransport
from exotel_voice.media.rtp import is_rtcp
from exotel_voice.media.sdp import AudioLine
from exotel_voice.media.secure_path import FarEnd, SecurePath

__all__ = ["PathEvents", "Paths"]

logger = logging.getLogger("exotel_voice.media.path")

_FRESH: Final = 20.0
"""Seconds for which a NAT surely keeps the port that a STUN server saw (RFC 8445 §5.1.1.4)."""


@dataclass(frozen=True, slots=True, kw_only=True)
class PathEvents:
    """What is told of the paths of a call."""

    on_rtp: Callable[[bytes], None]
    """Takes each RTP packet, decrypted."""
    on_rtcp: Callable[[bytes], None]
    """Takes each RTCP packet, decrypted."""
    on_connected: Callable[[], None]
    """Audio can flow; comes again when a new path is in use."""
    on_lost: Callable[[MediaError], None]
    """The path in use is gone; an offer or an answer may bring another one."""
    on_failed: Callable[[MediaError], None]
    """There never was a path and there will be none."""


@dataclass(slots=True, kw_only=True)
class _Prepared:
    """What was gathered before an answer was wanted."""

    gathering: asyncio.Task[IceAgent | None]
    has_loopback: bool
    began_at: float = field(default_factory=lambda: asyncio.get_running_loop().time())

    def fits(self, *, has_loopback: bool) -> bool:
        age = asyncio.get_running_loop().time() - self.began_at
        return self.has_loopback is has_loopback and age < _FRESH


class Paths:
    """Holds the path in use, the one that is looked for, and the one that is offered."""

    def __init__(self, settings: IceSettings, events: PathEvents) -> None:
        """Begin without any path and without a socket.

        Args:
            settings: How paths are looked for.
            events: Takes packets and news.
        """
        self._settings = settings
        self._events = events
        self._certificate = shared_certificate()
        self._tls_id = secrets.token_hex(16)
        self._in_use: SecurePath | None = None
        # What both sides last agreed on; in use as soon as it is found.
        self._path: SecurePath | None = None
        self._agent: IceAgent | None = None
        self._far_end: FarEnd | None = None
        # What this side has offered; `_offered_agent` is None where it offered the present path.
        self._offered_agent: IceAgent | None = None
        self._prepared: _Prepared | None = None
        self._search: asyncio.Task[None] | None = None
        self._tasks: set[asyncio.Task[None]] = set()
        # What has been looked for and may still be in use.
        self._agents: set[IceAgent] = set()
        # Everything that is to be closed at the end.
        self._paths: list[SecurePath] = []
        self._living: set[IceAgent] = set()
        self._closing: asyncio.Task[None] | None = None
        self.has_rtcp = True
        """Whether RTCP may be sent: it has no port of its own here (RFC 5761 §5.1.3)."""

    def send(self, packet: bytes) -> None:
        """Send one plain RTP or RTCP packet, encrypted; it is dropped where there is no path."""
        path = self._in_use
        if path is not None and (self.has_rtcp or not is_rtcp(packet)):
            path.send(packet)

    async def offer(self, *, ice_restart: bool) -> LocalTransport:
        """Describe this side's end of a path for an offer.

        Args:
            ice_restart: Whether to offer a new one where there is one already.

        Raises:
            IceFailed: This machine has no address to offer.
        """
        await self.rollback()
        agent = self._agent
        if agent is None or ice_restart:
            agent = self._offered_agent = await self._gather(has_loopback=False)
            agent.control()
        return self._describe(agent)

    async def prepare(self, audio: AudioLine) -> None:
        """Gather the addresses that an answer to this offer will need. Never raises."""
        if self._agent is None and self._prepared is None and not self._is_closed:
            has_loopback = _has_loopback(audio)
            gathering = asyncio.create_task(self._gather_early(has_loopback=has_loopback))
            self._prepared = _Prepared(gathering=gathering, has_loopback=has_loopback)
            await asyncio.wait([gathering])

    async def rollback(self) -> None:
        """Forget what was offered."""
        agent, self._offered_agent = self._offered_agent, None
        if agent is not None:
            await self._free(agent)

    def check(self, audio: AudioLine) -> None:
        """Make sure that a description of the far side can be taken.

        Raises:
            DtlsFailed: Another certificate on the same ICE session, which no peer can mean.
        """
        far_end, known = FarEnd.of(audio), self._far_end
        if known is None or not far_end.has_same_path(known) or far_end.has_same_keys(known):
            return
        raise DtlsFailed("The far side's certificate changed in the middle of its ICE session")

    async def answer(self, audio: AudioLine) -> tuple[LocalTransport, str]:
        """Take the path of the far side's offer, and begin to look for it if it is a new one.

        Returns:
            This side's end, and its `a=setup` role: `active` or `passive` (RFC 5763 §5).

        Raises:
            IceFailed: This machine has no address to offer.
        """
        await self.rollback()
        far_end = FarEnd.of(audio)
        agent, path, known = self._agent, self._path, self._far_end
        is_known = known is not None and far_end.has_same_path(known)
        if agent is None or path is None or not is_known:
            # RFC 8839 §4.4.1.1: a new ICE session of the far side gets a new one of this side.
            agent = await self._gathered(has_loopback=_has_loopback(audio))
            path = self._path_for(far_end)
            # RFC 4145 §4: without the attribute the offerer is active. Deviates: `holdconn` in a
            # first offer is answered as `actpass`, because RFC 5763 §5 leaves no other meaning.
            path.decide_role(is_client=audio.setup not in {"active", None})
            self._begin(path, agent, far_end, is_controlling=False)
        return self._describe(agent), "active" if path.is_client else "passive"

    async def take_answer(self, audio: AudioLine) -> None:
        """Take the path of the far side's answer, and begin to look for it if it is a new one.

        Raises:
            MediaError: The answer names a path that fits no offer, as one of another fork would.
        """
        far_end = FarEnd.of(audio)
        if self._far_end is not None and far_end.has_same_path(self._far_end):
            # Either nothing new was offered, or the far side keeps to the old path.
            await self.rollback()
            return
        agent, self._offered_agent = self._offered_agent, None
        if agent is None:
            raise MediaError("The far side's answer names a path that was not asked for")
        path = self._path_for(far_end)
        # RFC 4145 §4: without the attribute the answerer is passive.
        path.decide_role(is_client=audio.setup != "active")
        self._begin(path, agent, far_end, is_controlling=True)

    def _describe(self, agent: IceAgent) -> LocalTransport:
        return LocalTransport(
            ice_ufrag=agent.ufrag,
            ice_pwd=agent.pwd,
            candidates=agent.candidates(),
            fingerprints=(self._certificate.fingerprint(),),
            tls_id=self._tls_id,
        )

    async def _gather(self, *, has_loopback: bool) -> IceAgent:
        agent = IceAgent(self._settings)
        self._living.add(agent)
        is_ready = False
        try:
            await agent.gather(has_loopback=has_loopback)
            is_ready = bool(agent.candidates()) and not self._is_closed
        finally:
            if not is_ready:
                await self._free(agent)
        if not is_ready:
            raise IceFailed("This machine has no address to offer, or the call has ended")
        return agent

    async def _gather_early(self, *, has_loopback: bool) -> IceAgent | None:
        try:
            return await self._gather(has_loopback=has_loopback)
        except IceFailed as error:
            logger.info("no address was found beforehand: %s", error)
            return None

    async def _gathered(self, *, has_loopback: bool) -> IceAgent:
        """Give an agent with its addresses: the one that was prepared, if it still fits."""
        if self._prepared is not None:
            await asyncio.wait([self._prepared.gathering])
        prepared = self._prepared
        if prepared is not None and prepared.fits(has_loopback=has_loopback):
            agent = prepared.gathering.result()
            if agent is not None:
                self._prepared = None
                return agent
        await self._drop_prepared()
        return await self._gather(has_loopback=has_loopback)

    async def _drop_prepared(self) -> None:
        prepared, self._prepared = self._prepared, None
        if prepared is None:
            return
        prepared.gathering.cancel()
        await asyncio.wait([prepared.gathering])
        if not prepared.gathering.cancelled():
            agent = prepared.gathering.result()
            if agent is not None:
                await self._free(agent)

    async def _free(self, agent: IceAgent) -> None:
        await agent.aclose()
        self._living.discard(agent)

    def _path_for(self, far_end: FarEnd) -> SecurePath:
        """Keep the keys for the same far end; make a path of its own for another one."""
        known = self._far_end
        if self._path is not None and known is not None and far_end.has_same_keys(known):
            return self._path
        events = self._events
        path = SecurePath(
            certificate=self._certificate, on_rtp=events.on_rtp, on_rtcp=events.on_rtcp
        )
        self._paths.append(path)
        return path

    def _begin(
        self, path: SecurePath, agent: IceAgent, far_end: FarEnd, *, is_controlling: bool
    ) -> None:
        if self._search is not None:
            self._search.cancel()
        path.attach(agent)
        self._agents.add(agent)
        self._path, self._agent, self._far_end = path, agent, far_end
        work = self._find(path, agent, far_end, is_controlling=is_controlling)
        self._search = self._start(work)

    def _start(self, work: Coroutine[None, None, None]) -> asyncio.Task[None]:
        task = asyncio.create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)
        return task

    async def _find(
        self, path: SecurePath, agent: IceAgent, far_end: FarEnd, *, is_controlling: bool
    ) -> None:
        """Look for a path, put it to use, and then watch the far side's consent."""
        try:
            await path.open(agent, far_end, is_controlling=is_controlling)
        except MediaError as error:
            # The next offer gets a new agent, because nobody is at the end of this one.
            self._search = self._agent = None
            await self._tidy()
            self._failed(error)
            return
        self._search = None
        former, self._in_use = self._in_use, path
        if former is not None and former is not path:
            await former.aclose()
        await self._tidy()
        self._events.on_connected()
        await agent.lost()
        if not self._is_searching and path is self._in_use and path.is_using(agent):
            self._failed(IceFailed("The far side does not answer any more", retryable=True))

    @property
    def _is_searching(self) -> bool:
        return self._search is not None

    async def _tidy(self) -> None:
        """Close what is neither in use nor looked for any more."""
        paths = [path for path in (self._in_use, self._path) if path is not None]
        for agent in tuple(self._agents):
            is_searched = self._is_searching and agent is self._agent
            if not is_searched and not any(path.is_using(agent) for path in paths):
                self._agents.discard(agent)
                await self._free(agent)

    @property
    def _is_closed(self) -> bool:
        return self._closing is not None

    def _failed(self, error: MediaError) -> None:
        if self._is_closed:
            return
        if self._in_use is None:
            self._events.on_failed(error)
        elif self._in_use.is_open:
            logger.warning("no new path was found, the audio stays on the old one: %s", error)
        else:
            self._events.on_lost(error)

    async def aclose(self) -> None:
        """Free every socket, within about a second. Safe to call more than once."""
        # A task of its own, so that nobody who is cancelled leaves half of it undone.
        if self._closing is None:
            self._closing = asyncio.create_task(self._close())
        await asyncio.wait([self._closing])

    async def _close(self) -> None:
        tasks = tuple(self._tasks)
        for task in tasks:
            task.cancel()
        if tasks:
            await asyncio.wait(tasks)
        used = {agent for agent in self._living for path in self._paths if path.is_using(agent)}
        await asyncio.gather(
            self._drop_prepared(),
            *(path.aclose() for path in self._paths),
            *(agent.aclose() for agent in self._living - used),
        )


def _has_loopback(audio: AudioLine) -> bool:
    hosts = [item.host for item in audio.candidates if item.is_usable and not item.is_mdns]
    return any(ipaddress.ip_address(host).is_loopback for host in hosts)
