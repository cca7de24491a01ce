"""Session descriptions: every form that the field sends is read, and what is written reads back."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from exotel_voice.errors import MediaError
from exotel_voice.media.base import Direction
from exotel_voice.media.sdp import (
    AudioLine,
    Description,
    Fingerprint,
    IceCandidate,
    Origin,
    OtherLine,
    PayloadFormat,
)
from exotel_voice.media.sdp_parse import MAX_DESCRIPTION_BYTES, parse_description

HASH = ":".join(["AB"] * 32)

CHROME = f"""v=0
o=- 4611731400430051336 2 IN IP4 127.0.0.1
s=-
t=0 0
a=group:BUNDLE 0
a=extmap-allow-mixed
a=msid-semantic: WMS stream
m=audio 51472 UDP/TLS/RTP/SAVPF 111 63 9 0 8 13 110 126
c=IN IP4 192.0.2.10
a=rtcp:9 IN IP4 0.0.0.0
a=candidate:1 1 udp 2122260223 192.0.2.10 51472 typ host generation 0 network-id 1
a=candidate:2 1 tcp 1518280447 192.0.2.10 9 typ host tcptype active generation 0
a=candidate:3 1 udp 2122262783 2001:db8::7 51473 typ host generation 0
a=candidate:4 1 udp 1686052607 203.0.113.4 40000 typ srflx raddr 192.0.2.10 rport 51472
a=candidate:5 1 udp 2122197247 4f9d3a2c-0b1e-4c1b-8a5e-9b7d6c5e4f3a.local 51474 typ host
a=ice-ufrag:nJ5x
a=ice-pwd:MvRjUhX6oCcVBYqpUXWGTzqe
a=ice-options:trickle
a=fingerprint:sha-256 {HASH}
a=setup:actpass
a=mid:0
a=extmap:1 urn:ietf:params:rtp-hdrext:ssrc-audio-level
a=sendrecv
a=msid:stream track
a=rtcp-mux
a=rtpmap:111 opus/48000/2
a=rtcp-fb:111 transport-cc
a=fmtp:111 minptime=10;useinbandfec=1
a=rtpmap:63 red/48000/2
a=fmtp:63 111/111
a=rtpmap:9 G722/8000
a=rtpmap:0 PCMU/8000
a=rtpmap:8 PCMA/8000
a=rtpmap:13 CN/8000
a=rtpmap:110 telephone-event/48000
a=rtpmap:126 telephone-event/8000
a=ssrc:2570980487 cname:abc
"""


def describe(*lines: str, session: str = "") -> Description:
    """Parse a description whose audio line is followed by the given lines."""
    text = f"v=0\no=- 1 2 IN IP4 192.0.2.1\ns=-\nt=0 0\n{session}" + "\n".join(lines) + "\n"
    return parse_description(text.encode())


def test_an_offer_of_chrome_is_read_in_full() -> None:
    read = parse_description(CHROME.replace("\n", "\r\n").encode())
    audio = read.audio
    assert read.origin == Origin(session_id=4611731400430051336, version=2, address="127.0.0.1")
    assert read.bundle == ("0",)
    assert (audio.port, audio.profile, audio.address) == (51472, "UDP/TLS/RTP/SAVPF", "192.0.2.10")
    assert [item.payload_type for item in audio.formats] == [111, 63, 9, 0, 8, 13, 110, 126]
    assert audio.formats[0] == PayloadFormat(
        payload_type=111,
        name="opus",
        clock_rate=48000,
        channels=2,
        fmtp="minptime=10;useinbandfec=1",
    )
    assert audio.formats[0].parameters() == {"minptime": "10", "useinbandfec": "1"}
    assert (audio.ice_ufrag, audio.ice_pwd) == ("nJ5x", "MvRjUhX6oCcVBYqpUXWGTzqe")
    assert audio.fingerprints == (Fingerprint(algorithm="sha-256", value=HASH),)
    assert (audio.setup, audio.mid, audio.has_rtcp_mux) == ("actpass", "0", True)
    assert audio.stream_id == "stream"
    assert [item.is_usable for item in audio.candidates] == [True, False, True, True, True]
    assert [item.is_mdns for item in audio.candidates] == [False, False, False, False, True]
    assert audio.candidates[3].related_host == "192.0.2.10"
    assert audio.candidates[3].related_port == 51472


@pytest.mark.parametrize("line_end", ["\r\n", "\n", "\r"])
def test_lines_may_end_in_any_way(line_end: str) -> None:
    assert parse_description(CHROME.replace("\n", line_end).encode()).audio.mid == "0"


def test_the_ice_password_stays_out_of_the_repr() -> None:
    assert "MvRjUhX6oCcVBYqpUXWGTzqe" not in repr(parse_description(CHROME.encode()))


def test_a_missing_direction_is_sendrecv() -> None:
    assert describe("m=audio 4000 RTP/SAVPF 0").audio.direction is Direction.SENDRECV


def test_a_direction_at_session_level_holds_for_the_audio_line() -> None:
    read = describe("m=audio 4000 RTP/SAVPF 0", session="a=sendonly\n")
    assert read.audio.direction is Direction.SENDONLY


def test_a_direction_of_the_audio_line_goes_before_that_of_the_session() -> None:
    read = describe("m=audio 4000 RTP/SAVPF 0", "a=recvonly", session="a=inactive\n")
    assert read.audio.direction is Direction.RECVONLY


def test_ice_and_dtls_may_stand_at_session_level() -> None:
    read = describe(
        "m=audio 4000 RTP/SAVPF 0",
        session=f"a=ice-lite\na=ice-ufrag:abcd\na=ice-pwd:{'p' * 22}\n"
        f"a=fingerprint:SHA-256 {HASH.lower()}\na=setup:PASSIVE\nc=IN IP6 2001:db8::1\n",
    ).audio
    assert read.is_ice_lite
    assert (read.ice_ufrag, read.ice_pwd) == ("abcd", "p" * 22)
    assert read.fingerprints == (Fingerprint(algorithm="sha-256", value=HASH),)
    assert (read.setup, read.address) == ("passive", "2001:db8::1")


def test_static_payload_types_need_no_rtpmap() -> None:
    formats = describe("m=audio 4000 RTP/SAVPF 0 8 9 18 96").audio.formats
    assert [(item.payload_type, item.name) for item in formats] == [
        (0, "PCMU"),
        (8, "PCMA"),
        (9, "G722"),
        (18, "G729"),
    ]


def test_setup_may_be_absent_or_holdconn_or_nonsense() -> None:
    assert describe("m=audio 4000 RTP/SAVPF 0").audio.setup is None
    assert describe("m=audio 4000 RTP/SAVPF 0", "a=setup:holdconn").audio.setup == "holdconn"
    assert describe("m=audio 4000 RTP/SAVPF 0", "a=setup:both").audio.setup is None


def test_several_fingerprints_are_all_kept() -> None:
    audio = describe(
        "m=audio 4000 RTP/SAVPF 0",
        f"a=fingerprint:sha-1 {':'.join(['01'] * 20)}",
        f"a=fingerprint:sha-512 {':'.join(['02'] * 64)}",
        f"a=fingerprint:md5 {':'.join(['03'] * 16)}",
        "a=fingerprint:sha-256",
    ).audio
    assert [item.algorithm for item in audio.fingerprints] == ["sha-1", "sha-512", "md5"]
    assert [item.strength for item in audio.fingerprints] == [0, 4, None]


def test_further_media_lines_keep_their_places() -> None:
    read = describe(
        "m=video 5000 RTP/SAVPF 96 97",
        "a=mid:v",
        "m=audio 0 RTP/AVP 0",
        "m=audio 4000 RTP/SAVPF 0",
        "m=application 9 UDP/DTLS/SCTP webrtc-datachannel",
    )
    assert read.audio.port == 4000
    assert read.before == (
        OtherLine(kind="video", profile="RTP/SAVPF", formats="96 97", mid="v"),
        OtherLine(kind="audio", profile="RTP/AVP", formats="0"),
    )
    assert read.after == (
        OtherLine(kind="application", profile="UDP/DTLS/SCTP", formats="webrtc-datachannel"),
    )


def test_a_zero_address_is_a_hold_unless_ice_has_the_address() -> None:
    held = describe("c=IN IP4 0.0.0.0", "m=audio 4000 RTP/SAVPF 0").audio
    assert held.is_held_by_address
    assert held.effective_direction is Direction.SENDONLY
    silent = describe("m=audio 4000 RTP/SAVPF 0", "c=IN IP4 0.0.0.0", "a=recvonly").audio
    assert silent.effective_direction is Direction.INACTIVE
    trickling = describe("m=audio 9 RTP/SAVPF 0", "c=IN IP4 0.0.0.0").audio
    assert trickling.effective_direction is Direction.SENDRECV


def test_packet_times_are_read_and_nonsense_is_not() -> None:
    audio = describe("m=audio 4000 RTP/SAVPF 0", "a=ptime:30", "a=maxptime:60.0").audio
    assert (audio.ptime, audio.max_ptime) == (30, 60)
    assert describe("m=audio 4000 RTP/SAVPF 0", "a=ptime:x", "a=maxptime:0").audio.ptime is None


def test_damaged_lines_are_skipped() -> None:
    audio = describe(
        "nonsense",
        "m=audio 4000 RTP/SAVPF 0 999 x 0 96 97",
        "a=rtpmap:96 opus",
        "a=rtpmap:97 /8000",
        "a=rtpmap:",
        "a=candidate:1 1 udp",
        "a=candidate:1 x udp 1 192.0.2.1 1 typ host",
        "a=candidate:1 1 udp 1 not-an-address 1 typ host",
        "a=candidate:1 1 udp 1 192.0.2.1 0 typ host",
        "a=candidate:1 2 udp 1 192.0.2.1 1 typ host",
    ).audio
    assert [item.name for item in audio.formats] == ["PCMU"]
    assert [item.is_usable for item in audio.candidates] == [False, False, False]


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"hello",
        b"v=0\r\no=- 1 1 IN IP4 0.0.0.0\r\n",
        b"v=0\r\no=- 1 1 IN IP4 0.0.0.0\r\nm=video 1 RTP/SAVPF 0\r\n",
        b"v=0\r\no=- 1 1 IN IP4 0.0.0.0\r\nm=audio\r\n",
        b"v=0\r\nm=audio 4000 RTP/SAVPF 0\r\n",
        b"a" * (MAX_DESCRIPTION_BYTES + 1),
    ],
)
def test_what_has_no_audio_line_is_refused(data: bytes) -> None:
    with pytest.raises(MediaError):
        parse_description(data)


@given(st.binary(max_size=400))
def test_no_bytes_raise_anything_but_a_media_error(data: bytes) -> None:
    for candidate in (data, b"v=0\r\no=- 1 1 IN IP4 0\r\nm=audio 4000 RTP/SAVPF 0\r\n" + data):
        try:
            parse_description(candidate)
        except MediaError:
            continue


LINE = st.sampled_from(CHROME.splitlines())


@given(st.lists(LINE, max_size=40), st.data())
def test_shuffled_and_cut_lines_raise_nothing_but_a_media_error(
    lines: list[str], data: st.DataObject
) -> None:
    cut = [line[: data.draw(st.integers(0, len(line)))] for line in lines]
    try:
        read = parse_description("\n".join(["o=- 1 1 IN IP4 0", *cut]).encode())
    except MediaError:
        return
    again = parse_description(bytes(read)).audio
    assert (again.port, again.direction, again.mid) == (
        read.audio.port,
        read.audio.direction,
        read.audio.mid,
    )


WRITTEN = Description(
    origin=Origin(session_id=7, version=3),
    audio=AudioLine(
        port=50000,
        profile="UDP/TLS/RTP/SAVPF",
        formats=(
            PayloadFormat(
                payload_type=111, name="opus", clock_rate=48000, channels=2, fmtp="minptime=10"
            ),
            PayloadFormat(payload_type=0, name="PCMU", clock_rate=8000),
        ),
        address="2001:db8::1",
        direction=Direction.RECVONLY,
        mid="0",
        ice_ufrag="abcd",
        ice_pwd="p" * 22,
        candidates=(
            IceCandidate(foundation="1", priority=5, host="2001:db8::1", port=50000),
            IceCandidate(
                foundation="2",
                priority=4,
                host="203.0.113.1",
                port=50001,
                kind="srflx",
                related_host="192.0.2.1",
                related_port=50000,
            ),
        ),
        fingerprints=(Fingerprint(algorithm="sha-256", value=HASH),),
        setup="active",
        tls_id="0123456789abcdef0123",
        ptime=20,
        max_ptime=60,
        stream_id="s",
    ),
    before=(OtherLine(kind="video", profile="RTP/SAVPF", formats="96", mid="v"),),
    bundle=("0",),
)


def test_a_description_reads_back_as_it_was_written() -> None:
    assert parse_description(bytes(WRITTEN)) == WRITTEN
    assert bytes(WRITTEN) == (
        b"v=0\r\n"
        b"o=- 7 3 IN IP4 127.0.0.1\r\n"
        b"s=-\r\n"
        b"t=0 0\r\n"
        b"a=group:BUNDLE 0\r\n"
        b"a=msid-semantic: WMS s\r\n"
        b"m=video 0 RTP/SAVPF 96\r\n"
        b"a=mid:v\r\n"
        b"m=audio 50000 UDP/TLS/RTP/SAVPF 111 0\r\n"
        b"c=IN IP6 2001:db8::1\r\n"
        b"a=recvonly\r\n"
        b"a=mid:0\r\n"
        b"a=msid:s audio\r\n"
        b"a=rtcp-mux\r\n"
        b"a=ice-ufrag:abcd\r\n"
        b"a=ice-pwd:pppppppppppppppppppppp\r\n"
        b"a=fingerprint:sha-256 " + HASH.encode() + b"\r\n"
        b"a=setup:active\r\n"
        b"a=tls-id:0123456789abcdef0123\r\n"
        b"a=candidate:1 1 udp 5 2001:db8::1 50000 typ host\r\n"
        b"a=candidate:2 1 udp 4 203.0.113.1 50001 typ srflx raddr 192.0.2.1 rport 50000\r\n"
        b"a=end-of-candidates\r\n"
        b"a=rtpmap:111 opus/48000/2\r\n"
        b"a=fmtp:111 minptime=10\r\n"
        b"a=rtpmap:0 PCMU/8000\r\n"
        b"a=ptime:20\r\n"
        b"a=maxptime:60\r\n"
    )


def test_fingerprints_match_only_their_certificate_and_never_by_a_broken_hash() -> None:
    certificate = b"certificate"
    digest = "03FA" + "00" * 30
    assert not Fingerprint(algorithm="sha-256", value=digest).matches(certificate)
    broken = Fingerprint(algorithm="md5", value="E2:9F:5E:37:9A:0E:8B:5B")
    assert broken.strength is None
    assert not broken.matches(certificate)
