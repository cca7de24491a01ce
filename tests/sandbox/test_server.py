"""The sandbox on its sockets: registration over ws and wss, faults, begin and end."""

from __future__ import annotations

import asyncio
import ssl
from typing import Any

import pytest
from websockets.asyncio.client import connect
from websockets.exceptions import ConnectionClosed, InvalidHandshake
from websockets.typing import Subprotocol

from exotel_voice.errors import ConfigError, DeadlineExceeded, InvalidState
from exotel_voice.sandbox import CallRecord, Sandbox, SandboxSettings
from exotel_voice.sandbox.changes import Changes
from exotel_voice.sandbox.records import Direction
from exotel_voice.sip.wire import Request
from sandbox.wire_phone import SDP, wire_phone


async def test_a_phone_registers_over_ws_and_unregisters(exotel_sandbox: Sandbox) -> None:
    account = exotel_sandbox.account("alice")
    assert exotel_sandbox.ws_url.startswith("ws://127.0.0.1:")
    async with wire_phone(account) as phone:
        response = await phone.register(expires=60)
        assert response.status == 200
        assert response.headers.get("Contact") == f"{phone.contact};expires=60"
        binding = await exotel_sandbox.registered("alice")
        assert binding.contact == phone.contact.strip("<>")
        assert (await phone.register(expires=0)).status == 200
        await exotel_sandbox.unregistered("alice")


async def test_a_phone_registers_over_wss_with_the_sandbox_s_certificate(
    exotel_sandbox: Sandbox,
) -> None:
    account = exotel_sandbox.account("alice", security="wss")
    tls = ssl.create_default_context(cafile=str(exotel_sandbox.ca_file))
    async with wire_phone(account, tls=tls) as phone:
        assert (await phone.register()).status == 200


async def test_a_client_that_does_not_speak_sip_is_refused(exotel_sandbox: Sandbox) -> None:
    for offered in (None, [Subprotocol("chat")]):
        with pytest.raises(InvalidHandshake):
            async with connect(exotel_sandbox.ws_url, subprotocols=offered, proxy=None):
                pass


async def test_a_keep_alive_is_answered_and_garbage_does_no_harm(exotel_sandbox: Sandbox) -> None:
    async with wire_phone(exotel_sandbox.account("alice")) as phone:
        await phone.send(b"\r\n\r\n")
        assert await phone.socket.recv() == "\r\n"
        await phone.send(b"what is this?\r\n\r\n")
        await phone.socket.send(bytes(range(256)))
        assert (await phone.register()).status == 200


async def test_a_message_that_is_too_large_ends_the_connection(exotel_sandbox: Sandbox) -> None:
    async with wire_phone(exotel_sandbox.account("alice")) as phone:
        await phone.socket.send("x" * 70_000)
        with pytest.raises(ConnectionClosed):
            await phone.socket.recv()


async def test_methods_that_the_sandbox_does_not_know_get_405(exotel_sandbox: Sandbox) -> None:
    async with wire_phone(exotel_sandbox.account("alice")) as phone:
        request = phone.request("MESSAGE", "sip:bob@sandbox.test")
        await phone.send(request)
        response = await phone.final(request)
        assert response.status == 405
        assert "INVITE" in (response.headers.get("Allow") or "")


async def test_options_is_answered(exotel_sandbox: Sandbox) -> None:
    async with wire_phone(exotel_sandbox.account("alice")) as phone:
        request = phone.request("OPTIONS", "sip:sandbox.test")
        await phone.send(request)
        assert (await phone.final(request)).status == 200


async def test_dropped_connections_take_their_registration_with_them(
    exotel_sandbox: Sandbox,
) -> None:
    alice, bob = exotel_sandbox.account("alice"), exotel_sandbox.account("bob")
    async with wire_phone(alice) as phone, wire_phone(bob) as other:
        await phone.register()
        await other.register()
        assert exotel_sandbox.faults.drop_connections("alice") == 1
        with pytest.raises(ConnectionClosed):
            await phone.socket.recv()
        await exotel_sandbox.unregistered("alice")
        assert (await other.register()).status == 200
        assert exotel_sandbox.faults.drop_connections() == 1


