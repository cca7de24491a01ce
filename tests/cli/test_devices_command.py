"""`exotel-voice devices` with sound cards and without."""

from __future__ import annotations

import json
import os

import pytest

from cli.command import run_command
from devices.conftest import pulse, pulse_daemon
from devices.pulse import PulseServer

__all__ = ["pulse", "pulse_daemon"]

NOWHERE = {**os.environ, "PULSE_SERVER": "unix:/nowhere", "HOME": "/nowhere", "COLUMNS": "200"}


@pytest.mark.slow
@pytest.mark.needs("pulseaudio")
def test_it_lists_devices_with_their_ids(pulse: PulseServer) -> None:
    environment = {**pulse.environment, "COLUMNS": "120"}
    code, out, err = run_command(environment, "devices")
    assert (code, err) == (0, "")
    assert "miniaudio (PulseAudio)" in out
    rows = [[cell.strip() for cell in line.split("│")[1:-1]] for line in out.splitlines()]
    assert ["*", "output", "Cable-Out", "vout"] in rows
    assert ["*", "input", "Desk-Microphone", "mic"] in rows
    assert ["", "monitor", "Monitor of Cable-Out", "vout.monitor"] in rows


@pytest.mark.slow
@pytest.mark.needs("pulseaudio")
def test_programs_get_json(pulse: PulseServer) -> None:
    code, out, _ = run_command(pulse.environment, "devices", "--json")
    assert code == 0
    found = json.loads(out)
    assert found["library"] == "miniaudio (PulseAudio)"
    assert {
        "id": "mic",
        "name": "Desk-Microphone",
        "kind": "input",
        "is_default": True,
        "is_monitor": False,
    } in found["devices"]


@pytest.mark.slow
def test_a_machine_without_a_sound_card_is_told_what_that_means() -> None:
    code, out, err = run_command(NOWHERE, "devices")
    assert (code, err) == (0, "")
    assert "no sound device" in out
    assert "files and streams" in out
    code, out, _ = run_command(NOWHERE, "devices", "--json")
    assert code == 0
    assert json.loads(out)["devices"] == []
