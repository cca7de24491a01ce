"""The module's checks in Node: its unit tests, and the type checker over every module."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest

HERE = Path(__file__).parent
WEB = HERE.parents[1] / "src" / "exotel_voice" / "web"


async def run(*command: str) -> tuple[int, str]:
    process = await asyncio.create_subprocess_exec(
        *command, cwd=HERE, stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.STDOUT
    )
    output, _ = await process.communicate()
    return process.returncode or 0, output.decode()


@pytest.mark.slow
@pytest.mark.needs("node", "web-tools")
@pytest.mark.timeout(120)
async def test_the_units_hold() -> None:
    status, output = await run("node", "--test", "--test-reporter=tap", ".")
    assert status == 0, output[-6000:]


@pytest.mark.slow
@pytest.mark.needs("node", "web-tools")
@pytest.mark.timeout(120)
async def test_the_types_are_clean() -> None:
    status, output = await run("node", "node_modules/typescript/bin/tsc", "-p", ".")
    assert status == 0, output
