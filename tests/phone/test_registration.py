from __future__ import annotations

import asyncio
import logging

import pytest

from exotel_voice.errors import (
    AuthenticationFailed,
    ConnectFailed,
    DeadlineExceeded,
    InvalidState,
    RegistrationFailed,
)
from exotel_voice.phone import PhoneSettings, PhoneState, events
from phone.platform import a_phone, a_platform, make_phone, state_of, until
from virtual_loop import virtual_time


@virtual_time
async def test_a_phone_registers_with_a_challenge_and_unregisters_when_it_goes() -> None:
    async with a_platform() as platform:
        async with a_phone(platform) as phone:
            assert state_of(phone) == PhoneState.REGISTERED
            ready = await phone.check_ready()
            assert ready.is_ready
            assert ready.is_connected
        assert state_of(phone) == PhoneState.CLOSED
        assert [request.expires for request in platform.registers] == [300, 300, 0]
        assert "Authorization" not in platform.registers[0].headers
        assert "Authorization" in platform.registers[1].headers


@virtual_time
async def test_an_application_hears_each_step_once() -> None:
    async with a_platform() as platform:
        phone = make_phone(platform)
        stream = phone.events()
        await phone.register()
        await phone.unregister()
        await phone.aclose()
        assert [type(event) async for event in stream] == [
            events.ConnectionOpened,
            events.RegistrationSent,
            events.Registered,
            events.RegistrationSent,
            events.Unregistered,
        ]


@virtual_time
async def test_a_registration_is_refreshed_at_four_fifths_without_a_word() -> None:
    async with a_platform() as platform, a_phone(platform) as phone:
        platform.granted = 100
        stream = phone.events()
        await asyncio.sleep(60 * 60)
        assert len(platform.registers) > 30
        assert state_of(phone) == PhoneState.REGISTERED
        await stream.aclose()
        assert [event async for event in stream] == []


@virtual_time
async def test_registering_twice_sends_once() -> None:
    async with a_platform(challenges=False) as platform:
        phone = make_phone(platform)
        await asyncio.gather(phone.register(), phone.register())
        await phone.register()
        assert len(platform.registers) == 1
        await phone.aclose()


@virtual_time
async def test_a_phone_can_register_again_after_it_unregistered() -> None:
    async with a_platform() as platform:
        phone = make_phone(platform)
        for _ in range(2):
            await phone.register()
            assert state_of(phone) == PhoneState.REGISTERED
            await phone.unregister()
            assert state_of(phone) == PhoneState.UNREGISTERED
        await phone.aclose()


@virtual_time
async def test_a_wrong_password_is_final_and_told_once() -> None:
    async with a_platform() as platform:
        phone = make_phone(platform, password="wrong")
        stream = phone.events()
        with pytest.raises(AuthenticationFailed) as caught:
            await phone.register()
        assert (caught.value.status, caught.value.reason) == (401, "Unauthorized")
        assert caught.value.hint
        await asyncio.sleep(600)
        assert state_of(phone) == PhoneState.UNREGISTERED
        assert len(platform.registers) == 2
        await phone.aclose()
        assert [type(event) async for event in stream] == [
            events.ConnectionOpened,
            events.RegistrationSent,
            events.RegistrationRefused,
        ]


@virtual_time
@pytest.mark.parametrize("status", [403, 404])
async def test_a_refusal_for_good_is_not_tried_again(status: int) -> None:
    async with a_platform() as platform:
        platform.refusal = (status, ())
        phone = make_phone(platform)
        with pytest.raises(RegistrationFailed, match=str(status)) as caught:
            await phone.register()
        assert not caught.value.retryable
        await asyncio.sleep(600)
        assert len(platform.registers) == 1
        platform.refusal = None
        await phone.register()
        await phone.aclose()


@virtual_time
async def test_a_busy_registrar_is_asked_again_when_it_said() -> None:
    async with a_platform() as platform:
        platform.refusal = (503, (("Retry-After", "17"),))
        phone = make_phone(platform)
        loop = asyncio.get_running_loop()
        with pytest.raises(RegistrationFailed) as caught:
            await phone.register()
        assert caught.value.retry_after == 17
        started = loop.time()
        assert state_of(phone) == PhoneState.REGISTERING
        platform.refusal = None
        await until(phone, events.Registered)
        assert 17 <= loop.time() - started < 17.2
        await phone.aclose()


@virtual_time
async def test_a_registrar_that_does_not_reply_is_tried_over_a_new_connection() -> None:
    async with a_platform() as platform:
        platform.is_silent = True
        phone = make_phone(platform)
        with pytest.raises(RegistrationFailed) as caught:
            await phone.register()
        assert caught.value.status == 408
        platform.is_silent = False
        await until(phone, events.Registered)
        await phone.aclose()


@virtual_time
async def test_a_server_that_refuses_connections_is_an_error_and_tried_again() -> None:
    async with a_platform() as platform:
        platform.listener.refusal = "nothing accepts connections there"
        phone = make_phone(platform)
        with pytest.raises(ConnectFailed, match="nothing accepts"):
            await phone.register()
        ready = await phone.check_ready()
        assert isinstance(ready.problem, ConnectFailed)
        assert not ready.is_connected
        down = await until(phone, events.ConnectionDown)
        assert not down.was_open
        platform.listener.refusal = None
        await until(phone, events.Registered)
        assert (await phone.check_ready()).problem is None
        await phone.aclose()


