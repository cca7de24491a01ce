"""What must hold for any bytes from the network: each target raises only when something is broken.

Run one for as long as you like with `python tests/fuzz/run.py parser`; the test suite runs all of
them for a moment.
"""

from __future__ import annotations

from collections.abc import Callable

from exotel_voice.errors import MalformedMessage, MessageTooLarge, ProtocolError
from exotel_voice.sip.addresses import Address, Uri
from exotel_voice.sip.challenges import parse_schemes
from exotel_voice.sip.digest import Credentials, DigestClient
from exotel_voice.sip.digest_server import DigestServer
from exotel_voice.sip.ids import CountingIds
from exotel_voice.sip.sdp import first_audio_line, hold_state, is_hold
from exotel_voice.sip.validation import validate_request
from exotel_voice.sip.wire import Message, Request, Response, parse
from raw_peer import Caller
from world import OFFER

__all__ = ["TARGETS", "Target", "fuzz_agent", "fuzz_digest", "fuzz_parser", "fuzz_sdp"]

Target = Callable[[bytes], None]

_SAFE_VIEWS = (
    "allow", "branch", "call_id", "content_type", "cseq_method", "cseq_number", "event", "expires",
    "from_display_name", "from_tag", "from_uri", "max_forwards", "min_expires", "min_se", "rack",
    "reason_header", "record_routes", "refer_to", "referred_by", "require", "retry_after", "routes",
    "rseq", "sent_by", "session_expires", "subscription_state", "supported", "to_display_name",
    "to_tag", "to_uri", "vias",
)  # fmt: skip
_OTHER_VIEWS = ("contacts", "contact_uri", "replaces")


def fuzz_parser(data: bytes) -> None:
    """Any bytes give a message whose views hold, or an error that the parser documents."""
    try:
        message = parse(data)
    except ProtocolError as error:
        _check_reply(error.reply)
        return
    _check_views(message)
    _check_round_trip(message)
    if isinstance(message, Request):
        validate_request(message, allowed=("INVITE", "ACK"))
        reply = message.reply(486, to_tag="t")
        if parse(bytes(reply)) != reply:
            raise AssertionError("a reply does not read back")


def fuzz_sdp(data: bytes) -> None:
    """Any bytes are a description, if an odd one."""
    line = first_audio_line(data)
    if is_hold(data) and line is None:
        raise AssertionError("no audio line, and yet a hold")
    hold_state(data)


def fuzz_digest(data: bytes) -> None:
    """Any challenge is answered or passed over, and any answer is judged."""
    text = data.decode("utf-8", "surrogateescape").replace("\r", "").replace("\n", "")
    response = Response(401, headers=[("WWW-Authenticate", text)])
    attempt = DigestClient(Credentials("alice", "secret"), CountingIds()).authenticate("X", "sip:a")
    headers = attempt.answer(response) or []
    for _, value in headers:
        if len(parse_schemes(value)) != 1:
            raise AssertionError("an answer breaks out of its header")
    request = Request("X", "sip:a", headers=[("Authorization", text)])
    verdict = DigestServer("a", CountingIds()).check(request, {"alice": "secret"}.get, now=0.0)
    if verdict.is_accepted:
        raise AssertionError("accepted without a challenge")


def fuzz_agent(data: bytes) -> None:
    """Any messages, a byte 1E between two, leave an agent that calls and is called whole."""
    peer = Caller(credentials=Credentials("alice", "secret"))
    peer.in_call()
    peer.agent.register(now=peer.now)
    peer.agent.invite("sip:peer@example.com", offer=OFFER, now=peer.now)
    for each in data.split(b"\x1e"):
        peer.send(each)
    for session in peer.agent.sessions:
        peer.agent.hang_up(session, now=peer.now)
    peer.agent.connection_lost(now=peer.now)
    peer.pass_time(2000.0)
    if not peer.agent.is_idle:
        raise AssertionError("something is left")


TARGETS: dict[str, Target] = {
    "parser": fuzz_parser,
    "sdp": fuzz_sdp,
    "digest": fuzz_digest,
    "agent": fuzz_agent,
}


def _check_reply(reply: bytes | None) -> None:
    if reply is None:
        return
    if not reply.startswith(b"SIP/2.0 ") or not reply.endswith(b"\r\nContent-Length: 0\r\n\r\n"):
        raise AssertionError("a reply is no response")
    if reply.count(b"\r\n\r\n") != 1:
        raise AssertionError("a reply has a body")


def _check_views(message: Message) -> None:
    for name in _SAFE_VIEWS:
        getattr(message, name)
    for name in _OTHER_VIEWS:
        try:
            getattr(message, name)
        except MalformedMessage:
            continue
    for value in (*message.routes, *message.record_routes, message.from_uri, message.to_uri):
        for read in (Address.parse, Uri.parse):
            try:
                read(value)
            except MalformedMessage:
                continue
    message.headers.as_mapping()


def _check_round_trip(message: Message) -> None:
    written = bytes(message)
    try:
        again = parse(written)
    except MessageTooLarge:
        # Full names are longer than compact ones.
        return
    if bytes(again) != written or again.body != message.body:
        raise AssertionError("a message changes when it is written and read")
