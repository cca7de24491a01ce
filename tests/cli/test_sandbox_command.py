"""`exotel-voice sandbox` as a user runs it: a process, its output, Ctrl-C."""

from __future__ import annotations

import re
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager

import httpx
import pytest

from exotel_voice.phone.account import SipAccount
from sandbox.wire_phone import wire_phone


@contextmanager
def running(*arguments: str) -> Iterator[tuple[subprocess.Popen[str], str]]:
    """Start the command, and give it with what it prints at its begin."""
    process = subprocess.Popen(  # noqa: S603 - our own command
        [sys.executable, "-m", "exotel_voice", "sandbox", *arguments],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    try:
        lines: list[str] = []
        while process.stdout is not None and "CallerId" not in (lines or [""])[-1]:
            line = process.stdout.readline()
            if not line:
                break
            lines.append(line)
        yield process, "".join(lines)
    finally:
        process.kill()
        process.communicate()


FREE = ("--ws-port", "0", "--wss-port", "0", "--http-port", "0")


@pytest.mark.skipif(sys.platform == "win32", reason="Windows sends Ctrl-C to whole consoles only")
async def test_the_sandbox_runs_until_ctrl_c_and_ends_with_130() -> None:
    with running(*FREE, "--account", "carol:s3cret") as (process, output):
        port = re.search(r"ws://127\.0\.0\.1:(\d+)", output)
        assert port is not None, output
        assert "s3cret" in output
        account = SipAccount(
            username="carol",
            password="s3cret",
            domain="sandbox.test",
            host="127.0.0.1",
            port=int(port[1]),
            security="ws",
        )
        async with wire_phone(account) as phone:
            assert (await phone.register()).status == 200
            process.send_signal(signal.SIGINT)
            await phone.socket.wait_closed()
        assert process.wait(timeout=2) == 130
        assert process.stderr is not None
        assert process.stderr.read() == ""


@pytest.mark.skipif(sys.platform == "win32", reason="Windows has no SIGTERM")
def test_a_service_manager_ends_it_with_0() -> None:
    with running(*FREE) as (process, _):
        process.terminate()
        assert process.wait(timeout=2) == 0


def test_the_printed_curl_command_starts_a_call() -> None:
    with running(*FREE) as (_, output):
        command = re.search(r"curl -u (\S+):(\S+) \\\s+(\S+) \\\s+(.*)", output)
        assert command is not None, output
        key, token, url, fields = command.groups()
        form = dict(field.split("=") for field in re.findall(r"-d (\S+)", fields))
        reply = httpx.post(url, data=form, auth=(key, token), trust_env=False)
        assert reply.json()["Call"]["From"] == "alice"


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["--ws-port", "abc"], "'--ws-port'"),
        (["--http-port", "70000"], "'--http-port'"),
        (["--colour"], "--colour"),
        (["surplus"], "surplus"),
    ],
)
def test_wrong_arguments_are_named(arguments: list[str], words: str) -> None:
    with running(*arguments) as (process, _):
        _, errors = process.communicate(timeout=20)
        assert process.returncode == 2
        assert words in errors
        assert "Usage: exotel-voice sandbox" in errors


@pytest.mark.parametrize("account", ["a b", "alice:", ":secret"])
def test_an_account_that_cannot_be_made_is_an_error_in_one_sentence(account: str) -> None:
    with running(*FREE, "--account", account) as (process, _):
        _, errors = process.communicate(timeout=20)
        assert process.returncode == 1
        assert errors.startswith("Error: ")
        assert "Traceback" not in errors
