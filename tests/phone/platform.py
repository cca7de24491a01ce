"""A registrar and far end in this process, made of the same SIP core, for the phone's tests."""

from __future__ import annotations

import asyncio
import itertools
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager
from dataclasses import replace
from typing import TypeVar

from exotel_voice.errors import InvalidState, MalformedMessage, TransportError
from exotel_voice.media.base import Direction
from exotel_voice.phone import Call, Phone, PhoneSettings, SipAccount
from exotel_voice.phone.events import PhoneEvent
from exotel_voice.phone.observe import Trace
from exotel_voice.sip import events as sip
from exotel_voice.sip.agent import UserAgent
from exotel_voice.sip.config import AgentConfig
from exotel_voice.sip.digest_server import DigestServer
from exotel_voice.sip.events import Flow, SessionId
from exotel_voice.sip.ids import CountingIds
from exotel_voice.sip.wire import Request, Response, parse
from exotel_voice.transport.memory import MemoryListener, MemoryTransport
from phone.scripted_media import (
    ANSWER_TO,
    ScriptedMedia,
    description,
    direction_of,
)

__all__ = [
    "ACCOUNT",
    "Platform",
    "a_phone",
    "a_platform",
    "make_phone",
    "state_of",
    "until",
]

ACCOUNT = SipAccount(
    username="alice", password="s3cret", domain="acme.example", security="ws", display_name="Alice"
)
E = TypeVar("E", bound=sip.Event)
P = TypeVar("P", bound=PhoneEvent)
T = TypeVar("T")


