"""Guide 5.1 initialise, 5.2 register, 5.3 unregister: the snippets, in Python, on a real server."""

from __future__ import annotations

import asyncio
import logging
import threading

import pytest

from client.guide_page import Page, sip_account_info, wait
from exotel_voice.client import ExotelWebClient, GuideCall
from exotel_voice.media.silent import SilentMedia
from exotel_voice.sandbox import Sandbox, SandboxThread


def test_snippet_5_1_initialises_and_sends_nothing(server: SandboxThread) -> None:
    account = server.account("alice")
    exWebClient = ExotelWebClient(media=SilentMedia())

    def RegisterEventCallBack(state: str, phone: str) -> None:
        raise AssertionError((state, phone))

    def CallListenerCallback(
        callObj: GuideCall,
        eventType: str,
        phone: str,
    ) -> None:
        raise AssertionError((callObj, eventType, phone))

    def SessionCallback(callState: str, phone: str) -> None:
        raise AssertionError((callState, phone))

    sipAccountInfo = {
        "userName": account.username,
        "authUser": account.username,
        "sipdomain": account.domain,
        "domain": account.host + ":" + str(account.port),
        "displayname": "DisplayName",
        "secret": account.password,
        "port": str(account.port),
        "security": "ws",
    }
    assert exWebClient.initWebrtc(
        sipAccountInfo, RegisterEventCallBack, CallListenerCallback, SessionCallback
    )
    exWebClient.close()


def test_snippet_5_2_registers(server: SandboxThread, page: Page) -> None:
    reg_state = []

    def RegisterEventCallBack(state: str, phone: str) -> None:
        if state == "registered":
            reg_state.append(True)
        elif state in ("unregistered", "terminated"):
            reg_state.append(False)
        page.RegisterEventCallBack(state, phone)

    info = sip_account_info(server.account("alice"))
    assert page.client.initWebrtc(info, RegisterEventCallBack, page.CallListenerCallback)
    assert page.client.DoRegister()
    page.until("registered")
    assert reg_state == [True]
    assert page.states == ["sent_request", "registered"]
    assert page.phones == {"alice"}
    assert page.client.DoRegister()


@pytest.mark.parametrize("name", ["UnRegister", "unregister"])
def test_snippet_5_3_unregisters(server: SandboxThread, registered: Page, name: str) -> None:
    assert getattr(registered.client, name)()
    registered.until("unregistered")
    assert registered.states == ["sent_request", "registered", "sent_request", "unregistered"]
    assert server.run(lambda sandbox: len(sandbox.registrations)) == 0
    assert registered.client.DoRegister()
    registered.until("registered")


def test_a_wrong_password_is_terminated_once(server: SandboxThread, page: Page) -> None:
    assert page.init(sip_account_info(server.account("alice"), secret="wrong"))
    assert page.client.DoRegister()
    page.until("terminated")
    assert page.states == ["sent_request", "terminated"]
    assert page.init(sip_account_info(server.account("alice")))
    assert page.client.DoRegister()
    page.until("registered")
    assert page.states == ["sent_request", "terminated", "sent_request", "registered"]


def test_a_server_that_is_not_there_is_unregistered_once(page: Page) -> None:
    info = {
        "userName": "alice",
        "authUser": "alice",
        "sipdomain": "sandbox.test",
        "domain": "127.0.0.1:1",
        "secret": "x",
        "port": "1",
        "security": "ws",
    }
    assert page.init(info)
    assert page.client.DoRegister()
    page.until("unregistered")
    assert page.states == ["unregistered"]


@pytest.mark.parametrize("key", ["userName", "authUser", "secret", "sipdomain", "port", "security"])
@pytest.mark.parametrize("is_missing", [True, False])
def test_a_missing_or_empty_key_is_named_and_a_correct_call_then_works(
    server: SandboxThread,
    page: Page,
    key: str,
    is_missing: bool,
    caplog: pytest.LogCaptureFixture,
) -> None:
    good = sip_account_info(server.account("alice"))
    bad = {name: value for name, value in good.items() if name != key}
    if not is_missing:
        bad[key] = ""
    assert page.init(bad) is False
    [record] = [r for r in caplog.records if r.levelno == logging.ERROR]
    assert key in record.getMessage()
    assert str(good["secret"]) not in caplog.text
    assert page.client.DoRegister() is False
    page.register(good)


