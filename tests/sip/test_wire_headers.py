"""Header fields: names without case, lists, order, and values that cannot start a header."""

from __future__ import annotations

import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from exotel_voice.errors import ConfigError
from exotel_voice.sip.headers import HeaderMapping, Headers, canonical_name, split_commas


def test_a_header_is_found_under_every_spelling() -> None:
    headers = Headers([("v", "1"), ("CALL-ID", "2"), ("x-Mine", "3"), ("www-authenticate", "4")])
    assert list(headers) == [
        ("Via", "1"),
        ("Call-ID", "2"),
        ("x-Mine", "3"),
        ("WWW-Authenticate", "4"),
    ]
    for name in ("Via", "via", "V", "v", "VIA"):
        assert headers.get(name) == "1"
    assert "X-MINE" in headers
    assert "X-Other" not in headers
    assert 7 not in headers
    assert len(headers) == 4


@pytest.mark.parametrize(
    ("given", "canonical"),
    [("cseq", "CSeq"), ("i", "Call-ID"), ("MIME-version", "MIME-Version"), ("x-y", "x-y")],
)
def test_a_known_name_is_written_as_its_rfc_has_it(given: str, canonical: str) -> None:
    assert canonical_name(given) == canonical


@pytest.mark.parametrize(
    ("value", "parts"),
    [
        ("", []),
        (" , ,", []),
        ("a", ["a"]),
        ("a, b ,c", ["a", "b", "c"]),
        ('"a, b" <sip:x,y>, c', ['"a, b" <sip:x,y>', "c"]),
        (r'"a\", b", c', [r'"a\", b"', "c"]),
        ('"open, c', ['"open, c']),
        ("<open, c", ["<open, c"]),
        ("<a>,<b>;x=y", ["<a>", "<b>;x=y"]),
    ],
)
def test_a_list_is_split_at_its_commas_only(value: str, parts: list[str]) -> None:
    assert split_commas(value) == parts


def test_values_come_from_all_fields_in_order() -> None:
    headers = Headers([("Route", "<sip:a>, <sip:b>"), ("To", "x"), ("Route", "<sip:c>")])
    assert headers.values("route") == ["<sip:a>", "<sip:b>", "<sip:c>"]
    assert headers.get_all("Route") == ["<sip:a>, <sip:b>", "<sip:c>"]


def test_setting_takes_the_place_of_the_first_and_removes_the_others() -> None:
    headers = Headers([("X-A", "1"), ("X-B", "2"), ("X-a", "3"), ("X-C", "4")])
    headers.set("X-A", "5", "6")
    assert list(headers) == [("X-A", "5"), ("X-A", "6"), ("X-B", "2"), ("X-C", "4")]
    headers.set("X-D", "7")
    assert list(headers)[-1] == ("X-D", "7")
    headers.set("X-A")
    headers.remove("X-D")
    headers.remove("nothing")
    assert list(headers) == [("X-B", "2"), ("X-C", "4")]


def test_a_new_top_via_goes_before_all_others() -> None:
    headers = Headers([("To", "x"), ("Via", "old")])
    headers.prepend("Via", "new")
    assert headers.get_all("Via") == ["new", "old"]


def test_the_first_value_of_a_list_can_be_taken_away() -> None:
    headers = Headers([("Route", " , "), ("Route", "<sip:a>,  <sip:b>"), ("Route", "<sip:c>")])
    assert [headers.pop_first_value("Route") for _ in range(4)] == [
        "<sip:a>",
        "<sip:b>",
        "<sip:c>",
        None,
    ]
    assert "Route" not in headers


@pytest.mark.parametrize("value", ["a\r\nX: y", "a\nb", "a\rb", "\ud800"])
def test_a_value_cannot_start_a_header_of_its_own(value: str) -> None:
    headers = Headers()
    for change in (headers.add, headers.set, headers.prepend):
        with pytest.raises(ConfigError, match="Subject"):
            change("Subject", value)
    assert len(headers) == 0


@pytest.mark.parametrize("name", ["", "A B", "A:", "A\r\nB", "ä"])
def test_a_name_has_to_be_a_token(name: str) -> None:
    with pytest.raises(ConfigError):
        Headers([(name, "x")])


def test_a_received_null_can_be_repeated() -> None:
    headers = Headers([("From", '"\\\0" <sip:a>')])
    assert headers.to_text() == 'From: "\\\0" <sip:a>\r\n'


def test_a_copy_is_apart_and_equal_headers_are_equal() -> None:
    headers = Headers([("X-A", "1")])
    copy = headers.copy()
    assert copy == headers
    copy.add("X-B", "2")
    assert copy != headers
    assert headers != [("X-A", "1")]
    assert repr(copy) == "Headers(['X-A', 'X-B'])"


def test_the_mapping_for_events_has_every_value_and_no_regard_to_case() -> None:
    mapping = Headers([("x-Id", "1"), ("LegSid", "2"), ("X-ID", "3")]).as_mapping()
    assert mapping["X-id"] == ("1", "3")
    assert mapping["legsid"] == ("2",)
    assert dict(mapping) == {"x-Id": ("1", "3"), "LegSid": ("2",)}
    assert "x-ID" in mapping
    assert mapping.get("other") is None
    assert len(mapping) == 2
    assert repr(mapping) == "HeaderMapping(['x-Id', 'LegSid'])"
    assert mapping == HeaderMapping([("x-Id", "1"), ("LegSid", "2"), ("x-Id", "3")])


@given(st.text())
def test_splitting_loses_nothing_but_commas_and_blanks(text: str) -> None:
    def bare(part: str) -> str:
        return "".join(part.replace(",", " ").split())

    assert "".join(map(bare, split_commas(text))) == bare(text)


@pytest.mark.parametrize(
    "value", ['"' + '\\"' * 4000, "<" * 8000, '"' * 8001, ", " * 4000, "a," * 4000 + '"' * 999]
)
def test_splitting_takes_no_more_than_linear_time(value: str) -> None:
    started = time.perf_counter()
    split_commas(value)
    assert time.perf_counter() - started < 0.1
