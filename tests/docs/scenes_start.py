"""Scenes of the README, the quickstart and the page about errors."""

from __future__ import annotations

import asyncio
import logging

import httpx
import pytest

from docs.stage import LIMIT, Scenes, Stage
from exotel_voice import SipAccount
from gateway.site import Site

__all__ = ["scenes"]

scenes = Scenes()


def environment(account: SipAccount) -> dict[str, str]:
    """The variables that `SipAccount.from_env` reads."""
    settings = {
        "USERNAME": account.username,
        "PASSWORD": account.password,
        "DOMAIN": account.domain,
        "HOST": account.host,
        "PORT": str(account.port),
        "SECURITY": account.security,
        "ENDPOINT": account.endpoint,
    }
    return {f"EXOTEL_SIP_{name}": value for name, value in settings.items()}


@scenes("first-call")
async def first_call(stage: Stage) -> None:
    assert "active" in await stage.run_program()


@scenes("take-a-call")
async def take_a_call(stage: Stage) -> None:
    from exotel_voice import Phone  # noqa: PLC0415 - a name that the block finds

    stage.give(account=stage.sandbox.account("alice"), Phone=Phone)
    async with stage.running():
        await stage.sandbox.registered("alice")
        record = stage.sandbox.place_call(to="alice", party="ivr", caller_id="+919900000001")
        await record.heard("12#", timeout=LIMIT)
        assert (await record.ended()).status == "completed"
    assert stage.printed == ["call from +919900000001"]


@scenes("account-written")
async def account_written(stage: Stage) -> None:
    await stage.run()
    assert stage.names["account"].url == "wss://voip.example:443/wss"


@scenes("account-environment")
async def account_environment(stage: Stage) -> None:
    alice = stage.sandbox.account("alice")
    with pytest.MonkeyPatch.context() as patch:
        for name, value in environment(alice).items():
            patch.setenv(name, value)
        await stage.run()
    assert stage.names["account"] == alice


@scenes("guide-names")
async def guide_names(stage: Stage) -> None:
    stage.give(account=stage.sandbox.account("alice"))
    await stage.run()
    try:
        await stage.until_printed("alice is registered")
        record = stage.sandbox.place_call(to="alice", party="hangup-0.5")
        await record.ended()
        await stage.until_printed("terminated hangup-0.5")
    finally:
        await stage.names["client"].aclose()
    assert record.status == "completed"


@scenes("errors-busy")
async def errors_busy(stage: Stage) -> None:
    stage.give(account=stage.sandbox.account("alice"))
    await stage.run()
    assert stage.printed == ["later: Dial again later."]
    await asyncio.wait_for(stage.sandbox.unregistered("alice"), LIMIT)


@scenes("readme-gateway")
async def readme_gateway(stage: Stage) -> None:
    alice = stage.sandbox.account("alice")
    with pytest.MonkeyPatch.context() as patch:
        for name, value in environment(alice).items():
            patch.setenv(name, value)
        await stage.run()
        app = stage.names["app"]
        gateway = stage.names["gateway"]
        async with Site(gateway, app=app) as site:
            async with httpx.AsyncClient() as http:
                script = await http.get(f"{site.url}/voice/exotelsdk.js")
                assert "ExotelWebClient" in script.text
            async with site.tab("one", **{"X-Signed-In-User": "alice"}) as tab:
                await tab.hello()
                await tab.attach()
                await tab.register()
                await stage.sandbox.registered("alice")


@scenes("trouble-trace")
async def trouble_trace(stage: Stage) -> None:
    stage.give(account=stage.sandbox.account("alice"))
    root = logging.getLogger()
    handlers, level = list(root.handlers), root.level
    try:
        await stage.run()
    finally:
        root.handlers[:], root.level = handlers, level
    assert any(line.startswith("sent REGISTER ") for line in stage.printed)
    assert any(line.startswith("received SIP/2.0 200") for line in stage.printed)
    assert "registered" in stage.printed
