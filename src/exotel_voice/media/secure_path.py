"""The encrypted path of one call: ICE below, DTLS for the keys, SRTP for the packets.

ICE can be restarted under it (RFC 8445 §9): the path in use carries on until the new one is
found, and the keys stay. Nothing is ever sent or taken without keys.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Final

import pylibsrtp

from exotel_voice.errors import DtlsFailed, IceFailed
from exotel_voice.media._aioice import IceAgent
from exotel_voice.media._aiortc import DtlsAssociation, SharedCertificate
from exotel_voice.media.rtp import is_rtcp
from exotel_voice.media.sdp import AudioLine, Fingerprint, IceCandidate

__all__ = ["FarEnd", "SecurePath"]

logger = logging.getLogger("exotel_voice.media.path")

_HANDSHAKE_LIMIT: Final = 10.0
_WAITING_PACKETS: Final = 64


@dataclass(frozen=True, slots=True, kw_only=True)
class FarEnd:
    """What the far side's description says about its path."""

    ice_ufrag: str
    """Its user name fragment; another one means an ICE restart (RFC 8839 §4.4.1.1)."""
    ice_pwd: str = field(repr=False)
    """Its password."""
    is_ice_lite: bool
    """Whether it only answers checks."""
    candidates: tuple[IceCandidate, ...]
    """Its addresses."""
    fingerprints: tuple[Fingerprint, ...]
    """Hashes of its certificate; other ones mean another association (RFC 8842 §3.1)."""
    tls_id: str | None
    """Name of its association, which tells apart the calls of a server with one certificate."""

    @classmethod
    def of(cls, audio: AudioLine) -> FarEnd:
        """Take it from an audio line."""
        return cls(
            ice_ufrag=audio.ice_ufrag,
            ice_pwd=audio.ice_pwd,
            is_ice_lite=audio.is_ice_lite,
            candidates=audio.candidates,
            fingerprints=audio.fingerprints,
            tls_id=audio.tls_id,
        )

    def has_same_path(self, other: FarEnd) -> bool:
        """Whether both are of the same ICE session."""
        return (self.ice_ufrag, self.ice_pwd) == (other.ice_ufrag, other.ice_pwd)

    def has_same_keys(self, other: FarEnd) -> bool:
        """Whether both are of the same DTLS association, as far as can be told."""
        return set(self.fingerprints) == set(other.fingerprints) and self.tls_id == other.tls_id