class Platform:
    """One server with one phone at a time.

    Attributes:
        listener: Where the phone connects to.
        received: Every message that came from the phone, in order.
        registers: The REGISTERs among them.
        refusal: Status and headers that REGISTERs get in place of 200.
        is_silent: Whether REGISTERs get no reply at all.
        breaks_at: The method of a request whose arrival breaks the connection, once.
        info_status: What the phone's INFOs get.
        answers_offers: Whether the phone's re-INVITEs are answered by themselves.
        direction: What the far end wants of the audio: sendonly while it holds the phone.
    """

    def __init__(self, *, challenges: bool = True) -> None:
        self.listener = MemoryListener()
        self.received: list[Request | Response] = []
        self.registers: list[Request] = []
        self.refusal: tuple[int, tuple[tuple[str, str], ...]] | None = None
        self.is_silent = False
        self.answers_offers = True
        self.info_status = 200
        self.breaks_at = ""
        self.direction = Direction.SENDRECV
        self.granted = 300
        self.contact = ""
        self._challenges = challenges
        ids = CountingIds("p")
        config = AgentConfig(
            aor="sip:platform@acme.example",
            contact_user="platform",
            contact_host="platform.example",
            transport="ws",
            owner_methods=frozenset({"REGISTER"}),
            no_answer_after=None,
        )
        self._config = config
        self._agent = UserAgent(config, ids=ids)
        self._ids = ids
        self._digest = DigestServer(ACCOUNT.domain, ids)
        self._ends: dict[Flow, MemoryTransport] = {}
        self.flow: Flow = None
        self._events: list[sip.Event] = []
        self._news = asyncio.Event()
        self._timer: asyncio.TimerHandle | None = None
        self._tasks: set[asyncio.Task[None]] = set()

    # -- calls -----------------------------------------------------------------------------------

    def run(self, command: Callable[[UserAgent, float], T]) -> T:
        """Give a command to the server's user agent and carry out what follows."""
        try:
            return command(self._agent, asyncio.get_running_loop().time())
        finally:
            self._pump()

    def call(
        self, *, offer: bytes | None = description(), headers: Mapping[str, str] | None = None
    ) -> SessionId:
        """Call the phone."""
        more = {"From": '"Bob B" <sip:+919900000001@acme.example>'} | dict(headers or {})
        return self.run(
            lambda agent, now: agent.invite(
                self.contact, offer=offer, now=now, headers=more, flow=self.flow
            )
        )

    def answer(self, session: SessionId, sdp: bytes | None = None) -> None:
        """Answer a call from the phone."""
        body = sdp or description(self.direction)
        self.run(lambda agent, now: agent.answer(session, sdp=body, now=now))

    def offer(self, session: SessionId, direction: Direction) -> None:
        """Offer a new description."""
        sdp = description(direction)
        self.run(lambda agent, now: agent.offer(session, sdp=sdp, now=now))

    def ask_for_offer(self) -> None:
        """Send a re-INVITE without a description in the call that the phone took last."""
        answers = [m for m in self.received if isinstance(m, Response) and m.status == 200]
        last = next(m for m in reversed(answers) if m.cseq_method == "INVITE")
        self.put(
            f"INVITE {self.contact} SIP/2.0\r\n"
            "Via: SIP/2.0/WS platform.example;branch=z9hG4bK-asks\r\n"
            f"From: {last.headers.get('From')}\r\nTo: {last.headers.get('To')}\r\n"
            f"Call-ID: {last.call_id}\r\nCSeq: {last.cseq_number + 1} INVITE\r\n"
            "Contact: <sip:platform@platform.example;transport=ws>\r\n"
            "Max-Forwards: 70\r\nContent-Length: 0\r\n\r\n".encode()
        )

    async def response(self, status: int) -> Response:
        """Wait until a response with a status has come."""
        while True:
            for message in self.received:
                if isinstance(message, Response) and message.status == status:
                    return message
            self._news.clear()
            await self._news.wait()

    def sdp(self) -> bytes:
        """Write a description for an offer."""
        return description()

    def hang_up(self, session: SessionId) -> None:
        """End a call."""
        self.run(lambda agent, now: agent.hang_up(session, now=now))

    def replaces(self) -> str:
        """Write the Replaces value of the call that was last answered by the phone (RFC 3891)."""
        answers = [m for m in self.received if isinstance(m, Response) and m.status == 200]
        last = next(m for m in reversed(answers) if m.cseq_method == "INVITE")
        return f"{last.call_id};to-tag={last.to_tag};from-tag={last.from_tag}"

    def forget_calls(self) -> None:
        """Be restarted: nothing is known of any call."""
        self._agent = UserAgent(self._config, ids=CountingIds("q"))

    # -- what came -------------------------------------------------------------------------------

    async def event(self, kind: type[E]) -> E:
        """Wait for the next event of a kind; those that came before it are left."""
        while True:
            for event in self._events:
                if isinstance(event, kind):
                    self._events.remove(event)
                    return event
            self._news.clear()
            await self._news.wait()

    async def request(self, method: str, number: int = 1) -> Request:
        """Wait until that many requests of a method have come, and give the last."""
        while len(self.requests(method)) < number:
            self._news.clear()
            await self._news.wait()
        return self.requests(method)[number - 1]

    def requests(self, method: str) -> list[Request]:
        """Give the requests of a method that have come."""
        return [m for m in self.received if isinstance(m, Request) and m.method == method]

    def statuses(self) -> list[int]:
        """Give the statuses of the phone's responses, in order."""
        return [m.status for m in self.received if isinstance(m, Response)]

    # -- connections -----------------------------------------------------------------------------

    def drop(self) -> None:
        """Break the phone's connection."""
        for end in tuple(self._ends.values()):
            end.drop()

    def stall(self) -> None:
        """Let the present connections carry nothing any more, and close nothing."""
        for end in self._ends.values():
            end.stall()

    def put(self, data: bytes) -> None:
        """Send bytes as they are."""
        self._ends[self.flow].put(data)

    def forget_nonces(self) -> None:
        """Challenge the next request again."""
        self._digest = DigestServer(ACCOUNT.domain, self._ids)

    async def serve(self) -> None:
        """Take connections until cancelled."""
        for number in itertools.count(1):
            end = await self.listener.accept()
            self._ends[number] = end
            task = asyncio.create_task(self._read(number, end))
            self._tasks.add(task)
            task.add_done_callback(self._tasks.discard)

    async def _read(self, flow: Flow, end: MemoryTransport) -> None:
        self.flow = flow
        self.run(lambda agent, now: agent.connection_made(now=now, flow=flow))
        try:
            while True:
                self._receive(await end.receive(), flow)
        except TransportError:
            return
        finally:
            del self._ends[flow]
            self.run(lambda agent, now: agent.connection_lost(now=now, flow=flow))

    def _receive(self, data: bytes, flow: Flow) -> None:
        try:
            message = parse(data)
        except MalformedMessage:
            return  # The reply to something that the phone could not read either.
        if isinstance(message, Request) and message.method == self.breaks_at:
            self.breaks_at = ""
            self.drop()
            return
        self.received.append(message)
        if self.is_silent and isinstance(message, Request) and message.method == "REGISTER":
            self.registers.append(message)
            self._news.set()
            return
        if isinstance(message, Request) and message.method == "INFO" and self.info_status != 200:
            self._ends[flow].put(bytes(message.reply(self.info_status)))
            return
        self.run(lambda agent, now: agent.receive_data(data, now=now, flow=flow))
        self._news.set()

    async def aclose(self) -> None:
        """End everything."""
        if self._timer is not None:
            self._timer.cancel()
        for task in tuple(self._tasks):
            task.cancel()
        if self._tasks:
            await asyncio.wait(self._tasks)
        if self._timer is not None:
            self._timer.cancel()

    # -- inside ----------------------------------------------------------------------------------

    def _pump(self) -> None:
        while True:
            for flow, data in self._agent.messages_to_send():
                end = self._ends.get(flow)
                if end is not None and end.is_open:
                    end.put(data)
            events = self._agent.events()
            if not events:
                break
            for event in events:
                self._handle(event)
            self._news.set()
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
        due = self._agent.next_timer()
        if due is not None:
            loop = asyncio.get_running_loop()
            self._timer = loop.call_at(due, self._fire)

    def _fire(self) -> None:
        self._timer = None
        self.run(lambda agent, now: agent.handle_timer(now=now))

    def _handle(self, event: sip.Event) -> None:
        self._events.append(event)
        now = asyncio.get_running_loop().time()
        match event:
            case sip.RequestReceived(transaction=transaction, request=request, flow=flow):
                self.registers.append(request)
                self._register(transaction, request, now, flow)
            case sip.OfferReceived(session=session, offer=offer) if self.answers_offers:
                direction = ANSWER_TO[direction_of(offer)]
                if self.direction is Direction.SENDONLY:
                    is_taken = direction in {Direction.SENDRECV, Direction.SENDONLY}
                    direction = Direction.SENDONLY if is_taken else Direction.INACTIVE
                self._agent.answer_offer(session, sdp=description(direction), now=now)
            case _:
                pass

    def _register(
        self, transaction: sip.TransactionId, request: Request, now: float, flow: Flow
    ) -> None:
        status, headers = 200, self._bind(request, flow)
        if self.refusal is not None:
            status, headers = self.refusal[0], list(self.refusal[1])
        elif self._challenges:
            passwords = {ACCOUNT.username: "s3cret"}
            verdict = self._digest.check(request, passwords.get, now=now)
            if not verdict.is_accepted:
                status = 401
                headers = self._digest.challenges(now=now, is_stale=verdict.is_stale)
        self._agent.respond(transaction, status=status, now=now, headers=headers)

    def _bind(self, request: Request, flow: Flow) -> list[tuple[str, str]]:
        contact = request.headers.get("Contact") or ""
        if request.expires == 0:
            return []
        self.flow = flow
        self.contact = request.contact_uri or ""
        return [("Contact", f"{contact};expires={self.granted}")]


