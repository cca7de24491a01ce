"""RTP packets: written and read byte for byte, options skipped, hostile bytes harmless."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from exotel_voice.media.rtp import (
    RtpPacket,
    RtpSender,
    is_rtcp,
    parse_rtp,
    signed_distance,
    write_rtp,
)

HEADER = bytes.fromhex("80 80 1234 00000140 deadbeef")
PACKET = RtpPacket(0, True, 0x1234, 0x140, 0xDEADBEEF, b"audio")


def test_a_packet_is_written_and_read_byte_for_byte() -> None:
    assert write_rtp(PACKET) == HEADER + b"audio"
    assert parse_rtp(HEADER + b"audio") == PACKET


def test_sources_extension_and_padding_are_skipped() -> None:
    packet = bytes.fromhex(
        "b2 80 1234 00000140 deadbeef"  # padding, extension, two contributing sources
        "00000001 00000002"
        "bede0001 10aa0000"  # RFC 8285 one-byte header extension, one word
    )
    assert parse_rtp(packet + b"audio" + b"\x00\x00\x03") == PACKET


@pytest.mark.parametrize(
    "packet",
    [
        b"",
        HEADER[:11],
        b"\x00" + HEADER[1:],  # version 0: STUN
        b"\x40" + HEADER[1:],  # version 1
        b"\x9f" + HEADER[1:] + bytes(56),  # contributing sources beyond the end
        b"\x90" + HEADER[1:] + bytes(3),  # half an extension header
        b"\x90" + HEADER[1:] + b"\xbe\xde\xff\xff",  # an extension longer than the packet
        b"\xa0" + HEADER[1:] + b"ab\x04",  # more padding than payload
        b"\xa0" + HEADER[1:] + b"ab\x00",  # padding of no length
    ],
)
def test_what_is_not_rtp_is_refused(packet: bytes) -> None:
    assert parse_rtp(packet) is None


@given(st.binary(max_size=80))
def test_no_bytes_make_the_reader_raise(packet: bytes) -> None:
    parse_rtp(packet)
    is_rtcp(packet)


@given(
    st.builds(
        RtpPacket,
        st.integers(0, 127),
        st.booleans(),
        st.integers(0, 0xFFFF),
        st.integers(0, 0xFFFFFFFF),
        st.integers(0, 0xFFFFFFFF),
        st.binary(max_size=40),
    )
)
def test_what_is_written_reads_back(packet: RtpPacket) -> None:
    assert parse_rtp(write_rtp(packet)) == packet


def test_rtcp_is_told_from_rtp_by_its_second_byte() -> None:
    packets = [b"\x80\xc8", b"\x81\xc9", HEADER, b"\x80\x60", b"\x80"]
    assert [is_rtcp(packet) for packet in packets] == [True, True, False, False, False]


def test_a_sender_counts_up_and_wraps_and_marks_the_start_of_a_talkspurt_only() -> None:
    sender = RtpSender(ssrc=7, sequence=0xFFFF, timestamp=0xFFFFFF60)
    sent = []
    for number in range(4):
        if number == 2:
            sender.pause()
            sender.advance(160)
        sent.append(parse_rtp(sender.packet(0, b"x" * 160, sender.timestamp)))
        sender.advance(160)
    assert [packet and packet[1:5] for packet in sent] == [
        (True, 0xFFFF, 0xFFFFFF60, 7),
        (False, 0, 0, 7),
        (True, 1, 320, 7),
        (False, 2, 480, 7),
    ]
    assert (sender.packets_sent, sender.bytes_sent) == (4, 640)


def test_distance_is_taken_the_short_way_round() -> None:
    assert signed_distance(2, 0xFFFE, 16) == 4
    assert signed_distance(0xFFFE, 2, 16) == -4
    assert signed_distance(0, 0xFFFFFF00, 32) == 256
    assert signed_distance(5, 65536 * 3 + 4, 16) == 1
