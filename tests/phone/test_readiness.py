"""`Phone.check_ready` in the words of guide 5.13, each brought about by what causes it."""

from __future__ import annotations

import asyncio

import pytest

from exotel_voice.errors import (
    AudioDeviceError,
    AuthenticationFailed,
    ConnectFailed,
    ExotelVoiceError,
    MediaError,
    MicrophoneDenied,
    RegistrationFailed,
)
from exotel_voice.phone import PhoneSettings, PhoneState, ReadyStatus
from exotel_voice.phone.phone import Phone
from exotel_voice.phone.readiness import assess, check_input
from phone.platform import a_phone, a_platform, make_phone
from virtual_loop import virtual_time


async def status_of(phone: Phone) -> str:
    return (await phone.check_ready()).status.value


@virtual_time
async def test_the_way_to_a_registration_and_back() -> None:
    async with a_platform() as platform:
        phone = make_phone(platform)
        assert await status_of(phone) == "disconnected"
        platform.is_silent = True
        registering = asyncio.create_task(phone.register())
        await asyncio.sleep(0)
        assert await status_of(phone) in ("connecting", "initial")
        await platform.request("REGISTER")
        assert await status_of(phone) == "initial"
        platform.is_silent = False
        platform.drop()
        await registering
        ready = await phone.check_ready()
        assert (ready.is_ready, ready.status, ready.problem) == (True, "registered", None)
        await phone.unregister()
        assert await status_of(phone) in ("disconnected", "unregistered")
        await phone.aclose()
        assert await status_of(phone) == "unknown"


@virtual_time
async def test_a_refusal_for_now_and_one_for_good() -> None:
    async with a_platform() as platform:
        platform.refusal = (503, (("Retry-After", "17"),))
        phone = make_phone(platform)
        with pytest.raises(RegistrationFailed):
            await phone.register()
        assert await status_of(phone) == "unregistered"
        await phone.aclose()
        platform.refusal = (403, ())
        other = make_phone(platform)
        with pytest.raises(RegistrationFailed):
            await other.register()
        ready = await other.check_ready()
        assert ready.status is ReadyStatus.TERMINATED
        assert isinstance(ready.problem, RegistrationFailed)
        await other.aclose()


@virtual_time
async def test_a_server_that_is_gone_and_a_connection_that_was_lost() -> None:
    async with a_platform() as platform:
        slow = PhoneSettings(reconnect_first=20.0, reconnect_limit=20.0)
        async with a_phone(platform, settings=slow) as phone:
            platform.drop()
            await asyncio.sleep(0.01)
            assert await status_of(phone) in ("disconnected", "registered")
            platform.listener.refusal = "down"
            platform.drop()
            phone.reconnect()
            await asyncio.sleep(60)
            assert await status_of(phone) == "websocket_connection_failed"
            platform.listener.refusal = None
            await asyncio.sleep(60)
            assert await status_of(phone) == "registered"


class Engine:
    """An engine whose input has a problem."""

    def __init__(self, problem: MediaError | None) -> None:
        self._problem = problem

    async def check_input(self) -> None:
        if self._problem is not None:
            raise self._problem


async def test_an_input_that_works_or_needs_no_look_is_no_problem() -> None:
    assert await check_input(Engine(None)) is None
    assert await check_input(object()) is None
    problem = MicrophoneDenied("no microphone")
    assert await check_input(Engine(problem)) is problem


@pytest.mark.parametrize(
    ("state", "is_connected", "error", "media", "status"),
    [
        ("registered", True, None, MicrophoneDenied("none"), "media_permission_denied"),
        ("registered", True, None, AudioDeviceError("hangs"), "unknown"),
        ("registered", True, None, None, "registered"),
        ("registering", True, None, None, "initial"),
        ("registering", True, RegistrationFailed("", status=503, reason=""), None, "unregistered"),
        ("unregistered", True, None, None, "unregistered"),
        ("unregistered", True, AuthenticationFailed("", status=401, reason=""), None, "terminated"),
        ("registering", False, None, None, "connecting"),
        ("registering", False, ConnectFailed("no"), None, "websocket_connection_failed"),
        ("registering", False, RegistrationFailed("", status=408, reason=""), None, "connecting"),
        ("registering", False, ExotelVoiceError("lost"), None, "disconnected"),
        ("unregistered", False, None, None, "disconnected"),
        ("unregistered", False, RegistrationFailed("", status=403, reason=""), None, "terminated"),
        ("closed", False, None, None, "unknown"),
    ],
)
def test_each_state_has_one_word(
    state: str,
    is_connected: bool,
    error: ExotelVoiceError | None,
    media: MediaError | None,
    status: str,
) -> None:
    found = assess(
        PhoneState(state), is_connected=is_connected, last_error=error, media_problem=media
    )
    assert found.status == status
    assert found.is_ready is (status == "registered")
    assert found.problem is (media or error)
