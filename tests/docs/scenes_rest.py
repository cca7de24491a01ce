"""Scenes of the page about the HTTP API: the sandbox is the platform, hooks get its messages."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from importlib import import_module
from io import BytesIO

import httpx
import pytest

from docs.stage import Scenes, Stage
from exotel_voice.rest import ExotelIntegrationClient
from rest.recorded import recorded, script
from rest.test_integration import PLACED, TOKEN, platform

__all__ = ["scenes"]

scenes = Scenes()


@contextmanager
def environment(stage: Stage) -> Iterator[None]:
    """The settings of the sandbox's API."""
    stage.sandbox.account("alice")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("EXOTEL_API_KEY", stage.sandbox.api.key)
        patch.setenv("EXOTEL_API_TOKEN", stage.sandbox.api.token)
        patch.setenv("EXOTEL_ACCOUNT_SID", stage.sandbox.api.account_sid)
        patch.setenv("EXOTEL_SUBDOMAIN", stage.sandbox.http_url)
        yield


@scenes("rest-connect")
async def connect(stage: Stage) -> None:
    printed = stage.block.text
    stage.block = replace(
        stage.block, text=printed.replace("https://shop.example", "http://127.0.0.1:9")
    )
    with environment(stage):
        await stage.run()
    record = stage.sandbox.calls[-1]
    assert stage.printed[0].startswith(record.sid)
    assert (record.to, record.custom_field) == ("+919900000001", "order 12345")


@scenes("rest-sync")
async def sync(stage: Stage) -> None:
    def run() -> None:
        asyncio.run(stage.run())

    with environment(stage):
        await asyncio.to_thread(run)
    assert stage.sandbox.calls[-1].from_ == "alice"
    assert stage.printed[0] in ("queued", "ringing", "no-answer")


@scenes("rest-details")
async def details(stage: Stage) -> None:
    with environment(stage):
        record = stage.sandbox.place_call(to="alice", party="echo")
        await record.ended()
        stage.give(sid=record.sid)
        await stage.run()
    assert stage.printed[0].startswith("no-answer")


@scenes("rest-hook")
async def hook(stage: Stage) -> None:
    await stage.run()
    transport = httpx.ASGITransport(app=stage.names["app"])
    async with httpx.AsyncClient(transport=transport, base_url="http://shop.test") as client:
        for name in ("callback_answered.json", "callback_terminal.json"):
            reply = await client.post("/calls", json=json.loads(recorded(name)))
            assert reply.status_code == 200
        assert (await client.post("/calls", content=b"x=1")).status_code == 400
    assert stage.printed == ["order_12345 talks", "order_12345 completed 320"]


@scenes("rest-django")
async def django(stage: Stage) -> None:
    settings = import_module("django.conf").settings
    if not settings.configured:
        settings.configure()
    await stage.run()
    body = recorded("callback_terminal.json")
    request = import_module("django.core.handlers.wsgi").WSGIRequest(
        {
            "REQUEST_METHOD": "POST",
            "PATH_INFO": "/calls",
            "CONTENT_TYPE": "application/json",
            "CONTENT_LENGTH": str(len(body)),
            "wsgi.input": BytesIO(body),
        }
    )
    assert stage.names["calls"](request).status_code == 200
    assert stage.printed == ["80bfbec2d78bbbf10fb851f4fa165211 completed"]


@scenes("rest-integration")
async def integration(stage: Stage) -> None:
    async with script(platform()) as server:
        with pytest.MonkeyPatch.context() as patch:
            defaults = ExotelIntegrationClient.__init__.__kwdefaults__ or {}
            patch.setitem(defaults, "base_url", server.url)
            stage.give(access_token=TOKEN)
            await stage.run()
    assert stage.printed == [f"asha9f2c {PLACED['CallSid']}"]
