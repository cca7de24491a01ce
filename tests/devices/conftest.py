from __future__ import annotations

from collections.abc import Iterator

import pytest

from devices.pulse import PulseServer
from exotel_voice.devices import system


@pytest.fixture(scope="module")
def pulse_daemon() -> Iterator[PulseServer]:
    server = PulseServer().start()
    yield server
    server.close()


@pytest.fixture
def pulse(pulse_daemon: PulseServer, monkeypatch: pytest.MonkeyPatch) -> Iterator[PulseServer]:
    """The sound service that this process uses for the time of the test."""
    for name in ("PULSE_SERVER", "HOME", "XDG_RUNTIME_DIR"):
        monkeypatch.setenv(name, pulse_daemon.environment[name])
    system._systems.clear()
    yield pulse_daemon
    system._systems.clear()


@pytest.fixture
def no_sound(monkeypatch: pytest.MonkeyPatch, tmp_path: object) -> Iterator[None]:
    """A machine without a sound card."""
    monkeypatch.setenv("PULSE_SERVER", f"unix:{tmp_path}/nobody")
    monkeypatch.setenv("PULSE_RUNTIME_PATH", str(tmp_path))
    system._systems.clear()
    yield
    system._systems.clear()