@pytest.mark.parametrize(
    ("key", "value"), [("port", "abc"), ("security", "tls"), ("domain", ""), ("domain", "a b")]
)
def test_a_key_of_the_wrong_form_is_named(
    server: SandboxThread, page: Page, key: str, value: str, caplog: pytest.LogCaptureFixture
) -> None:
    assert page.init(sip_account_info(server.account("alice"), **{key: value})) is False
    assert key in caplog.text


def test_unknown_keys_are_named_in_one_warning(
    server: SandboxThread, page: Page, caplog: pytest.LogCaptureFixture
) -> None:
    info = sip_account_info(server.account("alice"), colour="red", size=3, accountSid="acme")
    assert page.init(info)
    [record] = [r for r in caplog.records if r.levelno == logging.WARNING]
    assert "colour, size" in record.getMessage()


@pytest.mark.parametrize("info", [None, "alice", 7])
def test_what_is_no_dictionary_is_refused(page: Page, info: object) -> None:
    assert page.client.initWebrtc(info) is False  # type: ignore[arg-type]


def test_a_callback_that_is_no_function_is_named(
    server: SandboxThread, page: Page, caplog: pytest.LogCaptureFixture
) -> None:
    info = sip_account_info(server.account("alice"))
    assert page.client.initWebrtc(info, "nothing") is False  # type: ignore[arg-type]
    assert "RegisterEventCallBack" in caplog.text


def test_before_init_nothing_works_and_nothing_breaks(
    page: Page, caplog: pytest.LogCaptureFixture
) -> None:
    assert page.client.DoRegister() is False
    assert page.client.UnRegister() is False
    call = page.client.getCall()
    assert not call
    assert [call.Answer(), call.Hangup(), call.Mute(), call.UnMute(), call.MuteToggle()] == [
        False
    ] * 5
    assert [call.Hold(), call.UnHold(), call.HoldToggle(), call.sendDTMF("1")] == [False] * 4
    assert call.callDetails() == {}
    assert "initWebrtc" in caplog.text
    assert "there is no call" in caplog.text


def test_without_a_loop_callbacks_run_in_one_background_thread(registered: Page) -> None:
    [thread] = registered.threads
    assert thread is not threading.main_thread()
    registered.close()
    assert not thread.is_alive()
    registered.close()


async def test_inside_a_loop_the_client_uses_that_loop(exotel_sandbox: Sandbox) -> None:
    states: asyncio.Queue[str] = asyncio.Queue()

    async def on_register(state: str, phone: str) -> None:
        assert phone == "alice"
        await states.put(state)

    threads = threading.active_count()
    async with ExotelWebClient(media=SilentMedia()) as client:
        assert client.initWebrtc(sip_account_info(exotel_sandbox.account("alice")), on_register)
        assert client.DoRegister()
        assert [await states.get(), await states.get()] == ["sent_request", "registered"]
        assert threading.active_count() == threads
    assert exotel_sandbox.registrations == []


def test_several_clients_share_nothing(server: SandboxThread) -> None:
    pages = [Page(), Page()]
    for page, name in zip(pages, ("alice", "bob"), strict=True):
        page.register(sip_account_info(server.account(name)))
    assert [page.phones for page in pages] == [{"alice"}, {"bob"}]
    pages[0].close()
    assert server.run(lambda sandbox: [b.username for b in sandbox.registrations]) == ["bob"]
    pages[1].close()


def test_a_second_init_replaces_the_first_phone(server: SandboxThread, registered: Page) -> None:
    registered.register(sip_account_info(server.account("bob")))
    wait(server, lambda sandbox: sandbox.unregistered("alice"))
    assert server.run(lambda sandbox: [b.username for b in sandbox.registrations]) == ["bob"]


def test_a_client_that_nobody_closes_ends_with_the_program(server: SandboxThread) -> None:
    page = Page()
    page.register(sip_account_info(server.account("alice")))
    [thread] = page.threads
    assert thread.daemon
    page.close()
