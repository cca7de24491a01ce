"""The examples and the README's code run as printed, against the sandbox."""

from __future__ import annotations

import asyncio
import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

from exotel_voice.phone import Phone, SipAccount
from exotel_voice.sandbox import Sandbox
from interop.talking import talking

ROOT = Path(__file__).resolve().parents[1]
README = (ROOT / "README.md").read_text(encoding="utf-8")
EXAMPLES = sorted((ROOT / "examples").glob("*.py"))
BLOCKS = re.findall(r"```python\n(.*?)```", README, re.DOTALL)

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
    lengths = {path.name: len(path.read_text(encoding="utf-8").splitlines()) for path in EXAMPLES}
    assert {name: n for name, n in lengths.items() if n > 40} == {}


def test_the_readme_s_first_code_runs_as_printed(tmp_path: Path) -> None:
    program = tmp_path / "first_call.py"
    program.write_text(BLOCKS[0], encoding="utf-8")
    done = _run(str(program), cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    assert "active" in done.stdout


async def test_the_readme_s_code_for_a_real_account_answers_a_call(
    exotel_sandbox: Sandbox,
) -> None:
    account = exotel_sandbox.account("alice")
    text = re.sub(r"account = SipAccount\(.*?\)\n", "", BLOCKS[1], flags=re.DOTALL)
    body = "\n".join(f"    {line}" for line in text.splitlines())
    scope: dict[str, object] = {}
    exec(f"async def snippet(account):\n{body}\n", scope)  # noqa: S102 - our own README
    snippet = scope["snippet"]
    assert callable(snippet)
    running = asyncio.create_task(snippet(account))
    await exotel_sandbox.registered("alice")
    record = exotel_sandbox.place_call(to="alice", party="ivr")
    async with asyncio.timeout(20):
        await record.heard("12#")
        await record.ended()
    running.cancel()
    await asyncio.wait([running])


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
