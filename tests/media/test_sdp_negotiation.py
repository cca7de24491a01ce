"""Offer and answer for the audio line: profiles, codecs, numbers, directions, versions."""

from __future__ import annotations

from dataclasses import replace

import pytest

from exotel_voice.errors import DtlsFailed, IceFailed, MediaError, NoCommonCodec
from exotel_voice.media.base import Direction
from exotel_voice.media.codecs import available_codecs, find_codec
from exotel_voice.media.negotiation import LocalTransport, Negotiation, narrow, require_secure
from exotel_voice.media.sdp import Description, Fingerprint, IceCandidate
from exotel_voice.media.sdp_parse import parse_description

HASH = Fingerprint(algorithm="sha-256", value=":".join(["AB"] * 32))
TRANSPORT = LocalTransport(
    ice_ufrag="abcd",
    ice_pwd="p" * 22,
    candidates=(
        IceCandidate(foundation="1", priority=9, host="2001:db8::1", port=4001),
        IceCandidate(foundation="2", priority=9, host="192.0.2.1", port=4000),
    ),
    fingerprints=(HASH,),
)
SECURE = f"a=ice-ufrag:wxyz\na=ice-pwd:{'q' * 22}\na=fingerprint:{HASH}\na=setup:actpass\n"


def negotiation(*codecs: str) -> Negotiation:
    chosen = [codec for name in codecs if (codec := find_codec(name)) is not None]
    return Negotiation(session_id=7, codecs=chosen or available_codecs())


def offer(
    line: str = "m=audio 5000 UDP/TLS/RTP/SAVPF 0", more: str = "", session: str = ""
) -> Description:
    text = f"v=0\no=- 1 1 IN IP4 192.0.2.9\ns=-\nt=0 0\n{session}{line}\nc=IN IP4 192.0.2.9\n"
    return parse_description((text + SECURE + more).encode())


def answer_to(
    description: Description, *codecs: str, direction: Direction = Direction.SENDRECV
) -> Description:
    ours = negotiation(*codecs)
    made, _ = ours.make_answer(description, TRANSPORT, direction, setup="active")
    return parse_description(bytes(made))


def test_an_offer_names_every_codec_and_digits_at_both_clocks() -> None:
    made = negotiation().make_offer(TRANSPORT, Direction.SENDRECV)
    formats = {(item.name, item.clock_rate): item.payload_type for item in made.audio.formats}
    assert formats == {
        ("opus", 48000): 111,
        ("G722", 8000): 9,
        ("PCMU", 8000): 0,
        ("PCMA", 8000): 8,
        ("telephone-event", 48000): 110,
        ("telephone-event", 8000): 101,
    }
    assert (made.audio.profile, made.audio.setup) == ("UDP/TLS/RTP/SAVPF", "actpass")
    assert (made.bundle, made.audio.mid, made.audio.has_rtcp_mux) == (("0",), "0", True)


def test_the_default_address_is_the_one_most_likely_to_be_reached() -> None:
    assert TRANSPORT.default_address() == ("192.0.2.1", 4000)
    relay = IceCandidate(foundation="3", priority=1, host="203.0.113.1", port=7, kind="relay")
    relayed = replace(TRANSPORT, candidates=(*TRANSPORT.candidates, relay))
    assert relayed.default_address() == ("203.0.113.1", 7)
    nowhere = ("0.0.0.0", 9)  # noqa: S104 - an address that is written, not listened on
    assert replace(TRANSPORT, candidates=()).default_address() == nowhere


@pytest.mark.parametrize(
    "profile", ["UDP/TLS/RTP/SAVPF", "UDP/TLS/RTP/SAVP", "RTP/SAVPF", "RTP/SAVP", "RTP/AVP"]
)
def test_the_answer_names_the_profile_of_the_offer(profile: str) -> None:
    described = offer(f"m=audio 5000 {profile} 0")
    require_secure(described)
    assert answer_to(described).audio.profile == profile


def test_the_answer_has_a_group_and_a_mid_only_if_the_offer_has() -> None:
    plain = answer_to(offer())
    assert (plain.bundle, plain.audio.mid) == ((), None)
    marked = answer_to(offer(more="a=mid:sound\n", session="a=group:BUNDLE sound v\n"))
    assert (marked.bundle, marked.audio.mid) == (("sound",), "sound")
    unbundled = answer_to(offer(more="a=mid:sound\n"))
    assert (unbundled.bundle, unbundled.audio.mid) == ((), "sound")


def test_the_answer_refuses_every_other_line_in_its_place() -> None:
    described = offer(
        "m=video 6000 RTP/SAVPF 96\na=mid:v\nm=audio 5000 RTP/SAVPF 0",
        "m=application 9 UDP/DTLS/SCTP webrtc-datachannel\n",
    )
    lines = [line for line in answer_to(described).lines() if line.startswith("m=")]
    assert lines == [
        "m=video 0 RTP/SAVPF 96",
        "m=audio 4000 RTP/SAVPF 0",
        "m=application 0 UDP/DTLS/SCTP webrtc-datachannel",
    ]


