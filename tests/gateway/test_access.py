"""Who may come in: origins, identities, accounts, and accounts that pages bring."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from typing import Any

import pytest
from starlette.requests import HTTPConnection

from exotel_voice import ConfigError, SipAccount
from exotel_voice.gateway import GatewayLimits, IceServer, VoiceGateway
from exotel_voice.gateway.access import Access
from exotel_voice.gateway.faults import Refused
from exotel_voice.sandbox import Sandbox
from gateway.site import Site, identity_of

OWN = "http://127.0.0.1"


@asynccontextmanager
async def a_site(**options: Any) -> AsyncIterator[Site]:
    values: dict[str, Any] = {"authenticate": identity_of, "accounts": one_account}
    async with Site(VoiceGateway(**(values | options))) as site:
        yield site


def one_account(identity: str) -> SipAccount:
    return SipAccount(username=identity, password="s3cret", domain="acme.example")


async def fate(site: Site, **headers: str) -> str:
    """Connect and tell what becomes of it: `in`, or code and close code."""
    async with site.tab("one", **headers) as tab:
        await tab.send({"type": "hello", "version": 1, "tab": "one"})
        first = await tab.read_first()
        if first["type"] == "welcome":
            return "in"
        assert first["hint"]
        return f"{first['code']} {await tab.closed()}"


async def test_pages_of_the_own_host_and_programs_come_in() -> None:
    async with a_site() as site:
        assert await fate(site) == "in"
        assert await fate(site, Origin=f"{OWN}:{site.port}") == "in"


@pytest.mark.parametrize(
    ("host", "origin", "is_own"),
    [
        ("voice.example", "https://voice.example", True),
        ("voice.example:443", "https://VOICE.example", True),
        ("voice.example:8443", "https://voice.example:8443", True),
        ("[::1]:3000", "http://[::1]:3000", True),
        ("voice.example", "https://voice.example:8443", False),
        ("voice.example", "https://voice.example.evil.example", False),
        ("", "https://voice.example", False),
    ],
)
def test_behind_a_proxy_the_host_header_says_which_origin_is_the_own(
    host: str, origin: str, is_own: bool
) -> None:
    headers = [(b"host", host.encode()), (b"origin", origin.encode())]
    connection = HTTPConnection({"type": "websocket", "headers": headers})
    access = Access(
        authenticate=identity_of, accounts=None, allowed_origins=(), sip_hosts=(), limit=1.0
    )
    if is_own:
        access.check_origin(connection)
    else:
        with pytest.raises(Refused):
            access.check_origin(connection)


@pytest.mark.parametrize(
    "origin", ["https://evil.example", "http://127.0.0.1:1", "null", "file://", "", "://"]
)
async def test_pages_of_other_origins_are_refused(origin: str) -> None:
    async with a_site(allowed_origins=["https://app.example"]) as site:
        assert await fate(site, Origin=origin) == "gateway.forbidden_origin 4403"


async def test_allowed_origins_come_in() -> None:
    async with a_site(allowed_origins=["https://app.example", "http://b.example:81"]) as site:
        assert await fate(site, Origin="https://app.example") == "in"
        assert await fate(site, Origin="http://b.example:81") == "in"
        assert await fate(site, Origin="https://b.example:81") == "gateway.forbidden_origin 4403"
    async with a_site(allowed_origins=["*"]) as site:
        assert await fate(site, Origin="https://anything.example") == "in"


def _raises(connection: HTTPConnection) -> str:
    raise PermissionError(connection.url.path)


async def _refuses(connection: HTTPConnection) -> str | None:
    del connection
    return None


async def _accepts(connection: HTTPConnection) -> str | None:
    return connection.headers["x-user"].upper()


async def _cookie(connection: HTTPConnection) -> str | None:
    return connection.cookies.get("user")


async def _never(connection: HTTPConnection) -> str | None:
    del connection
    await asyncio.Event().wait()
    return None


class _ByObject:
    async def __call__(self, connection: HTTPConnection) -> str:
        return connection.headers["x-user"]


def _later(connection: HTTPConnection) -> Awaitable[str | None]:
    return _accepts(connection)


REFUSED = "gateway.not_authenticated 4401"


@pytest.mark.parametrize(
    ("authenticate", "expected"),
    [
        (_raises, REFUSED),
        (_refuses, REFUSED),
        (_cookie, REFUSED),
        (lambda _: "", REFUSED),
        (lambda _: 7, REFUSED),
        (_never, REFUSED),
        (_accepts, "in"),
        (_ByObject(), "in"),
        (_later, "in"),
    ],
)
async def test_only_who_is_named_comes_in(authenticate: Callable[..., Any], expected: str) -> None:
    limits = GatewayLimits(hello=0.3)
    async with a_site(authenticate=authenticate, limits=limits) as site:
        assert await fate(site) == expected


async def test_the_user_is_told_who_it_is_and_which_servers_to_use() -> None:
    servers = [IceServer(urls=("stun:a",)), {"urls": "turn:b", "username": "u", "credential": "c"}]
    async with (
        a_site(authenticate=_cookie, ice_servers=servers) as site,
        site.tab("one", Cookie="user=carol") as tab,
    ):
        welcome = await tab.hello()
        assert welcome["identity"] == "carol"
        assert welcome["version"] == 1
        assert welcome["allow_page_credentials"] is False
        assert welcome["resume_limit"] == 30.0
        assert welcome["ice_servers"] == [
            {"urls": ["stun:a"]},
            {"urls": ["turn:b"], "username": "u", "credential": "c"},
        ]


async def test_accounts_may_be_one_or_several_or_none() -> None:
    def several(identity: str) -> list[SipAccount]:
        return [one_account(identity), one_account("second")] if identity == "alice" else []

    async with a_site(accounts=several) as site:
        async with site.tab("one") as tab:
            await tab.hello()
            assert (await tab.attach())["account"]["user_name"] == "alice"
            account = {"user_name": "second", "display_name": "Sue"}
            attached = await tab.attach(account)
            assert attached["account"] == {
                "user_name": "second",
                "display_name": "Sue",
                "domain": "acme.example",
            }
            result = await tab.try_request("attach", account={"user_name": "third"})
            assert result["error"]["code"] == "gateway.no_account"
        async with site.tab("one", user="bob") as tab:
            await tab.hello()
            result = await tab.try_request("attach", account=None)
            assert result["error"]["code"] == "gateway.no_account"


async def test_a_page_may_bring_no_password_by_default(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level("DEBUG")
    async with a_site() as site, site.tab("one") as tab:
        await tab.hello()
        account = {"user_name": "eve", "secret": "pa55word", "domain": "acme.example"}
        result = await tab.try_request("attach", account=account)
        assert result["error"]["code"] == "gateway.page_credentials"
        assert "secret" in result["error"]["hint"]
        assert site.gateway.phones == ()
    assert "pa55word" not in _own_lines(caplog)


async def test_a_page_that_may_bring_its_account_gets_only_to_named_hosts(
    exotel_sandbox: Sandbox,
) -> None:
    sip = exotel_sandbox.account("alice", password="open-sesame")
    account = {
        "user_name": "alice",
        "secret": "open-sesame",
        "domain": sip.domain,
        "host": sip.host,
        "port": sip.port,
        "security": "ws",
        "display_name": "Alice",
    }
    options: dict[str, Any] = {
        "accounts": None,
        "allow_page_credentials": True,
        "allowed_sip_hosts": ["127.0.0.1", "localhost"],
    }
    async with a_site(**options) as site, site.tab("one") as tab, site.tab("two") as other:
        assert (await tab.hello())["allow_page_credentials"] is True
        result = await tab.try_request("attach", account={**account, "host": "10.0.0.1"})
        assert result["error"]["code"] == "gateway.forbidden_host"
        result = await tab.try_request("attach", account={**account, "user_name": "a b"})
        assert result["error"]["code"] == "config"
        result = await tab.try_request("attach", account=None)
        assert result["error"]["code"] == "gateway.no_account"
        attached = await tab.attach(account)
        assert attached["account"]["display_name"] == "Alice"
        await tab.register()
        # Another page of the same user with a wrong password has a phone of its own.
        await other.hello()
        await other.attach({**account, "secret": "guess"})
        assert other.told[-1]["is_active"]
        await other.request("register")
        refused = await other.next("registration", state="terminated")
        assert refused["status"] in {401, 403}
        assert len(site.gateway.phones) == 2


async def test_no_page_and_no_log_sees_the_password(
    exotel_sandbox: Sandbox, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level("DEBUG")
    password = exotel_sandbox.account("alice", password="t0p-s3cret").password
    async with a_site(accounts=exotel_sandbox.account) as site, site.tab("one") as tab:
        await tab.hello()
        await tab.attach()
        await tab.register()
        await tab.request("unregister")
        assert password not in str(tab.told)
        assert password not in repr(site.gateway.phones)
    assert password not in _own_lines(caplog)


def _own_lines(caplog: pytest.LogCaptureFixture) -> str:
    """What we log; the WebSocket client of the tests logs what it sends itself."""
    return "\n".join(
        record.getMessage()
        for record in caplog.records
        if not record.name.startswith(("websockets.client", "asyncio"))
    )


@pytest.mark.parametrize(
    "options",
    [
        {"authenticate": None},
        {"accounts": None},
        {"accounts": "alice"},
        {"allow_page_credentials": True},
        {"allowed_sip_hosts": ["a"]},
        {"allowed_origins": "https://a"},
        {"allowed_origins": ["a.example"]},
        {"allowed_origins": ["https://a.example/path"]},
        {"ice_servers": [{}]},
        {"ice_servers": [{"urls": [1]}]},
        {"resume_limit": 0},
        {"limits": None, "media_limit": -1},
    ],
)
def test_a_wrong_setting_shows_at_once(options: dict[str, Any]) -> None:
    values: dict[str, Any] = {"authenticate": identity_of, "accounts": one_account}
    with pytest.raises(ConfigError):
        VoiceGateway(**(values | options))


def test_there_is_no_default_that_lets_everyone_in() -> None:
    with pytest.raises(TypeError):
        VoiceGateway(accounts=one_account)  # type: ignore[call-arg]
