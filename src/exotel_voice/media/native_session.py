"""The audio of one call in this process: what was negotiated, the path, and the stream on it."""

from __future__ import annotations

import logging
from collections.abc import AsyncGenerator, Callable

from exotel_voice.errors import InvalidState, MediaError
from exotel_voice.media.audio import AudioInput, AudioOutput, AudioSink, AudioSource
from exotel_voice.media.base import (
    NO_STATS,
    DigitHeard,
    Direction,
    MediaConnected,
    MediaEvent,
    MediaFailed,
    MediaInterrupted,
    MediaStats,
    PcmWriter,
)
from exotel_voice.media.clock import MediaClock
from exotel_voice.media.ice import IceSettings
from exotel_voice.media.negotiation import Agreement, Negotiation, require_secure
from exotel_voice.media.paths import PathEvents, Paths
from exotel_voice.media.pcm import PcmSink, PcmSource
from exotel_voice.media.sdp_parse import parse_description
from exotel_voice.media.stream import AudioStream

__all__ = ["NativeSession"]

logger = logging.getLogger("exotel_voice.media")

_HOLDING = {Direction.SENDONLY, Direction.INACTIVE}
_SENDING = {Direction.SENDRECV, Direction.SENDONLY}
_RECEIVING = {Direction.SENDRECV, Direction.RECVONLY}


