"""Every Python block of the documentation does, as printed, what its page says."""

from __future__ import annotations

from pathlib import Path

import pytest

from docs import scenes_guide, scenes_phone, scenes_start, scenes_testing
from docs.blocks import Block, all_blocks
from docs.stage import Scene, Stage
from exotel_voice.sandbox import Sandbox

pytestmark = [pytest.mark.slow, pytest.mark.media, pytest.mark.timeout(40)]

SCENES: dict[str, Scene] = {
    **scenes_start.scenes,
    **scenes_phone.scenes,
    **scenes_testing.scenes,
    **scenes_guide.scenes,
}
BLOCKS = [block for block in all_blocks("python") if block.name in SCENES]


@pytest.mark.parametrize("block", BLOCKS, ids=[block.id for block in BLOCKS])
async def test_a_python_snippet_runs_as_printed(
    block: Block, exotel_sandbox: Sandbox, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    await SCENES[block.name](Stage(block, exotel_sandbox, tmp_path))


def test_every_python_snippet_has_a_scene_and_every_scene_a_snippet() -> None:
    blocks = list(all_blocks("python"))
    assert [str(block) for block in blocks if block.name not in SCENES] == []
    assert set(SCENES) - {block.name for block in blocks} == set()
