"""What signalling reads of a session description: hold, refusal, codec names."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from exotel_voice.sip.sdp import AudioLine, HoldState, first_audio_line, hold_state, is_hold


def sdp(*lines: str, end: str = "\r\n") -> bytes:
    return end.join(["v=0", "o=- 1 1 IN IP4 192.0.2.1", "s=-", *lines, ""]).encode()


def test_an_audio_line_gives_port_address_direction_and_codecs() -> None:
    description = sdp(
        "c=IN IP4 192.0.2.1",
        "t=0 0",
        "m=audio 49170 UDP/TLS/RTP/SAVPF 111 9 0 101 77",
        "a=rtpmap:111 opus/48000/2",
        "a=rtpmap:101 telephone-event/8000",
        "a=recvonly",
    )
    assert first_audio_line(description) == AudioLine(
        49170, "192.0.2.1", "recvonly", ("opus", "G722", "PCMU", "telephone-event")
    )


def test_without_a_direction_audio_goes_both_ways() -> None:
    assert hold_state(sdp("m=audio 4000 RTP/AVP 0")) is HoldState.ACTIVE


@pytest.mark.parametrize(
    ("direction", "state"),
    [
        ("sendrecv", HoldState.ACTIVE),
        ("recvonly", HoldState.ACTIVE),
        ("sendonly", HoldState.HELD),
        ("inactive", HoldState.HELD),
    ],
)
@pytest.mark.parametrize("level", ["session", "media"])
def test_the_direction_says_whether_we_are_held(
    direction: str, state: HoldState, level: str
) -> None:
    attribute, media = f"a={direction}", "m=audio 4000 RTP/AVP 0"
    lines = [attribute, media] if level == "session" else [media, attribute]
    assert hold_state(sdp(*lines)) is state


def test_the_direction_of_the_line_beats_that_of_the_session() -> None:
    assert not is_hold(sdp("a=inactive", "m=audio 4000 RTP/AVP 0", "a=sendrecv"))


def test_the_direction_of_another_line_does_not_count() -> None:
    video = ("m=video 5000 RTP/AVP 31", "a=inactive")
    audio = ("m=audio 4000 RTP/AVP 0", "a=sendrecv")
    assert not is_hold(sdp(*video, *audio))
    assert not is_hold(sdp(*audio, *video))


@pytest.mark.parametrize("address", ["IN IP4 0.0.0.0", "IN IP6 ::"])
def test_a_zero_address_is_a_hold(address: str) -> None:
    assert is_hold(sdp(f"c={address}", "m=audio 4000 RTP/AVP 0"))
    assert is_hold(sdp("c=IN IP4 192.0.2.1", "m=audio 4000 RTP/AVP 0", f"c={address}"))


def test_a_zero_address_with_a_line_that_does_not_send_is_inactive() -> None:
    line = first_audio_line(sdp("c=IN IP4 0.0.0.0", "m=audio 4000 RTP/AVP 0", "a=recvonly"))
    assert line is not None
    assert line.direction == "inactive"


def test_a_zero_address_with_the_discard_port_waits_for_ice_and_is_no_hold() -> None:
    assert not is_hold(sdp("c=IN IP4 0.0.0.0", "m=audio 9 UDP/TLS/RTP/SAVPF 111"))


@pytest.mark.parametrize(
    "lines",
    [
        ["m=audio 0 RTP/AVP 0"],
        ["m=video 4000 RTP/AVP 31"],
        ["m=audio"],
        ["m=audio x RTP/AVP 0"],
        ["m=audio ٣ RTP/AVP 0"],
        ["m=audio 123456 RTP/AVP 0"],
        [],
    ],
)
def test_no_audio_line_or_no_port_is_a_refusal(lines: list[str]) -> None:
    assert hold_state(sdp(*lines)) is HoldState.REFUSED
    assert not is_hold(sdp(*lines))


def test_line_ends_may_be_bare_line_feeds() -> None:
    assert is_hold(sdp("m=audio 4000 RTP/AVP 0", "a=sendonly", end="\n"))


def test_the_first_audio_line_counts() -> None:
    assert is_hold(sdp("m=audio 4000 RTP/AVP 0", "a=sendonly", "m=audio 4002 RTP/AVP 0"))


def test_a_port_with_a_number_of_ports_and_an_address_with_a_ttl_are_read() -> None:
    line = first_audio_line(sdp("m=audio 4000/2 RTP/AVP 8", "c=IN IP4 224.2.1.1/127", "c="))
    assert line == AudioLine(4000, "224.2.1.1", "sendrecv", ("PCMA",))


@given(st.binary(max_size=400))
def test_no_description_raises(data: bytes) -> None:
    hold_state(data)
    hold_state(b"m=audio 4000 RTP/AVP 0\n" + data)
