"""The HTTP side over real sockets: the platform's API, its errors, the status page."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator
from xml.etree import ElementTree as ET

import httpx
import pytest

from exotel_voice.sandbox import Sandbox


def tree(response: httpx.Response) -> ET.Element:
    return ET.fromstring(response.text)  # noqa: S314 - our own server's


FORM = {"From": "alice", "To": "busy", "CallerId": "0800123456"}


@pytest.fixture
async def api(exotel_sandbox: Sandbox) -> AsyncIterator[httpx.AsyncClient]:
    credentials = exotel_sandbox.api
    exotel_sandbox.account("alice")
    async with httpx.AsyncClient(
        base_url=f"{exotel_sandbox.http_url}/v1/Accounts/{credentials.account_sid}/",
        auth=(credentials.key, credentials.token),
        trust_env=False,
    ) as client:
        yield client


async def test_a_call_is_started_and_described_in_xml(
    exotel_sandbox: Sandbox, api: httpx.AsyncClient
) -> None:
    response = await api.post("Calls/connect", data=FORM)
    assert (response.status_code, response.headers["content-type"]) == (200, "application/xml")
    call = tree(response).find("Call")
    assert call is not None
    values = {child.tag: child.text for child in call}
    record = exotel_sandbox.calls[-1]
    assert values["Sid"] == record.sid
    assert values["AccountSid"] == "sandbox"
    assert values["Direction"] == "outbound-api"
    assert values["PhoneNumberSid"] == "0800123456"
    assert values["Uri"] == f"/v1/Accounts/sandbox/Calls/{record.sid}"
    assert values["EndTime"] is None
    await record.ended()
    details = await api.get(f"Calls/{record.sid}")
    assert tree(details).findtext("Call/Status") == "no-answer"


async def test_a_call_is_started_and_described_in_json(
    exotel_sandbox: Sandbox, api: httpx.AsyncClient
) -> None:
    response = await api.post("Calls/connect.json", data={**FORM, "CustomField": "order 7"})
    call = response.json()["Call"]
    record = exotel_sandbox.calls[call["Sid"]]
    await record.ended()
    for path in (f"Calls/{record.sid}.json", f"Calls.json/{record.sid}"):
        described = (await api.get(path)).json()["Call"]
        assert described["Status"] == "no-answer"
        assert described["CustomField"] == "order 7"
        assert described["EndTime"] is not None


async def test_wrong_credentials_get_401_and_another_account_403(
    exotel_sandbox: Sandbox, api: httpx.AsyncClient
) -> None:
    key, token = exotel_sandbox.api.key, exotel_sandbox.api.token
    for auth in [(key, "wrong"), ("wrong", token), ("", "")]:
        response = await api.post("Calls/connect.json", data=FORM, auth=auth)
        assert response.status_code == 401
        assert response.json()["RestException"]["Status"] == 401
        assert response.headers["www-authenticate"].startswith("Basic")
    for header in ("Basic", "Basic ???", f"Bearer {token}"):
        response = await api.get("Calls/x", headers={"Authorization": header}, auth=None)
        assert response.status_code == 401
    other = f"{exotel_sandbox.http_url}/v1/Accounts/other/Calls/connect"
    assert (await api.post(other, data=FORM)).status_code == 403
    assert len(exotel_sandbox.calls) == 0


@pytest.mark.parametrize("suffix", ["", ".json"])
async def test_errors_have_the_platform_s_form(api: httpx.AsyncClient, suffix: str) -> None:
    response = await api.post(f"Calls/connect{suffix}", data={"From": "alice"})
    assert response.status_code == 400
    if suffix:
        error = response.json()["RestException"]
        assert error["Message"] == "Mandatory parameter To is missing."
    else:
        assert tree(response).findtext("RestException/Status") == "400"
    assert (await api.get(f"Calls/unknown{suffix}")).status_code == 404
    assert (await api.get(f"Calls/connect{suffix}")).status_code in (404, 405)


async def test_a_request_that_is_too_large_is_refused(api: httpx.AsyncClient) -> None:
    response = await api.post("Calls/connect", content=b"From=" + b"x" * 70_000)
    assert response.status_code == 413


async def test_a_multipart_form_is_taken_too(
    exotel_sandbox: Sandbox, api: httpx.AsyncClient
) -> None:
    parts = {name: (None, value) for name, value in FORM.items()}
    assert (await api.post("Calls/connect", files=parts)).status_code == 200
    assert exotel_sandbox.calls[-1].to == "busy"


async def test_the_status_page_and_its_state_are_served_to_this_machine_only(
    exotel_sandbox: Sandbox, api: httpx.AsyncClient
) -> None:
    page = await api.get(f"{exotel_sandbox.http_url}/")
    assert "exotel-voice sandbox" in page.text
    assert "default-src 'none'" in page.headers["content-security-policy"]
    state = (await api.get(f"{exotel_sandbox.http_url}/status.json")).json()
    assert state["accounts"] == [{"username": "alice", "bindings": []}]
    assert exotel_sandbox.ws_url in state["addresses"].values()
    rebound = await api.get(f"{exotel_sandbox.http_url}/", headers={"Host": "evil.example"})
    assert rebound.status_code == 400


async def test_the_status_page_hears_of_changes_and_of_the_end(
    exotel_sandbox: Sandbox, api: httpx.AsyncClient
) -> None:
    async with api.stream("GET", f"{exotel_sandbox.http_url}/events") as stream:
        lines = aiter(stream.aiter_lines())
        first = json.loads((await anext(lines)).removeprefix("data: "))
        assert first["calls"] == []
        exotel_sandbox.place_call(to="alice", party="echo")
        assert await anext(lines) == ""
        second = json.loads((await anext(lines)).removeprefix("data: "))
        assert [call["to"] for call in second["calls"]] == ["alice"]
        closing = asyncio.create_task(exotel_sandbox.aclose())
        async for _ in lines:
            pass
        await closing
