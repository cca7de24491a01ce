"""Scenes of the guide's sections, in Python."""

from __future__ import annotations

from pathlib import Path

import pytest

from docs.stage import LIMIT, Scenes, Stage
from exotel_voice import ExotelWebClient, Phone, events
from exotel_voice.sandbox import CallRecord

__all__ = ["scenes"]

scenes = Scenes()


def ignore(*_: object) -> None:
    """Be a callback."""


def ring(stage: Stage, party: str = "echo") -> CallRecord:
    """Let the sandbox call alice."""
    return stage.sandbox.place_call(to="alice", party=party, caller_id="+919900000001")


async def connected(stage: Stage, client: ExotelWebClient, party: str = "echo") -> CallRecord:
    """Bring a call up."""
    record = ring(stage, party)
    await stage.until_printed("incoming alice")
    assert client.getCall().Answer()
    await stage.until_printed("connected alice")
    return record


async def until_held(stage: Stage, record: CallRecord, is_held: bool) -> None:
    """Wait until the sandbox is held, or is not any more."""
    await stage.sandbox.changes.until(
        lambda: record.is_held is is_held, what="the hold", timeout=LIMIT
    )


def take(path: Path) -> str:
    """Read a file and delete it."""
    text = path.read_text(encoding="utf-8")
    path.unlink()
    return text


@scenes("init")
async def init(stage: Stage) -> None:
    stage.give(RegisterEventCallBack=ignore, CallListenerCallback=ignore, SessionCallback=ignore)
    await stage.run()
    assert stage.printed == ["True"]
    await stage.names["client"].aclose()


@scenes("init-context")
async def init_context(stage: Stage) -> None:
    account = stage.sandbox.account("alice")
    info = {"userName": "alice", "authUser": "alice", "secret": account.password}
    info |= {"sipdomain": account.domain, "domain": f"{account.host}:{account.port}"}
    info |= {"port": str(account.port), "security": account.security}
    stage.give(
        ExotelWebClient=ExotelWebClient,
        sipAccountInfo=info,
        RegisterEventCallBack=lambda state, _: stage.note(state),
    )
    await stage.run()
    assert stage.names["client"].DoRegister() is False
    await stage.sandbox.unregistered("alice")


@scenes("register")
async def register(stage: Stage) -> None:
    async with stage.client() as client:
        client.UnRegister()
        await stage.until_printed("RegisterEventCallBack unregistered")
        stage.printed.clear()
        await stage.run()
        await stage.until_printed("RegisterEventCallBack registered")
        assert stage.printed[0] == "RegisterEventCallBack sent_request alice"


@scenes("register-callback")
async def register_callback(stage: Stage) -> None:
    async with stage.client() as client:
        await stage.run()
        client.UnRegister()
        await stage.until_printed("alice unregistered")
        assert stage.names["is_registered"] is False
        client.DoRegister()
        await stage.until_printed("alice registered")
        assert stage.names["is_registered"] is True


@scenes("unregister")
async def unregister(stage: Stage) -> None:
    async with stage.client():
        await stage.run()
        await stage.until_printed("RegisterEventCallBack unregistered")
        await stage.sandbox.unregistered("alice")


@scenes("receive")
async def receive(stage: Stage) -> None:
    async with stage.client() as client:
        await stage.run()
        ring(stage, "hangup-0.2")
        await stage.until_printed("call from +919900000001 to alice")
        client.getCall().Answer()
        await stage.until_printed("talking")
        await stage.until_printed("ended there")
        ring(stage)
        await stage.sandbox.changes.until(client.getCall, what="a call", timeout=LIMIT)
        client.getCall().Hangup()
        await stage.until_printed("ended here")


@scenes("answer")
async def answer(stage: Stage) -> None:
    async with stage.client():
        await stage.run()
        record = ring(stage)
        await stage.until_printed("incoming alice")
        stage.names["acceptCallHandler"]()
        await stage.until_printed("connected alice")
        await record.answered()


