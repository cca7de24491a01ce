"""`exotel-voice diagnose`: a green table against the sandbox, a red one against a dead host."""

from __future__ import annotations

import json
import re
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from cli.command import account_environment, run_command
from devices.conftest import pulse, pulse_daemon
from devices.pulse import RATE, Player, PulseServer
from diagnostics.stun_server import StunServer
from exotel_voice.sandbox import SandboxThread
from tones import tone

__all__ = ["pulse", "pulse_daemon"]

pytestmark = pytest.mark.slow


@pytest.fixture
def server() -> Iterator[SandboxThread]:
    with SandboxThread() as thread:
        yield thread


def rows(output: str) -> dict[str, list[str]]:
    """The table: title to mark, result and hint; cells over several lines are joined."""
    found: dict[str, list[str]] = {}
    title = ""
    for line in output.splitlines():
        cells = [cell.strip() for cell in line.split("│")[1:-1]]
        if len(cells) != 4:
            continue
        title = cells[1] or title
        if cells[1]:
            found[title] = [cells[0], cells[2], cells[3]]
        else:
            found[title][1:] = [
                f"{a} {b}" for a, b in zip(found[title][1:], cells[2:], strict=True)
            ]
    return found


@pytest.mark.media
@pytest.mark.needs("pulseaudio")
def test_against_the_sandbox_the_whole_table_is_green(
    pulse: PulseServer, server: SandboxThread, tmp_path: Path
) -> None:
    page = tmp_path / "report.html"
    sound = {name: pulse.environment[name] for name in ("PULSE_SERVER", "HOME", "XDG_RUNTIME_DIR")}
    environment = account_environment(server.account("alice"), **sound)
    with StunServer() as stun, Player(pulse, "vin", tone(300.0, 1.0, RATE)):
        code, out, err = run_command(
            environment, "diagnose", "--stun", stun.url, "--seconds", "6", "--save", str(page)
        )
    assert (code, err) == (0, ""), out
    found = rows(out)
    assert list(found) == [
        "speaker", "microphone", "connection to the SIP server", "registration", "TCP",
        "UDP", "local address", "public address", "call to echo",
    ]  # fmt: skip
    call, result, hint = found.pop("call to echo")
    # A machine that is too busy to play packets in time loses some; the table then says so.
    assert call == "✓" or "of the packets are lost" in hint, out
    assert re.search(r"MOS [34]\.\d\d \((excellent|great|good)\), opus", result)
    assert {mark for mark, _, _ in found.values()} == {"✓"}, out
    assert {hint.strip() for _, _, hint in found.values()} == {""}
    assert "typ srflx" in found["public address"][1]
    assert ("Everything works" in out) is (call == "✓")
    text = page.read_text(encoding="utf-8")
    assert text.count("<svg") == 3
    assert server.account("alice").password not in text + out


def test_against_a_dead_host_the_table_is_red_within_ten_seconds(server: SandboxThread) -> None:
    server.run(lambda sandbox: sandbox.faults.drop_connections())
    account = server.account("alice")
    environment = account_environment(account, EXOTEL_SIP_PORT="1")
    began = time.monotonic()
    code, out, _ = run_command(environment, "diagnose", "--no-sound")
    assert time.monotonic() - began < 10.0
    assert code == 1
    found = rows(out)
    for title in ("connection to the SIP server", "registration"):
        assert found[title][0] == "✗"
        assert found[title][2] == "Check host and port, and that the server runs."
    assert found["TCP"][0] == "✗"
    assert found["local address"][0] == "✓"
    assert found["speaker"][0] == "-"
    assert "call to echo" not in found
    assert "Calls will not work like this" in out


def test_a_wrong_password_is_found(server: SandboxThread) -> None:
    environment = account_environment(server.account("alice"), EXOTEL_SIP_PASSWORD="wrong")
    code, out, _ = run_command(environment, "diagnose", "--no-sound", "--json")
    assert code == 1
    found = json.loads(out)
    assert found["verdict"] == "failed"
    checks = {check["key"]: check for check in found["checks"]}
    assert checks["wss"]["outcome"] == "good"
    assert checks["userReg"]["outcome"] == "failed"
    assert "password" in checks["userReg"]["hint"]
    assert "wrong" not in out


def test_a_missing_setting_is_named() -> None:
    code, _, err = run_command({"PATH": "", "HOME": "/nowhere"}, "diagnose")
    assert code == 1
    assert "EXOTEL_SIP_USERNAME is not set" in err
    assert "exotel-voice sandbox" in err


def test_a_page_needs_a_folder(server: SandboxThread) -> None:
    environment = account_environment(server.account("alice"))
    code, _, err = run_command(environment, "diagnose", "--save", "/nowhere/at/all.html")
    assert code == 1
    assert "its folder is not there" in err
