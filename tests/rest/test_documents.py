"""The platform's documents, XML and JSON, read into the same results; its errors, typed."""

from __future__ import annotations

import datetime as dt
import json
from typing import Any

import pytest

from exotel_voice.errors import (
    ApiError,
    ApiNotFound,
    ApiRateLimited,
    ApiRequestInvalid,
    ApiUnauthorized,
    ApiUnavailable,
)
from exotel_voice.rest import ApiCall, ApiCallStatus
from exotel_voice.rest.documents import error_of, read_document, section
from exotel_voice.rest.exchange import Reply
from exotel_voice.rest.results import call_from
from rest.recorded import reply


def call(name: str) -> ApiCall:
    return call_from(section(reply(name), "Call"))


def raw(body: bytes, status: int = 200, **headers: str) -> Reply:
    named = {key.replace("_", "-"): value for key, value in headers.items()}
    return Reply(status=status, headers=named, body=body)


def test_xml_and_json_of_a_placed_call_are_read_alike() -> None:
    placed = call("connect.json")
    assert placed == call("connect.xml")
    assert placed.sid == "c5797dcbaaeed7678c4062a4a3ed2f8a"
    assert placed.status is ApiCallStatus.IN_PROGRESS
    assert not placed.is_over
    assert (placed.from_, placed.to, placed.caller_id) == ("alice", "09900000001", "0800123456")
    assert (placed.account_sid, placed.direction) == ("acme", "outbound-api")
    assert placed.created_at == dt.datetime(2017, 3, 3, 10, 48, 33)  # noqa: DTZ001 - it has none
    assert (placed.ended_at, placed.duration, placed.price) == (None, None, None)
    assert (placed.recording_url, placed.legs) == ("", ())


def test_xml_and_json_of_the_details_are_read_alike() -> None:
    ended = call("details.json")
    assert ended == call("details.xml")
    assert (ended.status, ended.is_over) == (ApiCallStatus.COMPLETED, True)
    assert (ended.duration, ended.price, ended.conversation_duration) == (17, 1.5, 8)
    assert ended.recording_url == "https://recordings.example/b6cf.mp3"
    assert [leg.on_call_for for leg in ended.legs] == [21, 8]
    assert {leg.status for leg in ended.legs} == {ApiCallStatus.COMPLETED}
    assert (ended.answered_by, ended.raw["Duration"]) == ("human", "17")


def test_a_status_that_nobody_knows_is_unknown_and_not_final() -> None:
    told = call_from({"Sid": "1", "Status": "on-the-moon"})
    assert (told.status, told.is_over) == (ApiCallStatus.UNKNOWN, False)
    assert told.raw["Status"] == "on-the-moon"


@pytest.mark.parametrize(
    ("content", "expected"),
    [
        ({"Duration": ""}, None),
        ({"Duration": "NaN"}, None),
        ({"Duration": True}, None),
        ({"Duration": [1]}, None),
        ({"Duration": 12.0}, 12),
    ],
)
def test_a_number_that_is_none_is_not_told(content: dict[str, Any], expected: int | None) -> None:
    assert call_from({"Sid": "1", **content}).duration == expected


def test_times_of_zeros_are_not_told() -> None:
    assert call_from({"Sid": "1", "EndTime": "0000-00-00 00:00:00"}).ended_at is None


def test_one_leg_in_xml_and_a_leg_not_attempted() -> None:
    body = (
        b"<R><Call><Sid>1</Sid><Details><Leg1Status>null</Leg1Status><Legs><Leg><Id>1</Id>"
        b"<OnCallDuration>3</OnCallDuration></Leg></Legs></Details></Call></R>"
    )
    (leg,) = call_from(section(raw(body), "Call")).legs
    assert (leg.status, leg.on_call_for) == (None, 3)
    assert call_from({"Sid": "1", "Details": {"Legs": "none"}}).legs == ()


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"<html><body>Welcome</body></html>",
        b"<not xml",
        b"[1]",
        b"{",
        b'{"Call": 7}',
        b"\xff\xfe",
        b"[" * 100_000,
        b'<!DOCTYPE x [<!ENTITY a "aaaa">]><R><Call><Sid>&a;</Sid></Call></R>',
    ],
)
def test_a_reply_that_is_not_the_platform_s_is_an_error_with_a_hint(body: bytes) -> None:
    with pytest.raises(ApiError, match=r"holds no Call") as raised:
        section(raw(body), "Call")
    assert "subdomain" in raised.value.hint


def test_a_call_without_a_sid_is_an_error() -> None:
    with pytest.raises(ApiError, match=r"without a Sid"):
        call_from({"Status": "queued"})


def test_a_tag_that_comes_three_times_is_a_list_of_three() -> None:
    assert read_document(b"<R><A>1</A><A>2</A><A/></R>") == {"A": ["1", "2", None]}


@pytest.mark.parametrize(
    ("status", "kind", "is_retryable"),
    [
        (400, ApiRequestInvalid, False),
        (401, ApiUnauthorized, False),
        (402, ApiUnauthorized, False),
        (403, ApiUnauthorized, False),
        (404, ApiNotFound, False),
        (418, ApiError, False),
        (302, ApiError, False),
        (429, ApiRateLimited, True),
        (500, ApiUnavailable, True),
        (503, ApiUnavailable, True),
        (799, ApiUnavailable, True),
    ],
)
def test_each_status_has_its_error(status: int, kind: type[ApiError], is_retryable: bool) -> None:
    error = error_of(raw(b"<html>gone</html>", status))
    assert type(error) is kind
    assert (error.status, error.retryable) == (status, is_retryable)
    assert str(status) in error.message
    assert error.hint


def test_the_platform_s_words_and_code_are_in_the_error() -> None:
    error = error_of(reply("unauthorized.json", 401))
    assert error.message == "Authentication failed. Invalid API Key or Token."
    assert error.api_code == "UNAUTHORIZED"
    error = error_of(reply("bad_request.xml", 400))
    assert error.message == "Bad or missing parameters. CallerId is not yours."
    assert error.api_code == "34001"


def test_a_payment_that_is_due_has_its_own_hint() -> None:
    assert "Top up" in error_of(raw(b"", 402)).hint


def test_the_time_to_wait_is_in_the_error() -> None:
    assert error_of(raw(b"", 429, retry_after="30")).retry_after == 30.0


def test_a_long_message_is_cut() -> None:
    body = json.dumps({"RestException": {"Message": "x" * 10_000}}).encode()
    assert len(error_of(raw(body, 400)).message) == 300
