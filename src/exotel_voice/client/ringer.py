"""The sounds of a telephone: it rings for a call, and tells a pressed key and the end of a call.

They play at the client's speaker, beside the call, each at its own volume.
"""

from __future__ import annotations

import logging
from typing import Final

from exotel_voice.client.sound import ClientSound
from exotel_voice.errors import AudioDeviceError
from exotel_voice.media.audio import AudioSink, Samples
from exotel_voice.media.clock import TICK, MediaClock
from exotel_voice.media.tone import RING_TONE, TonePattern, frame_of
from exotel_voice.phone import events
from exotel_voice.phone.details import CallState
from exotel_voice.phone.phone import Phone

__all__ = ["Ringer"]

logger = logging.getLogger("exotel_voice.client")

BEEP: Final = TonePattern(frequencies=(480.0, 620.0), cadence=(0.2, 0.2, 0.2, 0.2), level=0.25)
"""What tells that the far side has hung up."""

_UP: Final = frozenset((CallState.ACTIVE, CallState.HELD, CallState.RECONNECTING))
_ROWS: Final = (697.0, 770.0, 852.0, 941.0)
_COLUMNS: Final = (1209.0, 1336.0, 1477.0, 1633.0)
_KEYS: Final = "123A456B789C*0#D"
_KEY_SECONDS: Final = 0.15
_TAIL_TICKS: Final = 12


class Ringer:
    """Plays one sound at a time, in the event loop of the client."""

    is_heavy = False

    def __init__(self, sound: ClientSound) -> None:
        self._sound = sound
        self._sink: AudioSink | None = None
        self._clock: MediaClock | None = None
        self._samples: Samples = BEEP.period(8000)[:0]
        self._name = ""
        self._at = 0
        self._is_endless = False

    def attend(self, phone: Phone) -> None:
        """Ring for the phone's calls from now on, and beep when the far side hangs up."""
        for kind in (events.IncomingCall, events.CallConnected):
            phone.on(kind, lambda _: self._look(phone))
        phone.on(events.CallEnded, lambda event: self._ended(phone, event))

    def _look(self, phone: Phone) -> None:
        """Ring while a call waits and none is up."""
        states = {call.state for call in phone.calls.values()}
        if CallState.INCOMING in states and not states & _UP:
            self.ring()
        else:
            self.stop()

    def _ended(self, phone: Phone, event: events.CallEnded) -> None:
        self._look(phone)
        was_up = event.details.call_established_time is not None
        if was_up and not event.cause.is_local and self._sink is None:
            self.beep()

    def ring(self) -> None:
        """Ring until `stop`."""
        if self._sink is None or not self._is_endless:
            self._play("ringtone", RING_TONE, is_endless=True)

    def beep(self) -> None:
        """Tell that a call has ended."""
        self._play("beeptone", BEEP)

    def key(self, digit: str) -> None:
        """Tell a pressed key by its own two tones (ITU-T Q.23)."""
        place = _KEYS.find(digit.upper())
        if place >= 0:
            pair = (_ROWS[place // 4], _COLUMNS[place % 4])
            tone = TonePattern(frequencies=pair, cadence=(_KEY_SECONDS,), level=0.2)
            self._play("dtmftone", tone)

    def stop(self) -> None:
        """Be silent, and give the speaker back. Safe to call more than once."""
        if self._clock is not None:
            self._clock.leave(self)
            self._clock = None
        if self._sink is not None:
            self._sink.close()
            self._sink = None

    def _play(self, name: str, pattern: TonePattern, *, is_endless: bool = False) -> None:
        if self._sound.speaker is None or self._sound.volume(name) == 0.0:
            return
        self.stop()
        try:
            self._sink = self._sound.speaker.open_sink()
        except AudioDeviceError as error:
            logger.info("the %s is not played: %s", name, error.message)
            return
        self._samples = pattern.period(self._sink.sample_rate_hz)
        self._name, self._at, self._is_endless = name, 0, is_endless
        self._clock = MediaClock.of_running_loop()
        self._clock.join(self)

    def begin(self, now: float, missed: int) -> None:
        """Play 20 ms. Called by the clock."""
        del now, missed
        if self._sink is None:
            return
        count = round(self._sink.sample_rate_hz * TICK)
        if self._is_endless and self._at + count > len(self._samples):
            self._at = 0
        volume = self._sound.volume(self._name)
        frame = frame_of(self._samples, self._at, count, volume=volume)
        self._at += count
        self._sink.play(frame)
        # The end waits in the card's buffer for a while.
        if not self._is_endless and self._at > len(self._samples) + _TAIL_TICKS * count:
            self.stop()

    def work(self) -> None:
        """Do nothing: there is nothing to encode. Called by the clock."""

    def finish(self) -> None:
        """Do nothing: there is nothing to send. Called by the clock."""
