"""`exotel-voice demo --check` as a user runs it: one whole call, its steps, its failures."""

from __future__ import annotations

import asyncio
import json
import signal
import subprocess
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest

from exotel_voice.cli.demo_check import CheckFailed, Step, check_call
from exotel_voice.errors import AuthenticationFailed, ConnectFailed
from exotel_voice.phone.account import SipAccount
from exotel_voice.sandbox.process import SandboxProcess, start_sandbox

pytestmark = [pytest.mark.media, pytest.mark.slow, pytest.mark.timeout(60)]

STEPS = [
    "platform",
    "register",
    "incoming",
    "answer",
    "audio from them",
    "audio to them",
    "digits by INFO",
    "digits in RTP",
    "mute",
    "unmute",
    "hold",
    "resume",
    "statistics",
    "hang up",
    "unregister",
]


def _demo(*arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(  # noqa: S603 - our own command
        [sys.executable, "-m", "exotel_voice", "demo", *arguments],
        capture_output=True,
        text=True,
        timeout=50,
        check=False,
    )


def test_each_step_of_the_call_is_a_line_and_the_command_ends_with_0() -> None:
    done = _demo("--check")
    assert done.returncode == 0, done.stderr
    lines = [line for line in done.stdout.splitlines() if line.startswith("ok")]
    assert [line[4:22].strip() for line in lines] == STEPS
    assert "The whole call held: 15 steps." in done.stdout


def test_the_figures_are_there_for_programs() -> None:
    done = _demo("--check", "--json")
    assert done.returncode == 0, done.stderr
    document = json.loads(done.stdout)
    assert document["ok"] is True
    steps = {step["name"]: step for step in document["steps"]}
    assert list(steps) == STEPS
    assert steps["audio from them"]["frequency_hz"] == pytest.approx(440, abs=2)
    assert steps["audio to them"]["frequency_hz"] == pytest.approx(1000, abs=2)
    assert steps["digits in RTP"]["digits"] == "12#34*"
    assert steps["mute"]["far_level"] < 0.003
    assert steps["statistics"]["packets_received"] > 0


class _WrongPassword(SandboxProcess):
    def account(self) -> SipAccount:
        account = super().account()
        return SipAccount(
            username=account.username,
            password="not it",
            domain=account.domain,
            host=account.host,
            port=account.port,
        )


@asynccontextmanager
async def _with_a_wrong_password() -> AsyncIterator[SandboxProcess]:
    async with start_sandbox() as platform:
        yield _WrongPassword(platform._ready, platform._http)


async def test_a_step_that_does_not_hold_is_named_with_its_error() -> None:
    held: list[Step] = []
    with pytest.raises(CheckFailed) as caught:
        await check_call(held.append, platform=_with_a_wrong_password)
    assert caught.value.step == "register"
    assert isinstance(caught.value.error, AuthenticationFailed)
    assert [step.name for step in held] == ["platform"]


async def test_a_platform_that_cannot_start_is_told_as_such() -> None:
    with pytest.raises(CheckFailed) as caught:
        await check_call(lambda _: None, platform=lambda: start_sandbox(["no such name"]))
    assert caught.value.step == "platform"
    assert isinstance(caught.value.error, ConnectFailed)
    assert "exotel-voice sandbox" in caught.value.error.hint


@pytest.mark.skipif(sys.platform == "win32", reason="Windows sends Ctrl-C to whole consoles only")
@pytest.mark.parametrize("after", ["platform", "audio to them"])
async def test_ctrl_c_at_any_moment_ends_it_with_130(after: str) -> None:
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "exotel_voice", "demo", "--check"),
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
    )
    assert process.stdout is not None
    async with asyncio.timeout(40):
        while after not in (line := (await process.stdout.readline()).decode()):
            assert line, "it ended too early"
        process.send_signal(signal.SIGINT)
        async with asyncio.timeout(4):  # two seconds on a machine with nothing else to do
            _, errors = await process.communicate()
    assert process.returncode == 130
    assert errors == b""


@pytest.mark.parametrize("arguments", [["--chekc"], ["surplus"], ["--json", "--colour"]])
def test_wrong_arguments_are_named(arguments: list[str]) -> None:
    done = _demo(*arguments)
    assert done.returncode == 2
    assert arguments[-1] in done.stderr
