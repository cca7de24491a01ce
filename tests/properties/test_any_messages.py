"""Whatever comes, whenever: an agent never raises, writes what can be read, and comes to rest."""

from __future__ import annotations

from contextlib import suppress

from hypothesis import given, settings
from hypothesis import strategies as st

from exotel_voice.errors import InvalidState
from exotel_voice.sip.events import SessionId
from exotel_voice.sip.message import Request
from exotel_voice.sip.wire import parse
from raw_peer import RawPeer
from world import ANSWER, HELD, HOLD, OFFER, SECOND_OFFER, password

METHODS = (
    "INVITE", "ACK", "BYE", "CANCEL", "OPTIONS", "INFO", "PRACK", "UPDATE", "REFER", "NOTIFY",
    "MESSAGE", "REGISTER", "FROB",
)  # fmt: skip
STATUSES = (
    100, 180, 183, 199, 200, 202, 299, 301, 302, 401, 404, 407, 408, 422, 423, 480, 481, 486, 487,
    488, 491, 500, 503, 600, 603, 699,
)  # fmt: skip
TAGS = ("peer", "other", "atag1", "atag2", "")
CALLS = ("peercall", "acall1", "acall2", "other")
HEADERS = (
    ("Contact", "<sip:peer@peer.invalid>"),
    ("Contact", "<sip:"),
    ("Contact", "*"),
    ("Record-Route", "<sip:p1;lr>, <sip:p2>"),
    ("Record-Route", "<\x7f>"),
    ("Require", "100rel"),
    ("Require", "timer, frob"),
    ("RSeq", "1"),
    ("RSeq", "2"),
    ("RSeq", "x"),
    ("RAck", "1073741824 1 INVITE"),
    ("RAck", "1 1"),
    ("Supported", "100rel, timer, replaces"),
    ("Session-Expires", "90;refresher=uas"),
    ("Session-Expires", "90;refresher=uac"),
    ("Session-Expires", "1"),
    ("Session-Expires", "\u00e9"),
    ("Min-SE", "3600"),
    ("Min-SE", "99999999999999999999"),
    ("Min-Expires", "700"),
    ("Expires", "20"),
    ("Expires", "-1"),
    ("Allow", "INVITE, UPDATE"),
    ("Replaces", "peercall;to-tag=atag1;from-tag=peer"),
    ("Replaces", "peercall;to-tag=atag1"),
    ("Refer-To", "<sip:carol@example.com>"),
    ("Refer-To", "<sip:carol@example.com?Replaces=a%3Bto-tag%3Db%3Bfrom-tag%3Dc>"),
    ("Refer-To", "carol"),
    ("Event", "refer"),
    ("Event", "presence"),
    ("Subscription-State", "active;expires=99999999999"),
    ("Subscription-State", "terminated;reason=timeout"),
    ("Content-Type", "application/dtmf"),
    ("Content-Type", "application/dtmf-relay"),
    ("Content-Type", "message/sipfrag"),
    ("Content-Encoding", "gzip"),
    ("WWW-Authenticate", 'Digest realm="r", nonce="n", qop="auth"'),
    ("WWW-Authenticate", "Digest"),
    ("Proxy-Authenticate", 'Digest realm="r", nonce="n2", stale=true, algorithm=SHA-256'),
    ("Authentication-Info", 'nextnonce="n3"'),
    ("Service-Route", "<sip:edge;lr>"),
    ("Reason", 'SIP;cause=200;text="x"'),
    ("Reason", ";;;"),
    ("Retry-After", "18 (busy)"),
    ("Max-Forwards", "0"),
)
BODIES = (b"", b"", OFFER, ANSWER, HOLD, HELD, b"5", b"Signal=5", b"SIP/2.0 200 OK\r\n", b"\xff\0")
WISHES = (
    "register", "unregister", "invite", "invite without offer", "ring", "early media", "answer",
    "reject", "hang up", "offer", "update", "answer offer", "reject offer", "provide offer",
    "digit", "transfer", "accept transfer", "report transfer", "lose", "mend", "wait",
)  # fmt: skip

headers = st.lists(st.sampled_from(HEADERS), max_size=4)
bodies = st.sampled_from(BODIES)
requests = st.tuples(
    st.just("request"),
    st.sampled_from(METHODS),
    st.sampled_from(CALLS),
    st.sampled_from(TAGS),
    st.sampled_from(TAGS),
    st.integers(0, 6),
    headers,
    bodies,
)
responses = st.tuples(
    st.just("response"), st.integers(0, 5), st.sampled_from(STATUSES), st.sampled_from(TAGS),
    headers, bodies,
)  # fmt: skip
damages = st.tuples(st.just("damage"), st.integers(0, 400), st.binary(max_size=6))
wishes = st.tuples(st.just("wish"), st.sampled_from(WISHES))
histories = st.lists(requests | responses | responses | damages | wishes | wishes, max_size=14)


