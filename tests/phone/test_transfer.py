from __future__ import annotations

import asyncio

import pytest

from exotel_voice.errors import InvalidState, RequestRefused
from exotel_voice.phone import Call, Phone, PhoneSettings, events
from exotel_voice.sip import events as sip
from exotel_voice.sip.events import SessionId
from phone.platform import Platform, a_phone, a_platform, state_of
from virtual_loop import virtual_time


async def answered_call(platform: Platform, phone: Phone) -> tuple[Call, SessionId]:
    session = platform.call()
    call = await anext(phone.incoming())
    await call.answer()
    await platform.event(sip.CallAnswered)
    return call, session


def report(platform: Platform, session: SessionId, status: int, reason: str) -> None:
    platform.run(
        lambda agent, now: agent.report_transfer(session, status=status, reason=reason, now=now)
    )


@virtual_time
async def test_a_blind_transfer_ends_the_call_when_the_target_answers() -> None:
    async with a_platform() as platform, a_phone(platform) as phone:
        call, session = await answered_call(platform, phone)
        stream = call.events()
        transferring = asyncio.create_task(call.transfer("carol"))
        asked = await platform.event(sip.TransferRequested)
        assert asked.target == "sip:carol@acme.example"
        platform.run(lambda agent, now: agent.accept_transfer(session, now=now))
        report(platform, session, 180, "Ringing")
        await asyncio.sleep(5)
        assert not transferring.done()
        report(platform, session, 200, "OK")
        await transferring
        assert state_of(call) == "ended"
        statuses = [e.status async for e in stream if isinstance(e, events.TransferProgressed)]
        assert statuses == [100, 180, 200]


@virtual_time
async def test_a_transfer_that_fails_leaves_the_call_up() -> None:
    async with a_platform() as platform, a_phone(platform) as phone:
        call, session = await answered_call(platform, phone)
        transferring = asyncio.create_task(call.transfer("carol"))
        await platform.event(sip.TransferRequested)
        platform.run(lambda agent, now: agent.accept_transfer(session, now=now))
        report(platform, session, 486, "Busy Here")
        with pytest.raises(RequestRefused, match="486 Busy Here"):
            await transferring
        assert state_of(call) == "active"


@virtual_time
async def test_a_far_side_that_refuses_a_transfer_is_told() -> None:
    async with a_platform() as platform, a_phone(platform) as phone:
        call, session = await answered_call(platform, phone)
        transferring = asyncio.create_task(call.transfer("carol"))
        await platform.event(sip.TransferRequested)
        with pytest.raises(InvalidState, match="going on"):
            await call.transfer("dave")
        platform.run(lambda agent, now: agent.reject_transfer(session, now=now, status=603))
        with pytest.raises(RequestRefused) as caught:
            await transferring
        assert caught.value.status == 603


@virtual_time
async def test_a_far_side_that_hangs_up_after_a_transfer_has_followed_it() -> None:
    async with a_platform() as platform, a_phone(platform) as phone:
        call, session = await answered_call(platform, phone)
        transferring = asyncio.create_task(call.transfer("carol"))
        await platform.event(sip.TransferRequested)
        platform.run(lambda agent, now: agent.accept_transfer(session, now=now))
        platform.hang_up(session)
        await transferring


@virtual_time
async def test_an_attended_transfer_names_the_other_call() -> None:
    async with a_platform() as platform, a_phone(platform) as phone:
        first, session = await answered_call(platform, phone)
        second, other = await answered_call(platform, phone)
        transferring = asyncio.create_task(first.transfer_to(second))
        asked = await platform.event(sip.TransferRequested)
        assert asked.replaces is not None
        assert asked.replaces.startswith(second.id)
        platform.run(lambda agent, now: agent.accept_transfer(session, now=now))
        report(platform, session, 200, "OK")
        await transferring
        assert dict(phone.calls) == {}
        assert other != session


@virtual_time
async def test_a_call_is_not_transferred_to_itself() -> None:
    async with a_platform() as platform, a_phone(platform) as phone:
        call, _ = await answered_call(platform, phone)
        with pytest.raises(InvalidState, match="itself"):
            await call.transfer_to(call)
        assert platform.requests("REFER") == []


