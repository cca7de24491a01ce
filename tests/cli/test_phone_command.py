"""`exotel-voice phone` as lines through pipes, and its screen drawn from real calls."""

from __future__ import annotations

import asyncio
import io
import re
import subprocess
import time
from collections.abc import AsyncIterator, Callable, Iterator

import pytest
from rich.console import Console

from cli.command import account_environment, run_command, start_command
from exotel_voice.cli.phone_desk import PROMPTS, PhoneDesk
from exotel_voice.cli.phone_keys import Typing
from exotel_voice.cli.phone_screen import draw_screen, meter
from exotel_voice.media.audio import Silence
from exotel_voice.media.native import NativeMedia
from exotel_voice.phone.call import Call
from exotel_voice.phone.details import CallState
from exotel_voice.phone.phone import Phone
from exotel_voice.sandbox import Sandbox, SandboxThread

LIMIT = 8.0


class Lines:
    """The phone behind pipes."""

    def __init__(self, process: subprocess.Popen[str]) -> None:
        self._process = process
        self.seen: list[str] = []

    def until(self, pattern: str) -> str:
        assert self._process.stdout is not None
        for line in self._process.stdout:
            self.seen.append(line)
            if re.search(pattern, line):
                return line
        assert self._process.stderr is not None
        raise AssertionError((self.seen, self._process.stderr.read()))

    def type(self, line: str) -> None:
        assert self._process.stdin is not None
        self._process.stdin.write(line + "\n")
        self._process.stdin.flush()


@pytest.fixture
def server() -> Iterator[SandboxThread]:
    with SandboxThread() as thread:
        yield thread


@pytest.fixture
def lines(server: SandboxThread) -> Iterator[Lines]:
    environment = account_environment(server.account("alice"), PYTHONIOENCODING="utf-8")
    process = start_command(environment, "phone", "--silent")
    yield Lines(process)
    process.kill()
    process.communicate()


@pytest.mark.slow
@pytest.mark.media
def test_calls_are_dialled_and_taken_by_lines(server: SandboxThread, lines: Lines) -> None:
    lines.until("registered")
    lines.type("d ivr")
    lines.until("calling ivr")
    lines.until("connected")
    lines.type("12#")
    lines.until("sent 12#")
    lines.type("d")
    lines.until("dial whom")
    lines.type("h")
    lines.until("call ended")
    server.run(lambda sandbox: sandbox.place_call(to="alice", party="echo").sid)
    lines.until("incoming call from echo")
    lines.type("a")
    lines.until("connected")
    lines.type("nonsense")
    lines.until("'nonsense' means nothing")
    lines.type("q")
    digits = server.run(lambda sandbox: sandbox.calls[0].digits)
    assert digits == "12#"


@pytest.mark.slow
def test_without_a_sound_card_it_says_what_to_do(server: SandboxThread) -> None:
    environment = account_environment(
        server.account("alice"), PULSE_SERVER="unix:/nowhere", HOME="/nowhere"
    )
    code, _, err = run_command(environment, "phone")
    assert code == 1
    assert "--silent or --file" in err


# -- the desk and the screen, in this process ----------------------------------------------------


class Terminal:
    """A desk with its keys, and what its screen shows."""

    def __init__(self, phone: Phone) -> None:
        self._changed = asyncio.Event()
        self.desk = PhoneDesk(phone, self._changed.set)
        self.typing = Typing(self.desk.do, frozenset(PROMPTS))

    def press(self, keys: str) -> None:
        for key in keys:
            self.typing.key(key)

    def screen(self, height: int = 40) -> str:
        console = Console(file=io.StringIO(), width=120, height=height, color_system=None)
        console.print(draw_screen(self.desk, self.typing, height=height))
        assert isinstance(console.file, io.StringIO)
        return console.file.getvalue()

    async def until(self, condition: Callable[[], object]) -> None:
        limit = time.monotonic() + LIMIT
        while not condition():
            self._changed.clear()
            assert time.monotonic() < limit, self.screen()
            try:
                async with asyncio.timeout(0.1):
                    await self._changed.wait()
            except TimeoutError:
                await self.desk.look()

    async def until_shown(self, pattern: str) -> None:
        await self.until(lambda: re.search(pattern, self.screen()))

    def heard(self) -> float:
        return self.desk.stats.output_level if self.desk.stats is not None else 0.0

    def call(self) -> Call:
        assert self.desk.selected is not None
        return self.desk.selected


