"""What is taken out of lines, and what is left."""

from __future__ import annotations

import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from exotel_voice.observe import Redactor, redact_text, shorten_numbers

RESPONSE = "6629fae49393a05397450978507c4ef1"

SECRETS = [
    f'Authorization: Digest username="bob", response="{RESPONSE}"\r\nContact: <sip:bob@x>',
    f"Proxy-Authorization : Digest response={RESPONSE}",
    f"authorization: Digest username=bob,\r\n response={RESPONSE}",
    f'Authentication-Info: rspauth="{RESPONSE}"',
    "{'Authorization': 'Basic azN5OnQwa2Vu'}",
    "sent Bearer abcdefgh.12345678",
    "password=t0ps3cret",
    '"sip_password": "t0ps3cret, with a comma"',
    "SIP_PASSWORD = 't0ps3cret'",
    "access_token=t0ps3cret&x=1",
    "{'secret': 't0ps3cret'}",
    "proxy http://bob:t0ps3cret@proxy.example:3128",
    "a=ice-pwd:t0ps3cretAndLong",
    "a=crypto:1 AES_CM_128_HMAC_SHA1_80 inline:d0RmdmcmVCspeEc3QGZiNWpVLFJhQX1cfHAwJSoj",
    "a token eyJhbGciOiJI.eyJzdWIiOiIx.SflKxwRJSM",
]
PARTS = ("t0ps3cret", RESPONSE, "azN5", "abcdefgh", "d0Rmdmcm", "SflKxw")


@pytest.mark.parametrize("text", SECRETS)
def test_a_credential_is_taken_out_and_the_rest_is_left(text: str) -> None:
    shown = redact_text(text)
    assert "***" in shown
    assert not any(part in shown for part in PARTS)


@pytest.mark.parametrize(
    "text",
    [
        "registered for 300 s",
        "secret is missing (Put secret into sipAccountInfo.)",
        "the response was 200 OK",
        'WWW-Authenticate: Digest realm="acme", nonce="84a4cc6f"',
        "INVITE sip:+919900000001@acme.example SIP/2.0",
        "wss://voip.example:443/wss",
        "Basic things",
    ],
)
def test_what_is_no_secret_is_left(text: str) -> None:
    assert redact_text(text) == text


def test_a_header_s_neighbours_are_left() -> None:
    shown = redact_text(SECRETS[0])
    assert shown == "Authorization: ***\r\nContact: <sip:bob@x>"
    assert redact_text("access_token=abcd&x=1") == "access_token=***&x=1"
    assert redact_text("http://bob:pass@proxy:1/") == "http://***@proxy:1/"


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("from +919900000001 to 08033334444", "from +91…01 to 08…44"),
        ("sip:9900000001@acme.example:443", "sip:99…01@acme.example:443"),
        ("2026-11-27 23:20:47.184 port 5060", "2026-11-27 23:20:47.184 port 5060"),
        ("call 9f2c99000000017a on 192.168.10.20", "call 9f2c99000000017a on 192.168.10.20"),
        ("123456 is short", "123456 is short"),
        ("it rang at 9900000001.", "it rang at 99…01."),
        ("Signal=5\r\nDuration=240", "Signal=***\r\nDuration=240"),
    ],
)
def test_phone_numbers_are_shortened_and_nothing_else(text: str, shown: str) -> None:
    assert shorten_numbers(text) == shown


def test_known_values_are_hidden_wherever_they_stand() -> None:
    redact = Redactor(["pa.ss", "pa.ss-and-more", "abc"], shorten=True)
    assert redact("xpa.ss-and-morex pa.ss paXss abc +919900000001") == "x***x *** paXss abc +91…01"
    assert Redactor()("+919900000001") == "+919900000001"


@given(st.text(max_size=200), st.text("abcdefgXYZ0123456789.+$()", min_size=4, max_size=20))
def test_any_text_is_taken_and_holds_the_known_value_no_more(text: str, secret: str) -> None:
    assert secret not in Redactor([secret])(f"{text}{secret}{text}")


HOSTILE = ["-eyJ" * 4_000, "http://a:" * 2_000, "password='" * 1_600, "authorization:" * 1_200]
HOSTILE += ["+919900000001" * 1_200, "Basic " * 2_700, "a=crypto:1 A inline:" * 800, "[" * 16_000]


@pytest.mark.parametrize("text", HOSTILE, ids=lambda text: text[:8])
def test_a_line_that_is_made_to_be_slow_is_not(text: str) -> None:
    redact = Redactor(["a-passw0rd"], shorten=True)
    begun = time.process_time()
    redact(text)
    assert time.process_time() - begun < 0.2
