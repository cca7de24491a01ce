"""Guide 5.13: every status of its table, each brought about by what really causes it."""

from __future__ import annotations

import queue
import socket
import time
from collections.abc import Iterator

import pytest

from client.guide_page import Page, sip_account_info
from devices.conftest import no_sound, pulse, pulse_daemon
from devices.pulse import PulseServer
from exotel_voice.client import ExotelWebClient
from exotel_voice.media.microphone import Microphone
from exotel_voice.media.native import NativeMedia
from exotel_voice.phone.settings import PhoneSettings
from exotel_voice.sandbox import SandboxThread

__all__ = ["no_sound", "pulse", "pulse_daemon"]

LIMIT = 2.0


class Asker:
    """Asks for the status, and notes how long the answer took."""

    def __init__(self, client: ExotelWebClient) -> None:
        self.client = client
        self.answers: queue.SimpleQueue[str] = queue.SimpleQueue()

    def ask(self) -> str:
        began = time.monotonic()
        self.client.checkClientStatus(self.answers.put)
        answer = self.answers.get(timeout=5)
        assert time.monotonic() - began < LIMIT
        return answer

    def until(self, status: str) -> None:
        """Ask until it is so: the next answer may come just before the change."""
        limit = time.monotonic() + 5.0
        while (answer := self.ask()) != status:
            assert time.monotonic() < limit, answer


@pytest.fixture
def asker(page: Page) -> Asker:
    return Asker(page.client)


@pytest.fixture
def listener() -> Iterator[socket.socket]:
    """A server that takes connections and says nothing."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        yield server


def at(server: SandboxThread, port: int) -> dict[str, object]:
    account = server.account("alice")
    return sip_account_info(account, domain=f"{account.host}:{port}")


def test_the_snippet_of_the_guide(registered: Page) -> None:
    told: queue.SimpleQueue[str] = queue.SimpleQueue()
    exWebClient = registered.client

    def report(status: str) -> None:
        told.put("SDK Status " + status)

    exWebClient.checkClientStatus(report)
    assert told.get(timeout=LIMIT) == "SDK Status registered"


def test_without_an_account_it_is_not_initialized(asker: Asker) -> None:
    assert asker.ask() == "not_initialized"
    assert not asker.client.initWebrtc({})
    assert asker.ask() == "not_initialized"


def test_before_doregister_it_is_disconnected(
    server: SandboxThread, page: Page, asker: Asker
) -> None:
    assert page.init(sip_account_info(server.account("alice")))
    assert asker.ask() == "disconnected"


def test_while_the_socket_opens_it_is_connecting(
    server: SandboxThread, page: Page, asker: Asker, listener: socket.socket
) -> None:
    assert page.init(at(server, listener.getsockname()[1]))
    page.client.DoRegister()
    assert asker.ask() == "connecting"


def test_a_server_that_is_not_there_is_a_failed_connection(
    server: SandboxThread, page: Page, asker: Asker, listener: socket.socket
) -> None:
    port = listener.getsockname()[1]
    listener.close()
    assert page.init(at(server, port))
    page.client.DoRegister()
    asker.until("websocket_connection_failed")


def test_while_the_registrar_does_not_reply_it_is_initial(
    server: SandboxThread, page: Page, asker: Asker
) -> None:
    server.run(lambda sandbox: sandbox.faults.swallow("REGISTER"))
    assert page.init(sip_account_info(server.account("alice")))
    page.client.DoRegister()
    page.until("sent_request")
    assert asker.ask() == "initial"


def test_a_wrong_password_is_terminated(server: SandboxThread, page: Page, asker: Asker) -> None:
    assert page.init(sip_account_info(server.account("alice"), secret="wrong"))
    page.client.DoRegister()
    page.until("terminated")
    assert asker.ask() == "terminated"


def test_a_registrar_that_refuses_for_now_is_unregistered(
    server: SandboxThread, page: Page, asker: Asker
) -> None:
    server.run(lambda sandbox: sandbox.faults.refuse_registrations(503, retry_after=60))
    assert page.init(sip_account_info(server.account("alice")))
    page.client.DoRegister()
    page.until("unregistered")
    assert asker.ask() == "unregistered"


def test_a_connection_that_was_lost_is_disconnected_and_then_comes_back(
    server: SandboxThread,
) -> None:
    page = Page(PhoneSettings(reconnect_first=4.0, reconnect_limit=4.0))
    try:
        page.register(sip_account_info(server.account("alice")))
        server.run(lambda sandbox: sandbox.faults.drop_connections())
        page.until("unregistered")
        asker = Asker(page.client)
        assert asker.ask() in ("disconnected", "registered", "initial")
        asker.until("registered")
    finally:
        page.close()


def test_during_a_call_and_twice_at_once_it_answers(
    server: SandboxThread, registered: Page, asker: Asker
) -> None:
    server.run(lambda sandbox: sandbox.place_call(to="alice", party="echo").sid)
    registered.until("incoming")
    registered.client.getCall().Answer()
    registered.until("connected")
    began = time.monotonic()
    for _ in range(2):
        registered.client.checkClientStatus(asker.answers.put)
    assert [asker.answers.get(timeout=5) for _ in range(2)] == ["registered", "registered"]
    assert time.monotonic() - began < LIMIT


def test_an_async_callback_is_awaited(asker: Asker) -> None:
    async def callback(status: str) -> None:
        asker.answers.put(f"awaited {status}")

    asker.client.checkClientStatus(callback)
    assert asker.answers.get(timeout=LIMIT) == "awaited not_initialized"


@pytest.mark.usefixtures("no_sound")
def test_without_a_microphone_the_permission_is_denied(server: SandboxThread) -> None:
    with ExotelWebClient() as client:
        asker = Asker(client)
        assert asker.ask() == "media_permission_denied"
        assert client.initWebrtc(sip_account_info(server.account("alice")))
        assert asker.ask() == "media_permission_denied"


@pytest.mark.needs("pulseaudio")
def test_with_a_microphone_it_looks_further(pulse: PulseServer, server: SandboxThread) -> None:
    states: queue.SimpleQueue[str] = queue.SimpleQueue()
    with ExotelWebClient() as client:
        asker = Asker(client)
        assert asker.ask() == "not_initialized"
        assert client.initWebrtc(
            sip_account_info(server.account("alice")), lambda state, _: states.put(state)
        )
        client.DoRegister()
        while states.get(timeout=5) != "registered":
            pass
        assert asker.ask() == "registered"
        pulse.pause()
        try:
            assert asker.ask() == "unknown"
        finally:
            pulse.resume()


@pytest.mark.needs("pulseaudio")
@pytest.mark.usefixtures("pulse")
def test_a_microphone_that_is_not_there_is_no_microphone() -> None:
    with ExotelWebClient(media=NativeMedia(input=Microphone("radio"))) as client:
        assert Asker(client).ask() == "media_permission_denied"
