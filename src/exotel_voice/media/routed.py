"""Lets the application choose, call by call, which engine has the audio.

Until then the usual engine has it. A call whose audio has been described to the far side stays
where it is.
"""

from __future__ import annotations

from collections.abc import AsyncGenerator, Callable

from exotel_voice.errors import InvalidState
from exotel_voice.media.base import (
    Direction,
    MediaEngine,
    MediaEvent,
    MediaSession,
    MediaStats,
    PcmWriter,
)

__all__ = ["RoutedMedia", "RoutedSession"]


class RoutedMedia:
    """Makes sessions that begin with one engine and may be moved to another.

    Args:
        usual: The engine that calls begin with.
    """

    def __init__(self, usual: MediaEngine) -> None:
        self._usual = usual

    def open_session(self, *, on_event: Callable[[MediaEvent], None]) -> RoutedSession:
        """Make the audio session of one call. `on_event` is called in the event loop."""
        return RoutedSession(self._usual, on_event)

    async def aclose(self) -> None:
        """Close the usual engine; others belong to those who brought them."""
        await self._usual.aclose()


class RoutedSession:
    """One call's audio, wherever it is; see `MediaSession` for what each method does.

    Args:
        engine: The engine that it begins with.
        on_event: Takes what happens.

    Attributes:
        inner: The session of the engine that has it now.
    """

    def __init__(self, engine: MediaEngine, on_event: Callable[[MediaEvent], None]) -> None:
        self._on_event = on_event
        self._has_begun = False
        self._is_closed = False
        self.inner: MediaSession = engine.open_session(on_event=on_event)

    async def route(self, engine: MediaEngine) -> None:
        """Move the audio to another engine, before anything was described.

        Raises:
            InvalidState: The call is being answered already, or is over.
        """
        if self._has_begun or self._is_closed:
            raise InvalidState("the audio of this call is somewhere already")
        before, self.inner = self.inner, engine.open_session(on_event=self._on_event)
        await before.aclose()

    async def prepare(self, offer: bytes) -> None:
        """Get ready for an answer, see `MediaSession.prepare`."""
        await self.inner.prepare(offer)

    async def create_offer(
        self, *, direction: Direction = Direction.SENDRECV, ice_restart: bool = False
    ) -> bytes:
        """Make a description to offer, see `MediaSession.create_offer`."""
        self._has_begun = True
        return await self.inner.create_offer(direction=direction, ice_restart=ice_restart)

    async def create_answer(
        self, offer: bytes, *, direction: Direction = Direction.SENDRECV
    ) -> bytes:
        """Answer the far side's offer, see `MediaSession.create_answer`."""
        self._has_begun = True
        return await self.inner.create_answer(offer, direction=direction)

    async def accept_answer(self, answer: bytes) -> None:
        """Take the far side's answer, see `MediaSession.accept_answer`."""
        await self.inner.accept_answer(answer)

    async def rollback(self) -> None:
        """Forget the last offer, see `MediaSession.rollback`."""
        await self.inner.rollback()

    async def set_muted(self, muted: bool) -> None:  # noqa: FBT001 - as in MediaSession
        """Send silence, or the input again, see `MediaSession.set_muted`."""
        await self.inner.set_muted(muted)

    async def send_digits(self, digits: str, *, duration: float = 0.16, gap: float = 0.07) -> None:
        """Send digits as RFC 4733 events, see `MediaSession.send_digits`."""
        await self.inner.send_digits(digits, duration=duration, gap=gap)

    @property
    def can_send_digits(self) -> bool:
        """Whether telephone-event was agreed with the far side."""
        return self.inner.can_send_digits

    def audio_in(self) -> AsyncGenerator[bytes]:
        """Give the far side's audio, see `MediaSession.audio_in`."""
        return self.inner.audio_in()

    @property
    def audio_out(self) -> PcmWriter:
        """Where to write PCM, see `MediaSession.audio_out`."""
        return self.inner.audio_out

    async def stats(self) -> MediaStats:
        """Give counters and measures, see `MediaSession.stats`."""
        return await self.inner.stats()

    async def aclose(self) -> None:
        """Stop the audio, see `MediaSession.aclose`."""
        self._is_closed = True
        await self.inner.aclose()
