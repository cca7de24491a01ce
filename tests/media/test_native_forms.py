"""Every form of description that breaks aiortc's peer connection still makes a call with audio."""

from __future__ import annotations

import hashlib
import re

import pytest

from exotel_voice.errors import DtlsFailed
from exotel_voice.media.base import MediaFailed
from exotel_voice.media.certificate import shared_certificate
from exotel_voice.media.ice import IceSettings
from exotel_voice.media.native import NativeMedia
from exotel_voice.media.sdp_parse import parse_description
from native_pair import Alteration, Pair, without

pytestmark = pytest.mark.media

SESSION_LEVEL = ("ice-ufrag", "ice-pwd", "fingerprint", "setup", "sendrecv")


def to_session_level(sdp: bytes) -> bytes:
    """Move ICE, DTLS and direction ahead of the media line."""
    names = "|".join(SESSION_LEVEL)
    pattern = rf"(?m)^a=(?:{names})\b.*\r\n".encode()
    moved = b"".join(re.findall(pattern, sdp))
    return re.sub(pattern, b"", sdp).replace(b"m=audio", moved + b"m=audio")


def replaced(old: str, new: str) -> Alteration:
    return lambda sdp: re.sub(old.encode(), new.encode(), sdp)


def appended(*lines: str) -> Alteration:
    return lambda sdp: sdp + "".join(f"{line}\r\n" for line in lines).encode()


def ahead(*lines: str) -> Alteration:
    more = "".join(f"{line}\r\n" for line in lines).encode()
    return lambda sdp: sdp.replace(b"m=audio", more + b"m=audio")


FORMS: dict[str, Alteration] = {
    "no direction": without("sendrecv"),
    "all at session level": to_session_level,
    "no setup": without("setup"),
    "setup holdconn": replaced("setup:actpass", "setup:holdconn"),
    "static payload types without rtpmap": without("rtpmap:0", "rtpmap:8"),
    "refused lines around": lambda sdp: (
        ahead("m=video 0 RTP/SAVPF 96", "a=inactive")(sdp) + b"m=application 0 TCP/x 1\r\n"
    ),
    "a video line in use": appended("m=video 6000 UDP/TLS/RTP/SAVPF 96", "a=rtpmap:96 VP8/90000"),
    "no rtcp-mux": without("rtcp-mux"),
    "RTP/SAVPF": replaced("UDP/TLS/RTP/SAVPF", "RTP/SAVPF"),
    "UDP/TLS/RTP/SAVP": replaced("UDP/TLS/RTP/SAVPF", "UDP/TLS/RTP/SAVP"),
    "RTP/AVP with a fingerprint": replaced("UDP/TLS/RTP/SAVPF", "RTP/AVP"),
    "no BUNDLE and no mid": without("group", "mid", "msid", "msid-semantic"),
    "no end of candidates": without("end-of-candidates"),
    "no telephone-event": lambda sdp: re.sub(rb" 101(?=\r\n)", b"", sdp),
    "candidates that cannot be used": appended(
        "a=candidate:t 1 tcp 2130706431 192.0.2.77 9 typ host tcptype active",
        "a=candidate:m 1 udp 2130706431 0b1e4c1b-8a5e-4b7d-a6c5-e4f3a2d1c0b9.local 5000 typ host",
        "a=candidate:r 2 udp 2130706430 192.0.2.77 5001 typ host",
    ),
    "ICE lite": ahead("a=ice-lite"),
    "bare line feeds": lambda sdp: sdp.replace(b"\r\n", b"\n"),
}


@pytest.mark.parametrize("form", FORMS)
async def test_an_offer_of_this_form_makes_a_call_with_audio(form: str) -> None:
    caller = NativeMedia(codecs=("PCMU",))
    async with Pair(caller, NativeMedia()) as pair:
        pair.caller.say(440.0)
        pair.callee.say(620.0)
        await pair.agree(alter_offer=FORMS[form])
        await pair.connected()
        assert (await pair.callee.hear(frames=20))[0] == pytest.approx(440.0, abs=2.0)
        assert (await pair.caller.hear(frames=20))[0] == pytest.approx(620.0, abs=2.0)


async def test_an_answer_without_setup_is_that_of_the_passive_side() -> None:
    async with Pair() as pair:
        await pair.agree(
            alter_offer=replaced("setup:actpass", "setup:active"), alter_answer=without("setup")
        )
        await pair.connected()


async def test_only_addresses_of_ipv6_are_enough() -> None:
    async with Pair() as pair:
        await pair.agree(
            alter_offer=replaced(r"a=candidate:\S+ 1 udp \d+ [\d.]+ .*\r\n", ""),
            alter_answer=replaced(r"a=candidate:\S+ 1 udp \d+ [\d.]+ .*\r\n", ""),
        )
        if not any(":" in item.host for item in parse_description(pair.answer).audio.candidates):
            pytest.skip("this machine has no IPv6")
        await pair.connected()


async def test_without_rtcp_mux_no_rtcp_is_sent() -> None:
    async with Pair(NativeMedia(codecs=("PCMU",))) as pair:
        await pair.agree(alter_offer=without("rtcp-mux"))
        assert not parse_description(pair.answer).audio.has_rtcp_mux
        await pair.connected()
        await pair.callee.hear(frames=20)
        await pair.callee.aclose()
        assert (await pair.caller.session.stats()).remote_lost_fraction is None


async def test_a_machine_without_a_network_calls_over_loopback() -> None:
    only_loopback = IceSettings(has_loopback=True)
    async with Pair(NativeMedia(ice=only_loopback), NativeMedia()) as pair:
        keep_loopback = replaced(r"a=candidate:\S+ 1 udp \d+ (?!127\.|::1)\S+ .*\r\n", "")
        await pair.agree(alter_offer=keep_loopback, alter_answer=keep_loopback)
        assert b" 127.0.0.1 " in pair.answer
        await pair.connected()


def fingerprint(algorithm: str, *, is_true: bool = True) -> str:
    der = shared_certificate().der()
    digest = hashlib.new(algorithm.replace("-", ""), der).hexdigest().upper()
    if not is_true:
        digest = "0" * len(digest)
    value = ":".join(digest[at : at + 2] for at in range(0, len(digest), 2))
    return f"a=fingerprint:{algorithm} {value}"


@pytest.mark.parametrize("algorithm", ["sha-1", "sha-256", "sha-384", "sha-512"])
async def test_a_fingerprint_of_any_usual_hash_is_taken(algorithm: str) -> None:
    async with Pair() as pair:
        await pair.agree(
            alter_offer=replaced("a=fingerprint:.*\r\n", fingerprint(algorithm) + "\r\n")
        )
        await pair.connected()


async def test_of_several_fingerprints_those_of_the_best_hash_decide() -> None:
    weaker_is_wrong = replaced(
        "a=fingerprint:.*\r\n",
        f"{fingerprint('sha-256', is_true=False)}\r\n{fingerprint('sha-512')}\r\n"
        f"{fingerprint('sha-512', is_true=False)}\r\n",
    )
    async with Pair() as pair:
        await pair.agree(alter_offer=weaker_is_wrong)
        await pair.connected()
    best_is_wrong = replaced(
        "a=fingerprint:.*\r\n",
        f"{fingerprint('sha-256')}\r\n{fingerprint('sha-512', is_true=False)}\r\n",
    )
    async with Pair() as pair:
        await pair.agree(alter_offer=best_is_wrong)
        failure = await pair.callee.told(MediaFailed)
        assert isinstance(failure, MediaFailed)
        assert isinstance(failure.error, DtlsFailed)
