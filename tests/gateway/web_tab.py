"""A browser tab for tests: the wire's other end, with our own native media as peer connection."""

from __future__ import annotations

import asyncio
import itertools
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from typing import Any, Self

import pytest
from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import ConnectionClosed

from exotel_voice.errors import ExotelVoiceError
from exotel_voice.media.base import Direction, MediaConnected, MediaEvent
from exotel_voice.media.native import NativeMedia
from exotel_voice.media.native_session import NativeSession
from exotel_voice.sandbox.hearing import Hearing
from exotel_voice.sandbox.parties.tones import tone_frames

__all__ = ["LIMIT", "WebTab"]

LIMIT = 8.0
RATE = 16_000
Message = dict[str, Any]


class WebTab:
    """One tab: its connection, what it was told, and its peer connections.

    Attributes:
        told: Every message that came, in order.
        close_code: The code with which the gateway closed the connection.
        answers_media: Whether media requests are answered; a tab that hangs does not.
        tells_media: Whether the gateway is told of what its peer connections do.
        microphone_fault: What media requests that need a microphone get in place of a description.
    """

    def __init__(self, url: str, tab: str, *, headers: dict[str, str] | None = None) -> None:
        self.id = tab
        self.told: list[Message] = []
        self.close_code: int | None = None
        self.answers_media = True
        self.tells_media = True
        self.microphone_fault: Message | None = None
        self.sessions: dict[str, NativeSession] = {}
        self._url = url
        self._headers = headers or {}
        self._engine = NativeMedia()
        self._numbers = itertools.count(1)
        self._news = asyncio.Condition()
        self._read_from = 0
        self._socket: ClientConnection | None = None
        self._tasks: set[asyncio.Task[None]] = set()
        self._orders: dict[str, asyncio.Lock] = {}

    async def __aenter__(self) -> Self:
        await self.open()
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.aclose()

    # -- the connection --------------------------------------------------------------------------

    async def open(self) -> None:
        """Connect and begin to read."""
        self._socket = await connect(
            self._url,
            additional_headers=self._headers,
            subprotocols=["exotel-voice.v1"],  # type: ignore[list-item]
            proxy=None,
        )
        self._start(self._read(self._socket))

    async def hello(self, *, media: list[str] | None = None, version: int = 1) -> Message:
        """Say who it is."""
        await self.send(
            {"type": "hello", "version": version, "tab": self.id, "page": "/", "media": media or []}
        )
        return await self.next("welcome")

    async def attach(self, account: Message | None = None) -> Message:
        """Do what initWebrtc does."""
        await self.request("attach", account=account)
        return await self.next("attached")

    async def register(self) -> None:
        """Do what DoRegister does, up to `registered`."""
        await self.request("register")
        await self.next("registration", state="registered")

    async def send(self, message: Message) -> None:
        """Send a message as it is."""
        assert self._socket is not None
        await self._socket.send(json.dumps(message))

    async def send_raw(self, data: str | bytes) -> None:
        """Send a frame as it is."""
        assert self._socket is not None
        await self._socket.send(data)

    async def request(self, kind: str, **fields: Any) -> Message:
        """Ask for something and wait for the result, which must be good."""
        result = await self.try_request(kind, **fields)
        assert result["ok"], result
        value: Message = result.get("value", {})
        return value

    async def try_request(self, kind: str, **fields: Any) -> Message:
        """Ask for something and wait for the result."""
        number = next(self._numbers)
        await self.send({"type": kind, "request": number, **fields})
        return await self.find("result", request=number)

    async def find(self, kind: str, **fields: Any) -> Message:
        """Wait for a message, also one that came before."""
        return await self._wait(kind, fields, start=0)

    async def next(self, kind: str, **fields: Any) -> Message:
        """Wait for a message after the last one that was waited for in this way."""
        found = await self._wait(kind, fields, start=self._read_from)
        self._read_from = next(at for at, each in enumerate(self.told) if each is found) + 1
        return found

    async def read_first(self) -> Message:
        """Wait for the first message of all."""
        async with asyncio.timeout(LIMIT), self._news:
            await self._news.wait_for(lambda: bool(self.told))
        return self.told[0]

    async def call_event(self, event: str) -> Message:
        """Wait for news of a call, and give the call."""
        call: Message = (await self.next("call", event=event))["call"]
        return call

    async def closed(self) -> int:
        """Wait until the gateway has closed the connection."""
        async with asyncio.timeout(LIMIT), self._news:
            await self._news.wait_for(lambda: self.close_code is not None)
        assert self.close_code is not None
        return self.close_code

    def abort(self) -> None:
        """Crash: the socket is gone without a word, and so is the audio."""
        assert self._socket is not None
        self._socket.transport.abort()

    async def reload(self) -> Self:
        """Be loaded again: a new tab of the same name, without any peer connection."""
        await self.aclose()
        again = type(self)(self._url, self.id, headers=self._headers)
        await again.open()
        await again.hello()
        return again

    async def aclose(self) -> None:
        """Close the tab."""
        if self._socket is not None:
            await self._socket.close()
        if self._tasks:
            # What has been begun comes to its end, above all the closing of peer connections.
            _, late = await asyncio.wait(self._tasks, timeout=2.0)
            for task in late:
                task.cancel()
            if late:
                await asyncio.wait(late)
        for session in self.sessions.values():
            await session.aclose()
        await self._engine.aclose()

    # -- audio -----------------------------------------------------------------------------------

    async def hear_tone(self, media: str, frequency_hz: float) -> None:
        """Listen until the tab hears a tone of that frequency."""
        hearing = Hearing()
        async with asyncio.timeout(LIMIT):
            async for frame in self.sessions[media].audio_in():
                hearing.listen(frame, RATE)
                near = hearing.frequency_hz == pytest.approx(frequency_hz, abs=3)
                if hearing.level > 0.05 and near:
                    return
        raise AssertionError("the audio has ended")

    @asynccontextmanager
    async def speaking(self, media: str, frequency_hz: float) -> AsyncIterator[None]:
        """Let the tab's microphone hear a tone for as long as the block lasts."""
        session = self.sessions[media]

        async def speak() -> None:
            for frame in tone_frames(frequency_hz, sample_rate_hz=RATE):
                await session.audio_out.write(frame)

        task = asyncio.create_task(speak())
        try:
            yield
        finally:
            task.cancel()
            await asyncio.wait([task])

    async def report_stats(self, media: str) -> None:
        """Send the counters of a peer connection."""
        stats = await self.sessions[media].stats()
        names = ("codec", "packets_sent", "packets_received", "bytes_sent", "bytes_received")
        values = {name: getattr(stats, name) for name in names}
        await self.send({"type": "media_stats", "media": media, "stats": values})

    # -- inside ----------------------------------------------------------------------------------

    async def _wait(self, kind: str, fields: Message, *, start: int) -> Message:
        def look() -> Message | None:
            for message in self.told[start:]:
                if message["type"] == kind and fields.items() <= message.items():
                    return message
            return None

        try:
            async with asyncio.timeout(LIMIT), self._news:
                await self._news.wait_for(lambda: look() is not None)
        except TimeoutError:
            names = [self._short(message) for message in self.told[start:]]
            raise AssertionError(f"no {kind} {fields} among {names}") from None
        found = look()
        assert found is not None
        return found

    @staticmethod
    def _short(message: Message) -> str:
        more = [message[name] for name in ("event", "state", "op", "error") if name in message]
        return " ".join([message["type"], *map(str, more)])

    async def _read(self, socket: ClientConnection) -> None:
        try:
            async for text in socket:
                message = json.loads(text)
                async with self._news:
                    self.told.append(message)
                    self._news.notify_all()
                if message["type"] == "media_request" and self.answers_media:
                    self._start(self._obey(message))
        except ConnectionClosed:
            pass
        async with self._news:
            self.close_code = socket.close_code
            self._news.notify_all()

    def _start(self, work: Any) -> None:
        task = asyncio.create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def _obey(self, message: Message) -> None:
        lock = self._orders.setdefault(message["media"], asyncio.Lock())
        reply: Message = {"type": "media_reply", "reply_to": message["id"], "ok": True}
        async with lock:
            try:
                sdp = await self._do(message)
            except ExotelVoiceError as error:
                fault = {"code": error.code, "message": error.message, "hint": error.hint}
                reply |= {"ok": False, "error": fault}
            else:
                if sdp is not None:
                    reply["sdp"] = sdp.decode()
        if self.microphone_fault is not None and message["op"] in {"offer", "answer"}:
            reply = {**reply, "ok": False, "error": self.microphone_fault}
        with suppress(ConnectionClosed):
            await self.send(reply)

    async def _do(self, message: Message) -> bytes | None:
        name, op = message["media"], message["op"]
        if op == "close":
            session = self.sessions.pop(name, None)
            if session is not None:
                await session.aclose()
            return None
        session = self.sessions.get(name) or self._open(name)
        direction = Direction(message.get("direction", "sendrecv"))
        sdp = message.get("sdp", "").encode()
        if op in {"prepare", "answer"}:
            return await session.create_answer(sdp, direction=direction)
        if op == "offer":
            restart = message.get("ice_restart", False)
            return await session.create_offer(direction=direction, ice_restart=restart)
        await self._change(session, message, sdp)
        return None

    async def _change(self, session: NativeSession, message: Message, sdp: bytes) -> None:
        match message["op"]:
            case "accept_answer":
                await session.accept_answer(sdp)
            case "rollback":
                await session.rollback()
            case "set_muted":
                await session.set_muted(message["muted"])
            case _:
                await session.send_digits(
                    message["digits"], duration=message["duration"], gap=message["gap"]
                )

    def _open(self, name: str) -> NativeSession:
        def take(event: MediaEvent) -> None:
            state = "connected" if isinstance(event, MediaConnected) else "failed"
            if self.tells_media:
                self._start(self._report({"type": "media_event", "media": name, "event": state}))

        self.sessions[name] = session = self._engine.open_session(on_event=take)
        return session

    async def _report(self, message: Message) -> None:
        with suppress(ConnectionClosed):
            await self.send(message)
