"""Scenes of the page about logs and traces."""

from __future__ import annotations

import logging
from pathlib import Path

from docs.stage import Scenes, Stage

__all__ = ["scenes"]

scenes = Scenes()


def take(path: Path) -> str:
    """Read a file and delete it."""
    text = path.read_text("utf-8")
    path.unlink()
    return text


@scenes("logs-standard")
async def standard(stage: Stage) -> None:
    names = ("exotel_voice", "exotel_voice.media")
    levels = {name: logging.getLogger(name).level for name in names}
    try:
        await stage.run()
        assert logging.getLogger("exotel_voice.phone").isEnabledFor(logging.INFO)
        assert not logging.getLogger("exotel_voice.media.ice").isEnabledFor(logging.INFO)
    finally:
        for name, level in levels.items():
            logging.getLogger(name).setLevel(level)


@scenes("logs-client")
async def client(stage: Stage) -> None:
    account = stage.sandbox.account("alice")
    stage.give(account=account)
    await stage.run()
    assert any(line.startswith("info registered") for line in stage.printed)
    assert "log CallEnded" in stage.printed
    assert "registered for" in take(stage.names["path"])


@scenes("logs-trace")
async def trace(stage: Stage) -> None:
    stage.give(account=stage.sandbox.account("alice"))
    await stage.run()
    assert "INVITE" in stage.printed[0]
    assert "BYE" in stage.printed[0]
    assert (stage.folder / "call.svg").read_text("utf-8").startswith("<svg ")
