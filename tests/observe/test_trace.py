"""The trace of a call: recorded from a real phone, drawn as text, picture and page."""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Iterator
from itertools import count
from pathlib import Path
from xml.etree import ElementTree as ET

import pytest
from hypothesis import given
from hypothesis import strategies as st

from exotel_voice.errors import CallBusy, ConfigError
from exotel_voice.media.silent import SilentMedia
from exotel_voice.observe import CallTrace, TracedMessage, TraceRecorder
from exotel_voice.observe.traced import Kind, rows
from exotel_voice.phone import Phone
from exotel_voice.sandbox import Sandbox

SVG = "{http://www.w3.org/2000/svg}"
BEGUN = dt.datetime(2026, 3, 1, 12, 0, tzinfo=dt.UTC)

INVITE = (
    "INVITE sip:+919900000001@acme.example SIP/2.0\r\ni: c1\r\nCSeq: 1 INVITE\r\n"
    "c: application/sdp\r\n\r\nv=0\r\na=rtpmap:0 PCMU/8000\r\n"
    "a=rtpmap:101 telephone-event/8000\r\na=sendonly\r\n"
)
RINGING = "SIP/2.0 180 Ringing\r\nCall-ID: c1\r\nCSeq: 1 INVITE\r\n\r\n"
CHALLENGE = "SIP/2.0 407 Proxy Authentication Required\r\nCall-ID: c1\r\nCSeq: 1 INVITE\r\n\r\n"
INFO = (
    "INFO sip:x SIP/2.0\r\nCall-ID: c1\r\nCSeq: 2 INFO\r\n"
    "Content-Type: application/dtmf-relay\r\n\r\nSignal=5\r\nDuration=240\r\n"
)


def ticking(*seconds: float) -> Iterator[dt.datetime]:
    return iter([BEGUN + dt.timedelta(seconds=one) for one in seconds])


def recorded(*messages: tuple[str, str, float]) -> TraceRecorder:
    times = ticking(*(at for _, _, at in messages))
    recorder = TraceRecorder(now=lambda: next(times))
    for direction, text, _ in messages:
        recorder(direction, text)
    return recorder


CALL = (
    ("sent", INVITE, 0.0),
    ("sent", INVITE, 0.5),
    ("received", CHALLENGE, 0.6),
    ("received", RINGING, 13.0),
    ("sent", INFO, 13.1),
)


async def test_a_phone_s_call_is_traced_from_its_first_to_its_last_message(
    exotel_sandbox: Sandbox,
) -> None:
    recorder = TraceRecorder()
    account = exotel_sandbox.account("alice", password="tr4ced-passw0rd")
    async with Phone(account, media=SilentMedia(), trace=recorder) as phone:
        await exotel_sandbox.registered("alice")
        call = await phone.dial("busy")
        with pytest.raises(CallBusy):
            await call.answered()
    trace = recorder.of(call.id, near="alice", far="sandbox")
    labels = [message.label for message in trace.messages]
    assert labels[0] == "INVITE"
    assert "407 Proxy Authentication Required" in labels
    assert labels[-2:] == ["486 Busy Here", "ACK"]
    assert {message.call_id for message in trace.messages} == {call.id}
    assert len(recorder.call_ids()) == 2
    everything = recorder.everything()
    assert everything.messages[0].label == "REGISTER"
    for drawn in (everything.as_text(with_messages=True), everything.as_html()):
        assert "tr4ced-passw0rd" not in drawn
        assert not re.search(r"response=\W*[0-9a-f]{32}", drawn)
        assert "Authorization: ***" in drawn


def test_a_ladder_in_characters() -> None:
    text = recorded(*CALL).of("c1", near="alice", far="acme").as_text()
    assert text.splitlines() == [
        f"{'           alice':55}acme  2026-03-01T12:00:00.000+00:00",
        "   +0.000  |------------------ INVITE ------------------->|  CSeq 1 · SDP sendonly PCMU",
        "   +0.500  |-------------- INVITE (again) --------------->|  CSeq 1 · SDP sendonly PCMU",
        "   +0.600  |<----- 407 Proxy Authentication Required -----|  for INVITE 1",
        "           :                    12.4 s                    :",
        "  +13.000  |<---------------- 180 Ringing ----------------|  for INVITE 1",
        "  +13.100  |------------------- INFO -------------------->|  CSeq 2 · digit 5",
    ]


def test_the_messages_follow_on_demand() -> None:
    text = recorded(*CALL).of("c1").as_text(with_messages=True)
    assert "--- 4 +13.000 platform -> this phone\nSIP/2.0 180 Ringing\n" in text
    assert "\r" not in text


