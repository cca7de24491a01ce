"""Scenes of the page about logs and traces."""

from __future__ import annotations

import logging
from pathlib import Path

from docs.stage import Scenes, Stage
from exotel_voice.gateway import VoiceGateway
from gateway.site import Site, identity_of

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


@scenes("logs-gateway")
async def of_the_gateway(stage: Stage) -> None:
    gateway = VoiceGateway(authenticate=identity_of, accounts=stage.sandbox.account)
    stage.give(gateway=gateway)
    await stage.run()
    async with Site(gateway) as site, site.tab("one") as tab:
        await tab.hello()
        await tab.attach()
        await tab.register()
        stage.sandbox.place_call(to="alice")
        call = await tab.call_event("incoming")
        await tab.request("reject", call=call["id"])
        await stage.until_printed("486 Busy Here")
    assert "INVITE" in stage.printed[0]
    assert "<svg" in (stage.folder / "call.html").read_text("utf-8")
