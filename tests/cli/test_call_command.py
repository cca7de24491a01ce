"""`exotel-voice call` as a user runs it: a process against the sandbox's HTTP API."""

from __future__ import annotations

import asyncio
import json
import os
import sys
from dataclasses import dataclass

import pytest

from exotel_voice.cli.call import EXIT_STATUS
from exotel_voice.media.silent import SilentMedia
from exotel_voice.phone import Phone
from exotel_voice.rest import ApiCallStatus
from exotel_voice.sandbox import Sandbox

PARTIES = ("--from", "alice", "--to", "echo", "--caller-id", "0800123456")
QUICK = ("--wait", "--wait-every", "0.1", "--wait-within", "10")


@dataclass(frozen=True)
class Done:
    status: int | None
    output: str
    errors: str


async def command(*arguments: str, environment: dict[str, str]) -> Done:
    base = {name: value for name, value in os.environ.items() if not name.startswith("EXOTEL_")}
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "exotel_voice", "call", *arguments,
        env=base | environment,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
    )  # fmt: skip
    output, errors = await asyncio.wait_for(process.communicate(), 18)
    return Done(process.returncode, output.decode(), errors.decode())


def settings(sandbox: Sandbox, **changes: str) -> dict[str, str]:
    sandbox.account("alice")
    return {
        "EXOTEL_API_KEY": sandbox.api.key,
        "EXOTEL_API_TOKEN": sandbox.api.token,
        "EXOTEL_ACCOUNT_SID": sandbox.api.account_sid,
        "EXOTEL_SUBDOMAIN": sandbox.http_url,
    } | changes


async def test_a_call_is_placed_and_its_id_printed(exotel_sandbox: Sandbox) -> None:
    done = await command(
        *PARTIES, "--custom-field", "order 7", "--option", "TimeLimit=60",
        environment=settings(exotel_sandbox),
    )  # fmt: skip
    record = exotel_sandbox.calls[-1]
    assert (done.status, done.errors) == (0, "")
    assert done.output.split()[0] == record.sid
    assert (record.from_, record.to, record.caller_id) == ("alice", "echo", "0800123456")
    assert record.custom_field == "order 7"


async def test_a_call_that_nobody_answers_ends_with_4(exotel_sandbox: Sandbox) -> None:
    done = await command(*PARTIES, *QUICK, environment=settings(exotel_sandbox))
    assert done.status == 4, done.errors
    assert done.output.splitlines()[-1].split()[:2] == [exotel_sandbox.calls[-1].sid, "no-answer"]


async def test_programs_get_one_line_of_json_for_each_state(exotel_sandbox: Sandbox) -> None:
    settled = settings(exotel_sandbox)
    async with Phone(exotel_sandbox.account("alice"), media=SilentMedia()) as phone:
        running = asyncio.create_task(command(*PARTIES, *QUICK, "--json", environment=settled))
        async for call in phone.incoming():
            await call.answer()
            await exotel_sandbox.calls[-1].answered()
            await call.hang_up()
            break
        done = await running
    assert done.status == 0, done.errors
    states = [json.loads(line) for line in done.output.splitlines()]
    assert {state["sid"] for state in states} == {exotel_sandbox.calls[-1].sid}
    assert states[-1]["status"] == "completed"
    assert states[-1]["PhoneNumberSid"] == "0800123456"


async def test_a_call_that_outlasts_the_wait_is_an_error(exotel_sandbox: Sandbox) -> None:
    settled = settings(exotel_sandbox)
    async with Phone(exotel_sandbox.account("alice"), media=SilentMedia()):
        done = await command(
            *PARTIES, "--wait", "--wait-every", "0.1", "--wait-within", "0.3", environment=settled
        )
    assert done.status == 1
    assert "after 0.3 s" in done.errors


async def test_a_missing_setting_is_one_sentence_that_names_it(exotel_sandbox: Sandbox) -> None:
    for name in ("EXOTEL_API_KEY", "EXOTEL_API_TOKEN", "EXOTEL_ACCOUNT_SID"):
        done = await command(*PARTIES, environment=settings(exotel_sandbox, **{name: ""}))
        assert done.status == 1
        assert done.errors.startswith(f"Error: {name} is not set\n")


async def test_a_refusal_is_told_in_the_platform_s_words(exotel_sandbox: Sandbox) -> None:
    wrong = settings(exotel_sandbox, EXOTEL_API_TOKEN="wr0ng-t0ken")
    done = await command(*PARTIES, environment=wrong)
    assert done.status == 1
    assert "Authentication failed" in done.errors
    assert "wr0ng-t0ken" not in done.errors + done.output


@pytest.mark.parametrize(
    "arguments", [PARTIES[:4], (*PARTIES, "--option", "nonsense"), (*PARTIES, "--no-such-thing")]
)
async def test_wrong_arguments_end_with_2(
    exotel_sandbox: Sandbox, arguments: tuple[str, ...]
) -> None:
    assert (await command(*arguments, environment=settings(exotel_sandbox))).status == 2
    assert len(exotel_sandbox.calls) == 0


def test_every_way_in_which_a_call_ends_has_its_own_exit_status() -> None:
    final = {status for status in ApiCallStatus if status.is_final}
    assert set(EXIT_STATUS) == final
    assert len(set(EXIT_STATUS.values())) == len(final)