@virtual_time
async def test_entering_a_phone_that_cannot_register_leaves_nothing_behind() -> None:
    async with a_platform() as platform:
        platform.listener.refusal = "down"
        phone = make_phone(platform)
        with pytest.raises(ConnectFailed):
            await phone.__aenter__()
        assert state_of(phone) == PhoneState.CLOSED
        with pytest.raises(InvalidState, match="closed"):
            await phone.register()


@virtual_time
async def test_a_connection_that_breaks_while_registering_is_made_again() -> None:
    async with a_platform() as platform:
        platform.is_silent = True
        phone = make_phone(platform)
        registering = asyncio.create_task(phone.register())
        await platform.request("REGISTER")
        platform.is_silent = False
        platform.drop()
        await registering
        await phone.aclose()


@virtual_time
async def test_delays_grow_until_a_registration_is_confirmed() -> None:
    async with a_platform() as platform:
        phone = make_phone(platform, settings=PhoneSettings(reconnect_limit=8.0))
        stream = phone.events()
        platform.listener.refusal = "down"
        with pytest.raises(ConnectFailed):
            await phone.register()
        delays: list[float] = []
        async for event in stream:
            if isinstance(event, events.ConnectionDown):
                delays.append(event.retry_in)
            if len(delays) == 40:
                break
        ceilings = [min(0.1 * 2**n, 8.0) for n in range(40)]
        assert all(delay < ceiling for delay, ceiling in zip(delays, ceilings, strict=True))
        assert max(delays) > 4.0
        platform.listener.refusal = None
        await until(phone, events.Registered)
        platform.drop()
        assert (await until(phone, events.ConnectionDown)).retry_in < 0.1
        await phone.aclose()


@virtual_time
async def test_waiting_ends_at_once_when_the_application_knows_better() -> None:
    async with a_platform() as platform:
        settings = PhoneSettings(reconnect_first=1000.0, reconnect_limit=1000.0)
        async with a_phone(platform, settings=settings) as phone:
            loop = asyncio.get_running_loop()
            platform.drop()
            await until(phone, events.ConnectionDown)
            started = loop.time()
            phone.reconnect()
            await until(phone, events.Registered)
            assert loop.time() == started


@virtual_time
async def test_an_unregistration_without_reply_ends_at_its_limit() -> None:
    async with a_platform() as platform:
        phone = make_phone(platform, settings=PhoneSettings(unregister_limit=2.0))
        await phone.register()
        platform.is_silent = True
        loop = asyncio.get_running_loop()
        started = loop.time()
        with pytest.raises(DeadlineExceeded):
            await phone.unregister()
        assert loop.time() - started == pytest.approx(2.0)
        assert state_of(phone) == PhoneState.UNREGISTERED
        await phone.aclose()


@virtual_time
async def test_closing_takes_less_than_two_seconds_without_any_reply() -> None:
    async with a_platform() as platform:
        phone = make_phone(platform)
        await phone.register()
        platform.is_silent = True
        loop = asyncio.get_running_loop()
        started = loop.time()
        await asyncio.gather(phone.aclose(), phone.aclose())
        await phone.aclose()
        assert loop.time() - started < 2.0


@virtual_time
async def test_unregistering_waits_for_the_answer_to_a_challenge() -> None:
    async with a_platform() as platform:
        phone = make_phone(platform)
        await phone.register()
        platform.forget_nonces()
        await phone.unregister()
        assert [request.expires for request in platform.registers[-2:]] == [0, 0]
        await phone.aclose()


@virtual_time
async def test_unregistering_ends_an_attempt_to_register() -> None:
    async with a_platform() as platform:
        platform.is_silent = True
        phone = make_phone(platform)
        registering = asyncio.create_task(phone.register())
        await platform.request("REGISTER")
        platform.is_silent = False
        unregistering = asyncio.create_task(phone.unregister())
        with pytest.raises(InvalidState):
            await registering
        await asyncio.wait([unregistering])
        assert state_of(phone) == PhoneState.UNREGISTERED
        await phone.aclose()


@virtual_time
async def test_a_lost_connection_is_told_as_a_lost_registration() -> None:
    async with a_platform() as platform, a_phone(platform) as phone:
        stream = phone.events()
        platform.drop()
        kinds = []
        async for event in stream:
            kinds.append(type(event))
            if isinstance(event, events.Registered):
                break
        assert kinds == [
            events.ConnectionDown,
            events.RegistrationLost,
            events.ConnectionOpened,
            events.RegistrationSent,
            events.Registered,
        ]


@virtual_time
async def test_the_password_is_in_no_log_and_no_trace(caplog: pytest.LogCaptureFixture) -> None:
    lines: list[str] = []
    with caplog.at_level(logging.DEBUG):
        async with a_platform() as platform:
            phone = make_phone(platform, trace=lambda way, text: lines.append(f"{way} {text}"))
            async with phone:
                assert "s3cret" not in repr(phone)
    assert any(line.startswith("sent REGISTER") for line in lines)
    assert any("Authorization: ***" in line for line in lines)
    assert not any("s3cret" in line or "response=" in line for line in [*lines, caplog.text])


@virtual_time
async def test_garbage_from_the_server_is_counted_and_the_phone_lives(
    caplog: pytest.LogCaptureFixture,
) -> None:
    async with a_platform() as platform, a_phone(platform) as phone:
        for _ in range(3):
            platform.put(b"\x00\xff garbage")
        await asyncio.sleep(1)
        assert sum(phone.dropped_messages.values()) == 3
        assert state_of(phone) == PhoneState.REGISTERED
    warnings = [record for record in caplog.records if "dropped a message" in record.getMessage()]
    assert len(warnings) == 1
