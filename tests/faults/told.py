"""How a program under faults is spoken to: commands come as lines of JSON, news go as such."""

from __future__ import annotations

import asyncio
import json
import sys
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from typing import Any

from exotel_voice.errors import ExotelVoiceError

__all__ = ["obey", "tell"]

Command = dict[str, Any]


def tell(event: str, **more: Any) -> None:
    """Tell of something that happens now."""
    line = json.dumps({"event": event, "at": time.monotonic(), **more})
    sys.stdout.write(line + "\n")
    sys.stdout.flush()


async def obey(carry_out: Callable[[Command], Awaitable[None]]) -> None:
    """Carry out each command that comes, to the end of the input."""
    async for command in _commands():
        error = None
        try:
            await carry_out(command)
        except ExotelVoiceError as failure:
            error = str(failure)
        tell("Done", what=command["do"], error=error)


async def _commands() -> AsyncIterator[Command]:
    reader = asyncio.StreamReader()
    loop = asyncio.get_running_loop()
    pipe, _ = await loop.connect_read_pipe(lambda: asyncio.StreamReaderProtocol(reader), sys.stdin)
    try:
        while line := await reader.readline():
            yield json.loads(line)
    finally:
        pipe.close()
