"""Scenes of the page about tests with the sandbox."""

from __future__ import annotations

import asyncio
import sys
from pathlib import Path

from docs.blocks import DOCS, all_blocks
from docs.stage import LIMIT, Scenes, Stage
from exotel_voice import Phone

__all__ = ["scenes"]

scenes = Scenes()

_TESTS = ("test-fixture", "test-thread", "test-settings")
_verdicts: dict[str, str] = {}
"""What one pytest run said of all blocks that are tests: by the name of the block."""


async def _run_pytest(folder: Path) -> dict[str, str]:
    for block in all_blocks("python"):
        if block.page == DOCS / "testing.md" and block.name in _TESTS:
            path = folder / f"{block.name.replace('-', '_')}.py"
            path.write_text(block.text, encoding="utf-8")
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "pytest", "-rA", "-q", "-p", "no:cacheprovider", "."),
        cwd=folder,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.STDOUT,
    )
    async with asyncio.timeout(4 * LIMIT):
        out, _ = await process.communicate()
    return dict.fromkeys(_TESTS, out.decode())


async def _passes(stage: Stage) -> None:
    if not _verdicts:
        _verdicts.update(await _run_pytest(stage.folder))
    verdict = _verdicts[stage.block.name]
    assert f"PASSED {stage.block.name.replace('-', '_')}.py::" in verdict, verdict
    assert "failed" not in verdict, verdict


for _name in _TESTS:
    scenes(_name)(_passes)


@scenes("test-place-call")
async def place_call(stage: Stage) -> None:
    async def answer(phone: Phone) -> None:
        call = await anext(aiter(phone.incoming()))
        await call.answer()
        stage.note(call.details.sip_headers["X-Campaign"][0])
        await call.send_dtmf("12#")
        await call.hang_up()

    async with Phone(stage.sandbox.account("alice")) as phone:
        stage.give(sandbox=stage.sandbox)
        await asyncio.gather(stage.run(), answer(phone))
    assert stage.printed[0] == "spring"
    assert stage.printed[1].startswith("completed 12# ")


@scenes("test-party")
async def party(stage: Stage) -> None:
    stage.give(sandbox=stage.sandbox)
    await stage.run()
    async with Phone(stage.sandbox.account("alice")) as phone:
        call = await phone.dial("greeter")
        await call.answered()
        heard = [frame async for frame in call.audio_in()]
        assert call.details.call_end_cause == "remote_hangup"
        assert any(any(frame) for frame in heard)


@scenes("test-faults")
async def faults(stage: Stage) -> None:
    async with Phone(stage.sandbox.account("alice")) as phone:
        stage.give(sandbox=stage.sandbox)
        await stage.run()
        assert stage.sandbox.faults.registration is None
        await stage.sandbox.registered("alice")
        await phone.register()
        assert phone.state == "registered"


@scenes("test-http")
async def http(stage: Stage) -> None:
    async with Phone(stage.sandbox.account("alice")) as phone:
        stage.give(sandbox=stage.sandbox)
        await stage.run()
        call = await anext(aiter(phone.incoming()))
        await call.answer()
        await call.hang_up()
    assert stage.printed[0] in ("queued", "in-progress", "ringing")
