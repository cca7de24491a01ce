"""A second carrier for sessions: one server on a real socket, and a client for each process."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable
from typing import Any, Self

from exotel_voice.phone.observe import Subscription

__all__ = ["BusServer", "TcpBus"]

Line = dict[str, Any]


class BusServer:
    """Keeps claims and passes messages on; one JSON object a line."""

    def __init__(self) -> None:
        self.owners: dict[str, tuple[str, float]] = {}
        self.port = 0
        self._server: asyncio.Server | None = None
        self._readers: dict[str, list[asyncio.StreamWriter]] = {}
        self._writers: set[asyncio.StreamWriter] = set()

    async def __aenter__(self) -> Self:
        self._server = await asyncio.start_server(self._serve, "127.0.0.1", 0)
        self.port = self._server.sockets[0].getsockname()[1]
        return self

    async def __aexit__(self, *_: object) -> None:
        assert self._server is not None
        self._server.close()
        for writer in tuple(self._writers):
            writer.close()
        await self._server.wait_closed()

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._writers.add(writer)
        while line := await reader.readline():
            self._handle(json.loads(line), writer)
        self._writers.discard(writer)
        writer.close()

    def _handle(self, line: Line, writer: asyncio.StreamWriter) -> None:
        match line["do"]:
            case "claim":
                owner = self._claim(line["session"], line["owner"], line["lifetime"])
                _send(writer, {"reply": line["id"], "value": owner})
            case "release":
                if self.owners.get(line["session"], ("", 0.0))[0] == line["owner"]:
                    del self.owners[line["session"]]
                _send(writer, {"reply": line["id"], "value": ""})
            case "subscribe":
                self._readers.setdefault(line["topic"], []).append(writer)
                _send(writer, {"reply": line["id"], "value": ""})
            case _:
                for each in self._readers.get(line["topic"], []):
                    if not each.is_closing():
                        _send(each, {"topic": line["topic"], "message": line["message"]})

    def _claim(self, session: str, owner: str, lifetime: float) -> str:
        now = asyncio.get_running_loop().time()
        present, until = self.owners.get(session, (owner, now))
        if present != owner and until > now:
            return present
        self.owners[session] = (owner, now + lifetime)
        return owner


class TcpBus:
    """The carrier, as a gateway sees it."""

    def __init__(self, port: int) -> None:
        self._port = port
        self._writer: asyncio.StreamWriter | None = None
        self._task: asyncio.Task[None] | None = None
        self._replies: dict[int, asyncio.Future[str]] = {}
        self._receivers: dict[str, Callable[[bytes], None]] = {}

    async def __aenter__(self) -> Self:
        reader, self._writer = await asyncio.open_connection("127.0.0.1", self._port)
        self._task = asyncio.create_task(self._read(reader))
        return self

    async def __aexit__(self, *_: object) -> None:
        assert self._writer is not None
        assert self._task is not None
        self._writer.close()
        await asyncio.wait([self._task])

    async def claim(self, session: str, owner: str, *, lifetime: float) -> str:
        return await self._ask(do="claim", session=session, owner=owner, lifetime=lifetime)

    async def release(self, session: str, owner: str) -> None:
        await self._ask(do="release", session=session, owner=owner)

    async def publish(self, topic: str, message: bytes) -> None:
        self._tell({"do": "publish", "topic": topic, "message": message.decode()})

    async def subscribe(self, topic: str, receive: Callable[[bytes], None]) -> Subscription:
        self._receivers[topic] = receive
        await self._ask(do="subscribe", topic=topic)
        return Subscription(lambda: self._receivers.pop(topic, None) and None)

    async def _ask(self, **line: Any) -> str:
        reply: asyncio.Future[str] = asyncio.get_running_loop().create_future()
        number = id(reply)
        self._replies[number] = reply
        self._tell({**line, "id": number})
        return await reply

    def _tell(self, line: Line) -> None:
        if self._writer is None or self._writer.is_closing():
            raise ConnectionResetError("the bus is gone")
        _send(self._writer, line)

    async def _read(self, reader: asyncio.StreamReader) -> None:
        while text := await reader.readline():
            line = json.loads(text)
            if "reply" in line:
                self._replies.pop(line["reply"]).set_result(line["value"])
            elif line["topic"] in self._receivers:
                self._receivers[line["topic"]](line["message"].encode())
        for reply in self._replies.values():
            reply.set_exception(ConnectionResetError("the bus is gone"))
        self._replies.clear()


def _send(writer: asyncio.StreamWriter, line: Line) -> None:
    writer.write(json.dumps(line).encode() + b"\n")
