"""The account of the HTTP API: regions, environment, what is refused, what is never shown."""

from __future__ import annotations

import base64

import pytest

from exotel_voice.errors import ConfigError
from exotel_voice.rest import ApiAccount, ExotelClient, SyncExotelClient

FULL = {
    "EXOTEL_API_KEY": "k3y",
    "EXOTEL_API_TOKEN": "t0ken",
    "EXOTEL_ACCOUNT_SID": "acme",
    "EXOTEL_SUBDOMAIN": "api.in.exotel.com",
}


def account(subdomain: str, sid: str = "acme") -> ApiAccount:
    return ApiAccount(key="k3y", token="t0ken", account_sid=sid, subdomain=subdomain)


@pytest.mark.parametrize(
    ("subdomain", "url"),
    [
        ("api.exotel.com", "https://api.exotel.com"),
        ("@api.in.exotel.com", "https://api.in.exotel.com"),
        ("Mumbai", "https://api.in.exotel.com"),
        ("singapore", "https://api.exotel.com"),
        ("https://api.acme.example/", "https://api.acme.example"),
        ("http://127.0.0.1:8088", "http://127.0.0.1:8088"),
        ("http://localhost:8088/", "http://localhost:8088"),
        ("http://[::1]:8088", "http://[::1]:8088"),
    ],
)
def test_a_region_a_host_and_a_url_say_where_the_api_is(subdomain: str, url: str) -> None:
    assert account(subdomain).base_url == url
    assert account(subdomain).calls_url == f"{url}/v1/Accounts/acme/Calls"


def test_an_account_s_name_cannot_leave_its_place_in_the_path() -> None:
    assert account("api.exotel.com", "a/b?c").calls_url.endswith("/Accounts/a%2Fb%3Fc/Calls")


@pytest.mark.parametrize(
    "subdomain",
    [
        "http://api.exotel.com",
        "ftp://api.exotel.com",
        "api.exotel.com/path?x=1",
        "api exotel",
        "https://user@api.exotel.com",
        "https://api.exotel.com:99999",
        "https://[::1",
        "-",
    ],
)
def test_an_address_that_cannot_be_used_is_refused(subdomain: str) -> None:
    with pytest.raises(ConfigError, match=r"^subdomain "):
        account(subdomain)


@pytest.mark.parametrize("name", ["key", "token", "account_sid", "subdomain"])
@pytest.mark.parametrize("value", ["", "  ", "a\r\nb"])
def test_empty_settings_and_control_characters_are_refused_by_name(name: str, value: str) -> None:
    settings = {"key": "k", "token": "t", "account_sid": "a", "subdomain": "api.exotel.com"}
    with pytest.raises(ConfigError, match=f"^{name} "):
        ApiAccount(**(settings | {name: value}))


def test_a_colon_in_the_key_is_refused() -> None:
    with pytest.raises(ConfigError, match=r"^key holds a colon"):
        ApiAccount(key="a:b", token="t", account_sid="a")


def test_the_repr_shows_neither_key_nor_token() -> None:
    shown = repr(account("api.exotel.com"))
    assert "acme" in shown
    assert "k3y" not in shown
    assert "t0ken" not in shown


def test_the_credentials_are_those_of_basic_authentication() -> None:
    scheme, _, encoded = account("api.exotel.com").authorization.partition(" ")
    assert (scheme, base64.b64decode(encoded)) == ("Basic", b"k3y:t0ken")


def test_the_environment_makes_an_account_and_explicit_values_stand_above_it() -> None:
    found = ApiAccount.from_env(FULL, account_sid="other")
    assert (found.key, found.token, found.account_sid) == ("k3y", "t0ken", "other")
    assert found.base_url == "https://api.in.exotel.com"
    without = {name: value for name, value in FULL.items() if name != "EXOTEL_SUBDOMAIN"}
    assert ApiAccount.from_env(without).base_url == "https://api.exotel.com"


@pytest.mark.parametrize("name", ["EXOTEL_API_KEY", "EXOTEL_API_TOKEN", "EXOTEL_ACCOUNT_SID"])
async def test_a_missing_variable_is_one_sentence_that_names_it(name: str) -> None:
    for client in (ExotelClient, SyncExotelClient):
        with pytest.raises(ConfigError, match=f"^{name} is not set") as raised:
            client.from_env(FULL | {name: " "})
        assert name in raised.value.hint


def test_an_unknown_setting_is_named() -> None:
    with pytest.raises(ConfigError, match=r"^region is no setting"):
        ApiAccount.from_env(FULL, region="mumbai")


def test_the_process_s_environment_is_the_default(monkeypatch: pytest.MonkeyPatch) -> None:
    for name, value in FULL.items():
        monkeypatch.setenv(name, value)
    assert ApiAccount.from_env().key == "k3y"
