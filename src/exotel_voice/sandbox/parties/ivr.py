"""The `ivr` party: asks for digits by tone, hears INFO and RFC 4733, confirms each by a tone.

It asks with two short beeps of 1900 Hz. Each digit is answered with a tone of its own frequency,
`CONFIRM_HZ`, so that a test can measure that it was understood. `#`, or the number of digits that
was dialled (`ivr-4`), ends the question: a long tone of 2100 Hz, and the next one begins.
"""

from __future__ import annotations

from types import MappingProxyType
from typing import Final

from exotel_voice.errors import ConfigError
from exotel_voice.sandbox.parties.line import Line
from exotel_voice.sandbox.parties.party import AT_ONCE

__all__ = ["CONFIRM_HZ", "DONE_HZ", "PROMPT_HZ", "Ivr"]

DIGITS: Final = "0123456789*#ABCD"

CONFIRM_HZ: Final = MappingProxyType(
    {digit: 500.0 + 75.0 * place for place, digit in enumerate(DIGITS)}
)
"""The frequency that confirms a digit: 500 Hz for 0, 575 for 1, up to 1625 for D."""

PROMPT_HZ: Final = 1900.0
DONE_HZ: Final = 2100.0
BEEP: Final = 0.15
PAUSE: Final = 0.1
CONFIRM: Final = 0.3
DONE: Final = 0.6
MAX_DIGITS: Final = 100


class Ivr:
    """Asks for digits until the call ends.

    Args:
        parameter: How many digits make an answer; when empty, `#` ends it.
    """

    plan = AT_ONCE

    def __init__(self, parameter: str) -> None:
        if parameter and not (parameter.isascii() and parameter.isdigit() and int(parameter) > 0):
            raise ConfigError(f"{parameter!r} is not a number of digits.")
        self.wanted = min(int(parameter), MAX_DIGITS) if parameter else None

    async def talk(self, line: Line) -> None:
        """Ask, confirm, and ask again."""
        while True:
            await self._ask(line)
            taken = 0
            while True:
                digit = await line.digit()
                line.silence()
                await line.play_tone(CONFIRM_HZ[digit], CONFIRM)
                taken += 1
                if digit == "#" or taken == (self.wanted or MAX_DIGITS):
                    break
            await line.play_tone(DONE_HZ, DONE)

    async def _ask(self, line: Line) -> None:
        for _ in range(2):
            await line.play_tone(PROMPT_HZ, BEEP)
            await line.wait(PAUSE)
