"""What a party can do in a call: speak, listen, take digits, hold, transfer, hang up."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from typing import Final, Protocol

from exotel_voice.errors import InvalidState
from exotel_voice.media.base import Direction, MediaSession
from exotel_voice.sandbox.parties.tones import tone, tone_frames
from exotel_voice.sandbox.records import CallRecord, LegRecord

__all__ = ["Line", "LineControl"]

HEARD_FRAMES: Final = 50
"""Pieces of heard sound that wait for the party; beyond it the oldest is dropped."""

WAITING_DIGITS: Final = 100

SAMPLE_RATE_HZ: Final = 16_000
"""Rate of the sound that parties make and hear."""

RINGBACK_HZ: Final = 425.0
RINGBACK_ON: Final = 1.0
"""Seconds of tone, then `RINGBACK_OFF` of silence (ITU-T E.180 has a range of both)."""
RINGBACK_OFF: Final = 2.0


class LineControl(Protocol):
    """What the line needs of the call's signalling."""

    def hang_up(self, *, reason: str) -> None:
        """End the call."""
        ...

    async def change_direction(self, direction: Direction) -> bool:
        """Offer another direction of the audio; True when the far side took it."""
        ...

    async def transfer(self, target: str) -> int:
        """Ask the far side to call somebody else, and wait for the status that came of it."""
        ...

    def send_digit(self, digit: str) -> None:
        """Send a digit to the far side by INFO."""
        ...


class Line:
    """The party's end of one call.

    Args:
        record: The call.
        leg: The side of it on which the phone is.
        media: Its audio.
        control: Its signalling.
    """

    def __init__(
        self, record: CallRecord, leg: LegRecord, media: MediaSession, control: LineControl
    ) -> None:
        self.record = record
        self._hearing = leg.hearing
        self.media = media
        self._control = control
        self._heard: asyncio.Queue[bytes | None] = asyncio.Queue(HEARD_FRAMES)
        self._digits: asyncio.Queue[str] = asyncio.Queue(WAITING_DIGITS)

    # -- speaking -----------------------------------------------------------------------------

    async def say(self, pcm: bytes) -> None:
        """Send sound: 16-bit mono PCM at 16 kHz. Returns when it is queued, not when heard."""
        await self.media.audio_out.write(pcm)

    async def play_tone(self, frequency_hz: float, seconds: float) -> None:
        """Send one tone, and return when it has been sent."""
        await self.say(tone(frequency_hz, seconds, sample_rate_hz=SAMPLE_RATE_HZ))
        await self.media.audio_out.drain()

    async def play_tone_for_ever(self, frequency_hz: float) -> None:
        """Send a tone until the call ends."""
        for frame in tone_frames(frequency_hz, sample_rate_hz=SAMPLE_RATE_HZ):
            await self.say(frame)

    async def ringback(self) -> None:
        """Let the caller hear that somebody's phone rings, until this is cancelled."""
        while True:
            await self.play_tone(RINGBACK_HZ, RINGBACK_ON)
            await self.say(bytes(2 * round(RINGBACK_OFF * SAMPLE_RATE_HZ)))
            await self.media.audio_out.drain()

    def silence(self) -> None:
        """Drop what is queued and not yet sent."""
        self.media.audio_out.clear()

    # -- listening ----------------------------------------------------------------------------

    async def heard(self) -> AsyncIterator[bytes]:
        """Give what the far side says, piece by piece, until the call ends."""
        while (frame := await self._heard.get()) is not None:
            yield frame

    async def digit(self) -> str:
        """Wait for the next digit, by INFO or RFC 4733."""
        return await self._digits.get()

    async def wait(self, seconds: float) -> None:
        """Do nothing for so long; what comes meanwhile waits."""
        await asyncio.sleep(seconds)

    # -- the call -----------------------------------------------------------------------------

    def hang_up(self, *, reason: str = "the party has hung up") -> None:
        """End the call."""
        self._control.hang_up(reason=reason)

    async def hold(self) -> bool:
        """Put the far side on hold; True when it agreed."""
        return await self._control.change_direction(Direction.SENDONLY)

    async def resume(self) -> bool:
        """Take the far side back from hold; True when it agreed."""
        return await self._control.change_direction(Direction.SENDRECV)

    async def transfer(self, target: str) -> int:
        """Ask the far side to call somebody else; gives the status that came of it."""
        return await self._control.transfer(target)

    def send_digit(self, digit: str) -> None:
        """Send a digit to the far side by INFO."""
        self._control.send_digit(digit)

    # -- for those who carry the call ---------------------------------------------------------

    async def listen(self) -> None:
        """Measure and pass on what comes, until the call ends."""
        try:
            async for frame in self.media.audio_in():
                if self._hearing.listen(frame, SAMPLE_RATE_HZ):
                    self.record.changed()
                self._pass_on(frame)
        except InvalidState:
            return  # an engine without audio for the application: a test without sound
        finally:
            self._pass_on(None)

    def take_digit(self, digit: str) -> None:
        """Pass a digit on to the party."""
        if not self._digits.full():
            self._digits.put_nowait(digit)

    def _pass_on(self, frame: bytes | None) -> None:
        if self._heard.full():
            self._heard.get_nowait()
        self._heard.put_nowait(frame)
