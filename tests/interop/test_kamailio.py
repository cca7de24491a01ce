"""Our phones on Kamailio over ws and wss: 401, 407, Record-Route, registrations and calls."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from dataclasses import replace
from pathlib import Path

import pytest

from exotel_voice.errors import AuthenticationFailed, CallBusy, CallFailed, CallRejected
from exotel_voice.phone import Phone
from exotel_voice.phone.account import Security
from exotel_voice.phone.call import Call
from exotel_voice.phone.details import CallState, EndCause
from exotel_voice.phone.events import DigitReceived, RemoteHoldChanged
from exotel_voice.phone.registration import PhoneState
from interop.kamailio import Kamailio
from interop.phones import Messages, first_call, open_phone, until_event
from interop.talking import talking

pytestmark = [
    pytest.mark.interop,
    pytest.mark.slow,
    pytest.mark.needs("kamailio"),
    pytest.mark.timeout(60),
]
SECURITIES: tuple[Security, ...] = ("ws", "wss")


@pytest.fixture
async def kamailio(tmp_path: Path) -> AsyncIterator[Kamailio]:
    async with Kamailio(tmp_path) as server:
        yield server


@pytest.fixture(params=SECURITIES)
def security(request: pytest.FixtureRequest) -> Security:
    return "wss" if request.param == "wss" else "ws"


@pytest.fixture
async def alice(kamailio: Kamailio, security: Security) -> AsyncIterator[Phone]:
    account = kamailio.account("alice", security=security)
    async with open_phone(account, ca_file=kamailio.ca_file) as phone:
        yield phone


@pytest.fixture
async def bob(kamailio: Kamailio) -> AsyncIterator[Phone]:
    async with open_phone(kamailio.account("bob"), ca_file=kamailio.ca_file) as phone:
        yield phone


async def connect(caller: Phone, callee: Phone, user: str) -> tuple[Call, Call]:
    """Make a call and have it answered."""
    out = await caller.dial(user)
    into = await first_call(callee)
    await into.answer()
    await out.answered()
    return out, into


async def test_a_phone_registers_after_one_challenge_and_unregisters(
    kamailio: Kamailio, security: Security
) -> None:
    messages = Messages()
    account = kamailio.account("alice", security=security)
    async with open_phone(account, ca_file=kamailio.ca_file, messages=messages) as phone:
        assert phone.state is PhoneState.REGISTERED
    assert messages.count("received", "SIP/2.0 401") >= 1
    assert messages.count("received", "SIP/2.0 200") == 2
    assert "Expires: 0" in messages.text("sent", "REGISTER") or "expires=0" in messages.text(
        "sent", "REGISTER"
    )


@pytest.mark.parametrize("algorithm", ["MD5", "SHA-256"])
async def test_each_digest_that_the_server_knows_is_answered(
    tmp_path: Path, algorithm: str
) -> None:
    messages = Messages()
    async with (
        Kamailio(tmp_path, settings={"ALGORITHM": algorithm}) as server,
        open_phone(server.account("alice"), messages=messages) as phone,
    ):
        assert phone.state is PhoneState.REGISTERED
    assert f"algorithm={algorithm}" in messages.text("received", "SIP/2.0 401")


async def test_a_registration_is_refreshed_before_it_lapses(tmp_path: Path) -> None:
    messages = Messages()
    refreshed = asyncio.Event()
    async with (
        Kamailio(tmp_path, settings={"MAX_EXPIRES": "2"}) as server,
        open_phone(server.account("alice"), messages=messages) as phone,
        open_phone(server.account("bob")) as other,
    ):
        granted = messages.count("received", "SIP/2.0 200")

        def watch(_way: str, _text: str) -> None:
            if messages.count("received", "SIP/2.0 200") >= granted + 2:
                refreshed.set()

        messages.watch = watch
        async with asyncio.timeout(6.0):
            await refreshed.wait()
        assert phone.state is PhoneState.REGISTERED
        call = await other.dial("alice")
        assert (await first_call(phone)).details.remote_id == "bob"
        await call.hang_up()


async def test_a_wrong_password_is_tried_once_and_told(kamailio: Kamailio) -> None:
    messages = Messages()
    account = replace(kamailio.account("alice"), password="not this one")
    with pytest.raises(AuthenticationFailed) as caught:
        async with open_phone(account, messages=messages):
            pass
    assert caught.value.status == 401
    assert messages.count("sent", "REGISTER") == 2


async def test_a_call_to_a_user_of_the_server_carries_audio_both_ways(
    alice: Phone, bob: Phone
) -> None:
    out, into = await connect(alice, bob, "bob")
    assert into.details.remote_id == "alice"
    async with talking(out, tone_hz=500) as here, talking(into, tone_hz=800) as there:
        await here.until_hears(800)
        await there.until_hears(500)
    await out.hang_up()
    details = await into.ended()
    assert details.call_end_cause is EndCause.REMOTE_HANGUP


async def test_a_call_from_a_user_of_the_server_is_answered_and_ended_there(
    alice: Phone, bob: Phone
) -> None:
    out, into = await connect(bob, alice, "alice")
    async with talking(out, tone_hz=500) as there, talking(into, tone_hz=800) as here:
        await there.until_hears(800)
        await here.until_hears(500)
    await into.hang_up()
    assert (await out.ended()).call_end_cause is EndCause.REMOTE_HANGUP
    assert (await into.ended()).call_end_cause is EndCause.LOCAL_HANGUP


@pytest.mark.parametrize("holder_is_caller", [True, False])
async def test_hold_stops_the_audio_and_resume_brings_it_back(
    alice: Phone, bob: Phone, holder_is_caller: bool
) -> None:
    out, into = await connect(alice, bob, "bob")
    holder, held = (out, into) if holder_is_caller else (into, out)
    async with talking(holder, tone_hz=500) as holding, talking(held, tone_hz=800) as other:
        await other.until_hears(500)
        await holding.until_hears(800)
        told = asyncio.create_task(until_event(held, RemoteHoldChanged))
        await asyncio.sleep(0)
        await holder.hold()
        assert (await told).is_held
        assert (holder.state, held.is_remote_on_hold) == (CallState.HELD, True)
        await other.until_hears_nothing()
        await holding.until_hears_nothing()
        await holder.resume()
        assert (holder.state, held.state) == (CallState.ACTIVE, CallState.ACTIVE)
        await other.until_hears(500)
        await holding.until_hears(800)
    await holder.hang_up()


async def test_digits_travel_as_info_both_ways(alice: Phone, bob: Phone) -> None:
    out, into = await connect(alice, bob, "bob")
    for sender, hearer in ((out, into), (into, out)):
        heard = asyncio.create_task(until_event(hearer, DigitReceived))
        await asyncio.sleep(0)
        await sender.send_dtmf("5")
        event = await heard
        assert (event.digit, event.method) == ("5", "info")
    await out.hang_up()


async def test_digits_travel_beside_the_audio(alice: Phone, bob: Phone) -> None:
    out, into = await connect(alice, bob, "bob")
    async with talking(out, tone_hz=500), talking(into, tone_hz=800) as there:
        await there.until_hears(500)
        heard = asyncio.create_task(until_event(into, DigitReceived))
        await asyncio.sleep(0)
        await out.send_dtmf("#", method="rfc4733")
        event = await heard
        assert (event.digit, event.method) == ("#", "rfc4733")
    await out.hang_up()


async def test_a_caller_who_gives_up_cancels_the_ringing(alice: Phone, bob: Phone) -> None:
    call = await alice.dial("bob")
    ringing = await first_call(bob)
    await call.hang_up()
    assert (await ringing.ended()).call_end_cause is EndCause.REMOTE_CANCEL
    assert (await call.ended()).call_end_cause is EndCause.LOCAL_CANCEL


@pytest.mark.parametrize(
    ("status", "error"), [(486, CallBusy), (603, CallRejected), (480, CallFailed)]
)
async def test_a_refused_call_says_how(
    alice: Phone, bob: Phone, status: int, error: type[CallFailed]
) -> None:
    call = await alice.dial("bob")
    await (await first_call(bob)).reject(status)
    with pytest.raises(error) as caught:
        await call.answered()
    assert caught.value.status == status


async def test_nobody_is_found_under_an_unknown_name(alice: Phone) -> None:
    call = await alice.dial("nobody")
    with pytest.raises(CallFailed) as caught:
        await call.answered()
    assert caught.value.status == 404
