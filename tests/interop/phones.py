"""Phones of ours for these tests: their account at a server, their media, and a log of messages."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TypeVar

import pytest

from exotel_voice.media.base import MediaEngine
from exotel_voice.phone import Phone, PhoneSettings, SipAccount
from exotel_voice.phone.call import Call
from exotel_voice.phone.events import CallEnded, PhoneEvent

__all__ = ["Messages", "first_call", "open_phone", "until_event"]

E = TypeVar("E", bound=PhoneEvent)


@dataclass
class Messages:
    """The first line and the text of each message of one phone, in order."""

    all: list[tuple[str, str]] = field(default_factory=list)
    """`sent` or `received`, and the message."""
    watch: Callable[[str, str], None] = lambda _way, _text: None
    """Called with each, so that a test can break the connection at one of them."""

    def __call__(self, way: str, text: str) -> None:
        self.all.append((way, text))
        self.watch(way, text)

    def count(self, way: str, begins: str) -> int:
        """How many messages went one way and begin with these words."""
        return sum(one == way and text.startswith(begins) for one, text in self.all)

    def text(self, way: str, begins: str) -> str:
        """The last message that went one way and begins with these words."""
        return [text for one, text in self.all if one == way and text.startswith(begins)][-1]


def open_phone(
    account: SipAccount,
    *,
    port: int | None = None,
    ca_file: Path | None = None,
    media: MediaEngine | None = None,
    messages: Messages | None = None,
    settings: PhoneSettings | None = None,
) -> Phone:
    """Make a phone; `async with` connects and registers it.

    Args:
        port: Where to connect instead of the server's own port, for example a cable.
    """
    if port is not None:
        account = replace(account, port=port)
    chosen = settings or PhoneSettings()
    return Phone(
        account,
        media=media,
        settings=replace(chosen, ca_file=ca_file, proxy=None),
        trace=messages,
    )


async def first_call(phone: Phone) -> Call:
    """Wait for the next incoming call."""
    async for call in phone.incoming():
        return call
    raise AssertionError("the phone was closed and nobody had called")


async def until_event(source: Phone | Call, kind: type[E]) -> E:
    """Wait for the next event of a kind, within 5 s."""
    async with asyncio.timeout(5.0):
        stream = source.events()
        try:
            async for event in stream:
                if isinstance(event, kind):
                    return event
                if isinstance(source, Call) and isinstance(event, CallEnded):
                    pytest.fail(f"the call ended: {event.cause} {event.reason}")
        finally:
            await stream.aclose()
    raise AssertionError(f"the stream ended before {kind.__name__} came")