class Siege:
    """An agent that gets anything, and whose owner wants anything."""

    def __init__(self) -> None:
        self.peer = RawPeer(credentials=password("alice"), no_answer_after=40.0)
        self.sent: list[Request] = []
        self.last = b"INVITE sip:alice@alice.invalid SIP/2.0\r\n\r\n"

    def take(self, step: tuple[object, ...]) -> None:
        """Go one step, and read what the agent says about it."""
        kind, *parts = step
        getattr(self, f"take_{kind}")(*parts)
        self.read()

    def read(self) -> None:
        """Check that all that went out can be read."""
        self.peer.run()
        unread, self.peer.unread = self.peer.unread, []
        for data in unread:
            if data.startswith(b"SIP/2.0 400 "):
                continue  # It repeats the headers that cannot be read.
            message = parse(data)
            if isinstance(message, Request):
                self.sent.append(message)

    def take_request(  # noqa: PLR0913, PLR0917 - what a request may vary in
        self,
        method: str,
        call_id: str,
        to_tag: str,
        from_tag: str,
        number: int,
        headers: list[tuple[str, str]],
        body: bytes,
    ) -> None:
        """Send any request."""
        to, sender = "<sip:alice@example.com>", "<sip:peer@example.com>"
        request = self.peer.make(
            method,
            *headers,
            call_id=call_id,
            to=f"{to};tag={to_tag}" if to_tag else to,
            from_=f"{sender};tag={from_tag}" if from_tag else sender,
            cseq=number,
            branch=f"z9hG4bK{number}",
            body=body,
        )
        if body and "Content-Type" not in request.headers:
            request.headers.add("Content-Type", "application/sdp")
        self.last = bytes(request)
        self.peer.send(request)

    def take_response(
        self, back: int, status: int, tag: str, headers: list[tuple[str, str]], body: bytes
    ) -> None:
        """Send any response to one of the last requests."""
        if self.sent:
            request = self.sent[-1 - back % len(self.sent)]
            kind = [("Content-Type", "application/sdp")] if body else []
            response = request.reply(
                status, to_tag=tag or None, headers=[*headers, *kind], body=body
            )
            self.last = bytes(response)
            self.peer.send(response)

    def take_damage(self, at: int, what: bytes) -> None:
        """Send the last message again, damaged."""
        self.peer.send(self.last[:at] + what + self.last[at + len(what) :])

    def take_wish(self, what: str) -> None:
        """Let the owner want something of the youngest session."""
        peer, agent, now = self.peer, self.peer.agent, self.peer.now
        session = agent.sessions[-1] if agent.sessions else SessionId("none")
        wishes = {
            "register": lambda: agent.register(now=now),
            "unregister": lambda: agent.unregister(now=now, every_binding=True),
            "invite": lambda: agent.invite("sip:peer@example.com", offer=OFFER, now=now),
            "invite without offer": lambda: agent.invite(
                "sip:peer@example.com", offer=None, now=now
            ),
            "ring": lambda: agent.ring(session, now=now),
            "early media": lambda: agent.ring(session, status=183, answer=ANSWER, now=now),
            "answer": lambda: agent.answer(session, sdp=ANSWER, now=now),
            "reject": lambda: agent.reject(session, now=now),
            "hang up": lambda: agent.hang_up(session, reason="x", now=now),
            "offer": lambda: agent.offer(session, sdp=SECOND_OFFER, now=now),
            "update": lambda: agent.offer(session, sdp=HOLD, now=now, use_update=True),
            "answer offer": lambda: agent.answer_offer(session, sdp=ANSWER, now=now),
            "reject offer": lambda: agent.reject_offer(session, now=now),
            "provide offer": lambda: agent.provide_offer(session, sdp=OFFER, now=now),
            "digit": lambda: agent.send_digit(session, "5", now=now),
            "transfer": lambda: agent.transfer(session, "sip:carol@example.com", now=now),
            "accept transfer": lambda: agent.accept_transfer(session, now=now),
            "report transfer": lambda: agent.report_transfer(
                session, status=200, reason="OK", now=now
            ),
            "lose": lambda: agent.connection_lost(now=now),
            "mend": lambda: agent.connection_made(now=now),
            "wait": lambda: peer.pass_time(33.0),
        }
        with suppress(InvalidState):
            wishes[what]()  # type: ignore[no-untyped-call]

    def end(self) -> None:
        """Hang everything up, lose the connection, and check that nothing is left."""
        agent = self.peer.agent
        for session in agent.sessions:
            agent.hang_up(session, now=self.peer.now)
        agent.connection_lost(now=self.peer.now)
        self.peer.pass_time(2000.0)
        self.read()
        assert agent.sessions == ()
        assert agent.next_timer() is None
        assert agent.is_idle


@settings(derandomize=True, max_examples=120, deadline=None, database=None)
@given(histories)
def test_no_history_of_messages_and_wishes_breaks_an_agent(
    history: list[tuple[object, ...]],
) -> None:
    siege = Siege()
    for step in history:
        siege.take(step)
    siege.end()


@settings(derandomize=True, max_examples=100, deadline=None, database=None)
@given(st.lists(st.binary(max_size=200), max_size=4))
def test_no_bytes_break_an_agent(data: list[bytes]) -> None:
    peer = RawPeer()
    for each in data:
        peer.send(each)
    assert peer.agent.sessions == ()
    assert peer.agent.is_idle
