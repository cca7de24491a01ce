"""Calls from account to account, seen on the wire of both phones."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator

import pytest

from exotel_voice.sandbox import CallStatus, Sandbox
from exotel_voice.sip.wire import Request, Response
from sandbox.wire_phone import SDP, WirePhone, wire_phone

ANSWER = SDP.replace(b"o=- 1", b"o=- 2")
HOLD = SDP.replace(b"sendrecv", b"sendonly")
HELD = ANSWER.replace(b"sendrecv", b"recvonly")


@pytest.fixture
async def alice(exotel_sandbox: Sandbox) -> AsyncIterator[WirePhone]:
    async with wire_phone(exotel_sandbox.account("alice")) as phone:
        assert (await phone.register()).status == 200
        yield phone


@pytest.fixture
async def bob(exotel_sandbox: Sandbox) -> AsyncIterator[WirePhone]:
    async with wire_phone(exotel_sandbox.account("bob")) as phone:
        assert (await phone.register()).status == 200
        yield phone


class Call:
    """A call from alice to bob that is up."""

    def __init__(self, sent: Request, answered: Response, got: Request, replied: Response) -> None:
        self.alice_side = (sent, answered)
        self.bob_side = (got, replied)


async def call_up(alice: WirePhone, bob: WirePhone) -> Call:
    dialling = asyncio.create_task(alice.invite("bob"))
    got = await bob.request_of("INVITE")
    replied = await bob.reply(got, 200, body=ANSWER)
    sent, answered = await dialling
    assert answered.status == 200
    await alice.ack(sent, answered)
    await bob.request_of("ACK")
    return Call(sent, answered, got, replied)


async def test_a_call_is_rung_answered_and_hung_up(
    exotel_sandbox: Sandbox, alice: WirePhone, bob: WirePhone
) -> None:
    dialling = asyncio.create_task(alice.invite("bob", ("X-Order", "7")))
    got = await bob.request_of("INVITE")
    record = exotel_sandbox.calls[-1]
    assert got.body == SDP
    assert got.uri == bob.contact.strip("<>")
    assert got.headers.get("X-Exotel-Callsid") == record.sid
    assert got.headers.get("LegSid") == record.legs[1].sid
    assert got.headers.get("X-Order") == "7"
    assert (got.from_uri, got.to_uri) == ("sip:alice@sandbox.test", "sip:bob@sandbox.test")
    await bob.reply(got, 180)
    sent, ringing = await dialling
    assert (ringing.status, record.status) == (180, CallStatus.RINGING)
    replied = await bob.reply(got, 200, body=ANSWER)
    answered = await alice.final(sent)
    assert (answered.status, answered.body) == (200, ANSWER)
    await alice.ack(sent, answered)
    await bob.request_of("ACK")
    assert record.status is CallStatus.IN_PROGRESS
    bye = bob.within(got, replied, "BYE")
    await bob.send(bye)
    assert (await bob.final(bye)).status == 200
    passed_on = await alice.request_of("BYE")
    await alice.reply(passed_on, 200)
    assert (record.status, record.sip_status) == (CallStatus.COMPLETED, 200)
    assert [leg.status for leg in record.legs] == [CallStatus.COMPLETED] * 2


async def test_hold_and_resume_pass_across_untouched(alice: WirePhone, bob: WirePhone) -> None:
    call = await call_up(alice, bob)
    hold = alice.within(*call.alice_side, "INVITE", HOLD)
    await alice.send(hold)
    asked = await bob.request_of("INVITE")
    assert asked.body == HOLD
    await bob.reply(asked, 200, body=HELD)
    answered = await alice.final(hold)
    assert (answered.status, answered.body) == (200, HELD)
    await alice.ack(hold, answered)
    await bob.request_of("ACK")


async def test_a_refused_offer_is_refused_to_the_one_who_made_it(
    alice: WirePhone, bob: WirePhone
) -> None:
    call = await call_up(alice, bob)
    offer = alice.within(*call.alice_side, "INVITE", HOLD)
    await alice.send(offer)
    asked = await bob.request_of("INVITE")
    await bob.reply(asked, 488)
    assert (await alice.final(offer)).status == 488


async def test_an_offer_may_come_from_either_side(alice: WirePhone, bob: WirePhone) -> None:
    call = await call_up(alice, bob)
    offer = bob.within(*call.bob_side, "INVITE", HOLD)
    await bob.send(offer)
    asked = await alice.request_of("INVITE")
    assert asked.body == HOLD
    await alice.reply(asked, 200, body=HELD)
    answered = await bob.final(offer)
    assert answered.body == HELD


async def test_digits_and_other_infos_pass_across(
    exotel_sandbox: Sandbox, alice: WirePhone, bob: WirePhone
) -> None:
    call = await call_up(alice, bob)
    digit = alice.within(
        *call.alice_side,
        "INFO",
        b"Signal=5\r\nDuration=160\r\n",
        Content_Type="application/dtmf-relay",
    )
    await alice.send(digit)
    assert (await alice.final(digit)).status == 200
    passed_on = await bob.request_of("INFO")
    assert passed_on.body.split() == [b"Signal=5", b"Duration=160"]
    await bob.reply(passed_on, 200)
    assert exotel_sandbox.calls[-1].digits == "5"
    other = alice.within(*call.alice_side, "INFO", b"{}", Content_Type="application/json")
    await alice.send(other)
    assert (await bob.request_of("INFO")).body == b"{}"


async def test_the_caller_may_give_up(
    exotel_sandbox: Sandbox, alice: WirePhone, bob: WirePhone
) -> None:
    dialling = asyncio.create_task(alice.invite("bob"))
    got = await bob.request_of("INVITE")
    await bob.reply(got, 180)
    sent, _ = await dialling
    cancel = Request(
        "CANCEL",
        sent.uri,
        headers=[
            (name, f"{sent.cseq_number} CANCEL" if name == "CSeq" else value)
            for name, value in sent.headers
            if name in ("Via", "From", "To", "Call-ID", "CSeq", "Max-Forwards")
        ],
    )
    await alice.send(cancel)
    assert (await alice.final(cancel)).status == 200
    assert (await alice.final(sent)).status == 487
    withdrawn = await bob.request_of("CANCEL")
    await bob.reply(withdrawn, 200)
    await bob.reply(got, 487)
    await bob.request_of("ACK")
    assert exotel_sandbox.calls[-1].status is CallStatus.CANCELED


@pytest.mark.parametrize(
    ("status", "outcome"),
    [(486, CallStatus.BUSY), (603, CallStatus.BUSY), (480, CallStatus.NO_ANSWER), (500, "failed")],
)
async def test_a_refusal_passes_across(
    exotel_sandbox: Sandbox, alice: WirePhone, bob: WirePhone, status: int, outcome: str
) -> None:
    dialling = asyncio.create_task(alice.invite("bob"))
    got = await bob.request_of("INVITE")
    await bob.reply(got, status)
    await bob.request_of("ACK")
    _, response = await dialling
    assert response.status == status
    assert exotel_sandbox.calls[-1].status == outcome


async def test_every_phone_of_an_account_rings_and_the_first_to_answer_has_the_call(
    exotel_sandbox: Sandbox, alice: WirePhone, bob: WirePhone
) -> None:
    async with wire_phone(exotel_sandbox.account("bob"), host="second.invalid") as other:
        await other.register()
        dialling = asyncio.create_task(alice.invite("bob"))
        here, there = await bob.request_of("INVITE"), await other.request_of("INVITE")
        await other.reply(there, 180)
        await bob.reply(here, 180)
        sent, _ = await dialling
        await other.reply(there, 200, body=ANSWER)
        answered = await alice.final(sent)
        assert answered.body == ANSWER
        cancel = await bob.request_of("CANCEL")
        assert "elsewhere" in (cancel.headers.get("Reason") or "")
        await bob.reply(cancel, 200)
        await bob.reply(here, 487)
        await bob.request_of("ACK")
        await alice.ack(sent, answered)
        await other.request_of("ACK")


async def test_a_decline_speaks_for_every_phone_and_a_busy_one_does_not(
    exotel_sandbox: Sandbox, alice: WirePhone, bob: WirePhone
) -> None:
    async with wire_phone(exotel_sandbox.account("bob"), host="second.invalid") as other:
        await other.register()
        dialling = asyncio.create_task(alice.invite("bob"))
        here, there = await bob.request_of("INVITE"), await other.request_of("INVITE")
        await bob.reply(here, 486)
        await other.reply(there, 180)
        sent, ringing = await dialling
        assert ringing.status == 180
        await other.reply(there, 603)
        assert (await alice.final(sent)).status == 603


async def test_a_call_without_an_offer_is_offered_by_the_callee(
    alice: WirePhone, bob: WirePhone
) -> None:
    dialling = asyncio.create_task(alice.invite("bob", body=b""))
    got = await bob.request_of("INVITE")
    assert got.body == b""
    await bob.reply(got, 200, body=SDP)
    sent, answered = await dialling
    assert answered.body == SDP
    await alice.ack(sent, answered, ANSWER)
    assert (await bob.request_of("ACK")).body == ANSWER


@pytest.mark.parametrize(
    ("target", "status"), [("nobody", 404), ("carol", 480), ("late-x", 404), ("alice", 480)]
)
async def test_a_call_that_leads_nowhere_is_refused(
    exotel_sandbox: Sandbox, alice: WirePhone, target: str, status: int
) -> None:
    exotel_sandbox.account("carol")
    _, response = await alice.invite(target)
    assert response.status == status


async def test_only_accounts_may_call(exotel_sandbox: Sandbox) -> None:
    stranger = exotel_sandbox.account("alice")
    async with wire_phone(stranger) as phone:
        request = phone.request("INVITE", "sip:bob@sandbox.test", ("Contact", phone.contact))
        request.headers.set("From", "<sip:mallory@sandbox.test>;tag=1")
        await phone.send(request)
        assert (await phone.final(request)).status == 403


async def test_a_wrong_password_does_not_call(exotel_sandbox: Sandbox) -> None:
    async with wire_phone(exotel_sandbox.account("alice")) as phone:
        exotel_sandbox.account("alice", password="changed")
        _, response = await phone.invite("echo")
        assert response.status == 407
        _, response = await phone.invite("echo")
        assert response.status == 403


async def test_blind_transfer_is_asked_of_the_other_phone(alice: WirePhone, bob: WirePhone) -> None:
    call = await call_up(alice, bob)
    refer = alice.within(*call.alice_side, "REFER", Refer_To="<sip:carol@sandbox.test>")
    await alice.send(refer)
    assert (await alice.final(refer)).status == 202
    asked = await bob.request_of("REFER")
    assert "sip:carol@sandbox.test" in (asked.headers.get("Refer-To") or "")
    await bob.reply(asked, 202)
    notify = bob.within(
        *call.bob_side,
        "NOTIFY",
        b"SIP/2.0 200 OK\r\n",
        Content_Type="message/sipfrag;version=2.0",
        Event="refer",
        Subscription_State="terminated;reason=noresource",
    )
    await bob.send(notify)
    assert (await bob.final(notify)).status == 200
    while b"200" not in (news := await alice.request_of("NOTIFY")).body:
        await alice.reply(news, 200)
    await alice.reply(news, 200)