def test_an_offer_after_that_keeps_the_places_of_the_refused_lines() -> None:
    ours = negotiation()
    described = offer(more="m=video 6000 RTP/SAVPF 96\n")
    ours.make_answer(described, TRANSPORT, Direction.SENDRECV, setup="active")
    made = ours.make_offer(TRANSPORT, Direction.SENDONLY)
    assert [line.kind for line in made.after] == ["video"]
    assert made.audio.profile == described.audio.profile


def test_an_answer_without_rtcp_mux_says_that_there_is_no_rtcp() -> None:
    ours = negotiation()
    made, agreement = ours.make_answer(offer(), TRANSPORT, Direction.SENDRECV, setup="active")
    assert not agreement.has_rtcp_mux
    assert {"b=RS:0", "b=RR:0"} <= set(made.lines())
    assert "a=rtcp-mux" not in set(made.lines())
    muxed, agreement = ours.make_answer(
        offer(more="a=rtcp-mux\n"), TRANSPORT, Direction.SENDRECV, setup="active"
    )
    assert agreement.has_rtcp_mux
    assert "a=rtcp-mux" in set(muxed.lines())


OPUS_AND_PCMU = offer(
    "m=audio 5000 UDP/TLS/RTP/SAVPF 0 96 97 98",
    "a=rtpmap:96 OPUS/48000/2\na=fmtp:96 maxaveragebitrate=20000; UseInbandFec=1\n"
    "a=rtpmap:97 telephone-event/8000\na=rtpmap:98 telephone-event/48000\n",
)


def test_without_a_preference_the_offerers_order_decides() -> None:
    made = answer_to(OPUS_AND_PCMU)
    assert [(item.name, item.payload_type) for item in made.audio.formats] == [
        ("PCMU", 0),
        ("telephone-event", 97),
    ]


def test_with_a_preference_this_sides_order_decides_and_numbers_are_the_offerers() -> None:
    ours = negotiation("opus", "PCMU")
    ours.has_preference = True
    made, agreement = ours.make_answer(OPUS_AND_PCMU, TRANSPORT, Direction.SENDRECV, setup="active")
    assert [(item.name, item.payload_type) for item in made.audio.formats] == [
        ("OPUS", 96),
        ("telephone-event", 98),
    ]
    parameters = agreement.parameters
    assert (parameters.codec.name, parameters.payload_type) == ("opus", 96)
    assert parameters.settings.fmtp == {"maxaveragebitrate": "20000", "useinbandfec": "1"}
    assert (parameters.digits_payload_type, parameters.digits_clock_rate) == (98, 48000)
    assert dict(parameters.digits_receive) == {98: 48000}


def test_digits_at_another_clock_are_better_than_none() -> None:
    described = offer(
        "m=audio 5000 UDP/TLS/RTP/SAVPF 96 97",
        "a=rtpmap:96 opus/48000/2\na=rtpmap:97 telephone-event/8000\n",
    )
    ours = negotiation()
    _, agreement = ours.make_answer(described, TRANSPORT, Direction.SENDRECV, setup="active")
    assert agreement.parameters.digits_payload_type == 97
    assert agreement.parameters.digits_clock_rate == 8000
    _, none = ours.make_answer(offer(), TRANSPORT, Direction.SENDRECV, setup="active")
    assert none.parameters.digits_payload_type is None


def test_each_side_is_sent_the_numbers_that_it_named() -> None:
    ours = negotiation()
    ours.make_offer(TRANSPORT, Direction.SENDRECV)
    agreement = ours.take_answer(
        offer(
            "m=audio 5000 UDP/TLS/RTP/SAVPF 120 121",
            "a=rtpmap:120 opus/48000/2\na=rtpmap:121 telephone-event/48000\na=rtcp-mux\n",
        )
    )
    parameters = agreement.parameters
    assert (parameters.payload_type, parameters.digits_payload_type) == (120, 121)
    received = {number: codec.name for number, codec in parameters.receive.items()}
    assert received == {111: "opus", 9: "G722", 0: "PCMU", 8: "PCMA"}
    assert dict(parameters.digits_receive) == {110: 48000, 101: 8000}


def test_the_first_codec_of_an_answer_is_sent() -> None:
    ours = negotiation()
    ours.make_offer(TRANSPORT, Direction.SENDRECV)
    agreement = ours.take_answer(offer("m=audio 5000 UDP/TLS/RTP/SAVPF 18 8 0"))
    assert agreement.parameters.codec.name == "PCMA"
    again = ours.make_offer(TRANSPORT, Direction.SENDONLY)
    assert again.audio.formats[0].name == "PCMA"