class SecurePath:
    """Carries the RTP and RTCP of one call, encrypted. Made for one DTLS association."""

    def __init__(
        self,
        *,
        certificate: SharedCertificate,
        on_rtp: Callable[[bytes], None],
        on_rtcp: Callable[[bytes], None],
    ) -> None:
        """Make a path that leads nowhere yet.

        Args:
            certificate: This side's certificate.
            on_rtp: Takes each RTP packet, decrypted and proven to be the far side's.
            on_rtcp: Takes each RTCP packet, likewise.
        """
        self._certificate = certificate
        self._on_rtp = on_rtp
        self._on_rtcp = on_rtcp
        self._agent: IceAgent | None = None
        self._dtls: DtlsAssociation | None = None
        self._handshake: asyncio.Task[None] | None = None
        self._inbox: asyncio.Queue[bytes] = asyncio.Queue(_WAITING_PACKETS)
        self._sending: pylibsrtp.Session | None = None
        self._receiving: pylibsrtp.Session | None = None
        self._is_closed = False
        self.is_client: bool | None = None
        """Whether this side began the DTLS handshake; None before it was agreed who does."""
        self.packets_refused = 0
        """Packets that were not encrypted with the agreed keys, or came twice."""

    @property
    def has_keys(self) -> bool:
        """Whether the keys are agreed."""
        return self._sending is not None

    @property
    def is_open(self) -> bool:
        """Whether packets can go both ways."""
        return self.has_keys and self._agent is not None and self._agent.is_connected

    def attach(self, agent: IceAgent) -> None:
        """Let the packets of an ICE agent come to this path."""
        agent.deliver(on_media=self._receive, on_handshake=self._take_handshake)

    def decide_role(self, *, is_client: bool) -> None:
        """Say whether this side begins the DTLS handshake; the first decision holds."""
        if self.is_client is None:
            self.is_client = is_client

    def is_using(self, agent: IceAgent) -> bool:
        """Whether that agent carries the packets now."""
        return self._agent is agent

    async def open(self, agent: IceAgent, far_end: FarEnd, *, is_controlling: bool) -> None:
        """Find the way to the far side and agree on keys; `is_client` must be set.

        With keys agreed before, only the way is changed, once the new one is found.

        Raises:
            IceFailed: No way was found.
            DtlsFailed: No keys were agreed, or the far side is not who its description says.
        """
        is_found = await agent.connect(
            ufrag=far_end.ice_ufrag,
            pwd=far_end.ice_pwd,
            candidates=far_end.candidates,
            is_lite=far_end.is_ice_lite,
            is_controlling=is_controlling,
        )
        if not is_found:
            raise IceFailed("No path for audio was found to the far side")
        former, self._agent = self._agent, agent
        if former is not None:
            await former.aclose()
        if self._handshake is None:
            self._handshake = asyncio.create_task(self._agree_keys(far_end.fingerprints))
        # The handshake goes on where the search for a way is given up in favour of another one.
        await asyncio.wait([self._handshake])
        if not self.has_keys:
            raise DtlsFailed("The keys for encrypted audio could not be agreed with the far side")

    async def _agree_keys(self, fingerprints: tuple[Fingerprint, ...]) -> None:
        self._dtls = dtls = DtlsAssociation(self, self._certificate)
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(_HANDSHAKE_LIMIT):
                if await dtls.agree(fingerprints, is_client=bool(self.is_client)):
                    self._receiving, self._sending = dtls.receiving_keys, dtls.sending_keys

    async def _recv(self) -> bytes:
        """Give the next DTLS packet.

        A cancellation that comes with a packet is lost in `asyncio.wait_for` (Python 3.11), so the
        end is told to DTLS in this way as well.

        Raises:
            ConnectionError: The path is closed.
        """
        if self._is_closed:
            raise ConnectionError("The path is closed")
        return await self._inbox.get()

    async def _send(self, data: bytes) -> None:
        if self._agent is not None:
            self._agent.send(data)

    def _take_handshake(self, packet: bytes) -> None:
        """Queue a DTLS packet; where too many wait it is dropped, and DTLS sends it again."""
        with contextlib.suppress(asyncio.QueueFull):
            self._inbox.put_nowait(packet)

    def _receive(self, packet: bytes) -> None:
        keys = self._receiving
        if keys is None:
            return
        try:
            if is_rtcp(packet):
                take, plain = self._on_rtcp, keys.unprotect_rtcp(packet)
            else:
                take, plain = self._on_rtp, keys.unprotect(packet)
        except (pylibsrtp.Error, ValueError):
            self.packets_refused += 1
        else:
            take(plain)

    def send(self, packet: bytes) -> None:
        """Encrypt and send one RTP or RTCP packet; it is dropped while there are no keys."""
        keys, agent = self._sending, self._agent
        if keys is None or agent is None:
            return
        try:
            agent.send(keys.protect_rtcp(packet) if is_rtcp(packet) else keys.protect(packet))
        except (pylibsrtp.Error, ValueError) as error:
            logger.warning("a packet could not be encrypted: %s", error)

    async def aclose(self) -> None:
        """Tell the far side's DTLS and free the sockets. Safe to call more than once."""
        self._is_closed = True
        if self._handshake is not None:
            self._handshake.cancel()
            await asyncio.wait([self._handshake])
        self._sending = self._receiving = None
        dtls, self._dtls = self._dtls, None
        if dtls is not None:
            await dtls.stop()
        agent, self._agent = self._agent, None
        if agent is not None:
            await agent.aclose()
