"""The parties that change the call: one holds, one transfers."""

from __future__ import annotations

from typing import Final

from exotel_voice.errors import ConfigError
from exotel_voice.sandbox.parties.line import Line
from exotel_voice.sandbox.parties.party import AT_ONCE, seconds_from

__all__ = ["Holds", "Transfers"]

TRANSFER_AFTER: Final = 0.5
"""Seconds of talk before the transfer, so that the call is up on both sides."""

DEFAULT_TARGET: Final = "echo"


class Holds:
    """Puts the phone on hold and takes it back, again and again.

    Args:
        parameter: Seconds of each stretch, 2 when empty.
    """

    plan = AT_ONCE

    def __init__(self, parameter: str) -> None:
        self.every = seconds_from(parameter, default=2.0)
        if self.every <= 0.0:
            raise ConfigError("A party that holds needs more than 0 seconds.")

    async def talk(self, line: Line) -> None:
        """Talk, hold, talk, hold."""
        while True:
            await line.wait(self.every)
            await line.hold()
            await line.wait(self.every)
            await line.resume()


class Transfers:
    """Asks the phone to call somebody else (REFER), and hangs up when it has.

    Args:
        parameter: Whom to call, `echo` when empty; for example `ivr` or `tone-1000`.
    """

    plan = AT_ONCE

    def __init__(self, parameter: str) -> None:
        self.target = parameter or DEFAULT_TARGET

    async def talk(self, line: Line) -> None:
        """Transfer the call."""
        await line.wait(TRANSFER_AFTER)
        status = await line.transfer(self.target)
        if SUCCESS <= status < REDIRECTION:
            line.hang_up(reason="transferred")


SUCCESS, REDIRECTION = 200, 300
