"""`exotel-voice phone`: a phone in the terminal, on one screen, or as lines where there is none."""

from __future__ import annotations

import asyncio
import contextlib
import logging
import sys
from pathlib import Path
from typing import Annotated, Final, TextIO, cast

import typer
from rich.console import Console
from rich.live import Live

from exotel_voice.cli.account import (
    CaFile,
    Domain,
    Host,
    Port,
    Security,
    Username,
    read_account,
)
from exotel_voice.cli.phone_desk import PROMPTS, PhoneDesk
from exotel_voice.cli.phone_keys import KeyReader, LineReader, Typing
from exotel_voice.cli.phone_screen import draw_screen
from exotel_voice.errors import ExotelVoiceError, MediaError, MicrophoneDenied
from exotel_voice.media.audio import AudioInput, AudioOutput, Silence
from exotel_voice.media.files import AudioFile
from exotel_voice.media.microphone import Microphone
from exotel_voice.media.native import NativeMedia
from exotel_voice.media.recorder import AudioRecorder
from exotel_voice.media.speaker import Speaker
from exotel_voice.phone.phone import Phone
from exotel_voice.phone.settings import PhoneSettings

__all__ = ["run"]

REFRESH: Final = 0.2
"""Seconds between two looks at the levels while nothing else changes."""


def run(  # noqa: PLR0913 - each is an option of the command
    *,
    username: Username = None,
    domain: Domain = None,
    host: Host = None,
    port: Port = None,
    security: Security = None,
    ca_file: CaFile = None,
    microphone: Annotated[str | None, typer.Option(help="Id or name of a microphone.")] = None,
    speaker: Annotated[str | None, typer.Option(help="Id or name of a speaker.")] = None,
    silent: Annotated[
        bool, typer.Option("--silent", help="Use no sound card: say and play nothing.")
    ] = False,
    file: Annotated[
        Path | None, typer.Option(metavar="FILE", help="Say what is in an audio file instead.")
    ] = None,
    record: Annotated[
        Path | None, typer.Option(metavar="FILE", help="Write what is heard to a WAV file.")
    ] = None,
    dial: Annotated[str, typer.Option(metavar="TARGET", help="Whom to call at once.")] = "",
) -> None:
    """Be a phone: register, take calls, dial, mute, hold, keypad, transfer.

    At a terminal the last line of the screen shows the keys. Otherwise each line
    of the input is a command: d echo, a, h, m, o, t bob, 12#, q.
    """
    logging.getLogger("exotel_voice").addHandler(logging.NullHandler())
    account = read_account(
        username=username, domain=domain, host=host, port=port, security=security
    )
    source: AudioInput = Silence() if silent else Microphone(microphone)
    output: AudioOutput = Silence() if silent or file else Speaker(speaker)
    if file is not None:
        source = AudioFile(file, loop=True)
    if record is not None:
        output = AudioRecorder(record)
    media = NativeMedia(input=source, output=output)
    phone = Phone(account, media=media, settings=PhoneSettings(ca_file=ca_file))
    asyncio.run(_serve(phone, media, dial))


async def _serve(phone: Phone, media: NativeMedia, dial: str) -> None:
    is_screen = sys.stdin.isatty() and sys.stdout.isatty()
    try:
        await _require_sound(media)
        await (_on_screen(phone, dial) if is_screen else _in_lines(phone, dial))
    finally:
        await phone.aclose()
        await media.aclose()


async def _require_sound(media: NativeMedia) -> None:
    """Look for the sound cards before a call needs them.

    Raises:
        MicrophoneDenied: There is no microphone.
        AudioDeviceError: There is no speaker.
    """
    try:
        await media.check_input()
        if isinstance(media.output, Speaker):
            await media.output.card.check()
    except MediaError as error:
        hint = "Use --silent or --file to do without a sound card."
        raise MicrophoneDenied(error.message, hint=hint) from error


async def _begin(desk: PhoneDesk, dial: str) -> None:
    """Register, and place the first call."""
    try:
        await desk.phone.register()
    except ExotelVoiceError as error:
        desk.say(str(error))
        return
    if dial:
        desk.do("d", dial)


async def _in_lines(phone: Phone, dial: str) -> None:
    """Take commands as lines, and print what happens as lines."""
    printed = 0
    desk: PhoneDesk | None = None

    def show() -> None:
        nonlocal printed
        if desk is not None and desk.lines:
            print(desk.lines[-1] if printed else "\n".join(desk.lines), flush=True)
            printed += 1
            desk.lines.clear()

    desk = PhoneDesk(phone, show)
    await _begin(desk, dial)
    reader = LineReader(desk.type, desk.wants_to_quit.set)
    reader.start()
    await desk.wants_to_quit.wait()
    reader.stop()
    await desk.aclose()


async def _on_screen(phone: Phone, dial: str) -> None:
    """Draw the screen whenever something changes, and for the levels five times a second."""
    changed = asyncio.Event()
    desk = PhoneDesk(phone, changed.set)
    typing = Typing(desk.do, frozenset(PROMPTS))

    def press(key: str) -> None:
        typing.key(key)
        if desk.wants_to_quit.is_set():
            reader.stop()
        changed.set()

    reader = KeyReader(press, desk.wants_to_quit.set)
    console = Console(file=cast("TextIO", _CarriageReturns(sys.stdout)))
    beginning = asyncio.create_task(_begin(desk, dial))
    with Live(console=console, screen=True, auto_refresh=False) as live:
        reader.start()
        while not desk.wants_to_quit.is_set():
            await desk.look()
            live.update(draw_screen(desk, typing, height=console.height), refresh=True)
            changed.clear()
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(REFRESH):
                    await changed.wait()
    beginning.cancel()
    await asyncio.wait([beginning])
    await desk.aclose()


class _CarriageReturns:
    """Standard output for a terminal that waits for a key, which takes line ends as they are."""

    def __init__(self, file: TextIO) -> None:
        self._file = file

    def write(self, text: str) -> int:
        return self._file.write(text.replace("\n", "\r\n"))

    def __getattr__(self, name: str) -> object:
        return getattr(self._file, name)
