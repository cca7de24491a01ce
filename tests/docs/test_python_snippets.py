"""Every Python block of the documentation does, as printed, what its page says."""

from __future__ import annotations

from pathlib import Path

import pytest

from devices.conftest import pulse, pulse_daemon
from devices.pulse import PulseServer
from docs.blocks import Block, all_blocks
from docs.scenes import PYTHON, SOUND
from docs.stage import Stage
from exotel_voice.sandbox import Sandbox

__all__ = ["pulse", "pulse_daemon"]

pytestmark = [pytest.mark.slow, pytest.mark.media, pytest.mark.timeout(90)]

DISTINCT = list({(block.name, block.text): block for block in all_blocks("python")}.values())
"""What two pages print alike runs once."""
BLOCKS = [block for block in DISTINCT if block.name in PYTHON]
SOUND_BLOCKS = [block for block in DISTINCT if block.name in SOUND]


@pytest.mark.parametrize("block", BLOCKS, ids=[block.id for block in BLOCKS])
async def test_a_python_snippet_runs_as_printed(
    block: Block, exotel_sandbox: Sandbox, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    await PYTHON[block.name](Stage(block, exotel_sandbox, tmp_path))


@pytest.mark.needs("pulseaudio")
@pytest.mark.parametrize("block", SOUND_BLOCKS, ids=[block.id for block in SOUND_BLOCKS])
async def test_a_python_snippet_that_uses_sound_cards_runs_as_printed(
    block: Block, exotel_sandbox: Sandbox, tmp_path: Path, pulse: PulseServer
) -> None:
    await SOUND[block.name](Stage(block, exotel_sandbox, tmp_path, pulse=pulse))
