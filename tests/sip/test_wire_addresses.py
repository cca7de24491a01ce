"""Addresses, URIs, and what a user dials."""

from __future__ import annotations

import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from exotel_voice.errors import ConfigError, MalformedMessage
from exotel_voice.sip.addresses import (
    Address,
    Uri,
    escape_user,
    normalise_target,
    parse_parameters,
    quote,
    unquote,
)


@pytest.mark.parametrize(
    ("text", "address"),
    [
        ("sip:a@b", Address("sip:a@b")),
        ("<sip:a@b>", Address("sip:a@b")),
        ("  <sip:a@b;lr?x=y>  ", Address("sip:a@b;lr?x=y")),
        ("Alice <sip:a@b>", Address("sip:a@b", "Alice")),
        ("Alice Smith   <sip:a@b>", Address("sip:a@b", "Alice Smith")),
        ("Zoë <sip:a@b>", Address("sip:a@b", "Zoë")),
        ('"Smith, Alice" <sip:a@b>', Address("sip:a@b", "Smith, Alice")),
        (r'"a\"b\\" <sip:a@b>', Address("sip:a@b", 'a"b\\')),
        ('"" <sip:a@b>', Address("sip:a@b")),
        ("sip:a@b;tag=1", Address("sip:a@b", "", {"tag": "1"})),
        ("<sip:a@b> ; Tag = 1 ;x", Address("sip:a@b", "", {"tag": "1", "x": None})),
        (
            '<sip:a@b>;+sip.instance="<urn:uuid:1;,>";reg-id=1',
            Address("sip:a@b", "", {"+sip.instance": "<urn:uuid:1;,>", "reg-id": "1"}),
        ),
        ("*", Address("*")),
        ("tel:+1234;phone-context=x", Address("tel:+1234", "", {"phone-context": "x"})),
        ("<sip:a@b>;tag=1;tag=2", Address("sip:a@b", "", {"tag": "1"})),
    ],
)
def test_an_address_is_read(text: str, address: Address) -> None:
    assert Address.parse(text) == address
    assert address.tag == address.parameters.get("tag")


@pytest.mark.parametrize(
    "text",
    [
        "",
        "bob",
        "<bob>",
        "<>",
        "<sip:a@b",
        "sip:a@b>",
        '"Alice <sip:a@b>',
        "Smith, Alice <sip:a@b>",
        "< sip:a@b >",
        "<sip:a b>",
        "sip:a@b?x=y",
        "sip:a@b,c",
        "<sip:a@b>;",
        "<sip:a@b> x",
        "<sip:a@b>;=x",
        '<sip:a@b>;x="y',
        "<sip:a@b><sip:c@d>",
    ],
)
def test_what_is_no_address_is_refused(text: str) -> None:
    with pytest.raises(MalformedMessage):
        Address.parse(text)


@pytest.mark.parametrize(
    ("text", "parts"),
    [
        ("sip:example.com", ("sip", None, "example.com", None, {}, "")),
        ("SIPS:Bob@Example.COM:5061", ("sips", "Bob", "example.com", 5061, {}, "")),
        ("sip:bob:secret@example.com", ("sip", "bob", "example.com", None, {}, "")),
        ("sip:b%6Fb%20x@h", ("sip", "bob x", "h", None, {}, "")),
        ("sip:bob@[2001:db8::1]:5060", ("sip", "bob", "[2001:db8::1]", 5060, {}, "")),
        ("sip:h;LR;transport=ws", ("sip", None, "h", None, {"lr": None, "transport": "ws"}, "")),
        ("sip:h;a=%41%2541?Subject=x", ("sip", None, "h", None, {"a": "A%41"}, "Subject=x")),
        ("sip:bob@my_pbx1", ("sip", "bob", "my_pbx1", None, {}, "")),
        ("sip:x@df7jal23ls0d.invalid", ("sip", "x", "df7jal23ls0d.invalid", None, {}, "")),
        ("tel:+91-80-1234;ext=5", ("tel", "+91-80-1234", "", None, {"ext": "5"}, "")),
        ("mailto:a@b", ("mailto", "a@b", "", None, {}, "")),
    ],
)  # fmt: skip
def test_a_uri_is_taken_apart_and_stays_as_it_was(text: str, parts: tuple[object, ...]) -> None:
    uri = Uri.parse(text)
    assert (uri.scheme, uri.user, uri.host, uri.port, uri.parameters, uri.headers) == parts
    assert str(uri) == text


