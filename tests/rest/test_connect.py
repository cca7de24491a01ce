"""The form of `Calls/connect`: every parameter by its platform name, and what is refused."""

from __future__ import annotations

from typing import Any
from urllib.parse import parse_qsl

import pytest

from exotel_voice.errors import ConfigError
from exotel_voice.rest.connect import ConnectOptions, connect_form
from exotel_voice.sandbox.rest_request import read_connect

PARTIES = {"From": "alice", "To": "+919900000001", "CallerId": "0800123456"}

EVERY: ConnectOptions = {
    "call_type": "trans",
    "time_limit": 14_400,
    "time_out": 30,
    "wait_url": "https://acme.example/wait.wav",
    "record": True,
    "recording_channels": "dual",
    "recording_format": "mp3-hq",
    "stream_url": "wss://acme.example/audio",
    "stream_begin": "at Leg2Connect",
    "custom_field": "order 7 & more",
    "start_playback_to": "Both",
    "start_playback": "https://acme.example/hello.wav",
    "status_callback": "https://acme.example/hook?secret=1",
    "status_callback_events": ("terminal", "answered"),
    "status_callback_content_type": "application/json",
    "max_retries": 0,
    "extra": {"NewThing": "yes"},
}


def fields(**options: Any) -> list[tuple[str, str]]:
    return parse_qsl(connect_form(PARTIES, options).decode(), keep_blank_values=True)


def test_every_option_has_its_platform_name() -> None:
    assert dict(fields(**EVERY)) == {
        "From": "alice",
        "To": "+919900000001",
        "CallerId": "0800123456",
        "CallType": "trans",
        "TimeLimit": "14400",
        "TimeOut": "30",
        "WaitUrl": "https://acme.example/wait.wav",
        "Record": "true",
        "RecordingChannels": "dual",
        "RecordingFormat": "mp3-hq",
        "StreamUrl": "wss://acme.example/audio",
        "StreamBegin": "at Leg2Connect",
        "CustomField": "order 7 & more",
        "StartPlaybackToNew": "Both",
        "StartPlaybackValueNew": "https://acme.example/hello.wav",
        "StatusCallback": "https://acme.example/hook?secret=1",
        "StatusCallbackEvents[0]": "terminal",
        "StatusCallbackEvents[1]": "answered",
        "StatusCallbackContentType": "application/json",
        "MaxRetries": "0",
        "NewThing": "yes",
    }
    assert set(EVERY) == set(ConnectOptions.__annotations__)


def test_a_plus_and_an_ampersand_arrive_as_they_were() -> None:
    body = connect_form(PARTIES, {"custom_field": "a&To=evil"})
    assert b"To=%2B919900000001" in body
    assert b"CustomField=a%26To%3Devil" in body


def test_what_is_not_given_is_not_sent() -> None:
    assert fields(time_limit=None, record=None) == list(PARTIES.items())
    assert ("Record", "false") in fields(record=False)


def test_the_sandbox_reads_the_form_as_it_was_meant() -> None:
    request = read_connect(fields(**EVERY))
    assert (request.from_, request.to, request.caller_id) == tuple(PARTIES.values())
    assert (request.time_limit, request.time_out) == (14_400.0, 30.0)
    assert request.callback is not None
    assert request.callback.events == {"terminal", "answered"}


def test_one_event_may_be_given_bare() -> None:
    assert ("StatusCallbackEvents[0]", "answered") in fields(status_callback_events="answered")


@pytest.mark.parametrize(
    ("option", "value"),
    [
        ("time_limit", 0),
        ("time_limit", 14_401),
        ("time_limit", "60"),
        ("time_limit", True),
        ("time_out", -1),
        ("max_retries", 11),
        ("wait_url", "ftp://acme.example/a.wav"),
        ("status_callback", "acme.example/hook"),
        ("status_callback", "http://[::1"),
        ("status_callback", 7),
        ("stream_url", "wss://"),
        ("start_playback", ""),
        ("custom_field", "x" * 129),
        ("custom_field", ""),
        ("call_type", "other"),
        ("recording_channels", "both"),
        ("recording_format", "wav"),
        ("start_playback_to", "callee"),
        ("status_callback_content_type", "text/plain"),
        ("status_callback_events", ("begun",)),
        ("unknown_option", "x"),
    ],
)
def test_a_wrong_option_is_named_before_anything_is_sent(option: str, value: object) -> None:
    with pytest.raises(ConfigError, match=f"^{option} "):
        connect_form(PARTIES, {option: value})


@pytest.mark.parametrize(
    ("name", "told"), [("From", "from_"), ("To", "to"), ("CallerId", "caller_id")]
)
@pytest.mark.parametrize("value", ["", "  ", "a\nb", "<a>", "x" * 129])
def test_a_party_that_is_none_is_named(name: str, told: str, value: str) -> None:
    with pytest.raises(ConfigError, match=f"^{told} is "):
        connect_form(PARTIES | {name: value}, {})


def test_a_flow_is_called_by_its_url() -> None:
    url = "http://my.exotel.com/acme/exoml/start_voice/7"
    form = connect_form({"From": "alice", "Url": url, "CallerId": "0800"}, {})
    assert ("Url", url) in parse_qsl(form.decode())
    with pytest.raises(ConfigError, match=r"^flow_url is not a URL"):
        connect_form({"From": "alice", "Url": "7", "CallerId": "0800"}, {})