@virtual_time
async def test_a_transfer_that_nobody_hears_of_is_refused() -> None:
    async with a_platform() as platform, a_phone(platform) as phone:
        call, session = await answered_call(platform, phone)
        platform.run(lambda agent, now: agent.transfer(session, "sip:carol@acme.example", now=now))
        progress = await platform.event(sip.TransferProgressed)
        assert (progress.status, progress.is_final) == (603, True)
        assert state_of(call) == "active"
        with pytest.raises(InvalidState):
            await call.accept_transfer()


@virtual_time
async def test_a_transfer_on_which_nobody_decides_is_refused_after_a_while() -> None:
    async with a_platform() as platform, a_phone(platform) as phone:
        call, session = await answered_call(platform, phone)
        stream = phone.events()
        loop = asyncio.get_running_loop()
        started = loop.time()
        platform.run(lambda agent, now: agent.transfer(session, "sip:carol@acme.example", now=now))
        progress = await platform.event(sip.TransferProgressed)
        assert progress.status == 603
        assert loop.time() - started == pytest.approx(10.0, abs=0.1)
        await stream.aclose()
        [asked] = [e async for e in stream if isinstance(e, events.TransferRequested)]
        assert asked.target == "sip:carol@acme.example"
        assert call.id == asked.call_id


@virtual_time
async def test_an_application_may_refuse_a_transfer() -> None:
    async with a_platform() as platform, a_phone(platform) as phone:
        call, session = await answered_call(platform, phone)
        stream = call.events()
        platform.run(lambda agent, now: agent.transfer(session, "sip:carol@acme.example", now=now))
        assert isinstance(await anext(stream), events.TransferRequested)
        await call.reject_transfer(480)
        assert (await platform.event(sip.TransferProgressed)).status == 480


@virtual_time
@pytest.mark.parametrize("is_automatic", [False, True])
async def test_a_transfer_is_followed_and_its_progress_told(is_automatic: bool) -> None:
    settings = PhoneSettings(accept_transfers=is_automatic)
    async with a_platform() as platform, a_phone(platform, settings=settings) as phone:
        call, session = await answered_call(platform, phone)
        stream = call.events()
        platform.run(lambda agent, now: agent.transfer(session, "sip:carol@acme.example", now=now))
        assert isinstance(await anext(stream), events.TransferRequested)
        if not is_automatic:
            assert state_of(await call.accept_transfer()) == "dialing"
        invite = await platform.event(sip.InviteReceived)
        assert invite.request_uri == "sip:carol@acme.example"
        platform.run(lambda agent, now: agent.ring(invite.session, now=now))
        platform.answer(invite.session)
        told = [(await platform.event(sip.TransferProgressed)).status for _ in range(3)]
        assert told == [100, 180, 200]
        platform.hang_up(session)
        await call.ended()
        [new] = phone.calls.values()
        assert state_of(new) == "active"


@virtual_time
async def test_a_target_that_refuses_is_told_to_the_far_side() -> None:
    settings = PhoneSettings(accept_transfers=True)
    async with a_platform() as platform, a_phone(platform, settings=settings) as phone:
        call, session = await answered_call(platform, phone)
        platform.run(lambda agent, now: agent.transfer(session, "sip:carol@acme.example", now=now))
        invite = await platform.event(sip.InviteReceived)
        platform.run(lambda agent, now: agent.reject(invite.session, now=now, status=486))
        told = [(await platform.event(sip.TransferProgressed)).status for _ in range(2)]
        assert told == [100, 486]
        assert state_of(call) == "active"


@virtual_time
async def test_a_call_that_takes_the_place_of_another_is_answered_by_itself() -> None:
    async with a_platform() as platform, a_phone(platform) as phone:
        first, _ = await answered_call(platform, phone)
        stream = phone.events()
        replaces = platform.replaces()
        new = platform.run(
            lambda agent, now: agent.invite(
                platform.contact,
                offer=platform.sdp(),
                now=now,
                replaces=replaces,
                flow=platform.flow,
            )
        )
        answered = await platform.event(sip.CallAnswered)
        assert answered.session == new
        details = await first.ended()
        assert details.call_end_cause is not None
        assert details.call_end_cause.value == "replaced"
        await stream.aclose()
        [came] = [e async for e in stream if isinstance(e, events.IncomingCall)]
        assert came.replaces == first.id
