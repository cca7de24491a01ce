"""The endpoints of the demo: who somebody is, calls on request, what the sandbox hears."""

from __future__ import annotations

from collections.abc import AsyncIterator

import httpx
import pytest
from starlette.applications import Starlette

from exotel_voice.cli.demo_site import CALLERS, DemoSite
from exotel_voice.media.silent import SilentMedia
from exotel_voice.phone import Phone
from exotel_voice.sandbox import Sandbox


@pytest.fixture
async def http(exotel_sandbox: Sandbox) -> AsyncIterator[httpx.AsyncClient]:
    for person in ("alice", "bob", "carol"):
        exotel_sandbox.account(person)
    site = DemoSite(exotel_sandbox, Starlette(), hosts=("demo",))
    transport = httpx.ASGITransport(app=site.app)
    async with httpx.AsyncClient(transport=transport, base_url="http://demo") as client:
        yield client


async def test_the_address_says_who_somebody_is(http: httpx.AsyncClient) -> None:
    assert (await http.get("/who")).json()["user"] == "alice"
    assert (await http.get("/carol/who")).json()["user"] == "carol"
    assert (await http.get("/bob/")).status_code == 200
    nobody = await http.get("/mallory/")
    assert nobody.status_code == 404
    assert "alice, bob, carol" in nobody.text


@pytest.mark.parametrize("party", sorted(CALLERS))
async def test_every_party_of_the_page_can_be_asked_to_call(
    http: httpx.AsyncClient, exotel_sandbox: Sandbox, party: str
) -> None:
    async with Phone(exotel_sandbox.account("bob"), media=SilentMedia()) as phone:
        reply = await http.post("/bob/sandbox/call", json={"party": party})
        assert reply.status_code == 202
        call = await anext(phone.incoming())
        assert call.details.remote_id == CALLERS[party][0]
        assert call.details.call_sid == reply.json()["sid"]
        await call.reject()


async def test_nobody_calls_a_phone_that_is_not_registered(http: httpx.AsyncClient) -> None:
    reply = await http.post("/sandbox/call", json={"party": "echo"})
    assert reply.status_code == 409
    assert "not registered" in reply.json()["message"]


@pytest.mark.parametrize(
    ("content", "kind"),
    [
        ('{"party": "nobody"}', "application/json"),
        ('{"party": 1}', "application/json"),
        ("[]", "application/json"),
        ("{", "application/json"),
        ('{"party": "echo"}', "text/plain"),
        ('{"party": "echo", "more": "' + "x" * 2000 + '"}', "application/json"),
    ],
)
async def test_a_request_that_makes_no_sense_is_refused(
    http: httpx.AsyncClient, content: str, kind: str
) -> None:
    reply = await http.post("/sandbox/call", content=content, headers={"content-type": kind})
    assert reply.status_code == 400


async def test_the_page_learns_what_the_sandbox_hears(
    http: httpx.AsyncClient, exotel_sandbox: Sandbox
) -> None:
    assert (await http.get("/bob/sandbox/heard")).json()["digits"] == ""
    async with Phone(exotel_sandbox.account("bob"), media=SilentMedia()) as phone:
        await http.post("/bob/sandbox/call", json={"party": "ivr"})
        call = await anext(phone.incoming())
        assert call.details.remote_display_name == "Bank IVR"
        await call.answer()
        await call.send_dtmf("12#", method="info")
        await exotel_sandbox.calls[-1].heard("12#")
        assert (await http.get("/bob/sandbox/heard")).json() == {
            "level": 0.0,
            "frequency_hz": None,
            "digits": "12#",
        }
        await call.hang_up()