@pytest.mark.parametrize(
    "text",
    [
        "",
        "bob",
        "bob@example.com",
        "sip:",
        "sip:@h",
        "sip:bob@",
        "sip:bob@h:",
        "sip:bob@h:x",
        "sip:bob@h:65536",
        "sip:bob@h@i",
        "sip:bob@-h",
        "sip:bob@h\r\nX: y",
        "sip:bob smith@h",
        "sip:bob<x>@h",
        "sip:b%6@h",
        "sip:b\x00b@h",
        "sip:bøb@h",
        "1sip:bob@h",
    ],
)
def test_what_is_no_uri_is_refused(text: str) -> None:
    with pytest.raises(MalformedMessage):
        Uri.parse(text)


@pytest.mark.parametrize("text", ["", "plain", 'quo"te', "back\\slash", '\\"', "Zoë", '"'])
def test_quoting_comes_back(text: str) -> None:
    assert unquote(quote(text)) == text
    assert Address.parse(f"{quote(text)} <sip:a@b>").display_name == text


@given(st.text(st.characters(exclude_characters="\r\n", exclude_categories=["Cs"])))
def test_any_display_name_can_be_written_and_read(name: str) -> None:
    assert Address.parse(f"{quote(name)}<sip:a@b>;tag=1") == Address("sip:a@b", name, {"tag": "1"})


def test_a_line_break_cannot_be_quoted() -> None:
    with pytest.raises(ConfigError):
        quote("a\r\nb")


def test_what_is_not_quoted_comes_back_as_it_is() -> None:
    assert unquote("plain") == "plain"
    assert unquote('"') == '"'


@given(st.text(st.characters(exclude_categories=["Cs"]), min_size=1))
def test_any_user_name_can_be_escaped_into_a_uri(user: str) -> None:
    assert Uri.parse(f"sip:{escape_user(user)}@example.com").user == user


@pytest.mark.parametrize(
    ("target", "uri"),
    [
        ("bob", "sip:bob@acme.example"),
        (" bob ", "sip:bob@acme.example"),
        ("bob smith", "sip:bob%20smith@acme.example"),
        ("bob@example.com", "sip:bob@example.com"),
        ("bob@example.com:5070", "sip:bob@example.com:5070"),
        ("sip:bob@example.com;transport=ws", "sip:bob@example.com;transport=ws"),
        ("SIPS:bob@example.com", "SIPS:bob@example.com"),
        ("tel:+918012345678", "tel:+918012345678"),
        ("+91 80 1234-5678", "sip:+918012345678@acme.example"),
        ("(080) 1234.5678", "sip:08012345678@acme.example"),
        ("*21#", "sip:*21%23@acme.example"),
        ("sip", "sip:sip@acme.example"),
    ],
)
def test_what_a_user_dials_becomes_a_uri(target: str, uri: str) -> None:
    assert normalise_target(target, "acme.example") == uri


@pytest.mark.parametrize(
    "target", ["", "  ", "bob@", "@example.com", "sip:", "sip:a b@c", "a@b\r\nX: y"]
)
def test_what_cannot_be_called_is_refused(target: str) -> None:
    with pytest.raises(ConfigError):
        normalise_target(target, "acme.example")


@given(st.text())
def test_anything_dialled_gives_a_uri_or_a_config_error(target: str) -> None:
    try:
        uri = normalise_target(target, "acme.example")
    except ConfigError:
        return
    Uri.parse(uri)


@given(st.text())
def test_any_text_gives_an_address_or_a_malformed_message(text: str) -> None:
    for parse in (Address.parse, Uri.parse, parse_parameters):
        try:
            parse(text)
        except MalformedMessage:
            continue


@pytest.mark.parametrize(
    "text",
    [
        " " * 8000 + "x",
        "a " * 4000,
        '"' + '\\"' * 4000,
        "<sip:a>" + ";x" * 3000 + '="',
        "<sip:a>;x" + " " * 8000 + "y",
        "sip:" + "a" * 8000 + "!@",
        "sip:h" + "-" * 8000,
        "sip:" + "%" * 8000,
    ],
)
def test_reading_takes_no_more_than_linear_time(text: str) -> None:
    started = time.perf_counter()
    for parse in (Address.parse, Uri.parse, parse_parameters):
        try:
            parse(text)
        except MalformedMessage:
            continue
    assert time.perf_counter() - started < 0.1
