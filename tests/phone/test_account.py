from __future__ import annotations

import copy
import logging
import pickle
from typing import Any

import pytest

from exotel_voice.errors import ConfigError
from exotel_voice.phone.account import SipAccount

GUIDE: dict[str, object] = {
    "userName": "alice",
    "authUser": "alice",
    "sipdomain": "acme.voip.example",
    "domain": "voip.example:8443",
    "displayname": "Alice",
    "secret": "s3cret",
    "port": "443",
    "security": "wss",
}


def account(**more: object) -> SipAccount:
    fields: dict[str, Any] = {"username": "alice", "password": "s3cret"}
    return SipAccount(**(fields | {"domain": "acme.voip.example"} | more))


def test_what_is_left_out_follows_from_the_rest() -> None:
    made = account()
    assert (made.host, made.port, made.security) == ("acme.voip.example", 443, "wss")
    assert (made.auth_username, made.display_name) == ("alice", "")
    assert made.url == "wss://acme.voip.example:443/wss"
    assert made.aor == "sip:alice@acme.voip.example"


def test_host_port_and_path_make_the_address_of_the_websocket() -> None:
    made = account(host="voip.example", port=8080, security="ws", endpoint="/sip/ws")
    assert made.url == "ws://voip.example:8080/sip/ws"


def test_an_ipv6_host_is_written_in_brackets() -> None:
    assert account(host="[::1]", port=5066).url == "wss://[::1]:5066/wss"


def test_the_password_is_in_no_text_of_the_account() -> None:
    made = account()
    assert "s3cret" not in repr(made)
    assert "s3cret" not in str(made)
    assert copy.copy(made) == pickle.loads(pickle.dumps(made)) == made  # noqa: S301 - our own bytes


@pytest.mark.parametrize(
    ("setting", "value"),
    [
        ("username", ""),
        ("username", "al ice"),
        ("username", "alice@acme"),
        ("username", 7),
        ("password", ""),
        ("password", "a\r\nb"),
        ("domain", ""),
        ("domain", "acme example"),
        ("domain", "acme/x"),
        ("host", "wss://voip.example"),
        ("host", "voip.example:443"),
        ("port", 0),
        ("port", 65_536),
        ("port", "443"),
        ("port", True),
        ("security", "tls"),
        ("display_name", 'Al"ice'),
        ("display_name", "Al\nice"),
        ("endpoint", "a\r\nb"),
    ],
)
def test_a_wrong_setting_is_named_when_the_account_is_made(setting: str, value: object) -> None:
    with pytest.raises(ConfigError) as caught:
        account(**{setting: value})
    assert caught.value.message.startswith(setting)
    assert "s3cret" not in str(caught.value)


# -- environment --------------------------------------------------------------------------------


ENVIRONMENT = {
    "EXOTEL_SIP_USERNAME": "alice",
    "EXOTEL_SIP_PASSWORD": "s3cret",
    "EXOTEL_SIP_DOMAIN": "acme.voip.example",
}


def test_the_environment_gives_the_account() -> None:
    more = {
        "EXOTEL_SIP_HOST": "voip.example",
        "EXOTEL_SIP_PORT": "8443",
        "EXOTEL_SIP_SECURITY": "ws",
        "EXOTEL_SIP_ENDPOINT": "sip",
    }
    assert SipAccount.from_env(ENVIRONMENT) == account()
    assert SipAccount.from_env(ENVIRONMENT | more).url == "ws://voip.example:8443/sip"


def test_what_is_given_stands_above_the_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    for name, value in ENVIRONMENT.items():
        monkeypatch.setenv(name, value)
    assert SipAccount.from_env(username="bob", port=5066).url.endswith(":5066/wss")
    assert SipAccount.from_env(username="bob").username == "bob"


@pytest.mark.parametrize("name", sorted(ENVIRONMENT))
def test_a_missing_variable_is_named(name: str) -> None:
    with pytest.raises(ConfigError, match=f"{name} is not set"):
        SipAccount.from_env({key: value for key, value in ENVIRONMENT.items() if key != name})


def test_a_wrong_port_in_the_environment_is_named() -> None:
    with pytest.raises(ConfigError, match="EXOTEL_SIP_PORT must be a number"):
        SipAccount.from_env(ENVIRONMENT | {"EXOTEL_SIP_PORT": "abc"})


def test_a_setting_that_nobody_knows_is_named() -> None:
    with pytest.raises(ConfigError, match="colour is no setting"):
        SipAccount.from_env(ENVIRONMENT, colour="red")


# -- the guide ----------------------------------------------------------------------------------


def test_the_dictionary_of_the_guide_gives_the_account() -> None:
    made = SipAccount.from_guide(GUIDE)
    assert made.url == "wss://voip.example:8443/wss"
    assert made.aor == "sip:alice@acme.voip.example"
    assert (made.password, made.display_name) == ("s3cret", "Alice")


def test_section_six_of_the_guide_has_no_domain_key() -> None:
    info = {key: value for key, value in GUIDE.items() if key not in {"domain", "displayname"}}
    made = SipAccount.from_guide(info | {"displayName": "Al", "sipUri": "", "contactHost": ""})
    assert made.url == "wss://acme.voip.example:443/wss"
    assert made.display_name == "Al"


def test_a_port_may_be_a_number_and_a_server_may_have_none() -> None:
    made = SipAccount.from_guide(GUIDE | {"port": 5066, "domain": "voip.example"})
    assert made.url == "wss://voip.example:5066/wss"


def test_an_address_in_brackets_may_have_a_port() -> None:
    assert SipAccount.from_guide(GUIDE | {"domain": "[::1]:5066"}).url == "wss://[::1]:5066/wss"
    assert SipAccount.from_guide(GUIDE | {"domain": "[::1]"}).url == "wss://[::1]:443/wss"


def test_endpoint_is_the_path() -> None:
    assert SipAccount.from_guide(GUIDE | {"endpoint": "sip"}).url.endswith("/sip")


@pytest.mark.parametrize("key", ["userName", "authUser", "secret", "sipdomain", "port", "security"])
@pytest.mark.parametrize("value", ["", "  ", None])
def test_a_missing_or_empty_key_of_the_guide_is_named(key: str, value: object) -> None:
    with pytest.raises(ConfigError, match=f"{key} is"):
        SipAccount.from_guide(GUIDE | {key: value})
    with pytest.raises(ConfigError, match=f"{key} is missing"):
        SipAccount.from_guide({name: text for name, text in GUIDE.items() if name != key})


@pytest.mark.parametrize(
    ("key", "value"),
    [
        ("port", "abc"),
        ("port", "0"),
        ("port", 70_000),
        ("security", "tls"),
        ("domain", ""),
        ("domain", "voip.example:abc"),
        ("domain", "voip example"),
        ("userName", "a b"),
        ("userName", ["alice"]),
        ("sipdomain", "a b"),
        ("secret", True),
    ],
)
def test_a_key_of_the_wrong_form_is_named(key: str, value: object) -> None:
    with pytest.raises(ConfigError) as caught:
        SipAccount.from_guide(GUIDE | {key: value})
    assert caught.value.message.startswith(key)


def test_keys_that_nobody_knows_are_told(caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.DEBUG):
        SipAccount.from_guide(GUIDE | {"colour": "red"})
    assert SipAccount.unknown_guide_keys(GUIDE | {"colour": "red"}) == ("colour",)
    assert caplog.records == []
