"""What the gateway keeps of a phone: lines for its own tabs, SIP messages for the application."""

from __future__ import annotations

import asyncio
import json
import logging
from pathlib import Path
from typing import Any

import pytest

from exotel_voice import ConfigError, events
from exotel_voice.gateway import GatewayLimits, Notice, VoiceGateway
from exotel_voice.gateway.wire import MAX_FRAME
from exotel_voice.observe.tap import LOGGER_NAME
from exotel_voice.sandbox import Sandbox
from gateway.conftest import MakeTab
from gateway.site import Site, identity_of
from gateway.web_tab import WebTab

pytestmark = pytest.mark.media

logger = logging.getLogger("exotel_voice.application")

TRACED: list[tuple[str, str, str]] = []


@pytest.fixture
def gateway_options() -> dict[str, Any]:
    TRACED.clear()
    return {"trace": lambda *told: TRACED.append(told), "last_tab_limit": 0.05}


async def all_lines(tab: WebTab) -> list[str]:
    """Read the log as a page does."""
    lines: list[str] = []
    value = {"next": "0"}
    while "next" in value:
        value = await tab.request("logs", after=int(value["next"]))
        assert len(json.dumps(value)) < MAX_FRAME - 200
        lines += value["text"].splitlines()
    return lines


async def call_echo(tab: WebTab) -> str:
    """Call, be answered, hang up once the audio flows."""
    call: str = (await tab.request("dial", target="echo"))["call"]
    await tab.call_event("connected")
    await tab.call_event("media")
    await tab.request("hang_up", call=call)
    await tab.call_event("callEnded")
    await tab.find("media_request", op="close")
    return call


async def test_a_tab_gets_the_lines_of_its_own_phone_and_no_secret(
    exotel_sandbox: Sandbox, site: Site, open_tab: MakeTab
) -> None:
    tab = await open_tab("one")
    await tab.register()
    async with site.tab("two", user="bob") as other:
        await other.hello()
        await other.attach()
        await other.register()
        calls = {"alice": await call_echo(tab), "bob": await call_echo(other)}
        found = {"alice": await all_lines(tab), "bob": await all_lines(other)}
    for name, stranger in (("alice", "bob"), ("bob", "alice")):
        text = "\n".join(found[name])
        assert sum("registered for" in line for line in found[name]) == 1
        assert f"[{calls[name]}] CallConnected" in text
        assert f"[{calls[name]}] CallEnded" in text
        assert calls[stranger] not in text
        assert exotel_sandbox.account(name).password not in text
        assert found[name] == sorted(found[name], key=lambda line: line[:24])
        assert all(line[10] == "T" and line[23] == "Z" for line in found[name])


async def test_a_long_log_comes_in_pieces_that_fit(site: Site, open_tab: MakeTab) -> None:
    def write(_: Notice[events.Registered]) -> None:
        for number in range(400):
            logger.info("%d:%s", number, "\N{GRINNING FACE}" * (4000 if number % 100 == 0 else 40))
        try:
            int("a mistake\nof two lines")
        except ValueError:
            logger.exception("a handler failed")

    site.gateway.on(events.Registered, write)
    tab = await open_tab("one")
    await tab.register()
    lines = await all_lines(tab)
    own = [line for line in lines if "exotel_voice.application" in line]
    numbers = [int(line.split("application ")[1].split(":")[0]) for line in own[:-1]]
    assert numbers == list(range(400))
    assert len([each for each in tab.told if each["type"] == "result"]) > 4
    # Where the files of the server are is nothing for a page.
    assert own[-1].endswith("a handler failed (the traceback is in the log of the server)")
    assert __file__ not in "\n".join(lines)
    assert (await tab.request("logs", after=10**6))["text"] == ""


async def test_a_tab_without_a_phone_gets_no_lines(site: Site) -> None:
    async with site.tab("one") as tab:
        await tab.hello()
        result = await tab.try_request("logs")
        assert result["error"]["code"] == "gateway.not_attached"


async def test_the_application_draws_the_messages_of_a_call(
    exotel_sandbox: Sandbox, site: Site, open_tab: MakeTab, tmp_path: Path
) -> None:
    drawn: asyncio.Future[str] = asyncio.get_running_loop().create_future()

    def draw(notice: Notice[events.CallEnded]) -> None:
        trace = site.gateway.trace(notice.identity, notice.event.call_id)
        trace.save(tmp_path / "call.html")
        drawn.set_result(trace.as_text())

    site.gateway.on(events.CallEnded, draw)
    tab = await open_tab("one")
    await tab.register()
    call = await call_echo(tab)
    text = await drawn
    assert text.split(maxsplit=2)[:2] == ["alice", "platform"]
    assert [word for word in ("INVITE", "180 Ringing", "200 OK", "ACK", "BYE") if word in text] == [
        "INVITE",
        "180 Ringing",
        "200 OK",
        "ACK",
        "BYE",
    ]
    page = (tmp_path / "call.html").read_text("utf-8")
    assert "REGISTER" not in text
    assert exotel_sandbox.account("alice").password not in page
    trace = site.gateway.trace("alice", call)
    assert trace.as_svg().startswith("<svg ")
    assert {one.call_id for one in trace.messages} == {call}
    assert site.gateway.trace("bob", call).messages == ()
    assert site.gateway.trace("alice", "another").messages == ()


async def test_every_message_of_every_phone_is_told_on_request(open_tab: MakeTab) -> None:
    tab = await open_tab("one")
    await tab.register()
    assert {(identity, way) for identity, way, _ in TRACED} == {
        ("alice", "sent"),
        ("alice", "received"),
    }
    first, *_, last = [text.split("\r\n")[0] for _, _, text in TRACED]
    assert first.startswith("REGISTER sip:")
    assert last == "SIP/2.0 200 OK"
    assert any("Authorization: ***" in text for _, way, text in TRACED if way == "sent")
    assert not any("response=" in text for *_, text in TRACED)


@pytest.mark.parametrize("kept", [True, False])
async def test_what_is_kept_goes_with_the_phone_and_can_be_switched_off(
    exotel_sandbox: Sandbox, caplog: pytest.LogCaptureFixture, kept: bool
) -> None:
    def fail(*_: str) -> None:
        raise ValueError("the application's own mistake")

    limits = GatewayLimits() if kept else GatewayLimits(log_lines=0, trace_messages=0)
    gateway = VoiceGateway(
        authenticate=identity_of, accounts=exotel_sandbox.account, limits=limits, trace=fail
    )
    handlers = len(logging.getLogger(LOGGER_NAME).handlers)
    async with Site(gateway) as site, site.tab("one") as tab:
        await tab.hello()
        await tab.attach()
        await tab.register()
        assert len(logging.getLogger(LOGGER_NAME).handlers) == handlers + kept
        call = await call_echo(tab)
        assert bool(await all_lines(tab)) is kept
        assert bool(gateway.trace("alice", call).messages) is kept
    assert len(logging.getLogger(LOGGER_NAME).handlers) == handlers
    assert gateway.trace("alice", call).messages == ()
    assert "the application's own mistake" in caplog.text


def test_what_is_kept_has_a_bound() -> None:
    with pytest.raises(ConfigError):
        GatewayLimits(log_lines=-1)
    with pytest.raises(ConfigError):
        GatewayLimits(tabs=0)
