"""One user agent, and a far side whose every message the test writes itself."""

from __future__ import annotations

from typing import Any, TypeVar

from exotel_voice.sip.agent import DEFAULT_FLOW, UserAgent
from exotel_voice.sip.events import Event, Flow
from exotel_voice.sip.ids import CountingIds
from exotel_voice.sip.message import Request, Response
from exotel_voice.sip.wire import parse
from world import ANSWER, OFFER, config

E = TypeVar("E")

SDP = ("Content-Type", "application/sdp")


class RawPeer:
    """The far side of one user agent, Alice.

    Args:
        changes: What differs from the usual settings of Alice.
    """

    def __init__(self, **changes: Any) -> None:
        self.now = 100.0
        self.agent = UserAgent(config("alice", **changes), ids=CountingIds("a"))
        self.agent.connection_made(now=self.now)
        self.events: list[Event] = []
        self.unread: list[bytes] = []
        self._cseq = 0

    # -- time and events ---------------------------------------------------------------------

    def run(self) -> None:
        """Take what the agent has to say."""
        self.events += self.agent.events()
        self.unread += [data for _, data in self.agent.messages_to_send()]

    def pass_time(self, seconds: float) -> None:
        """Let time pass; each timer goes off at its instant."""
        end = self.now + seconds
        while (at := self.agent.next_timer()) is not None and at <= end:
            self.now = max(self.now, at)
            self.agent.handle_timer(now=self.now)
            self.run()
        self.now = end

    def hear(self, kind: type[E]) -> E:
        """Take the first event, which has to be of this kind."""
        self.run()
        assert self.events, f"{kind.__name__} was to come"
        event = self.events.pop(0)
        assert isinstance(event, kind), f"{kind.__name__} was to come, but {event!r} came"
        return event

    def hear_nothing(self) -> None:
        """Check that there is no event."""
        self.run()
        assert self.events == []

    def come_to_rest(self) -> None:
        """Check that nothing goes out or is left, once late copies need no attention any more."""
        self.nothing_sent()
        self.pass_time(32.0)
        self.nothing_sent()
        assert self.agent.is_idle

    # -- from Alice --------------------------------------------------------------------------

    def bytes_sent(self) -> bytes:
        """Take the next message as bytes."""
        self.run()
        assert self.unread, "nothing was sent"
        return self.unread.pop(0)

    def request(self, method: str) -> Request:
        """Take the next message, which has to be this request."""
        message = parse(self.bytes_sent())
        assert isinstance(message, Request), bytes(message)
        assert message.method == method
        return message

    def response(self, status: int) -> Response:
        """Take the next message, which has to be this response."""
        message = parse(self.bytes_sent())
        assert isinstance(message, Response), bytes(message)
        assert message.status == status, bytes(message)
        return message

    def nothing_sent(self) -> None:
        """Check that Alice has sent nothing more."""
        self.run()
        assert self.unread == []

    def start_lines(self) -> list[str]:
        """Take everything sent, as start lines."""
        self.run()
        sent, self.unread = self.unread, []
        return [each.split(b"\r\n", 1)[0].decode() for each in sent]

    # -- to Alice ----------------------------------------------------------------------------

    def send(self, message: Request | Response | bytes, *, flow: Flow = DEFAULT_FLOW) -> None:
        """Send a message to Alice."""
        self.agent.receive_data(bytes(message), now=self.now, flow=flow)
        self.run()

    def reply(
        self,
        request: Request,
        status: int,
        *headers: tuple[str, str],
        tag: str = "peer",
        body: bytes = b"",
        reason: str | None = None,
    ) -> None:
        """Answer a request of Alice; a dialog-making response has our Contact."""
        fields = list(headers)
        if request.method in {"INVITE", "UPDATE"} and 100 < status < 300:
            fields.append(("Contact", f"<sip:{tag}@peer.invalid;transport=ws>"))
        if body:
            fields.append(SDP)
        self.send(request.reply(status, reason=reason, to_tag=tag, headers=fields, body=body))

    def invite(self, *headers: tuple[str, str], body: bytes = OFFER, **parts: Any) -> Request:
        """Call Alice."""
        fields = [("Contact", "<sip:peer@peer.invalid;transport=ws>"), *headers]
        if body:
            fields.append(SDP)
        request = self.make("INVITE", *fields, body=body, **parts)
        self.send(request)
        return request

    def make(  # noqa: PLR0913 - the parts of a request
        self,
        method: str,
        *headers: tuple[str, str],
        body: bytes = b"",
        uri: str = "sip:alice@alice.invalid;transport=ws",
        call_id: str = "peercall",
        to: str = "<sip:alice@example.com>",
        from_: str = "<sip:peer@example.com>;tag=peer",
        cseq: int | None = None,
        branch: str | None = None,
    ) -> Request:
        """Make a request to Alice, its CSeq counted on."""
        if cseq is None:
            self._cseq += 1
            cseq = self._cseq
        branch = branch or f"z9hG4bKpeer{method}{cseq}"
        return Request(
            method,
            uri,
            headers=[
                ("Via", f"SIP/2.0/WSS peer.invalid;branch={branch}"),
                ("Max-Forwards", "70"),
                ("From", from_),
                ("To", to),
                ("Call-ID", call_id),
                ("CSeq", f"{cseq} {method}"),
                *headers,
            ],
            body=body,
        )

    def ack(self, response: Response, *, body: bytes = b"") -> None:
        """Acknowledge a 2xx of Alice."""
        fields = [SDP] if body else []
        self.send(
            self.make(
                "ACK",
                *fields,
                body=body,
                to=response.headers.get("To") or "",
                from_=response.headers.get("From") or "",
                call_id=response.call_id,
                cseq=response.cseq_number,
                branch=f"z9hG4bKpeerACK{response.cseq_number}",
            )
        )