async def test_registrations_are_refused_on_demand(exotel_sandbox: Sandbox) -> None:
    async with wire_phone(exotel_sandbox.account("alice")) as phone:
        exotel_sandbox.faults.refuse_registrations(503, retry_after=7)
        response = await phone.register()
        assert (response.status, response.retry_after) == (503, 7)
        exotel_sandbox.faults.heal()
        assert (await phone.register()).status == 200


async def test_messages_are_swallowed_on_demand(exotel_sandbox: Sandbox) -> None:
    async with wire_phone(exotel_sandbox.account("alice")) as phone:
        exotel_sandbox.faults.swallow("OPTIONS", count=1)
        lost = phone.request("OPTIONS", "sip:sandbox.test")
        heard = phone.request("OPTIONS", "sip:sandbox.test")
        await phone.send(lost)
        await phone.send(heard)
        response = await phone.receive()
        assert response.call_id == heard.call_id


async def test_replies_are_delayed_on_demand_and_stay_in_order(exotel_sandbox: Sandbox) -> None:
    async with wire_phone(exotel_sandbox.account("alice")) as phone:
        exotel_sandbox.faults.delay(0.2)
        requests = [phone.request("OPTIONS", "sip:sandbox.test") for _ in range(3)]
        loop = asyncio.get_running_loop()
        begin = loop.time()
        for request in requests:
            await phone.send(request)
        replies = [await phone.receive() for _ in requests]
        assert 0.2 <= loop.time() - begin < 0.5
        assert [reply.call_id for reply in replies] == [each.call_id for each in requests]


async def test_a_frozen_connection_answers_nothing(exotel_sandbox: Sandbox) -> None:
    async with wire_phone(exotel_sandbox.account("alice")) as phone:
        await phone.register()
        assert exotel_sandbox.faults.freeze_connections("alice") == 1
        pong = await phone.socket.ping()
        with pytest.raises(TimeoutError):
            await asyncio.wait_for(pong, 0.1)
        exotel_sandbox.faults.drop_connections()


async def test_a_server_that_does_not_listen_refuses_and_comes_back_on_its_ports(
    exotel_sandbox: Sandbox,
) -> None:
    account = exotel_sandbox.account("alice")
    async with wire_phone(account) as phone:
        await phone.register()
        await exotel_sandbox.faults.stop_listening()
        with pytest.raises(OSError, match=r".*"):
            async with wire_phone(account):
                pass
        assert (await phone.register()).status == 200
        await exotel_sandbox.faults.restart()
        with pytest.raises(ConnectionClosed):
            await phone.socket.recv()
    assert exotel_sandbox.registrations == []
    assert exotel_sandbox.account("alice") == account
    async with wire_phone(account) as phone:
        assert (await phone.register()).status == 200


async def test_a_killed_server_forgets_calls(exotel_sandbox: Sandbox) -> None:
    async with wire_phone(exotel_sandbox.account("alice")) as phone:
        await phone.invite("no-answer")
        record = exotel_sandbox.calls[-1]
        await exotel_sandbox.faults.kill()
        assert (record.status, record.reason) == ("failed", "the sandbox was killed")


async def test_a_dialog_follows_its_phone_to_a_new_connection(exotel_sandbox: Sandbox) -> None:
    alice, bob = exotel_sandbox.account("alice"), exotel_sandbox.account("bob")
    async with wire_phone(alice) as caller:
        await caller.register()
        async with wire_phone(bob) as callee:
            callee.instance = "urn:uuid:00000000-0000-4000-8000-000000000001"
            await callee.register()
            dialling = asyncio.create_task(caller.invite("bob"))
            got = await callee.request_of("INVITE")
            await callee.reply(got, 200, body=SDP)
            sent, answered = await dialling
            await caller.ack(sent, answered)
            await callee.request_of("ACK")
            exotel_sandbox.faults.drop_connections("bob")
        await exotel_sandbox.unregistered("bob")
        async with wire_phone(bob, host="elsewhere.invalid") as again:
            again.instance = "urn:uuid:00000000-0000-4000-8000-000000000001"
            await again.register()
            bye = caller.within(sent, answered, "BYE")
            await caller.send(bye)
            passed_on = await again.request_of("BYE")
            assert isinstance(passed_on, Request)
            await again.reply(passed_on, 200)
            assert (await caller.final(bye)).status == 200


