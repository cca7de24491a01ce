"""The touches on aioice, aiortc's ICE, that go beyond what it documents, but for TURN (`_turn.py`).

`IceAgent` wraps a connection: gathering with a limit, loopback where there is nothing else, and
packets taken as they come from the socket. Each name that is not documented has a test in
`tests/media/test_aiortc_contract.py`, so that a release that moves one is noticed.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
from collections import deque
from collections.abc import Callable, Coroutine, Iterable
from typing import Any

from aioice import Candidate, Connection, TransportPolicy
from aioice.ice import (
    CandidatePair,
    StunProtocol,
    get_host_addresses,
    relayed_candidate,
    server_reflexive_candidate,
)

from exotel_voice.media._candidate import from_aioice, to_aioice
from exotel_voice.media._turn import Relay
from exotel_voice.media.ice import IceServer, IceSettings
from exotel_voice.media.sdp import IceCandidate

__all__ = ["IceAgent"]

logger = logging.getLogger("exotel_voice.media.ice")

_CLOSE_LIMIT = 1.0
_EARLY_PACKETS = 16
_LOOPBACK = ("127.0.0.1", "::1")

Sink = Callable[[bytes], None]
Address = tuple[Any, ...]


class _Connection(Connection):
    """An aioice connection that tells at once when it has a path.

    `connect` itself returns up to 20 ms later, at the next turn of its loop.
    """

    def __init__(self, *, transport_policy: TransportPolicy) -> None:
        super().__init__(ice_controlling=False, transport_policy=transport_policy)
        self.settled = asyncio.Event()
        self.watch: asyncio.Task[None] | None = None

    def check_complete(self, pair: CandidatePair) -> None:
        super().check_complete(pair)
        if self._nominated:
            self.settled.set()

    async def query_consent(self) -> None:
        self.watch = asyncio.current_task()
        await super().query_consent()


class IceAgent:
    """One side of one ICE session (RFC 8445): addresses, checks, a path, consent."""

    def __init__(self, settings: IceSettings) -> None:
        """Make an agent with new credentials and no socket yet.

        Args:
            settings: Servers, addresses and limits.
        """
        policy = TransportPolicy.RELAY if settings.is_relay_only else TransportPolicy.ALL
        self._settings = settings
        self._connection = _Connection(transport_policy=policy)
        self._helpers: set[asyncio.Task[None]] = set()
        self._gathering: asyncio.Task[None] | None = None
        self._closing: asyncio.Task[None] | None = None
        self._early: deque[tuple[bytes, Address]] = deque(maxlen=_EARLY_PACKETS)
        self._on_media: Sink = _drop
        self._on_handshake: Sink = _drop

    def deliver(self, *, on_media: Sink, on_handshake: Sink) -> None:
        """Say who takes the packets.

        The far side may begin DTLS before its answer has come through the slower SIP server, so
        what comes early waits until there is a path.

        Args:
            on_media: Takes each SRTP and SRTCP packet (first byte 128 to 191, RFC 7983 §7).
            on_handshake: Takes each DTLS packet (first byte 20 to 63).
        """
        self._on_media, self._on_handshake = on_media, on_handshake
        if self.is_connected:
            self._hand_over()

    def _take_handshake(self, data: bytes, address: Address) -> None:
        """Take a DTLS packet; before there is a path it waits."""
        self._early.append((data, address))
        if self.is_connected:
            self._hand_over()

    def _hand_over(self) -> None:
        """Hand on the DTLS packets of the one who answered.

        An offer may have reached several devices. One that prepared for it and was not the one to
        answer may have begun DTLS all the same, and would spoil the handshake.
        """
        known = {
            (item.host, item.port)
            for item in self._connection.remote_candidates
            if item.type != "prflx"
        }
        known.add(self._connection._nominated[1].remote_addr[:2])
        while self._early:
            data, address = self._early.popleft()
            if address[:2] in known:
                self._on_handshake(data)

    @property
    def ufrag(self) -> str:
        """User name fragment of this side."""
        return self._connection.local_username

    @property
    def pwd(self) -> str:
        """Password of this side."""
        return self._connection.local_password

    def control(self) -> None:
        """Take the role of the one who offers (RFC 8445 §6.1.1), before any check can come.

        The far side may begin its checks before its answer has come through the slower SIP server,
        and would otherwise find a conflict of roles.
        """
        self._connection.ice_controlling = True

    def candidates(self) -> tuple[IceCandidate, ...]:
        """Give the addresses found so far."""
        return tuple(from_aioice(item) for item in self._connection.local_candidates)

    async def gather(self, *, has_loopback: bool = False) -> None:
        """Open the sockets and ask the servers, within the limit of the settings.

        There are no candidates where `aclose` comes meanwhile.

        Args:
            has_loopback: Whether the far side is known to use a loopback address.
        """
        self._gathering = asyncio.create_task(self._gather(has_loopback=has_loopback))
        try:
            await asyncio.wait([self._gathering])
        finally:
            await self._stop_gathering()
        if not self._gathering.cancelled():
            self._gathering.result()

    async def _stop_gathering(self) -> None:
        if self._gathering is not None and not self._gathering.done():
            self._gathering.cancel()
            await asyncio.wait([self._gathering])

    async def _gather(self, *, has_loopback: bool) -> None:
        connection = self._connection
        addresses = [] if self._settings.is_relay_only else self._addresses(has_loopback)
        opening = asyncio.ensure_future(
            connection.get_component_candidates(component=1, addresses=addresses)
        )
        try:
            found = await asyncio.shield(opening)
        except asyncio.CancelledError:
            # aioice forgets the sockets that it has opened when it is cancelled between two.
            await asyncio.wait([opening])
            raise
        self._take_sockets()
        if self._settings.servers:
            found += await self._ask_servers()
        connection._local_candidates += found
        connection._local_candidates_start = connection._local_candidates_end = True

    def _addresses(self, has_loopback: bool) -> list[str]:  # noqa: FBT001 - one flag, private
        found = get_host_addresses(use_ipv4=True, use_ipv6=True)
        wish = self._settings.has_loopback
        is_wanted = has_loopback if wish is None else wish
        if is_wanted or (wish is None and not found):
            found += [address for address in _LOOPBACK if address not in found]
        return found

    async def _ask_servers(self) -> list[Candidate]:
        questions = [
            asyncio.create_task(question)
            for server in self._settings.servers
            for question in self._questions(server)
        ]
        found: list[Candidate] = []
        try:
            await asyncio.wait(questions, timeout=self._settings.gathering_limit)
        finally:
            late = [task for task in questions if task.cancel()]
            if late:
                logger.info("%d STUN or TURN servers did not answer in time", len(late))
                await asyncio.wait(late)
            for task in questions:
                if task.cancelled():
                    continue
                if (error := task.exception()) is not None:
                    logger.info("a STUN or TURN server gave no address: %s", error)
                else:
                    self._keep(found, *task.result())
        return found

    def _keep(
        self, found: list[Candidate], candidate: Candidate, relay: StunProtocol | None
    ) -> None:
        if relay is not None:
            self._connection._protocols.append(relay)
            self._take_sockets()
        own = {(item.host, item.port) for item in (self._sockets() if relay is None else [])}
        # Without a NAT the server sees the address that is known already (RFC 8445 §5.1.3).
        if (candidate.host, candidate.port) not in own:
            found.append(candidate)

    def _sockets(self) -> list[Candidate]:
        return [protocol.local_candidate for protocol in self._connection._protocols]

    def _questions(
        self, server: IceServer
    ) -> Iterable[Coroutine[Any, Any, tuple[Candidate, StunProtocol | None]]]:
        where = server.address
        if where.scheme != "stun":
            yield relayed_candidate(
                component=1,
                hide_related_address=self._settings.is_relay_only,
                protocol_factory=lambda: StunProtocol(self._connection),
                turn_server=(where.host, where.port),
                turn_username=server.username,
                turn_password=server.credential,
                turn_ssl=where.scheme == "turns",
                turn_transport=where.transport,
            )
            return
        for protocol in self._connection._protocols:
            if ":" not in protocol.local_candidate.host:
                yield server_reflexive_candidate(protocol, (where.host, where.port))

    def _take_sockets(self) -> None:
        """Take media and DTLS packets where they come in; STUN goes on to aioice."""
        for protocol in self._connection._protocols:
            if "datagram_received" in vars(protocol):
                continue
            receive = _sorter(protocol.datagram_received, self)
            vars(protocol)["datagram_received"] = receive

    async def connect(
        self,
        *,
        ufrag: str,
        pwd: str,
        candidates: Iterable[IceCandidate],
        is_lite: bool,
        is_controlling: bool,
    ) -> bool:
        """Find a path to the far side; False where none was found within the limit.

        Args:
            ufrag: The far side's user name fragment.
            pwd: Its password.
            candidates: Its addresses; those that cannot be used are left out.
            is_lite: Whether it only answers checks; this side then controls (RFC 8445 §6.1.1).
            is_controlling: Whether this side chooses the path.
        """
        connection = self._connection
        connection.remote_username, connection.remote_password = ufrag, pwd
        connection.remote_is_lite = is_lite
        connection.ice_controlling = is_controlling or is_lite
        for candidate in candidates:
            if not candidate.is_usable:
                continue
            if candidate.is_mdns:
                self._start_helper(self._add(candidate))
            else:
                await connection.add_remote_candidate(to_aioice(candidate))
        # The end of candidates is never told to aioice, which would give up as soon as those
        # listed fail, although checks of the far side may open another path (RFC 8863 §4).
        checks = self._start_helper(self._check())
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(self._settings.connect_limit):
                await connection.settled.wait()
        if self.is_connected:
            self._hand_over()
        else:
            checks.cancel()
        return self.is_connected

    async def _check(self) -> None:
        """Let aioice do its checks and begin its watch on the far side's consent."""
        try:
            await self._connection.connect()
        except ConnectionError as error:
            logger.info("the connectivity checks failed: %s", error)
        finally:
            self._connection.settled.set()

    async def _add(self, candidate: IceCandidate) -> None:
        """Look a name of multicast DNS up and add it; a name that nobody knows is left out."""
        try:
            await self._connection.add_remote_candidate(to_aioice(candidate))
        except OSError as error:
            logger.info("multicast DNS is not at hand: %s", error)

    def _start_helper(self, work: Coroutine[Any, Any, None]) -> asyncio.Task[None]:
        task = asyncio.create_task(work)
        self._helpers.add(task)
        task.add_done_callback(self._helpers.discard)
        return task

    @property
    def is_connected(self) -> bool:
        """Whether there is a path now."""
        return 1 in self._connection._nominated

    def send(self, data: bytes) -> None:
        """Send a packet on the path of this moment; it is dropped where there is none."""
        pair = self._connection._nominated.get(1)
        if pair is not None:
            pair.protocol.transport.sendto(data, pair.remote_addr)

    async def lost(self) -> None:
        """Wait until the far side's consent has run out (RFC 7675 §5.1), or `aclose`."""
        await self._connection.get_event()

    async def aclose(self) -> None:
        """Close the sockets, within a second. Safe to call more than once."""
        # A task of its own, because aioice cannot be closed again once closing was cancelled.
        if self._closing is None:
            self._closing = asyncio.create_task(self._close())
        await asyncio.wait([self._closing])

    async def _close(self) -> None:
        await self._stop_gathering()
        helpers = tuple(self._helpers)
        for task in helpers:
            task.cancel()
        if helpers:
            await asyncio.wait(helpers)
        relays = Relay.among(self._connection._protocols)
        for relay in relays:
            relay.begin_to_close()
        closing = asyncio.create_task(self._connection.close())
        await asyncio.wait([closing], timeout=_CLOSE_LIMIT)
        # Only a TURN server that does not confirm the end of its relay keeps it waiting.
        for relay in relays:
            await relay.abandon()
        # The watch on consent may be what closes it, because consent has run out.
        watch = self._connection.watch
        await asyncio.wait([closing] if watch is None else [closing, watch])


def _drop(packet: bytes) -> None:
    """Take no packet, as long as nobody is there for it."""


def _sorter(
    on_stun: Callable[[bytes | str, tuple[Any, ...]], None], agent: IceAgent
) -> Callable[[bytes, tuple[Any, ...]], None]:
    def datagram_received(data: bytes, addr: tuple[Any, ...]) -> None:
        first = data[0] if data else 0
        if 127 < first < 192:
            agent._on_media(data)
        elif 19 < first < 64:
            agent._take_handshake(data, addr)
        else:
            on_stun(data, addr)

    return datagram_received
