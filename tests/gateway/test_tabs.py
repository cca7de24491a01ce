"""Several tabs are one phone (guide 5.10): who is told what, who may answer, who comes next."""

from __future__ import annotations

import asyncio

import pytest

from exotel_voice.sandbox import Sandbox
from gateway.conftest import MakeTab
from gateway.site import Site
from gateway.web_tab import WebTab

pytestmark = pytest.mark.media


async def three(open_tab: MakeTab) -> list[WebTab]:
    tabs = [await open_tab(name) for name in ("one", "two", "three")]
    await tabs[0].register()
    for tab in tabs[1:]:
        await tab.find("registration", state="registered")
    return tabs


async def answered(sandbox: Sandbox, tab: WebTab, party: str = "tone-1000") -> tuple[str, str]:
    """Let the sandbox call, answer in a tab, and give the ids of the call and of its media."""
    sandbox.place_call(to="alice", party=party)
    call = await tab.call_event("incoming")
    await tab.request("answer", call=call["id"])
    await tab.call_event("connected")
    await tab.call_event("media")
    return call["id"], call["media"]


async def test_all_tabs_are_one_phone_with_one_registration(
    exotel_sandbox: Sandbox, site: Site, open_tab: MakeTab
) -> None:
    one, two, _ = await three(open_tab)
    assert len(exotel_sandbox.registrations) == 1
    assert len(site.gateway.phones) == 1
    await two.register()
    assert len([each for each in two.told if each["type"] == "registration"]) == 3
    tabs = (await one.find("tabs"))["tabs"]
    assert [(each["tab"], each["is_active"], each["is_self"]) for each in tabs] == [
        ("one", True, True),
        ("two", False, False),
    ]


async def test_a_child_may_answer_and_the_others_are_told(
    exotel_sandbox: Sandbox, open_tab: MakeTab
) -> None:
    one, two, three_ = await three(open_tab)
    call, media = await answered(exotel_sandbox, two)
    await two.hear_tone(media, 1000)
    for tab in (one, three_):
        assert (await tab.call_event("connected"))["media_tab"] == "two"
    await one.find("media_request", op="prepare")
    await one.find("media_request", op="close")
    await two.request("hang_up", call=call)
    for tab in (one, two, three_):
        await tab.call_event("callEnded")
    await three_.find("session", state="callEnded")

    def sessions(tab: WebTab) -> list[str]:
        return [each["state"] for each in tab.told if each["type"] == "session"]

    assert sessions(one) == []
    assert sessions(two) == ["incoming"]
    assert sessions(three_) == ["incoming", "connected", "callEnded"]


@pytest.mark.parametrize("crashes", [True, False])
async def test_the_next_oldest_tab_becomes_active_and_stays_registered(
    exotel_sandbox: Sandbox, open_tab: MakeTab, crashes: bool
) -> None:
    one, two, three_ = await three(open_tab)
    before = exotel_sandbox.registrations
    began = asyncio.get_running_loop().time()
    if crashes:
        one.abort()
    else:
        await one.aclose()
    await two.find("session", state="re-register")
    assert asyncio.get_running_loop().time() - began < 1.0
    await three_.find("tabs", tabs=[_tab("two", active=True), _tab("three", self=True)])
    assert not [each for each in three_.told if each["type"] == "session"]
    assert exotel_sandbox.registrations == before
    await two.register()


def _tab(name: str, *, active: bool = False, self: bool = False) -> dict[str, object]:
    return {"tab": name, "is_active": active, "is_self": self}


async def test_another_tab_takes_a_living_call_over_by_one_re_invite(
    exotel_sandbox: Sandbox, open_tab: MakeTab
) -> None:
    one, two, three_ = await three(open_tab)
    call, media = await answered(exotel_sandbox, one)
    await one.hear_tone(media, 1000)
    await two.request("answer", call=call)
    await two.hear_tone(media, 1000)
    record = exotel_sandbox.snapshot()["calls"][0]  # type: ignore[index]
    assert record["status"] == "in-progress"
    for tab in (one, two, three_):
        assert (await tab.call_event("activeSession"))["media_tab"] == "two"
    await one.find("media_request", op="close")
    assert media not in one.sessions


async def test_a_closed_tab_leaves_its_call_to_the_next(
    exotel_sandbox: Sandbox, open_tab: MakeTab
) -> None:
    one, two, three_ = await three(open_tab)
    call, media = await answered(exotel_sandbox, two, party="echo")
    await one.aclose()
    await two.aclose()
    await three_.find("session", state="re-register")
    await three_.find("tabs", tabs=[_tab("three", active=True, self=True)])
    news = [each for each in three_.told if each["type"] == "call"][-1]
    assert (news["event"], news["call"].get("media_tab")) == ("media", None)
    assert news["call"]["last_media_tab"] == "two"
    began = asyncio.get_running_loop().time()
    await three_.request("answer", call=call)
    async with three_.speaking(media, 700):
        await three_.hear_tone(media, 700)
    assert asyncio.get_running_loop().time() - began < 2.0


async def test_a_reloaded_tab_has_its_call_back(exotel_sandbox: Sandbox, open_tab: MakeTab) -> None:
    one = await open_tab("one")
    await one.register()
    call, media = await answered(exotel_sandbox, one)
    again = await one.reload()
    try:
        attached = await again.attach()
        facts = attached["calls"][0]
        assert (facts["id"], facts["state"]) == (call, "active")
        assert (facts.get("media_tab"), facts["last_media_tab"]) == (None, "one")
        assert attached["registration"]["state"] == "registered"
        began = asyncio.get_running_loop().time()
        await again.request("answer", call=call)
        await again.hear_tone(media, 1000)
        assert asyncio.get_running_loop().time() - began < 2.0
        assert (await again.call_event("activeSession"))["media_tab"] == "one"
    finally:
        await again.aclose()


async def test_a_tab_whose_socket_alone_broke_goes_on_without_a_re_invite(
    exotel_sandbox: Sandbox, open_tab: MakeTab
) -> None:
    one, two = await open_tab("one"), await open_tab("two")
    await one.register()
    _, media = await answered(exotel_sandbox, one)
    one.abort()
    await two.find("session", state="re-register")
    await one.open()
    await one.hello(media=[media])
    attached = await one.attach()
    assert attached["calls"][0]["media_tab"] == "one"
    assert attached["is_active"] is False
    await one.hear_tone(media, 1000)
    assert not [each for each in one.told if each.get("op") in {"offer", "accept_answer"}]


async def test_a_second_connection_of_the_same_name_replaces_the_first(
    open_tab: MakeTab, site: Site
) -> None:
    one = await open_tab("one")
    async with site.tab("one") as twin:
        await twin.hello()
        await twin.attach()
        assert await one.closed() == 4409
        assert one.told[-1]["code"] == "gateway.replaced"


async def test_two_users_have_two_phones(
    exotel_sandbox: Sandbox, site: Site, open_tab: MakeTab
) -> None:
    one = await open_tab("one")
    await one.register()
    async with site.tab("one", user="bob") as other:
        await other.hello()
        attached = await other.attach()
        assert attached["account"]["user_name"] == "bob"
        assert attached["is_active"]
        await other.register()
        exotel_sandbox.place_call(to="bob", party="echo")
        await other.call_event("incoming")
    assert len(site.gateway.phones) == 2
    assert not [each for each in one.told if each["type"] == "call"]
