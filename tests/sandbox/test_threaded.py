"""The sandbox in a thread of its own."""

from __future__ import annotations

import pytest

from exotel_voice.errors import ConfigError, InvalidState
from exotel_voice.sandbox import SandboxSettings, SandboxThread


def test_plain_code_has_a_sandbox() -> None:
    with SandboxThread(SandboxSettings(domain="mine.test")) as server:
        assert server.account("alice").domain == "mine.test"
        assert list(server.calls) == []
    with pytest.raises(InvalidState):
        server.account("bob")


def test_an_error_of_the_sandbox_reaches_plain_code() -> None:
    with SandboxThread() as server:
        with pytest.raises(ConfigError):
            server.run(lambda sandbox: sandbox.place_call(to="nobody"))
        port = server.account("alice").port
        with (
            pytest.raises(ConfigError, match="in use"),
            SandboxThread(SandboxSettings(ws_port=port)),
        ):
            pass
