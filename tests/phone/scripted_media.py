"""A media engine without audio: its sessions note what they were asked, and fail on demand."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, Callable

from exotel_voice.errors import InvalidState, MediaError
from exotel_voice.media.base import (
    Direction,
    MediaEvent,
    MediaSession,
    MediaStats,
    PcmWriter,
)

__all__ = ["ScriptedMedia", "ScriptedSession", "description"]

ANSWER_TO = {
    Direction.SENDRECV: Direction.SENDRECV,
    Direction.SENDONLY: Direction.RECVONLY,
    Direction.RECVONLY: Direction.SENDONLY,
    Direction.INACTIVE: Direction.INACTIVE,
}
_SENDS = (Direction.SENDRECV, Direction.SENDONLY)
_TAKES = (Direction.SENDRECV, Direction.RECVONLY)


def description(direction: Direction = Direction.SENDRECV, version: int = 1) -> bytes:
    """Write a session description of one audio line."""
    return (
        f"v=0\r\no=- 1 {version} IN IP4 192.0.2.1\r\ns=-\r\nc=IN IP4 192.0.2.1\r\nt=0 0\r\n"
        f"m=audio 4000 UDP/TLS/RTP/SAVPF 0\r\na=rtpmap:0 PCMU/8000\r\na={direction}\r\n"
    ).encode()


def direction_of(sdp: bytes) -> Direction:
    """Read the direction of a description."""
    lines = sdp.decode().split("\r\n")
    return next((each for each in Direction if f"a={each}" in lines), Direction.SENDRECV)


class ScriptedSession:
    """One session.

    Attributes:
        asked: What was asked of it, in order.
        error: What the next request for or with a description raises.
        gate: Requests for a description wait until it is set.
        readiness: Getting ready for an answer takes until it is set.
    """

    def __init__(self, on_event: Callable[[MediaEvent], None]) -> None:
        self.tell = on_event
        self.asked: list[str] = []
        self.error: MediaError | None = None
        self.gate = asyncio.Event()
        self.gate.set()
        self.readiness = asyncio.Event()
        self.readiness.set()
        self.can_send_digits = True
        self.packets_received = 0
        self._flows_since: float | None = None
        self._version = 0

    def _do(self, what: str) -> None:
        self.asked.append(what)
        error, self.error = self.error, None
        if error is not None:
            raise error

    def _describe(self, direction: Direction) -> bytes:
        self._version += 1
        return description(direction, self._version)

    async def prepare(self, offer: bytes) -> None:
        self.asked.append(f"prepare {direction_of(offer)}")
        try:
            await self.readiness.wait()
        except asyncio.CancelledError:
            self.asked.append("prepare no more")
            raise

    async def create_offer(
        self, *, direction: Direction = Direction.SENDRECV, ice_restart: bool = False
    ) -> bytes:
        await self.gate.wait()
        self._do(f"offer {direction}{' restart' if ice_restart else ''}")
        return self._describe(direction)

    async def create_answer(
        self, offer: bytes, *, direction: Direction = Direction.SENDRECV
    ) -> bytes:
        await self.gate.wait()
        self._do(f"answer {direction_of(offer)} with {direction}")
        possible = ANSWER_TO[direction_of(offer)]
        sends = possible in _SENDS and direction in _SENDS
        takes = possible in _TAKES and direction in _TAKES
        if sends:
            return self._describe(Direction.SENDRECV if takes else Direction.SENDONLY)
        return self._describe(Direction.RECVONLY if takes else Direction.INACTIVE)

    async def accept_answer(self, answer: bytes) -> None:
        self._do(f"accept {direction_of(answer)}")

    def flow(self) -> None:
        """Let audio come from now on, fifty packets a second."""
        self._flows_since = asyncio.get_running_loop().time()

    def dry_up(self) -> None:
        """Let no audio come any more."""
        self.packets_received, self._flows_since = self._count(), None

    def _count(self) -> int:
        since = self._flows_since
        now = asyncio.get_running_loop().time()
        return self.packets_received + (0 if since is None else int(50 * (now - since)))

    async def rollback(self) -> None:
        self.asked.append("rollback")

    async def set_muted(self, muted: bool) -> None:
        self.asked.append(f"muted {muted}")

    async def send_digits(self, digits: str, *, duration: float = 0.16, gap: float = 0.07) -> None:
        if not self.can_send_digits:
            raise InvalidState("telephone-event was not agreed")
        self.asked.append(f"digits {digits} {duration:g} {gap:g}")

    def audio_in(self) -> AsyncGenerator[bytes]:
        raise InvalidState("this engine has no audio")

    @property
    def audio_out(self) -> PcmWriter:
        raise InvalidState("this engine has no audio")

    async def stats(self) -> MediaStats:
        return MediaStats(
            codec="PCMU",
            packets_sent=0,
            packets_received=self._count(),
            packets_lost=0,
            packets_late=0,
            bytes_sent=0,
            bytes_received=0,
            jitter_ms=0.0,
            round_trip_ms=None,
            remote_lost_fraction=None,
            buffer_ms=0.0,
            concealed_ms=0.0,
            input_level=0.0,
            output_level=0.0,
        )

    async def aclose(self) -> None:
        self.asked.append("close")


class ScriptedMedia:
    """The engine. `sessions` has every session it made, in order."""

    def __init__(self) -> None:
        self.sessions: list[ScriptedSession] = []
        self.error: MediaError | None = None
        self.is_ready_at_once = True

    def open_session(self, *, on_event: Callable[[MediaEvent], None]) -> MediaSession:
        if self.error is not None:
            raise self.error
        session = ScriptedSession(on_event)
        if not self.is_ready_at_once:
            session.readiness.clear()
        self.sessions.append(session)
        return session

    async def aclose(self) -> None:
        return None
