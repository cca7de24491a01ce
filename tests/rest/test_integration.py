"""The token-based API: a phone from a token and a user's id, against a stand-in on real sockets."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from exotel_voice.errors import (
    ApiError,
    ApiNotFound,
    ApiOutcomeUnknown,
    ApiUnauthorized,
    ConfigError,
)
from exotel_voice.media.silent import SilentMedia
from exotel_voice.phone import Phone
from exotel_voice.rest import ExotelIntegrationClient, SyncExotelIntegrationClient
from exotel_voice.rest.sip_secret import PUBLISHED_KEY, _cfb, read_sip_secret, write_sip_secret
from exotel_voice.sandbox import Sandbox
from rest.recorded import QUICK, Answer, Received, recorded, script, threaded

TOKEN = "bWFkZS11cC1hY2Nlc3MtdG9rZW4="
SIP_PASSWORD = "pl4tform-made-passw0rd"
WRAPPED = write_sip_secret(SIP_PASSWORD, bytes(range(16)))

USER = {
    "CustomerId": "99fa98a1",
    "customer_id": "99fa98a1",
    "AppID": "2e6440ed",
    "AppUserId": "agent-7",
    "ExotelAccountSid": "acme",
    "ExotelUserName": 'Asha "A" Rao',
    "AgentNumber": "09900000007",
    "VirtualNumber": "0800123456",
    "Email": "asha@acme.example",
    "SipId": "sip:asha9f2c",
    "SipSecret": WRAPPED,
}
PLACED = {"CallSid": "7bea36f8c95f0fb10027daa6acee17c1"}


def success(data: object) -> Answer:
    return Answer(
        json.dumps({"Status": "Success", "Code": 200, "Error": "", "Data": data}).encode()
    )


def failure(status: int, message: str, http_status: int = 200) -> Answer:
    content = {"Status": "Failed", "Code": status, "Error": message, "Data": None}
    return Answer(json.dumps(content).encode(), http_status)


def platform(**changes: Answer) -> Callable[[Received], Answer]:
    """A stand-in for the integration API: each path has its answer, and the token is checked."""
    answers = {
        "app": Answer(recorded("app.json")),
        "usermapping": success(USER),
        "call/outbound_call": success(PLACED),
        "token": Answer(recorded("token.json")),
    } | changes

    def take(received: Received) -> Answer:
        name = received.path.removeprefix("/v2/integrations/")
        if name != "token" and received.headers.get("authorization") != TOKEN:
            return failure(401, "Unauthorized", 401)
        return answers[name]

    return take


async def test_a_user_s_phone_is_configured_from_a_token_and_an_id() -> None:
    async with (
        script(platform()) as server,
        ExotelIntegrationClient(TOKEN, base_url=server.url) as client,
    ):
        account = await client.sip_account("agent-7")
    assert (account.username, account.password) == ("asha9f2c", SIP_PASSWORD)
    assert account.domain == "acme.voip.exotel.com"
    assert account.url == "wss://voip.exotel.in:443/wss"
    assert account.display_name == "Asha A Rao"
    assert server.received[1].query == "user_id=agent-7"


async def test_the_phone_of_such_a_user_registers(exotel_sandbox: Sandbox) -> None:
    exotel_sandbox.account("asha9f2c", password=SIP_PASSWORD)
    async with (
        script(platform()) as server,
        ExotelIntegrationClient(TOKEN, base_url=server.url) as client,
    ):
        user = await client.user("agent-7")
    account = exotel_sandbox.account(user.sip_username, password=user.sip_password)
    async with Phone(account, media=SilentMedia()):
        await exotel_sandbox.registered("asha9f2c")


async def test_a_call_is_placed_for_a_user() -> None:
    async with (
        script(platform()) as server,
        ExotelIntegrationClient(TOKEN, base_url=server.url) as client,
    ):
        user = await client.user("agent-7")
        placed = await client.outbound_call(user, "+919900000001", custom_field="order 7")
        again = await client.outbound_call("agent-7", "+919900000001")
    assert placed.call_sid == again.call_sid == PLACED["CallSid"]
    assert [one.method for one in server.received] == ["GET", "POST", "GET", "POST"]
    assert json.loads(server.received[1].body) == {
        "customer_id": "99fa98a1",
        "app_id": "2e6440ed",
        "to": "+919900000001",
        "user_id": "agent-7",
        "custom_field": "order 7",
    }
    assert "custom_field" not in json.loads(server.received[3].body)


async def test_a_token_is_made_from_an_application_s_secret() -> None:
    async with script(platform()) as server:
        token = await ExotelIntegrationClient.create_token(
            "2e6440ed", "app-s3cret-word", base_url=server.url
        )
        with pytest.raises(ConfigError):
            await ExotelIntegrationClient.create_token("", "x", base_url=server.url)
    assert token == TOKEN
    sent = json.loads(server.received[0].body)
    assert sent == {"Id": "2e6440ed", "Secret": "app-s3cret-word", "Entity": "app"}
    assert "authorization" not in server.received[0].headers


def test_the_twin_does_the_same_without_asyncio() -> None:
    with (
        threaded(platform()) as server,
        SyncExotelIntegrationClient(TOKEN, base_url=server.url) as client,
    ):
        assert client.user("agent-7").virtual_number == "0800123456"
        assert (
            client.sip_account("agent-7", host="voip.test", domain="d.test").domain == "acme.d.test"
        )
        assert client.outbound_call("agent-7", "+919900000001").call_sid == PLACED["CallSid"]


@pytest.mark.parametrize(
    ("answer", "kind", "words"),
    [
        (failure(404, "no such user"), ApiNotFound, "no such user"),
        (failure(404, "no such user", 404), ApiNotFound, "no such user"),
        (failure(0, "not now"), ApiError, "not now"),
        (Answer(b"<html>", 200), ApiError, "no user"),
        (success([]), ApiError, "no user"),
        (success({**USER, "SipSecret": "zz"}), ApiError, "SipSecret"),
        (success({**USER, "SipSecret": "00" * 16}), ApiError, "SipSecret"),
    ],
)
async def test_what_is_wrong_with_a_user_is_raised(
    answer: Answer, kind: type[ApiError], words: str
) -> None:
    async with (
        script(platform(usermapping=answer)) as server,
        ExotelIntegrationClient(TOKEN, base_url=server.url) as client,
    ):
        with pytest.raises(kind, match=words):
            await client.user("agent-7")


async def test_a_wrong_token_is_refused_and_never_shown() -> None:
    async with (
        script(platform()) as server,
        ExotelIntegrationClient("an-0ther-token", base_url=server.url) as client,
    ):
        with pytest.raises(ApiUnauthorized) as raised:
            await client.user("agent-7")
        assert "an-0ther-token" not in f"{client!r} {raised.value}"


async def test_an_application_without_an_account_is_named() -> None:
    async with (
        script(platform(app=success({}), token=success(None))) as server,
        ExotelIntegrationClient(TOKEN, base_url=server.url) as client,
    ):
        with pytest.raises(ApiError, match=r"no account"):
            await client.sip_account("agent-7")
        with pytest.raises(ApiError, match=r"no token"):
            await client.create_token("a", "b", base_url=server.url)


async def test_a_call_is_never_asked_for_twice() -> None:
    async with (
        script(platform(**{"call/outbound_call": failure(500, "oops", 500)})) as server,
        ExotelIntegrationClient(TOKEN, base_url=server.url, retries=QUICK) as client,
    ):
        with pytest.raises(ApiOutcomeUnknown):
            await client.outbound_call("agent-7", "+919900000001")
    assert [one.method for one in server.received] == ["GET", "POST"]


@pytest.mark.parametrize(
    "wrong",
    [
        {"access_token": ""},
        {"access_token": "a\nb"},
        {"base_url": "http://integrations.example"},
        {"secret_key": b"short"},
    ],
)
def test_a_wrong_setting_is_refused(wrong: dict[str, Any]) -> None:
    with pytest.raises(ConfigError):
        SyncExotelIntegrationClient(**({"access_token": TOKEN} | wrong))


def test_empty_arguments_are_refused_before_anything_is_sent() -> None:
    with SyncExotelIntegrationClient(TOKEN) as client:
        for action in (
            lambda: client.user(" "),
            lambda: client.sip_account(""),
            lambda: client.outbound_call("agent-7", ""),
        ):
            with pytest.raises(ConfigError):
                action()


def test_a_user_s_repr_hides_the_password() -> None:
    with threaded(platform()) as server, SyncExotelIntegrationClient(
        TOKEN, base_url=server.url
    ) as client:  # fmt: skip
        user = client.user("agent-7")
    assert user.sip_password == SIP_PASSWORD
    assert SIP_PASSWORD not in repr(user)


@given(st.text(st.characters(codec="ascii", categories=["L", "N", "P"]), min_size=1, max_size=60))
def test_a_wrapped_password_is_unwrapped(password: str) -> None:
    assert read_sip_secret(write_sip_secret(password, b"0123456789abcdef")) == password


def test_the_wrapping_is_aes_256_in_cfb_mode() -> None:
    # NIST SP 800-38A, F.3.17: CFB128-AES256, the first two segments.
    key = bytes.fromhex("603deb1015ca71be2b73aef0857d77811f352c073b6108d72d9810a30914dff4")
    initial = bytes.fromhex("000102030405060708090a0b0c0d0e0f")
    plain = "6bc1bee22e409f96e93d7e117393172aae2d8a571e03ac9c9eb76fac45af8e51"
    wrapped = "dc7e84bfda79164b7ecd8486985d386039ffed143b28b1c832113c6331e5407b"
    assert _cfb(initial, bytes.fromhex(plain), key, is_wrapping=True).hex() == wrapped
    assert _cfb(initial, bytes.fromhex(wrapped), key, is_wrapping=False).hex() == plain
    assert len(PUBLISHED_KEY) == 32
