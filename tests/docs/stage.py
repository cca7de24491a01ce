"""Where a Python block of the documentation runs: a sandbox, given names, and what it printed."""

from __future__ import annotations

import ast
import asyncio
import contextlib
import os
import sys
from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import dataclass, field
from inspect import iscoroutine
from pathlib import Path
from typing import Any

from devices.pulse import PulseServer
from docs.blocks import Block
from exotel_voice import NativeMedia
from exotel_voice.client import ExotelWebClient
from exotel_voice.sandbox import Sandbox

__all__ = ["LIMIT", "Scene", "Scenes", "Stage"]

LIMIT = 15.0
"""Seconds that a block, or what is awaited of it, may take."""


@dataclass(slots=True)
class Stage:
    """One block and what is around it."""

    block: Block
    sandbox: Sandbox
    folder: Path
    """The working folder of the block: files with relative names are looked for and made here."""
    names: dict[str, Any] = field(default_factory=dict)
    """What the block finds, and afterwards what it has made."""
    printed: list[str] = field(default_factory=list)
    pulse: PulseServer | None = None
    """The sound service, for blocks that use sound cards."""
    _news: asyncio.Event = field(default_factory=asyncio.Event)

    def give(self, **names: Any) -> None:
        """Let the block find these names."""
        self.names.update(names)

    def note(self, *words: object) -> None:
        """Do what the block's `print` does."""
        self.printed.append(" ".join(map(str, words)))
        self._news.set()

    async def until_printed(self, text: str) -> None:
        """Wait until a line holds this text.

        Raises:
            AssertionError: None does in time.
        """
        try:
            async with asyncio.timeout(LIMIT):
                while not any(text in line for line in self.printed):
                    self._news.clear()
                    await self._news.wait()
        except TimeoutError:
            raise AssertionError(f"{text!r} never printed; {self.printed=}") from None

    async def run(self) -> None:
        """Run the block to its end."""
        async with asyncio.timeout(LIMIT):
            await self._execute()

    @contextlib.asynccontextmanager
    async def running(self) -> AsyncIterator[asyncio.Task[None]]:
        """Run the block beside the scene; one without an end, such as a bot, is then cancelled."""
        task = asyncio.create_task(self._execute())
        try:
            yield task
        except BaseException:
            await self._finish(task)
            raise
        else:
            if task.done():
                task.result()
            await self._finish(task)

    async def _finish(self, task: asyncio.Task[None]) -> None:
        task.cancel()
        await asyncio.wait([task])
        if not task.cancelled() and task.exception() is not None:
            raise AssertionError(f"{self.block} raised, {self.printed=}") from task.exception()

    async def _execute(self) -> None:
        self.names.setdefault("print", self.note)
        self.names.setdefault("__name__", "snippet")
        code = compile(
            self.block.text, str(self.block), "exec", flags=ast.PyCF_ALLOW_TOP_LEVEL_AWAIT
        )
        result = eval(code, self.names)  # noqa: S307 - our own documentation
        if iscoroutine(result):
            await result

    async def run_program(self, **environment: str) -> str:
        """Run the block as a program of its own, and give what it printed."""
        path = self.folder / "program.py"
        path.write_text(self.block.text, encoding="utf-8")
        process = await asyncio.create_subprocess_exec(
            sys.executable,
            str(path),
            cwd=self.folder,
            env={**os.environ, **environment},
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.PIPE,
        )
        async with asyncio.timeout(LIMIT):
            out, err = await process.communicate()
        assert process.returncode == 0, err.decode()
        return out.decode()

    @contextlib.asynccontextmanager
    async def client(
        self, user: str = "alice", *, has_sound: bool = False
    ) -> AsyncIterator[ExotelWebClient]:
        """Give the block a registered `client`, whose callbacks are noted as printed lines.

        It speaks and hears PCM, or uses the sound cards.
        """
        account = self.sandbox.account(user)
        media = None if has_sound else NativeMedia()
        async with ExotelWebClient(media=media) as client:
            self.give(client=client, phone=user)
            info = {
                "userName": user,
                "authUser": user,
                "sipdomain": account.domain,
                "domain": f"{account.host}:{account.port}",
                "secret": account.password,
                "port": str(account.port),
                "security": account.security,
            }
            assert client.initWebrtc(
                info,
                lambda state, _: self._call_back("RegisterEventCallBack", state, user),
                lambda call, event, _: self._call_back("CallListenerCallback", call, event, user),
                lambda state, _: self._call_back("SessionCallback", state, user),
            )
            assert client.DoRegister()
            await self.until_printed("RegisterEventCallBack registered")
            yield client

    def _call_back(self, name: str, *arguments: object) -> None:
        """Note a callback, and do what the block has defined under its name."""
        self.note(name, *arguments)
        defined: Callable[..., object] | None = self.names.get(name)
        if defined is not None:
            defined(*arguments)


Scene = Callable[[Stage], Awaitable[None]]


class Scenes(dict[str, Scene]):
    """Scenes by the names of blocks: `@scenes("hold")` over a function adds one."""

    def __call__(self, name: str) -> Callable[[Scene], Scene]:
        def add(scene: Scene) -> Scene:
            assert name not in self, f"two scenes are called {name}"
            self[name] = scene
            return scene

        return add
