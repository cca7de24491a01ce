"""The pytest plugin: a sandbox for each test that asks for one.

    async def test_my_phone_rings(exotel_sandbox):
        async with Phone(exotel_sandbox.account("alice")) as phone:
            exotel_sandbox.place_call(to="alice", party="echo")
            ...

`exotel_sandbox` is asynchronous: it needs `pytest-asyncio` (either mode) or anyio's plugin, and
lives in the test's event loop. `exotel_sandbox_thread` is for plain tests and needs no further
plugin. Override `exotel_sandbox_settings` to change either. pytest loads this module in every
project that has the package, so nothing is imported before it is needed.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable, Iterator
from importlib.util import find_spec
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from exotel_voice.sandbox.server import Sandbox
    from exotel_voice.sandbox.settings import SandboxSettings
    from exotel_voice.sandbox.threaded import SandboxThread

__all__ = ["exotel_sandbox", "exotel_sandbox_settings", "exotel_sandbox_thread"]


def _asynchronous(function: Callable[..., AsyncIterator[Any]]) -> Any:
    """Make a fixture of pytest-asyncio where there is one, so that its strict mode knows it too."""
    if find_spec("pytest_asyncio") is None:
        return pytest.fixture(function)
    from pytest_asyncio import fixture  # noqa: PLC0415 - only where it is installed

    return fixture(function)


@pytest.fixture
def exotel_sandbox_settings() -> SandboxSettings:
    """Give the settings of the sandbox; override this in a test module to change them."""
    from exotel_voice.sandbox.settings import SandboxSettings  # noqa: PLC0415 - cheap import

    return SandboxSettings()


async def _run(exotel_sandbox_settings: SandboxSettings) -> AsyncIterator[Sandbox]:
    """Run a sandbox on free ports of the loopback while the test runs."""
    from exotel_voice.sandbox.server import Sandbox  # noqa: PLC0415 - cheap import

    async with Sandbox(exotel_sandbox_settings) as sandbox:
        yield sandbox


exotel_sandbox = _asynchronous(_run)


@pytest.fixture
def exotel_sandbox_thread(exotel_sandbox_settings: SandboxSettings) -> Iterator[SandboxThread]:
    """Run a sandbox in a thread of its own while the test runs."""
    from exotel_voice.sandbox.threaded import SandboxThread  # noqa: PLC0415 - cheap import

    with SandboxThread(exotel_sandbox_settings) as server:
        yield server
