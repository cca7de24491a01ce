"""What the user types: single keys at a terminal, whole lines from anywhere else."""

from __future__ import annotations

import asyncio
import sys
import threading
from collections.abc import Callable
from contextlib import suppress
from typing import Final

import typer

__all__ = ["KeyReader", "LineReader", "Typing"]

_ENTER: Final = ("\r", "\n")
_ESCAPE: Final = "\x1b"
_BACK: Final = ("\x7f", "\b")


class _Reader:
    """Reads in a daemon thread, because a terminal can only be waited for.

    Args:
        take: Called in the event loop with what was typed.
        end: Called in the event loop at the end of the input, or at Ctrl-C.
    """

    def __init__(self, take: Callable[[str], None], end: Callable[[], None]) -> None:
        self._take = take
        self._end = end
        self._loop = asyncio.get_running_loop()
        self._is_wanted = True

    def start(self) -> None:
        """Begin to read."""
        threading.Thread(target=self._run, name="exotel-voice keys", daemon=True).start()

    def stop(self) -> None:
        """Take no more; to be called before the next key is waited for."""
        self._is_wanted = False

    def _run(self) -> None:
        with suppress(RuntimeError):  # the loop has closed
            while self._is_wanted:
                typed = self._read()
                if not typed:
                    break
                asyncio.run_coroutine_threadsafe(self._hand_over(typed), self._loop).result()
            self._loop.call_soon_threadsafe(self._end)

    async def _hand_over(self, typed: str) -> None:
        self._take(typed)

    def _read(self) -> str:
        """Wait for what is typed next; empty at the end."""
        return ""


class KeyReader(_Reader):
    """Gives single keys. Between two of them the terminal is as it was before."""

    def _read(self) -> str:
        try:
            return typer.getchar()
        except (KeyboardInterrupt, EOFError, OSError):
            return ""


class LineReader(_Reader):
    """Gives whole lines."""

    def _read(self) -> str:
        try:
            return sys.stdin.readline()
        except (KeyboardInterrupt, OSError, ValueError):
            return ""


class Typing:
    """Turns keys into commands: most at once, some after a name or number and Enter.

    Args:
        do: Called with the letter and its argument.
        prompts: The letters that need an argument.
    """

    def __init__(self, do: Callable[[str, str], None], prompts: frozenset[str]) -> None:
        self._do = do
        self._prompts = prompts
        self.letter = ""
        """The command that is being typed; empty for none."""
        self.text = ""
        """Its argument so far."""

    def key(self, key: str) -> None:
        """Take a key."""
        if not self.letter:
            if key in self._prompts:
                self.letter, self.text = key, ""
            elif key.isprintable():
                self._do(key, "")
        elif key in _ENTER:
            letter, self.letter = self.letter, ""
            self._do(letter, self.text)
        elif key == _ESCAPE:
            self.letter = ""
        elif key in _BACK:
            self.text = self.text[:-1]
        elif key.isprintable():
            self.text += key