@scenes("hangup")
async def hangup(stage: Stage) -> None:
    async with stage.client():
        await stage.run()
        record = ring(stage)
        await stage.until_printed("incoming alice")
        stage.names["rejectCallHandler"]()
        await stage.until_printed("callEnded alice")
        assert (await record.ended()).sip_status == 486


@scenes("mute")
async def mute(stage: Stage) -> None:
    async with stage.client() as client:
        await stage.run()
        await connected(stage, client)
        phone = client._phone
        assert phone is not None
        phone.on(events.CallMuted, lambda _: stage.note("now muted"))
        phone.on(events.CallUnmuted, lambda _: stage.note("now unmuted"))
        stage.names["muteHandler"]()
        await stage.until_printed("now muted")
        stage.names["muteHandler"]()
        await stage.until_printed("now unmuted")


@scenes("hold")
async def hold(stage: Stage) -> None:
    async with stage.client() as client:
        await stage.run()
        record = await connected(stage, client)
        stage.names["holdHandler"]()
        await until_held(stage, record, is_held=True)
        stage.names["holdHandler"]()
        await until_held(stage, record, is_held=False)


@scenes("dtmf")
async def dtmf(stage: Stage) -> None:
    async with stage.client() as client:
        record = await connected(stage, client, "ivr")
        await stage.run()
        await record.heard("5")


@scenes("tabs")
async def tabs(stage: Stage) -> None:
    async with stage.client() as client:
        await stage.run()
        record = ring(stage)
        await stage.until_printed("call for alice")
        client.getCall().Hangup()
        await record.ended()
        await stage.until_printed("close the notice")


@scenes("reconnect")
async def reconnect(stage: Stage) -> None:
    async with stage.client() as client:
        await stage.run()
        stage.sandbox.faults.drop_connections("alice")
        await stage.until_printed("unregistered")
        stage.printed.clear()
        await stage.sandbox.registered("alice")
        await stage.until_printed("RegisterEventCallBack registered")
        record = await connected(stage, client)
        client.getCall().Hangup()
        await record.ended()
        stage.names["registerToggle"]()
        await stage.sandbox.unregistered("alice")


@scenes("readiness")
async def readiness(stage: Stage) -> None:
    async with stage.client():
        await stage.run()
        await stage.until_printed("status registered")


@scenes("logger")
async def logger(stage: Stage) -> None:
    async with stage.client() as client:
        await stage.run()
        assert client.setAudioOutputVolume("trumpet", 1.0) is False
        await stage.until_printed("warn setAudioOutputVolume()")


@scenes("download-logs")
async def download_logs(stage: Stage) -> None:
    async with stage.client() as client:
        assert client.setAudioOutputVolume("trumpet", 1.0) is False
        await stage.run()
        text = take(Path(stage.names["path"]))
    assert "setAudioOutputVolume()" in text
    assert stage.sandbox.account("alice").password not in text


@scenes("account-dictionary")
async def account_dictionary(stage: Stage) -> None:
    await stage.run()
    assert stage.names["account"].url == "wss://voip.example:443/wss"
    assert "password" not in stage.printed[0]


@scenes("click-to-call")
async def click_to_call(stage: Stage) -> None:
    async with Phone(stage.sandbox.account("alice")) as phone:
        with pytest.MonkeyPatch.context() as patch:
            patch.setenv("EXOTEL_API_KEY", stage.sandbox.api.key)
            patch.setenv("EXOTEL_API_TOKEN", stage.sandbox.api.token)
            patch.setenv("EXOTEL_ACCOUNT_SID", stage.sandbox.api.account_sid)
            patch.setenv("EXOTEL_SUBDOMAIN", stage.sandbox.http_url)
            await stage.run()
        call = await anext(aiter(phone.incoming()))
        await call.answer()
        assert stage.printed[0].startswith(call.details.call_sid)
