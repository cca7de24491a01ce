"""A phone made of single messages, for tests that want to see the wire itself."""

from __future__ import annotations

import asyncio
import itertools
import ssl
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import TypeGuard

from websockets.asyncio.client import ClientConnection, connect
from websockets.typing import Subprotocol

from exotel_voice.phone.account import SipAccount
from exotel_voice.sip.digest import Credentials, DigestClient
from exotel_voice.sip.ids import CountingIds
from exotel_voice.sip.wire import Request, Response, parse

SDP = b"v=0\r\no=- 1 1 IN IP4 127.0.0.1\r\ns=-\r\nt=0 0\r\nm=audio 9 RTP/AVP 0\r\na=sendrecv\r\n"
_serial = itertools.count(1)


class WirePhone:
    """One connection and one account; sends what it is told to and gives what comes."""

    def __init__(self, socket: ClientConnection, account: SipAccount, host: str) -> None:
        self.socket = socket
        self.account = account
        self.host = host
        self.instance = ""
        self._waiting: list[Request | Response] = []
        self._cseq = itertools.count(1)
        credentials = Credentials(account.username, account.password)
        self._digest = DigestClient(credentials, CountingIds(host))

    @property
    def contact(self) -> str:
        return f"<sip:{self.account.username}@{self.host};transport=ws>"

    # -- single messages ----------------------------------------------------------------------

    def request(
        self, method: str, uri: str, *headers: tuple[str, str], body: bytes = b"", **more: str
    ) -> Request:
        """Make a request outside a dialog."""
        number = next(_serial)
        to = more.get("to", uri)
        request = Request(
            method,
            uri,
            headers=[
                ("Via", f"SIP/2.0/WS {self.host};branch=z9hG4bK{number}"),
                ("Max-Forwards", more.get("max_forwards", "70")),
                ("From", f"<{self.account.aor}>;tag=tag{number}"),
                ("To", to if "<" in to else f"<{to}>"),
                ("Call-ID", more.get("call_id", f"{number}@{self.host}")),
                ("CSeq", f"{next(self._cseq)} {method}"),
                *headers,
            ],
            body=body,
        )
        if body and "Content-Type" not in request.headers:
            request.headers.add("Content-Type", "application/sdp")
        return request

    async def send(self, message: Request | Response | bytes) -> None:
        data = message if isinstance(message, bytes) else bytes(message)
        await self.socket.send(data.decode())

    async def receive(self) -> Request | Response:
        """Take the next message."""
        if self._waiting:
            return self._waiting.pop(0)
        return await self._read()

    async def _read(self) -> Request | Response:
        data = await self.socket.recv()
        return parse(data.encode() if isinstance(data, str) else data)

    async def request_of(self, method: str) -> Request:
        """Take the next request of a method; what else comes waits."""
        for message in self._waiting:
            if isinstance(message, Request) and message.method == method:
                self._waiting.remove(message)
                return message
        while True:
            message = await self._read()
            if isinstance(message, Request) and message.method == method:
                return message
            self._waiting.append(message)

    async def final(self, request: Request) -> Response:
        """Take the final response to a request; provisional ones are dropped."""
        while True:
            response = await self.response(request)
            if response.status >= 200:
                return response

    async def response(self, request: Request) -> Response:
        """Take the next response to a request; what else comes waits."""
        for message in self._waiting:
            if _answers(message, request):
                self._waiting.remove(message)
                return message
        while True:
            message = await self._read()
            if _answers(message, request):
                return message
            self._waiting.append(message)

    # -- whole transactions -------------------------------------------------------------------

    async def register(self, *headers: tuple[str, str], expires: int = 300) -> Response:
        """Register, with the answer to the challenge."""
        contact = self.contact
        if self.instance:
            contact += f';+sip.instance="<{self.instance}>"'
        uri = f"sip:{self.account.domain}"
        attempt = self._digest.authenticate("REGISTER", uri)
        fields = [("Contact", contact), ("Expires", str(expires)), *headers]
        while True:
            request = self.request("REGISTER", uri, *fields, *attempt.headers, to=self.account.aor)
            await self.send(request)
            response = await self.final(request)
            if response.status != 401 or attempt.answer(response) is None:
                return response

    async def invite(
        self, target: str, *headers: tuple[str, str], body: bytes = SDP
    ) -> tuple[Request, Response]:
        """Send an INVITE, answer the challenge, and give it with the first response after 100."""
        uri = f"sip:{target}@{self.account.domain}"
        attempt = self._digest.authenticate("INVITE", uri)
        while True:
            fields = [("Contact", self.contact), *headers, *attempt.headers]
            request = self.request("INVITE", uri, *fields, body=body)
            await self.send(request)
            response = await self.response(request)
            while response.status == 100:
                response = await self.response(request)
            if response.status >= 300:
                await self.ack(request, response)
            if response.status != 407 or attempt.answer(response) is None:
                return request, response

    async def ack(self, request: Request, response: Response, body: bytes = b"") -> None:
        """Acknowledge a final response to an INVITE."""
        is_success = response.is_success
        via = f"SIP/2.0/WS {self.host};branch=z9hG4bKack{next(_serial)}"
        target = response.contact_uri if is_success else None
        ack = Request(
            "ACK",
            target or request.uri,
            headers=[
                ("Via", via if is_success else request.headers.get("Via") or ""),
                ("Max-Forwards", "70"),
                ("From", request.headers.get("From") or ""),
                ("To", response.headers.get("To") or ""),
                ("Call-ID", request.call_id),
                ("CSeq", f"{request.cseq_number} ACK"),
            ],
            body=body,
        )
        if body:
            ack.headers.add("Content-Type", "application/sdp")
        await self.send(ack)

    async def reply(
        self, request: Request, status: int, *headers: tuple[str, str], body: bytes = b""
    ) -> Response:
        """Answer a request; 1xx and 2xx to an INVITE get a Contact, a body its type."""
        fields = list(headers)
        if request.method == "INVITE" and 100 < status < 300:
            fields.append(("Contact", self.contact))
        if body:
            fields.append(("Content-Type", "application/sdp"))
        tag = f"tag-{self.host}"
        response = request.reply(status, to_tag=tag, headers=fields, body=body)
        await self.send(response)
        return response

    def within(
        self, first: Request, response: Response, method: str, body: bytes = b"", **more: str
    ) -> Request:
        """Make a request in the dialog that `first`, sent or received, and its response made."""
        is_caller = self.account.aor in (first.headers.get("From") or "")
        own, other = ("From", "To") if is_caller else ("To", "From")
        source = response if is_caller else first
        headers = [
            ("Via", f"SIP/2.0/WS {self.host};branch=z9hG4bK{next(_serial)}"),
            ("Max-Forwards", "70"),
            ("From", response.headers.get(own) or ""),
            ("To", response.headers.get(other) or ""),
            ("Call-ID", first.call_id),
            ("CSeq", f"{next(self._cseq) + 100} {method}"),
            ("Contact", self.contact),
            *((name.replace("_", "-"), value) for name, value in more.items()),
        ]
        if body and "Content_Type" not in more:
            headers.append(("Content-Type", "application/sdp"))
        return Request(method, source.contact_uri or "", headers=headers, body=body)


def _answers(message: Request | Response, request: Request) -> TypeGuard[Response]:
    return (
        isinstance(message, Response)
        and message.call_id == request.call_id
        and message.cseq_number == request.cseq_number
        and message.cseq_method == request.method
    )


@asynccontextmanager
async def wire_phone(
    account: SipAccount, *, host: str = "", tls: ssl.SSLContext | None = None
) -> AsyncIterator[WirePhone]:
    """Open a connection for an account; everything must happen within ten seconds."""
    async with (
        asyncio.timeout(10),
        connect(
            account.url, subprotocols=[Subprotocol("sip")], ssl=tls, compression=None, proxy=None
        ) as socket,
    ):
        yield WirePhone(socket, account, host or f"{account.username}.invalid")