class NativeSession:
    """The audio of one call; see `MediaSession` for what each method does."""

    def __init__(
        self,
        *,
        negotiation: Negotiation,
        ends: tuple[AudioInput, AudioOutput],
        ice: IceSettings,
        on_event: Callable[[MediaEvent], None],
        on_closed: Callable[[NativeSession], None],
    ) -> None:
        """Make a session that holds no socket and no device yet.

        Args:
            negotiation: State of offer and answer.
            ends: Where the audio comes from and where it goes.
            ice: How paths are looked for.
            on_event: Takes what happens.
            on_closed: Called when everything is freed.
        """
        self._negotiation = negotiation
        self._input, self._output = ends
        self._on_event = on_event
        self._on_closed = on_closed
        self._stream: AudioStream | None = None
        self._source: AudioSource | None = None
        self._sink: AudioSink | None = None
        self._offered_wish = Direction.SENDRECV
        self._codec = ""
        self._is_muted = False
        self._is_over = False
        self._is_closed = False
        events = PathEvents(
            on_rtp=self._receive_rtp,
            on_rtcp=self._receive_rtcp,
            on_connected=self._connected,
            on_lost=self._lost,
            on_failed=self._failed,
        )
        self._paths = Paths(ice, events)

    async def prepare(self, offer: bytes) -> None:
        """Gather the addresses of the answer beforehand, see `MediaSession.prepare`."""
        try:
            self._require_living()
            description = parse_description(offer)
            audio = require_secure(description)
            self._negotiation.require_common_codec(description)
        except MediaError as error:
            logger.debug("nothing to prepare: %s", error)
            return
        await self._paths.prepare(audio)

    async def create_offer(
        self, *, direction: Direction = Direction.SENDRECV, ice_restart: bool = False
    ) -> bytes:
        """Make a description to offer, see `MediaSession.create_offer`."""
        self._require_living()
        self._negotiation.rollback()
        self._open_stream()
        transport = await self._paths.offer(ice_restart=ice_restart)
        self._offered_wish = direction
        return bytes(self._negotiation.make_offer(transport, direction))

    async def create_answer(
        self, offer: bytes, *, direction: Direction = Direction.SENDRECV
    ) -> bytes:
        """Take the far side's offer and answer it, see `MediaSession.create_answer`."""
        self._require_living()
        description = parse_description(offer)
        audio = require_secure(description)
        self._negotiation.require_common_codec(description)
        self._paths.check(audio)
        self._open_stream()
        transport, setup = await self._paths.answer(audio)
        answer, agreement = self._negotiation.make_answer(
            description, transport, direction, setup=setup
        )
        self._apply(agreement, wish=direction)
        return bytes(answer)

    async def accept_answer(self, answer: bytes) -> None:
        """Take the far side's answer, see `MediaSession.accept_answer`."""
        self._require_living()
        description = parse_description(answer)
        audio = require_secure(description)
        self._paths.check(audio)
        agreement = self._negotiation.take_answer(description)
        await self._paths.take_answer(audio)
        self._apply(agreement, wish=self._offered_wish)

    async def rollback(self) -> None:
        """Forget the last offer, see `MediaSession.rollback`."""
        self._negotiation.rollback()
        await self._paths.rollback()

    def _apply(self, agreement: Agreement, *, wish: Direction) -> None:
        """Let the audio follow what was agreed."""
        stream = self._open_stream()
        stream.configure(agreement.parameters)
        is_held = wish in _HOLDING
        stream.set_sending(agreement.direction in _SENDING and not is_held)
        stream.set_playing(agreement.direction in _RECEIVING and not is_held)
        self._codec = agreement.parameters.codec.name
        self._paths.has_rtcp = agreement.has_rtcp_mux

    async def set_muted(self, muted: bool) -> None:  # noqa: FBT001 - as in MediaSession
        """Send silence in place of the input, or the input again."""
        self._is_muted = muted
        if self._stream is not None:
            self._stream.set_muted(muted)

    async def send_digits(self, digits: str, *, duration: float = 0.16, gap: float = 0.07) -> None:
        """Send digits as RFC 4733 events, see `MediaSession.send_digits`."""
        if self._stream is None:
            raise InvalidState("Digits cannot be sent before the audio is agreed")
        await self._stream.send_digits(digits, duration=duration, gap=gap)

    @property
    def can_send_digits(self) -> bool:
        """Whether telephone-event was agreed and the call is not on hold."""
        return self._stream is not None and self._stream.can_send_digits

    def audio_in(self) -> AsyncGenerator[bytes]:
        """The far side's audio, see `MediaSession.audio_in`."""
        self._open_stream()
        if isinstance(self._sink, PcmSink):
            return self._sink.frames()
        raise InvalidState(
            "The call's audio goes elsewhere: give NativeMedia a PcmStream as output"
        )

    @property
    def audio_out(self) -> PcmWriter:
        """Where PCM is written, see `MediaSession.audio_out`."""
        self._open_stream()
        if isinstance(self._source, PcmSource):
            return self._source
        raise InvalidState(
            "The call's audio comes from elsewhere: give NativeMedia a PcmStream as input"
        )

    async def stats(self) -> MediaStats:
        """Counters and measures of the audio so far."""
        return self._stream.stats() if self._stream is not None else NO_STATS

    async def aclose(self) -> None:
        """Stop the audio and free everything, within about a second."""
        self._is_closed = self._is_over = True
        if self._stream is not None:
            self._stream.stop()
        await self._paths.aclose()
        self._on_closed(self)

    def _require_living(self) -> None:
        if self._is_over:
            raise MediaError("The audio of the call has ended")

    def _open_stream(self) -> AudioStream:
        """Open input and output when they are first needed, so that no refused call does."""
        if self._stream is None:
            source = self._input.open_source()
            try:
                sink = self._output.open_sink()
            except MediaError:
                source.close()
                raise
            self._source, self._sink = source, sink
            self._stream = AudioStream(
                clock=MediaClock.of_running_loop(),
                source=source,
                sink=sink,
                send=self._paths.send,
                on_digit=self._digit,
            )
            self._stream.set_muted(self._is_muted)
            if self._is_closed:
                self._stream.stop()
        return self._stream

    def _receive_rtp(self, packet: bytes) -> None:
        if self._stream is not None:
            self._stream.receive_rtp(packet)

    def _receive_rtcp(self, packet: bytes) -> None:
        if self._stream is not None:
            self._stream.receive_rtcp(packet)

    def _digit(self, digit: str, duration: float) -> None:
        self._on_event(DigitHeard(digit=digit, duration=duration))

    def _connected(self) -> None:
        if self._is_over or self._stream is None:
            return
        self._stream.start()
        self._on_event(MediaConnected(codec=self._codec))

    def _lost(self, error: MediaError) -> None:
        if not self._is_over:
            self._on_event(MediaInterrupted(error=error))

    def _failed(self, error: MediaError) -> None:
        if self._is_over:
            return
        self._is_over = True
        if self._stream is not None:
            self._stream.stop()
        self._on_event(MediaFailed(error=error))