def test_numbers_stay_the_same_for_the_whole_session() -> None:
    ours = negotiation()
    described = offer(
        "m=audio 5000 UDP/TLS/RTP/SAVPF 111 96",
        "a=rtpmap:111 telephone-event/8000\na=rtpmap:96 PCMU/8000\n",
    )
    ours.make_answer(described, TRANSPORT, Direction.SENDRECV, setup="active")
    made = ours.make_offer(TRANSPORT, Direction.SENDRECV)
    numbers = {(item.name, item.clock_rate): item.payload_type for item in made.audio.formats}
    assert numbers["telephone-event", 8000] == 111
    assert numbers["PCMU", 8000] == 96
    assert len(set(numbers.values())) == len(numbers)


@pytest.mark.parametrize(
    ("lines", "expected"),
    [
        ("", 20),
        ("a=ptime:30\n", 30),
        ("a=ptime:60\na=maxptime:40\n", 40),
        ("a=maxptime:10\n", 10),
    ],
)
def test_packets_are_as_long_as_the_far_side_asks(lines: str, expected: int) -> None:
    _, agreement = negotiation().make_answer(
        offer(more=lines), TRANSPORT, Direction.SENDRECV, setup="active"
    )
    assert agreement.parameters.packet_time_ms == expected


DIRECTIONS = list(Direction)


@pytest.mark.parametrize("wish", DIRECTIONS)
@pytest.mark.parametrize("remote", DIRECTIONS)
def test_an_answer_never_widens_what_was_offered(wish: Direction, remote: Direction) -> None:
    made = answer_to(offer(more=f"a={remote}\n"), direction=wish).audio.direction
    assert made is narrow(wish, remote)
    sends = {Direction.SENDRECV, Direction.SENDONLY}
    receives = {Direction.SENDRECV, Direction.RECVONLY}
    assert (made in sends) == (wish in sends and remote in receives)
    assert (made in receives) == (wish in receives and remote in sends)


def test_a_hold_by_zero_address_is_answered_with_recvonly() -> None:
    held = parse_description(bytes(offer()).replace(b"c=IN IP4 192.0.2.9", b"c=IN IP4 0.0.0.0"))
    assert answer_to(held).audio.direction is Direction.RECVONLY


def test_the_version_counts_up_only_when_something_changed() -> None:
    ours = negotiation()
    versions = [
        ours.make_offer(TRANSPORT, direction).origin.version
        for direction in (
            Direction.SENDRECV,
            Direction.SENDRECV,
            Direction.SENDONLY,
            Direction.SENDONLY,
            Direction.SENDRECV,
        )
    ]
    assert versions == [1, 1, 2, 2, 3]


def test_an_answer_with_the_line_refused_or_without_a_codec_is_an_error() -> None:
    ours = negotiation()
    ours.make_offer(TRANSPORT, Direction.SENDRECV)
    for refused in (offer("m=audio 0 UDP/TLS/RTP/SAVPF 0"), offer("m=audio 5 RTP/SAVPF 18")):
        with pytest.raises(NoCommonCodec):
            ours.take_answer(refused)
    assert ours.is_offering


def test_an_offer_without_a_codec_of_ours_is_an_error() -> None:
    ours = negotiation("PCMU")
    for line in ("m=audio 5000 RTP/SAVPF 18", "m=audio 0 RTP/SAVPF 0", "m=audio 5000 RTP/SAVPF 8"):
        with pytest.raises(NoCommonCodec):
            ours.require_common_codec(offer(line))


def test_the_same_answer_may_come_twice_but_none_without_an_offer() -> None:
    ours = negotiation()
    with pytest.raises(MediaError):
        ours.take_answer(offer())
    ours.make_offer(TRANSPORT, Direction.SENDRECV)
    first = ours.take_answer(offer())
    assert ours.take_answer(offer()) == first
    ours.make_offer(TRANSPORT, Direction.SENDONLY)
    ours.rollback()
    assert not ours.is_offering


def test_audio_in_clear_is_never_agreed_to() -> None:
    clear = b"v=0\no=- 1 1 IN IP4 192.0.2.9\nm=audio 5000 RTP/AVP 0\nc=IN IP4 192.0.2.9\n"
    with pytest.raises(DtlsFailed):
        require_secure(parse_description(clear))
    keys_in_sdp = clear.replace(b"AVP", b"SAVP") + b"a=crypto:1 AES_CM_128_HMAC_SHA1_80 inline:x\n"
    with pytest.raises(DtlsFailed):
        require_secure(parse_description(keys_in_sdp))
    broken_hash = clear + b"a=fingerprint:md5 " + b":".join([b"00"] * 16) + b"\n"
    with pytest.raises(DtlsFailed):
        require_secure(parse_description(broken_hash))
    with pytest.raises(IceFailed):
        require_secure(parse_description(clear + f"a=fingerprint:{HASH}\n".encode()))
    with pytest.raises(MediaError):
        require_secure(offer("m=audio 5000 TCP/DTLS/RTP/SAVPF 0"))