def test_the_picture_is_well_formed_and_has_an_arrow_for_each_message() -> None:
    trace = recorded(*CALL).of("c1", near='<b>"a" & b</b>', far="x" * 100)
    root = ET.fromstring(trace.as_svg())  # noqa: S314 - our own
    assert root.tag == f"{SVG}svg"
    groups = root.findall(f"{SVG}g")
    assert len(groups) == len(CALL)
    texts = ["".join(one.itertext()) for one in root.iter(f"{SVG}text")]
    assert "INVITE (again)" in texts
    assert "12.4 s without a message" in texts
    assert '<b>"a" & b</b>' in texts
    colours = [group.findall(f"{SVG}path")[0].get("fill") for group in groups]
    assert len(set(colours)) == 3  # requests, a challenge, a provisional response
    height = float(root.get("height") or 0)
    lowest = max(float(one.get("y") or 0) for one in root.iter(f"{SVG}text"))
    assert 0 < height - lowest < 80
    dashed = [one for one in root.iter(f"{SVG}line") if one.get("stroke-dasharray") == "6 5"]
    assert len(dashed) == 1


def test_the_page_leads_from_each_arrow_to_its_message_and_loads_nothing() -> None:
    page = recorded(*CALL).of("c1").as_html()
    links = re.findall(r'<a href="#([^"]+)">', page)
    assert links == re.findall(r'<details open id="([^"]+)">', page)
    assert len(links) == len(CALL)
    assert "default-src 'none'" in page
    assert "<script" not in page
    assert not re.search(r'(?:src|href)="(?!#)', page)


@given(st.text(max_size=400))
def test_any_text_on_the_wire_is_drawn_and_stays_text(text: str) -> None:
    hostile = f"</pre><script>alert(1)</script>{text}"
    trace = CallTrace(
        messages=tuple(
            TracedMessage(at=BEGUN, is_sent=True, text=one)
            for one in (text, hostile, f"SIP/2.0 200 {hostile}\r\n{hostile}")
        )
    )
    assert "<script" not in trace.as_html()
    assert trace.as_text(with_messages=True)
    if text.isprintable():
        ET.fromstring(trace.as_svg())  # noqa: S314 - our own


def test_what_is_private_is_shortened_on_request() -> None:
    trace = recorded(*CALL).of("c1").shortened()
    assert "+919900000001" not in trace.as_html()
    assert "digit ***" in trace.as_text()
    assert "+91…01" in trace.as_text(with_messages=True)


def test_a_trace_is_saved_as_its_name_says(tmp_path: Path) -> None:
    trace = recorded(*CALL).of("c1")
    assert trace.save(tmp_path / "a.svg").read_text("utf-8").startswith("<svg ")
    assert trace.save(tmp_path / "a.HTML").read_text("utf-8").startswith("<!doctype html>")
    assert "SIP/2.0 180 Ringing" in trace.save(str(tmp_path / "a.txt")).read_text("utf-8")
    with pytest.raises(ConfigError, match=r"a\.pdf"):
        trace.save(tmp_path / "a.pdf")


def test_the_oldest_messages_make_room_and_calls_are_kept_apart() -> None:
    ticks = count()
    recorder = TraceRecorder(limit=3, now=lambda: BEGUN + dt.timedelta(seconds=next(ticks)))
    for name in ("c1", "c2", "c2", "c3"):
        recorder("sent", f"BYE sip:x SIP/2.0\r\nCall-ID: {name}\r\n\r\n")
    assert recorder.call_ids() == ("c2", "c3")
    assert len(recorder.of("c2").messages) == 2
    assert recorder.of("c1").as_text() == "(no messages)\n"
    assert "no messages" in recorder.of("c1").as_svg()
    assert "0 messages" in recorder.of("c1").as_html()
    with pytest.raises(ConfigError):
        TraceRecorder(limit=0)


def with_body(method: str, content_type: str, body: str) -> str:
    return f"{method} sip:x SIP/2.0\r\nContent-Type: {content_type}\r\n\r\n{body}"


BUSY = "SIP/2.0 486 Busy Here\r\nCSeq: 7 INVITE\r\n\r\n"


@pytest.mark.parametrize(
    ("text", "kind", "label", "detail"),
    [
        (BUSY, Kind.FAILURE, "486 Busy Here", "for INVITE 7"),
        ("SIP/2.0 200 \r\n\r\n", Kind.SUCCESS, "200", ""),
        ("\r\n\r\n", Kind.OTHER, "(not SIP)", ""),
        ("", Kind.OTHER, "(not SIP)", ""),
        (
            with_body("NOTIFY", "message/sipfrag", "SIP/2.0 200 OK\r\n"),
            Kind.REQUEST,
            "NOTIFY",
            "SIP/2.0 200 OK",
        ),
        (with_body("NOTIFY", "message/sipfrag", " \r\n"), Kind.REQUEST, "NOTIFY", ""),
        (with_body("MESSAGE", "text/plain", "hi"), Kind.REQUEST, "MESSAGE", "text/plain"),
        (with_body("INFO", "application/dtmf", "5"), Kind.REQUEST, "INFO", "digit"),
        (with_body("INVITE", "application/sdp", "v=0"), Kind.REQUEST, "INVITE", "SDP sendrecv"),
    ],
)
def test_each_message_says_what_it_is(text: str, kind: Kind, label: str, detail: str) -> None:
    message = TracedMessage(at=BEGUN, is_sent=True, text=text)
    assert (message.kind, message.label, message.detail) == (kind, label, detail)
    (row,) = rows((message,))
    assert (row.number, row.since_begin, row.pause, row.is_repeated) == (1, 0.0, 0.0, False)