class Caller(RawPeer):
    """The far side has called Alice; `session` is hers, `dialog` the parts of further requests."""

    def __init__(
        self, *, body: bytes = OFFER, headers: tuple[tuple[str, str], ...] = (), **changes: Any
    ) -> None:
        super().__init__(**changes)
        self.first = self.invite(*headers, body=body)
        self.response(100)
        self.session = self.agent.sessions[0]
        self.events.clear()
        self.dialog: dict[str, Any] = {"to": f"<sip:alice@example.com>;tag={self.session}"}

    def answered(self, sdp: bytes = ANSWER) -> Response:
        """Let Alice answer, and give her 200."""
        self.agent.answer(self.session, sdp=sdp, now=self.now)
        return self.response(200)

    def in_call(self) -> None:
        """Let Alice answer and the far side acknowledge."""
        self.ack(self.answered())
        self.run()
        self.events.clear()

    def ask(
        self, method: str, *headers: tuple[str, str], body: bytes = b"", **parts: Any
    ) -> Request:
        """Send a request in the dialog."""
        fields = list(headers)
        if method in {"INVITE", "UPDATE"}:
            fields.append(("Contact", "<sip:peer@peer.invalid;transport=ws>"))
        if body and not any(name == "Content-Type" for name, _ in headers):
            fields.append(SDP)
        request = self.make(method, *fields, body=body, **(self.dialog | parts))
        self.send(request)
        return request


class Callee(RawPeer):
    """Alice has called the far side; `session` is hers, `invite_sent` her INVITE."""

    def __init__(self, *, offer: bytes | None = OFFER, **changes: Any) -> None:
        super().__init__(**changes)
        self.session = self.agent.invite("sip:peer@example.com", offer=offer, now=self.now)
        self.invite_sent = self.request("INVITE")

    def in_call(self, *headers: tuple[str, str], tag: str = "peer") -> None:
        """Answer the call, take the ACK, and forget what was heard."""
        self.reply(self.invite_sent, 200, *headers, tag=tag, body=ANSWER)
        self.request("ACK")
        self.events.clear()

    def ask(
        self, method: str, *headers: tuple[str, str], body: bytes = b"", **parts: Any
    ) -> Request:
        """Send a request in the dialog."""
        fields = list(headers)
        if method in {"INVITE", "UPDATE"}:
            fields.append(("Contact", "<sip:peer@peer.invalid;transport=ws>"))
        if body and not any(name == "Content-Type" for name, _ in headers):
            fields.append(SDP)
        dialog: dict[str, Any] = {
            "to": self.invite_sent.headers.get("From") or "",
            "from_": "<sip:peer@example.com>;tag=peer",
            "call_id": self.invite_sent.call_id,
        }
        request = self.make(method, *fields, body=body, **(dialog | parts))
        self.send(request)
        return request


def callee() -> Callee:
    """Alice has called and talks."""
    peer = Callee()
    peer.in_call()
    return peer


def caller() -> Caller:
    """Alice was called and talks."""
    peer = Caller()
    peer.in_call()
    peer.unread.clear()
    return peer
