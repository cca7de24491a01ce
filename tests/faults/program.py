"""A program in a network namespace that takes commands and tells what happens, as lines of JSON."""

from __future__ import annotations

import asyncio
import contextlib
import json
import os
import signal
import sys
import time
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any, Final

__all__ = ["News", "Program", "running"]

TESTS: Final = Path(__file__).resolve().parents[1]
LINE_LIMIT: Final = 1 << 20
QUIT_LIMIT: Final = 5.0

News = dict[str, Any]
"""What a program tells: `event`, `at` on the monotonic clock of the machine, and more."""


class Program:
    """One program that runs.

    Attributes:
        news: All that it has told.
    """

    def __init__(self, process: asyncio.subprocess.Process, name: str) -> None:
        self._process = process
        self._name = name
        self._changed = asyncio.Event()
        self.news: list[News] = []

    async def read(self) -> None:
        """Take what it tells, to its end."""
        stream = self._process.stdout
        assert stream is not None
        while line := await stream.readline():
            self.news.append(json.loads(line))
            self._changed.set()
        self.news.append({"event": "ProgramEnded", "at": time.monotonic()})
        self._changed.set()

    async def told(
        self, event: str, *, after: float = 0.0, limit: float = 10.0, **more: Any
    ) -> News:
        """Wait for the first news of a kind.

        Args:
            event: Its name.
            after: Only what happened after that.
            limit: Seconds to wait.
            more: What it is to say besides.
        """
        try:
            async with asyncio.timeout(limit):
                while True:
                    for one in self.news:
                        is_it = one["event"] == event and one["at"] >= after
                        if is_it and more.items() <= one.items():
                            return one
                    if any(one["event"] == "ProgramEnded" for one in self.news):
                        break
                    self._changed.clear()
                    await self._changed.wait()
        except TimeoutError:
            pass
        story = "\n".join(map(str, self.news[-20:]))
        raise AssertionError(f"{self._name} did not tell of {event} {more}; it told:\n{story}")

    def count(self, event: str, *, after: float = 0.0) -> int:
        """How often something has happened."""
        return sum(one["event"] == event and one["at"] >= after for one in self.news)

    async def tell(self, do: str, **more: Any) -> None:
        """Give a command, and wait until it is carried out."""
        stream = self._process.stdin
        assert stream is not None
        began = time.monotonic()
        stream.write(json.dumps({"do": do, **more}).encode() + b"\n")
        await stream.drain()
        done = await self.told("Done", after=began, limit=15.0, what=do)
        if error := done.get("error"):
            raise AssertionError(f"{self._name} could not {do}: {error}")

    def suspend(self) -> None:
        """Stop the process where it stands."""
        self._process.send_signal(signal.SIGSTOP)

    def resume(self) -> None:
        """Let it go on."""
        self._process.send_signal(signal.SIGCONT)

    async def aclose(self) -> None:
        """End it, by force if it does not end when its input does."""
        if self._process.stdin is not None:
            self._process.stdin.close()
        try:
            async with asyncio.timeout(QUIT_LIMIT):
                await self._process.wait()
        except TimeoutError:
            self._process.kill()
            await self._process.wait()


@contextlib.asynccontextmanager
async def running(module: str, *, namespace: str, **settings: Any) -> AsyncIterator[Program]:
    """Run a module of the tests in a network namespace until the block ends."""
    process = await asyncio.create_subprocess_exec(
        *("ip", "netns", "exec", namespace, sys.executable, "-m", module, json.dumps(settings)),
        stdin=asyncio.subprocess.PIPE,
        stdout=asyncio.subprocess.PIPE,
        limit=LINE_LIMIT,
        env={**os.environ, "PYTHONPATH": str(TESTS)},
    )
    program = Program(process, module)
    reading = asyncio.create_task(program.read())
    try:
        yield program
    finally:
        await program.aclose()
        await reading
