"""Scenes of the page about the gateway."""

from __future__ import annotations

from functools import partial

import httpx
import pytest

from docs.blocks import ROOT
from docs.scenes_start import environment
from docs.stage import LIMIT, Scenes, Stage
from exotel_voice.gateway import VoiceGateway
from gateway.site import Site, identity_of

__all__ = ["scenes"]

scenes = Scenes()

EXAMPLES = {
    "gateway-fastapi": "fastapi_softphone.py",
    "gateway-django-asgi": "django_softphone/asgi.py",
    "gateway-django-urls": "django_softphone/urls.py",
    "gateway-django-settings": "django_softphone/settings.py",
}
"""Blocks that are files, which `app/test_examples_in_browser.py` runs."""


async def is_the_file(stage: Stage, *, name: str) -> None:
    assert stage.block.text == (ROOT / "examples" / name).read_text(encoding="utf-8")


for _block, _name in EXAMPLES.items():
    scenes(_block)(partial(is_the_file, name=_name))


@scenes("gateway-starlette")
async def gateway_starlette(stage: Stage) -> None:
    stage.give(users={"a-session": "alice"})
    with pytest.MonkeyPatch.context() as patch:
        for name, value in environment(stage.sandbox.account("alice")).items():
            patch.setenv(name, value)
        await stage.run()
        async with Site(stage.names["gateway"], app=stage.names["app"]) as site:
            async with httpx.AsyncClient(trust_env=False) as http:
                assert (await http.get(f"{site.url}/voice/exotelsdk.js")).status_code == 200
            async with site.tab("stranger") as tab:
                assert await tab.closed() == 4401
            async with site.tab("one", cookie="session=a-session") as tab:
                await tab.hello()
                await tab.attach()
                await tab.register()
                await stage.sandbox.registered("alice", timeout=LIMIT)


@scenes("gateway-handler")
async def gateway_handler(stage: Stage) -> None:
    gateway = VoiceGateway(authenticate=identity_of, accounts=stage.sandbox.account)
    stage.give(gateway=gateway, blocked={"+919900000009"})
    await stage.run()
    async with Site(gateway) as site, site.tab("one") as tab:
        await tab.hello()
        await tab.attach()
        await tab.register()
        record = stage.sandbox.place_call(to="alice", caller_id="+919900000009")
        assert (await record.ended()).sip_status == 603
        record = stage.sandbox.place_call(to="alice", caller_id="+919900000001")
        call = await tab.call_event("incoming")
        assert call["details"]["remoteId"] == "+919900000001"
        await tab.request("reject", call=call["id"])
        await record.ended()
