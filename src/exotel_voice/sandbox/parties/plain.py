"""The parties whose whole part is a line or two."""

from __future__ import annotations

from typing import Final

from exotel_voice.sandbox.parties.line import Line
from exotel_voice.sandbox.parties.party import AT_ONCE, NEVER, AnswerPlan, seconds_from
from exotel_voice.sandbox.parties.tones import frequency_from

__all__ = ["Echo", "HangsUp", "Late", "Refuses", "RingsOnly", "Tone"]

TONE_HZ: Final = 440.0


class Echo:
    """Says what it hears."""

    plan = AT_ONCE

    async def talk(self, line: Line) -> None:
        """Send every piece of sound back."""
        async for frame in line.heard():
            await line.say(frame)


class Tone:
    """Sends one pure tone for as long as the call lasts.

    Args:
        parameter: Its frequency in Hz, 440 when empty.
    """

    plan = AT_ONCE

    def __init__(self, parameter: str) -> None:
        self.frequency_hz = frequency_from(parameter, default=TONE_HZ)

    async def talk(self, line: Line) -> None:
        """Send the tone."""
        await line.play_tone_for_ever(self.frequency_hz)


class Refuses:
    """Does not take the call.

    Args:
        status: The SIP status to say so.
    """

    def __init__(self, status: int) -> None:
        self.plan = AnswerPlan(refuse_with=status)

    async def talk(self, line: Line) -> None:
        """Hang up: it is here only when it calls somebody itself."""
        line.hang_up()


class RingsOnly:
    """Rings and is not answered."""

    plan = NEVER

    async def talk(self, line: Line) -> None:
        """Hang up: it is here only when it calls somebody itself."""
        line.hang_up()


class Late(Echo):
    """Lets it ring before it answers, then says what it hears.

    Args:
        parameter: Seconds of ringing, 3 when empty.
    """

    def __init__(self, parameter: str) -> None:
        self.plan = AnswerPlan(answer_after=seconds_from(parameter, default=3.0))


class HangsUp:
    """Answers, and hangs up after a while.

    Args:
        parameter: Seconds of talk, 2 when empty.
    """

    plan = AT_ONCE

    def __init__(self, parameter: str) -> None:
        self.after = seconds_from(parameter, default=2.0)

    async def talk(self, line: Line) -> None:
        """Wait, then hang up."""
        await line.wait(self.after)
        line.hang_up()
