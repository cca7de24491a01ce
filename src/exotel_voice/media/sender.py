"""The outgoing half of a call's audio: source, codec, digits, packets."""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

import numpy as np

from exotel_voice.media.audio import AudioSource, Samples
from exotel_voice.media.codec import Encoder
from exotel_voice.media.parameters import StreamIdentity, StreamParameters
from exotel_voice.media.resample import Resampler
from exotel_voice.media.rtp import RtpSender
from exotel_voice.media.telephone_event import DigitSender, EventPacket

__all__ = ["AudioSender"]

_TICKS_PER_SECOND: Final = 50
_MARKER: Final = 0x80


class AudioSender:
    """Turns 20 ms of a source into packets, in three steps so that coding can be done elsewhere.

    `begin` and `finish` run in the event loop; `work` runs between them, in any thread.
    """

    def __init__(
        self, source: AudioSource, identity: StreamIdentity, send: Callable[[bytes], None]
    ) -> None:
        """Make a sender that sends nothing before `configure`."""
        self.rtp = RtpSender(
            ssrc=identity.ssrc,
            sequence=identity.first_sequence,
            timestamp=identity.first_timestamp,
        )
        self.digits = DigitSender()
        self.is_sending = True
        self.is_muted = False
        self.frame: Samples | None = None
        """The audio of this tick, at `rate_hz`; None where none is sent."""
        self.rate_hz = 0
        """Sample rate at which audio is encoded; 0 before `configure`."""
        self._source = source
        self._source_count = source.sample_rate_hz // _TICKS_PER_SECOND
        self._send = send
        self._wanted: StreamParameters | None = None
        self._agreed: StreamParameters | None = None
        self._tick_units = 0
        self._digit_units = 0
        self._encoder: Encoder | None = None
        self._resampler: Resampler | None = None
        self._resampler_holds_sound = False
        self._silence = np.zeros(0, np.int16)
        self._packet_count = 0
        self._packet_units = 0
        self._unsent = self._silence
        self._unsent_before = 0
        self._input: Samples | None = None
        self._event: EventPacket | None = None
        self._payloads: list[bytes] = []

    def configure(self, parameters: StreamParameters) -> None:
        """Take what was agreed; the next tick works with it."""
        self._wanted = parameters

    @property
    def is_heavy(self) -> bool:
        """Whether the work of a tick is worth another thread."""
        return self._agreed is not None and self._agreed.codec.is_heavy

    def _apply(self, new: StreamParameters) -> None:
        """Make the encoder anew, unless nothing that concerns it has changed."""
        old, self._agreed = self._agreed, new
        self._tick_units = new.codec.clock_rate // _TICKS_PER_SECOND
        self._digit_units = new.digits_clock_rate // _TICKS_PER_SECOND
        if (
            old is not None
            and (old.codec, old.settings) == (new.codec, new.settings)
            and old.packet_time_ms == new.packet_time_ms
        ):
            return
        rate = new.codec.nearest_rate(self._source.sample_rate_hz)
        self._encoder = new.codec.make_encoder(rate, new.settings)
        if rate != self.rate_hz:
            self.rate_hz = rate
            is_same = rate == self._source.sample_rate_hz
            self._resampler = None if is_same else Resampler(self._source.sample_rate_hz, rate)
            self._resampler_holds_sound = False
            self._silence = np.zeros(rate // _TICKS_PER_SECOND, np.int16)
        packet_time = new.codec.nearest_packet_time(new.packet_time_ms)
        self._packet_count = rate * packet_time // 1000
        self._packet_units = new.codec.clock_rate * packet_time // 1000
        self._unsent = self._silence[:0]

    def begin(self, missed: int) -> None:
        """Read the source and decide what this tick sends.

        Args:
            missed: Ticks that the clock left out before this one.
        """
        if self._wanted is not None:
            self._apply(self._wanted)
            self._wanted = None
        self.frame = self._input = self._event = None
        if self._agreed is None:
            return
        if missed:
            self._pause()
            self.rtp.advance(self._tick_units * missed)
        if not self.is_sending:
            self._pause()
            return
        samples = self._source.read(self._source_count)
        if not self.digits.is_idle:
            self._event = self.digits.turn(self.rtp.timestamp, self._digit_units)
        if self._event is not None:
            self._pause()
        else:
            self._input = self._silence if samples is None or self.is_muted else samples

    def _pause(self) -> None:
        """Leave audio out: what waits for a whole packet is dropped."""
        self._unsent = self._unsent[:0]
        self.rtp.pause()

    def work(self) -> None:
        """Encode. Touches nothing that the event loop touches between `begin` and `finish`."""
        samples = self._input
        encoder = self._encoder
        if samples is None or encoder is None:
            return
        if self._resampler is not None:
            samples = self._resampled(self._resampler, samples)
        self.frame = samples
        self._unsent_before = len(self._unsent)
        if self._packet_count == len(samples):
            self._payloads.append(encoder.encode(samples))
            return
        waiting = np.concatenate((self._unsent, samples)) if len(self._unsent) else samples
        while len(waiting) >= self._packet_count:
            self._payloads.append(encoder.encode(waiting[: self._packet_count]))
            waiting = waiting[self._packet_count :]
        self._unsent = waiting.copy()

    def _resampled(self, resampler: Resampler, samples: Samples) -> Samples:
        """Change the rate; silence that follows silence is not worth the work."""
        is_silence = samples is self._silence
        if is_silence and not self._resampler_holds_sound:
            return samples
        self._resampler_holds_sound = not is_silence
        if is_silence:
            samples = np.zeros(self._source_count, np.int16)
        return resampler.resample(samples)

    def finish(self) -> None:
        """Send what the tick has made, and let its time pass."""
        agreed, rtp = self._agreed, self.rtp
        if agreed is None:
            return
        event = self._event
        if event is not None and agreed.digits_payload_type is not None:
            second_byte = agreed.digits_payload_type | (_MARKER if event.has_marker else 0)
            self._send(rtp.numbered(second_byte, event.payload, event.timestamp))
        elif self._payloads:
            timestamp = rtp.timestamp
            if self._unsent_before:
                timestamp -= self._unsent_before * agreed.codec.clock_rate // self.rate_hz
            for payload in self._payloads:
                self._send(rtp.packet(agreed.payload_type, payload, timestamp & 0xFFFFFFFF))
                timestamp += self._packet_units
            self._payloads.clear()
        rtp.advance(self._tick_units)