@asynccontextmanager
async def a_platform(*, challenges: bool = True) -> AsyncIterator[Platform]:
    """Run a platform."""
    platform = Platform(challenges=challenges)
    serving = asyncio.create_task(platform.serve())
    try:
        yield platform
    finally:
        serving.cancel()
        await asyncio.wait([serving])
        await platform.aclose()


def make_phone(
    platform: Platform,
    *,
    media: ScriptedMedia | None = None,
    settings: PhoneSettings | None = None,
    password: str = ACCOUNT.password,
    trace: Trace | None = None,
) -> Phone:
    """Make a phone that connects to a platform."""
    return Phone(
        replace(ACCOUNT, password=password),
        media=media or ScriptedMedia(),
        settings=settings,
        transport=platform.listener.connect_transport,
        trace=trace,
    )


@asynccontextmanager
async def a_phone(
    platform: Platform,
    *,
    media: ScriptedMedia | None = None,
    settings: PhoneSettings | None = None,
) -> AsyncIterator[Phone]:
    """Run a registered phone."""
    async with make_phone(platform, media=media, settings=settings) as phone:
        yield phone


async def until(phone: Phone, kind: type[P]) -> P:
    """Wait for the next event of a kind."""
    stream = phone.events()
    try:
        async for event in stream:
            if isinstance(event, kind):
                return event
    finally:
        await stream.aclose()
    raise InvalidState(f"the phone closed before {kind.__name__}")


def state_of(one: Phone | Call) -> str:
    """Read a state anew, whatever a type checker remembers of the last time."""
    return one.state.value