async def test_a_port_in_use_is_an_error_or_replaced(exotel_sandbox: Sandbox) -> None:
    port = exotel_sandbox.account("alice").port
    with pytest.raises(ConfigError, match=str(port)):
        async with Sandbox(SandboxSettings(ws_port=port)):
            pass
    async with Sandbox(SandboxSettings(ws_port=port, use_other_ports=True)) as other:
        assert other.account("alice").port != port


async def test_a_sandbox_is_closed_twice_without_harm_and_used_once() -> None:
    sandbox = Sandbox()
    with pytest.raises(InvalidState):
        sandbox.account("alice")
    await sandbox.start()
    ca_file = sandbox.ca_file
    await sandbox.aclose()
    await sandbox.aclose()
    assert not ca_file.exists()
    assert sandbox.registrations == []
    with pytest.raises(InvalidState):
        await sandbox.start()


async def test_closing_hangs_up_and_says_goodbye() -> None:
    async with Sandbox() as sandbox, wire_phone(sandbox.account("alice")) as phone:
        await phone.register()
        request, _ = await phone.invite("no-answer")
        closing = asyncio.create_task(sandbox.aclose())
        response = await phone.final(request)
        assert response.status >= 400
        await closing
        await phone.socket.wait_closed()
        assert phone.socket.close_code == 1001


async def test_waiting_for_what_does_not_happen_says_what_was_waited_for(
    exotel_sandbox: Sandbox,
) -> None:
    exotel_sandbox.account("alice")
    with pytest.raises(DeadlineExceeded, match="alice to register"):
        await exotel_sandbox.registered("alice", timeout=0.01)


async def test_waiting_for_digits_says_which_came_instead() -> None:
    record = CallRecord(
        from_="alice",
        to="ivr",
        direction=Direction.INBOUND,
        caller_id="alice",
        changes=Changes(),
    )
    record.note_digit("7", method="info", duration=None)
    with pytest.raises(DeadlineExceeded, match="the digits 8; so far there is 7"):
        await record.heard("8", timeout=0.01)


@pytest.mark.parametrize(
    "wrong",
    [
        {"ws_port": 70_000},
        {"host": "192.0.2.1"},
        {"min_expires": 0.0},
        {"min_expires": 900.0},
        {"domain": "a b"},
        {"digest_algorithms": ()},
        {"no_answer_after": 0.0},
    ],
)
def test_a_wrong_setting_is_refused_at_once(wrong: dict[str, Any]) -> None:
    with pytest.raises(ConfigError):
        SandboxSettings(**wrong)


async def test_accounts_and_calls_that_make_no_sense_are_refused(exotel_sandbox: Sandbox) -> None:
    with pytest.raises(ConfigError):
        exotel_sandbox.account("a b")
    with pytest.raises(ConfigError):
        exotel_sandbox.account("alice", password="")
    with pytest.raises(ConfigError, match="nobody"):
        exotel_sandbox.place_call(to="nobody")
    exotel_sandbox.account("alice")
    with pytest.raises(ConfigError, match="choir"):
        exotel_sandbox.place_call(to="alice", party="choir")
    with pytest.raises(ConfigError):
        exotel_sandbox.place_call(to="alice", party="late-soon")


async def test_no_secret_shows_in_the_snapshot_or_a_repr(exotel_sandbox: Sandbox) -> None:
    account = exotel_sandbox.account("alice")
    shown = f"{exotel_sandbox.snapshot()!r} {exotel_sandbox.api!r} {account!r}"
    assert account.password not in shown
    assert exotel_sandbox.api.token not in shown
