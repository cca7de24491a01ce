"""The examples run as printed, against the sandbox; the README's code runs in tests/docs."""

from __future__ import annotations

import asyncio
import os
import subprocess
import sys
from pathlib import Path

import pytest

from exotel_voice.phone import Phone, SipAccount
from exotel_voice.sandbox import Sandbox
from interop.talking import talking

ROOT = Path(__file__).resolve().parents[1]
README = (ROOT / "README.md").read_text(encoding="utf-8")

pytestmark = [pytest.mark.slow, pytest.mark.media, pytest.mark.timeout(60)]


def _environment(account: SipAccount) -> dict[str, str]:
    settings = {
        "USERNAME": account.username,
        "PASSWORD": account.password,
        "DOMAIN": account.domain,
        "HOST": account.host,
        "PORT": str(account.port),
        "SECURITY": account.security,
        "ENDPOINT": account.endpoint,
    }
    return {**os.environ, **{f"EXOTEL_SIP_{name}": value for name, value in settings.items()}}


def _run(*arguments: str, cwd: Path) -> subprocess.CompletedProcess[str]:
    return subprocess.run(  # noqa: S603 - our own examples
        [sys.executable, *arguments],
        cwd=cwd,
        capture_output=True,
        text=True,
        timeout=50,
        check=False,
    )


def test_the_first_call_is_in_the_first_25_lines_of_the_readme() -> None:
    top = "\n".join(README.splitlines()[:25])
    assert "phone.dial(" in top


def test_every_example_is_short() -> None:
    files = (ROOT / "examples").rglob("*.py")
    lengths = {path.name: len(path.read_text(encoding="utf-8").splitlines()) for path in files}
    assert {name: n for name, n in lengths.items() if n >= 60} == {}


async def test_the_echo_example_gives_the_caller_its_own_tone(exotel_sandbox: Sandbox) -> None:
    example = await asyncio.create_subprocess_exec(
        sys.executable,
        str(ROOT / "examples" / "answer_and_echo.py"),
        env=_environment(exotel_sandbox.account("alice")),
        stdout=asyncio.subprocess.PIPE,
    )
    assert example.stdout is not None
    try:
        async with asyncio.timeout(15):
            assert b"registered as alice" in await example.stdout.readline()
        async with Phone(exotel_sandbox.account("bob")) as bob, asyncio.timeout(20):
            call = await bob.dial("alice")
            await call.answered()
            async with talking(call, tone_hz=700) as talk:
                await talk.until_hears(700)
            await call.hang_up()
    finally:
        example.terminate()
        await example.communicate()


def test_the_example_test_passes_for_whoever_copies_it(tmp_path: Path) -> None:
    copy = tmp_path / "test_with_sandbox.py"
    copy.write_text(
        (ROOT / "examples" / "test_with_sandbox.py").read_text(encoding="utf-8"), encoding="utf-8"
    )
    done = _run("-m", "pytest", "-q", "-p", "no:cacheprovider", str(copy), cwd=tmp_path)
    assert done.returncode == 0, done.stdout + done.stderr
