"""From the packets of a tick to 20 ms for the sink: decoding, concealment, cutting, resampling."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

import numpy as np

from exotel_voice.media.audio import AudioSink, Samples
from exotel_voice.media.codec import Codec, Decoder
from exotel_voice.media.jitter import JitterBuffer, Missing, Playable, Shrink
from exotel_voice.media.resample import Resampler

__all__ = ["Playout"]

_TICKS_PER_SECOND: Final = 50
_TICK: Final = 0.020
_MOST_TICKS: Final = 50
_QUIET_SQUARE: Final = 200.0**2
_CONCEALED_IN_A_ROW: Final = 10


@dataclass(slots=True)
class _Voice:
    """A payload type's codec, and its decoder at the rate that suits the sink."""

    codec: Codec
    decoder: Decoder
    rate_hz: int
    resampler: Resampler | None
    silence: Samples


class Playout:
    """Makes a tick's audio in three steps, so that decoding can be done elsewhere.

    `begin` and `finish` run in the event loop; `work` runs between them, in any thread.
    """

    def __init__(self, sink: AudioSink) -> None:
        """Play to `sink`."""
        self.frame: Samples | None = None
        """The last 20 ms played, at the sink's rate; None before and on hold."""
        self.concealed = 0.0
        """Seconds made up for missing packets."""
        self._sink = sink
        self._codecs: Mapping[int, Codec] = {}
        self._voices: dict[int, _Voice] = {}
        self._voice: _Voice | None = None
        self._turns: list[Playable | Missing | None] = []
        self._spare: Playable | None = None
        self._left: Samples = np.zeros(0, np.int16)
        self._missing_in_a_row = 0
        self._ticks = 0
        self._frames: list[Samples] = []
        self._sink_silence = np.zeros(sink.sample_rate_hz // _TICKS_PER_SECOND, np.int16)
        self._resampler_holds_sound = False

    def configure(self, codecs: Mapping[int, Codec]) -> None:
        """Take the payload types that may come; decoders that still fit go on."""
        self._codecs = codecs
        for payload_type, voice in list(self._voices.items()):
            if codecs.get(payload_type) != voice.codec:
                del self._voices[payload_type]

    def reset(self) -> None:
        """Forget what is left over: nothing is played until packets come again."""
        self._voice = None
        self._spare = None
        self._left = self._left[:0]
        self._turns.clear()
        self._frames.clear()
        self.frame = None

    @property
    def is_heavy(self) -> bool:
        """Whether the work of a tick is worth another thread."""
        return self._voice is not None and self._voice.codec.is_heavy

    @property
    def has_audio(self) -> bool:
        """Whether `work` has made something to play."""
        return bool(self._frames)

    def begin(self, jitter: JitterBuffer, now: float, ticks: int) -> None:
        """Take from the buffer what `ticks` times 20 ms need."""
        self._ticks = min(ticks, _MOST_TICKS)
        lacking = jitter.tick_units * self._ticks
        if self._voice is not None and len(self._left):
            lacking -= len(self._left) * self._voice.codec.clock_rate // self._voice.rate_hz
        turns = self._turns
        while lacking > 0:
            item: Playable | Missing | None = self._spare
            if item is None:
                item = jitter.pop(now=now)
            self._spare = None
            if item is None and self._voice is None and not turns:
                return
            turns.append(item)
            lacking -= item.units if isinstance(item, Playable) else jitter.tick_units
            if isinstance(item, Playable) and item.shrink and lacking <= 0:
                following = jitter.pop(now=now)
                self._spare = following if isinstance(following, Playable) else None

    def work(self) -> None:
        """Decode. Touches nothing that the event loop touches between `begin` and `finish`."""
        turns = self._turns
        if not turns and not len(self._left):
            return
        ticks, self._ticks = self._ticks, 0
        if len(turns) == 1 and not len(self._left):
            samples = self._sound(turns[0])
        else:
            parts = [self._sound(item).copy() for item in turns]
            samples = np.concatenate((self._left, *parts))
        turns.clear()
        voice = self._voice
        if voice is None:
            return
        count = len(voice.silence)
        if len(samples) == count:
            self._frames.append(self._at_sink_rate(voice, samples))
            self._left = samples[:0]
            return
        whole = min(len(samples) // count, ticks) * count
        for start in range(0, whole, count):
            self._frames.append(self._at_sink_rate(voice, samples[start : start + count]))
        self._left = samples[whole:].copy()

    def finish(self) -> None:
        """Give the sink what the tick has made."""
        frames = self._frames
        if frames:
            for frame in frames:
                self._sink.play(frame)
            self.frame = frames[-1]
            frames.clear()

    def _sound(self, item: Playable | Missing | None) -> Samples:
        """Decode a packet, make up a missing one, or keep silent."""
        if isinstance(item, Playable):
            voice = self._voice_for(item.payload_type)
            if voice is not None:
                self._missing_in_a_row = 0
                samples = voice.decoder.decode(item.payload)
                return self._shortened(voice, samples, item.shrink) if item.shrink else samples
        known = self._voice
        if known is None:
            return self._left[:0]
        if not isinstance(item, Missing):
            return known.silence
        self._missing_in_a_row += 1
        if self._missing_in_a_row <= _CONCEALED_IN_A_ROW:
            self.concealed += _TICK
        return known.decoder.conceal(len(known.silence), item.next_payload)

    def _shortened(self, voice: _Voice, samples: Samples, shrink: Shrink) -> Samples:
        """Fade from a packet into the next in the time of one, where that does no harm."""
        spare = self._spare
        if spare is None or (shrink is Shrink.IF_QUIET and not _is_quiet(samples)):
            return samples
        if self._codecs.get(spare.payload_type) != voice.codec:
            return samples
        self._spare = None
        first = samples.copy()
        second = voice.decoder.decode(spare.payload)
        if len(first) != len(second):
            return second
        ramp = np.linspace(0.0, 1.0, len(first), dtype=np.float32)
        merged: Samples = (first + (second - first.astype(np.float32)) * ramp).astype(np.int16)
        return merged

    def _voice_for(self, payload_type: int) -> _Voice | None:
        """Find the decoder of a payload type; None if a re-offer has taken the type away."""
        voice = self._voices.get(payload_type)
        if voice is None:
            codec = self._codecs.get(payload_type)
            if codec is None:
                return None
            voice = self._voices[payload_type] = self._new_voice(codec)
        if voice is not self._voice:
            if self._voice is not None and self._voice.rate_hz != voice.rate_hz:
                self._left = self._left[:0]
            self._voice = voice
            self._resampler_holds_sound = False
        return voice

    def _new_voice(self, codec: Codec) -> _Voice:
        sink_rate = self._sink.sample_rate_hz
        rate = codec.nearest_rate(sink_rate)
        return _Voice(
            codec=codec,
            decoder=codec.make_decoder(rate),
            rate_hz=rate,
            resampler=None if rate == sink_rate else Resampler(rate, sink_rate),
            silence=np.zeros(rate // _TICKS_PER_SECOND, np.int16),
        )

    def _at_sink_rate(self, voice: _Voice, samples: Samples) -> Samples:
        """Change the rate; silence that follows silence is not worth the work."""
        if voice.resampler is None:
            return samples
        is_silence = samples is voice.silence
        if is_silence and not self._resampler_holds_sound:
            return self._sink_silence
        self._resampler_holds_sound = not is_silence
        return voice.resampler.resample(samples)


def _is_quiet(samples: Samples) -> bool:
    loudness = samples.astype(np.float32)
    return float(np.dot(loudness, loudness)) <= _QUIET_SQUARE * len(samples)
