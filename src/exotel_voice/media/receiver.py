"""The incoming half of a call's audio: packets, jitter buffer, digits; then `Playout`."""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

from exotel_voice.media.audio import AudioSink
from exotel_voice.media.codec import Codec
from exotel_voice.media.jitter import JitterBuffer
from exotel_voice.media.parameters import StreamParameters
from exotel_voice.media.playout import Playout
from exotel_voice.media.rtcp import ReceptionStatistics
from exotel_voice.media.rtp import COMFORT_NOISE, RtpPacket, parse_rtp
from exotel_voice.media.telephone_event import DigitReceiver

__all__ = ["AudioReceiver"]

_OLD_SOURCE_SILENT: Final = 0.2


class AudioReceiver:
    """Sorts what arrives, and gives a tick's packets to the playout."""

    def __init__(self, sink: AudioSink, on_digit: Callable[[str, float], None]) -> None:
        """Make a receiver that drops everything before `configure`."""
        self.playout = Playout(sink)
        self.statistics: ReceptionStatistics | None = None
        """Counts of the present source; None before the first packet."""
        self.packets_invalid = 0
        """Packets that are not RTP, or of a payload type that was not agreed."""
        self.last_packet_at: float | None = None
        """When the last packet came that is RTP for us."""
        self.codec_name = ""
        """Codec of the last audio packet."""
        self._digits = DigitReceiver(on_digit)
        self._is_playing = True
        self._codecs: dict[int, Codec] = {}
        self._event_rates: dict[int, int] = {}
        self._jitter: JitterBuffer | None = None
        self._clock_rate = 0
        self._former_ssrc: int | None = None
        self._received = self._bytes = self._lost = self._late = self._unwanted = 0

    def configure(self, parameters: StreamParameters) -> None:
        """Take what was agreed."""
        self._codecs = dict(parameters.receive)
        self._event_rates = dict(parameters.digits_receive)
        self.playout.configure(self._codecs)

    def set_playing(self, playing: bool) -> None:  # noqa: FBT001 - a setter of one value
        """Give what arrives to the sink, or give it nothing."""
        if playing == self._is_playing:
            return
        self._is_playing = playing
        if self._jitter is not None:
            self._jitter.reset()
        self.playout.reset()

    def receive(self, packet: bytes, now: float) -> None:
        """Take one packet. Never raises."""
        parsed = parse_rtp(packet)
        if parsed is None:
            self.packets_invalid += 1
            return
        payload_type = parsed.payload_type
        codec = self._codecs.get(payload_type)
        if codec is None and not self._is_known(payload_type):
            self.packets_invalid += 1
            return
        statistics = self.statistics
        if statistics is None or parsed.ssrc != statistics.ssrc:
            statistics = self._change_source(parsed.ssrc, now)
            if statistics is None:
                return
        self.last_packet_at = now
        statistics.receive(parsed.sequence, len(parsed.payload))
        if codec is None:
            self._receive_without_audio(parsed, now)
        else:
            self._receive_audio(parsed, codec, statistics, now)

    def _is_known(self, payload_type: int) -> bool:
        return payload_type in self._event_rates or payload_type == COMFORT_NOISE

    def _change_source(self, ssrc: int, now: float) -> ReceptionStatistics | None:
        """Follow a far side that sends from another source now (RFC 3550 §8.2).

        One that comes back while its successor still sends is a straggler of the change.
        """
        old = self.statistics
        if old is not None:
            silent = now - (self.last_packet_at or 0.0)
            if ssrc == self._former_ssrc and silent < _OLD_SOURCE_SILENT:
                return None
            self._former_ssrc = old.ssrc
            self._received += old.packets_received
            self._bytes += old.bytes_received
            self._lost += old.packets_lost
        if self._jitter is not None:
            self._jitter.reset()
        self.statistics = new = ReceptionStatistics(ssrc)
        return new

    def _receive_without_audio(self, packet: RtpPacket, now: float) -> None:
        if self._jitter is not None:
            self._jitter.skip(packet.sequence)
        rate = self._event_rates.get(packet.payload_type)
        if rate is not None:
            self._digits.receive(packet.payload, packet.timestamp, rate, now=now)

    def _receive_audio(
        self, packet: RtpPacket, codec: Codec, statistics: ReceptionStatistics, now: float
    ) -> None:
        units = codec.clock_units(packet.payload)
        jitter = self._jitter
        if jitter is None or self._clock_rate != codec.clock_rate:
            jitter = self._new_jitter_buffer(codec.clock_rate)
        if units <= 0:
            jitter.skip(packet.sequence)
            return
        self.codec_name = codec.name
        statistics.measure(packet.timestamp, codec.clock_rate, now=now)
        if self._is_playing:
            jitter.push(packet, units, now=now)

    def _new_jitter_buffer(self, clock_rate: int) -> JitterBuffer:
        if self._jitter is not None:
            self._late += self._jitter.packets_late
            self._unwanted += self._jitter.packets_duplicate
        self._clock_rate = clock_rate
        self._jitter = new = JitterBuffer(clock_rate)
        return new

    def begin(self, now: float, missed: int) -> None:
        """Hand the packets of this tick, and of those that the clock left out, to the playout."""
        self._digits.turn(now=now)
        if self._is_playing and self._jitter is not None:
            self.playout.begin(self._jitter, now, 1 + missed)

    @property
    def packets_late(self) -> int:
        """Packets that came after their turn."""
        return self._late + (self._jitter.packets_late if self._jitter is not None else 0)

    @property
    def packets_received(self) -> int:
        """Packets that came, late ones and duplicates not counted."""
        present = self.statistics.packets_received if self.statistics is not None else 0
        unwanted = self._jitter.packets_duplicate if self._jitter is not None else 0
        return self._received + present - self._unwanted - unwanted - self.packets_late

    @property
    def bytes_received(self) -> int:
        """Payload bytes that came."""
        present = self.statistics.bytes_received if self.statistics is not None else 0
        return self._bytes + present

    @property
    def packets_lost(self) -> int:
        """Packets that never came."""
        return self._lost + (self.statistics.packets_lost if self.statistics is not None else 0)

    @property
    def delay(self) -> float:
        """Present delay of the jitter buffer, in seconds."""
        return self._jitter.delay if self._jitter is not None else 0.0
