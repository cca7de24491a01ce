"""The plugin as a user's project sees it: other modes of pytest-asyncio, none, and its price."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

ASYNC_TEST = """
import pytest
from exotel_voice.sandbox import SandboxSettings

@pytest.fixture
def exotel_sandbox_settings():
    return SandboxSettings(domain="mine.test")

@pytest.mark.asyncio
async def test_the_sandbox_is_mine(exotel_sandbox):
    assert exotel_sandbox.account("alice").domain == "mine.test"
    record = exotel_sandbox.place_call(to="alice")
    assert (await record.ended()).status == "no-answer"
"""

PLAIN_TEST = """
def test_a_call_from_plain_code(exotel_sandbox_thread):
    server = exotel_sandbox_thread
    assert server.account("alice").security == "ws"
    record = server.run(lambda sandbox: sandbox.place_call(to="alice"))
    assert server.run(lambda sandbox: record.ended()).status == "no-answer"
    assert len(server.calls) == 1
    assert server.http_url.startswith("http://127.0.0.1:")
"""


def pytest_in(folder: Path, source: str, *arguments: str) -> subprocess.CompletedProcess[str]:
    (folder / "test_mine.py").write_text(source)
    (folder / "pytest.ini").write_text("[pytest]\n")
    return subprocess.run(  # noqa: S603 - our own command
        [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", *arguments],
        cwd=folder,
        capture_output=True,
        text=True,
        timeout=30,
        check=False,
    )


@pytest.mark.parametrize("mode", ["strict", "auto"])
def test_the_fixture_works_in_both_modes_of_pytest_asyncio(tmp_path: Path, mode: str) -> None:
    result = pytest_in(tmp_path, ASYNC_TEST, "-o", f"asyncio_mode={mode}")
    assert "1 passed" in result.stdout, result.stdout + result.stderr


def test_plain_tests_have_a_sandbox_without_any_other_plugin(tmp_path: Path) -> None:
    result = pytest_in(tmp_path, PLAIN_TEST, "-p", "no:asyncio")
    assert "1 passed" in result.stdout, result.stdout + result.stderr


def test_a_project_that_does_not_use_it_pays_nothing() -> None:
    code = (
        "import sys, exotel_voice.sandbox.pytest_plugin\n"
        "heavy = {'aiortc', 'numpy', 'starlette', 'uvicorn', 'websockets', 'httpx'}\n"
        "print(sorted(heavy & set(sys.modules)))"
    )
    result = subprocess.run(  # noqa: S603 - our own code
        [sys.executable, "-c", code], capture_output=True, text=True, check=True
    )
    assert result.stdout.strip() == "[]"