@pytest.fixture
async def sandbox() -> AsyncIterator[Sandbox]:
    async with Sandbox() as one:
        yield one


@pytest.fixture
async def terminal(sandbox: Sandbox) -> AsyncIterator[Terminal]:
    media = NativeMedia(input=Silence(), output=Silence())
    async with Phone(sandbox.account("alice"), media=media) as phone:
        terminal = Terminal(phone)
        yield terminal
        await terminal.desk.aclose()
    await media.aclose()


@pytest.mark.media
async def test_a_call_is_dialled_muted_held_and_ended_with_keys(terminal: Terminal) -> None:
    assert re.search(r"sip:alice@sandbox\.test\s+registered", terminal.screen())
    terminal.press("dtone-10x\x7f00")
    assert "Dial: tone-1000" in terminal.screen()
    terminal.press("\r")
    await terminal.until_shown(r">\s+tone-1000\s+active\s+0:0\d")
    await terminal.until(lambda: terminal.heard() > 0.05)
    assert re.search(r"they\s+█{8,}", terminal.screen())
    await terminal.until_shown("you .*opus, jitter")
    terminal.press("m")
    await terminal.until_shown("active, muted")
    terminal.press("o")
    await terminal.until_shown("held, muted")
    terminal.press("om")
    await terminal.until_shown(r"active\s+0:0\d")
    terminal.press("5h")
    await terminal.until_shown("call ended")
    assert "none" in terminal.screen()
    terminal.press("h")
    await terminal.until_shown("there is no call")


@pytest.mark.media
async def test_an_incoming_call_is_taken_and_transferred(
    sandbox: Sandbox, terminal: Terminal
) -> None:
    await sandbox.place_call(to="alice", party="echo")
    await terminal.until_shown(r">\s+echo\s+incoming")
    terminal.press("a")
    await terminal.until_shown(r"echo\s+active")
    terminal.press("tivr\x1b")
    assert "Transfer" not in terminal.screen().splitlines()[-1]
    terminal.press("t\r")
    await terminal.until_shown("transfer to whom")
    terminal.press("tivr\r")
    await terminal.until_shown("transferred to ivr")


@pytest.mark.media
async def test_an_incoming_call_is_rejected(sandbox: Sandbox, terminal: Terminal) -> None:
    record = await sandbox.place_call(to="alice", party="echo")
    await terminal.until_shown("incoming call from echo")
    terminal.press("h")
    await record.ended()
    assert record.sip_status == 486


@pytest.mark.media
async def test_two_calls_are_selected_in_turn_and_joined(terminal: Terminal) -> None:
    terminal.press("j")
    terminal.press("n")
    await terminal.until_shown("there is no call")
    terminal.press("decho\r")
    await terminal.until_shown(r">\s+echo\s+active")
    first = terminal.call().id
    terminal.press("j")
    await terminal.until_shown("no second call")
    terminal.press("divr\r")
    await terminal.until_shown(r">\s+ivr\s+active")
    terminal.press("n")
    await terminal.until(lambda: terminal.call().id == first)
    terminal.press("n")
    await terminal.until(lambda: terminal.call().id != first)
    terminal.press("j")
    await terminal.until(lambda: all(
        call.state is CallState.ENDED for call in terminal.desk.phone.calls.values()))  # fmt: skip


async def test_what_cannot_be_done_is_said(terminal: Terminal) -> None:
    terminal.press("z")
    await terminal.until_shown("'z' means nothing")
    terminal.press("dx@@@y\r")
    await terminal.until(lambda: len(terminal.desk.lines) >= 2)
    terminal.press("q")
    assert terminal.desk.wants_to_quit.is_set()


def test_the_meter_goes_with_loudness() -> None:
    lengths = [meter(level).plain.count("█") for level in (0.0, 0.001, 0.03, 0.3, 1.0)]
    assert lengths == [0, 0, 10, 17, 20]
