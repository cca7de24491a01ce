"""The audio of one call: RTP and RTCP in, RTP and RTCP out, on the process's 20 ms tick."""

from __future__ import annotations

import asyncio
import secrets
import time
from collections.abc import Callable
from typing import Final

import numpy as np

from exotel_voice.errors import InvalidState
from exotel_voice.media.audio import AudioSink, AudioSource, Samples, TwoWaySink
from exotel_voice.media.base import MediaStats
from exotel_voice.media.clock import MediaClock
from exotel_voice.media.parameters import StreamIdentity, StreamParameters
from exotel_voice.media.receiver import AudioReceiver
from exotel_voice.media.resample import Resampler
from exotel_voice.media.rtcp import RtcpSession
from exotel_voice.media.sender import AudioSender
from exotel_voice.media.telephone_event import DIGITS

__all__ = ["AudioStream", "StreamIdentity", "StreamParameters"]

_TICKS_PER_SECOND: Final = 50
_TICKS_BETWEEN_RTCP_LOOKS: Final = 25
_SHORTEST: Final = 0.04
_LONGEST: Final = 6.0


class AudioStream:
    """Sends a source and plays to a sink, for one call.

    Made once per call. `configure` may be called again at any time, for a re-offer. Nothing is
    sent before `start`. Every method is to be called in the event loop of the clock.
    """

    def __init__(
        self,
        *,
        clock: MediaClock,
        source: AudioSource,
        sink: AudioSink,
        send: Callable[[bytes], None],
        on_digit: Callable[[str, float], None],
        identity: StreamIdentity | None = None,
    ) -> None:
        """Make a stream that is not running.

        Args:
            clock: The tick that drives it; `MediaClock.of_running_loop()`.
            source: Gives what is sent. The stream closes it in `stop`.
            sink: Takes what is received. The stream closes it in `stop`.
            send: Takes plain RTP and RTCP (second byte 192 to 223, RFC 5761 §4), protects it and
                sends it. Must not raise, whatever the state of the path.
            on_digit: Called with each digit heard and its duration in seconds, at its end.
            identity: SSRC and so on; random where None.
        """
        self.poll: Callable[[], None] | None = None
        """Called at the start of each tick of this stream, to hand over with `receive_rtp` and
        `receive_rtcp` what waits in the socket. None where packets come by themselves."""
        self.identity = identity or StreamIdentity.random()
        """SSRC and name of this side."""
        self._clock = clock
        self._source = source
        self._sink = sink
        self._send = send
        self._sender = AudioSender(source, self.identity, send)
        self._receiver = AudioReceiver(sink, on_digit)
        self._rtcp = RtcpSession(self.identity.cname)
        self._parameters: StreamParameters | None = None
        self._started_at: float | None = None
        self._is_stopped = False
        self._now = 0.0
        self._until_rtcp = 0
        self._waiting: set[asyncio.Future[None]] = set()
        self._two_way = sink if isinstance(sink, TwoWaySink) else None
        self._sent_resampler: Resampler | None = None

    def configure(self, parameters: StreamParameters) -> None:
        """Take what was agreed. Safe while running: the next tick works with it."""
        self._parameters = parameters
        self._sender.configure(parameters)
        self._receiver.configure(parameters)
        if parameters.digits_payload_type is None:
            self._give_up_digits()

    def start(self) -> None:
        """Join the tick: send and play from now on. Nothing happens if it has started before."""
        if self._started_at is not None or self._is_stopped:
            return
        self._started_at = self._clock.now()
        self._clock.join(self)

    def stop(self) -> None:
        """Leave the tick for good, send an RTCP BYE, close source and sink. Never raises."""
        if self._is_stopped:
            return
        self._is_stopped = True
        self._clock.leave(self)
        if self._started_at is not None and self._parameters is not None:
            self._send(self._rtcp.write_goodbye(self._sender.rtp))
        self._give_up_digits()
        self.poll = None
        self._source.close()
        self._sink.close()

    def set_sending(self, sending: bool) -> None:  # noqa: FBT001 - a setter of one value
        """Send RTP, or send none (hold). The RTP clock runs on; the source is not read."""
        self._sender.is_sending = sending
        if not sending:
            self._give_up_digits()

    def set_playing(self, playing: bool) -> None:  # noqa: FBT001 - a setter of one value
        """Give what arrives to the sink, or give it nothing (hold). Digits are still heard."""
        self._receiver.set_playing(playing)

    def set_muted(self, muted: bool) -> None:  # noqa: FBT001 - a setter of one value
        """Send silence in place of the source, or the source again. The source runs on."""
        self._sender.is_muted = muted

    @property
    def can_send_digits(self) -> bool:
        """Whether telephone-event was agreed and the stream sends."""
        return (
            self._parameters is not None
            and self._parameters.digits_payload_type is not None
            and self._sender.is_sending
            and self._started_at is not None
            and not self._is_stopped
        )

    async def send_digits(self, digits: str, *, duration: float = 0.16, gap: float = 0.07) -> None:
        """Send digits as RFC 4733 events after those queued; returns when the last has ended.

        Args:
            digits: `0`-`9`, `*`, `#`, `A`-`D`; small letters are taken.
            duration: Seconds for each, 0.04 to 6.
            gap: Seconds between two, 0.04 to 6.

        Raises:
            ValueError: A character is not a digit, or a time is out of range. Nothing was sent.
            InvalidState: telephone-event was not agreed, or the stream does not send, or it was
                stopped or put on hold before the last digit ended.
        """
        digits = digits.upper()
        unknown = [digit for digit in digits if digit not in DIGITS]
        if unknown:
            raise ValueError(f"{unknown[0]!r} is not a digit: use 0-9, *, #, A-D")
        if not _SHORTEST <= duration <= _LONGEST or not _SHORTEST <= gap <= _LONGEST:
            raise ValueError(f"duration and gap must be from {_SHORTEST} to {_LONGEST} seconds")
        parameters = self._parameters
        if parameters is None or not self.can_send_digits:
            raise InvalidState("Digits cannot be sent as RTP events now")
        if not digits:
            return
        rate = parameters.digits_clock_rate
        ended: asyncio.Future[None] = self._clock.loop.create_future()
        self._waiting.add(ended)
        ended.add_done_callback(self._waiting.discard)
        for place, digit in enumerate(digits, start=1):
            self._sender.digits.queue(
                digit,
                units=int(duration * rate),
                gap=int(gap * rate),
                done=None if place < len(digits) else lambda: _finish(ended),
            )
        await ended

    def _give_up_digits(self) -> None:
        self._sender.digits.clear()
        for ended in tuple(self._waiting):
            if not ended.done():
                ended.set_exception(InvalidState("The digits were cut off: nothing is sent now"))

    def receive_rtp(self, packet: bytes) -> None:
        """Take one RTP packet, after SRTP. Never raises; what is no RTP for us is counted."""
        if not self._is_stopped:
            self._receiver.receive(packet, self._clock.now())

    def receive_rtcp(self, packet: bytes) -> None:
        """Take one RTCP packet, after SRTCP. Never raises."""
        if self._is_stopped:
            return
        now = self._clock.now()
        read = self._rtcp.receive(packet, self.identity.ssrc, now=now, wall_time=_wall_time())
        if read.ssrc is not None:
            self._receiver.last_packet_at = now

    @property
    def seconds_since_packet(self) -> float:
        """Seconds since the last valid RTP or RTCP packet came, or since `start`; 0 before."""
        last = self._receiver.last_packet_at
        if last is None:
            last = self._started_at
        return 0.0 if last is None else max(0.0, self._clock.now() - last)

    @property
    def is_heavy(self) -> bool:
        """Whether `work` is worth another thread."""
        return self._sender.is_heavy or self._receiver.playout.is_heavy

    def begin(self, now: float, missed: int) -> None:
        """Take what came, choose what is played, read the source. Called by the clock."""
        if self._is_stopped:
            return
        self._now = now
        if self.poll is not None:
            self.poll()
        self._receiver.begin(now, missed)
        self._sender.begin(missed)

    def work(self) -> None:
        """Decode and encode; may run in another thread. Called by the clock."""
        if not self._is_stopped:
            self._receiver.playout.work()
            self._sender.work()

    def finish(self) -> None:
        """Send and play. Called by the clock."""
        if self._is_stopped:
            return
        self._sender.finish()
        is_audible = self._sender.is_sending or self._receiver.playout.has_audio
        if self._two_way is not None and is_audible:
            self._two_way.play_sent(self._sent_at_sink_rate())
        self._receiver.playout.finish()
        self._until_rtcp -= 1
        if self._until_rtcp <= 0:
            self._until_rtcp = _TICKS_BETWEEN_RTCP_LOOKS
            self._report()

    def _sent_at_sink_rate(self) -> Samples:
        sender, rate = self._sender, self._sink.sample_rate_hz
        if sender.frame is None:
            return np.zeros(rate // _TICKS_PER_SECOND, np.int16)
        if sender.rate_hz == rate:
            return sender.frame
        resampler = self._sent_resampler
        if resampler is None or resampler.from_hz != sender.rate_hz:
            resampler = self._sent_resampler = Resampler(sender.rate_hz, rate)
        return resampler.resample(sender.frame)

    def _report(self) -> None:
        """Send an RTCP report if one is due; also on hold (RFC 3264 §5.1)."""
        chance = secrets.randbits(16) / 65536
        if self._parameters is None or not self._rtcp.is_due(now=self._now, chance=chance):
            return
        self._send(
            self._rtcp.write(
                self._sender.rtp,
                self._receiver.statistics,
                now=self._now,
                wall_time=_wall_time(),
            )
        )

    def stats(self) -> MediaStats:
        """Counters and measures so far; stays readable after `stop`."""
        sender, receiver = self._sender, self._receiver
        round_trip = self._rtcp.round_trip
        codec = self._parameters.codec.name if self._parameters is not None else ""
        jitter = receiver.statistics.jitter if receiver.statistics is not None else 0.0
        return MediaStats(
            codec=codec,
            packets_sent=sender.rtp.packets_sent,
            packets_received=receiver.packets_received,
            packets_lost=receiver.packets_lost,
            packets_late=receiver.packets_late,
            bytes_sent=sender.rtp.bytes_sent,
            bytes_received=receiver.bytes_received,
            jitter_ms=jitter * 1000,
            round_trip_ms=None if round_trip is None else round_trip * 1000,
            remote_lost_fraction=self._rtcp.remote_lost_fraction,
            buffer_ms=receiver.delay * 1000,
            concealed_ms=receiver.playout.concealed * 1000,
            input_level=_level(sender.frame),
            output_level=_level(receiver.playout.frame),
        )


def _wall_time() -> float:
    """Seconds since 1970, for NTP timestamps, which are of the wall clock (RFC 3550 §4)."""
    return time.time_ns() / 1e9


def _level(samples: Samples | None) -> float:
    """Root mean square, 1 being full scale."""
    if samples is None or not len(samples):
        return 0.0
    return float(np.sqrt(np.mean(np.square(samples.astype(np.float64))))) / 32768.0


def _finish(ended: asyncio.Future[None]) -> None:
    if not ended.done():
        ended.set_result(None)
