"""Tabs that are connected to one gateway process while their phone is in another.

The process that has the WebSocket passes the tab's messages on as they are, and the process that
has the phone treats the tab like one of its own: it has a `Channel` whose port is the bus.
"""

from __future__ import annotations

import asyncio
import itertools
import json
import logging
from collections.abc import Callable, Mapping
from dataclasses import asdict
from typing import Any, Final, Protocol

from exotel_voice.gateway.bus import SessionBus
from exotel_voice.gateway.faults import CloseCode, Fault
from exotel_voice.gateway.requests import Hello
from exotel_voice.gateway.shared import Shared
from exotel_voice.gateway.tab import Port
from exotel_voice.phone.observe import Subscription

__all__ = ["FarChannel", "OpenChannel", "Relay", "RelayedSeat"]

logger = logging.getLogger("exotel_voice.gateway")

BEAT: Final = 5.0
"""Seconds between two signs of life between processes that have tabs in common."""
SILENCE: Final = 15.0
"""Seconds after which another process counts as gone."""
FLUSH_LIMIT: Final = 1.0
"""Seconds that the last messages of a process that stops may take."""
MAX_WAITING: Final = 10_000
"""Messages to other processes that may wait; beyond it the bus counts as broken."""


class FarChannel(Protocol):
    """What the phone's end of the relay hands messages to; `Channel` is one."""

    async def receive(self, text: str) -> None:
        """Take one message of the tab."""
        ...

    def closed(self) -> None:
        """The tab is gone."""
        ...


OpenChannel = Callable[[str, Hello, Port], FarChannel]
"""Called with identity, first message and port of a tab of another process."""


class RelayedSeat:
    """A tab of this process whose phone is in another: this end of it.

    Args:
        relay: The relay.
        owner: The process that has the phone.
        seat: Names the tab between the two processes.
        port: The way to the tab.
    """

    def __init__(self, relay: Relay, owner: str, seat: str, port: Port) -> None:
        self.owner = owner
        self.port = port
        self._relay = relay
        self._seat = seat

    def send(self, text: str) -> None:
        """Pass a message of the tab on."""
        self._relay.post(self.owner, kind="text", seat=self._seat, text=text)

    def leave(self) -> None:
        """The tab is gone."""
        self._relay.forget(self._seat)
        self._relay.post(self.owner, kind="gone", seat=self._seat)


class _FarPort:
    """The way to a tab that is connected to another process."""

    def __init__(self, relay: Relay, front: str, seat: str) -> None:
        self._relay = relay
        self._front = front
        self._seat = seat

    def send_text(self, text: str) -> None:
        self._relay.post(self._front, kind="news", seat=self._seat, text=text)

    def close(self, code: CloseCode, fault: Fault | None = None) -> None:
        words = None if fault is None else asdict(fault)
        self._relay.post(self._front, kind="close", seat=self._seat, code=int(code), fault=words)


class _FarTab:
    """A tab that is connected to another process: the end at its phone."""

    def __init__(self, channel: FarChannel, front: str) -> None:
        self.channel = channel
        self.front = front
        self._waiting: asyncio.Queue[str] = asyncio.Queue()

    def put(self, text: str) -> None:
        self._waiting.put_nowait(text)

    async def run(self) -> None:
        """Hand the messages to the channel, one after the other."""
        try:
            while True:
                await self.channel.receive(await self._waiting.get())
        finally:
            self.channel.closed()


class Relay:
    """Both ends of the relay, of one process.

    Args:
        shared: What the gateway has in common.
        bus: What joins the processes.
    """

    def __init__(self, shared: Shared, bus: SessionBus) -> None:
        self._shared = shared
        self._bus = bus
        self._open_channel: OpenChannel | None = None
        self._numbers = itertools.count(1)
        self._seats: dict[str, RelayedSeat] = {}
        self._far: dict[tuple[str, str], tuple[_FarTab, asyncio.Task[None]]] = {}
        self._heard: dict[str, float] = {}
        self._outgoing: asyncio.Queue[tuple[str, bytes]] = asyncio.Queue(MAX_WAITING)
        self._subscription: Subscription | None = None

    async def start(self, open_channel: OpenChannel) -> None:
        """Begin to listen to other processes.

        Args:
            open_channel: Makes the conversation with a tab of another process.
        """
        self._open_channel = open_channel
        supervisor = self._shared.supervisor
        supervisor.start(self._publish(), name="publish to other gateways")
        supervisor.start(self._beat(), name="watch other gateways")
        self._subscription = await self._bus.subscribe(_topic(self._shared.server), self._take)

    async def dismiss(self) -> None:
        """Send the tabs of other processes away: this one stops. The bus is given a second."""
        self._open_channel = None
        for (front, seat), (_, task) in tuple(self._far.items()):
            self.post(front, kind="close", seat=seat, code=int(CloseCode.RESTARTING))
            task.cancel()
        if self._subscription is not None:
            try:
                async with asyncio.timeout(FLUSH_LIMIT):
                    await self._outgoing.join()
            except TimeoutError:
                logger.warning("the session bus did not take the last messages")

    def close(self) -> None:
        """Listen no longer."""
        if self._subscription is not None:
            self._subscription.cancel()

    # -- the end that has the WebSocket ----------------------------------------------------------

    def sit(self, owner: str, identity: str, hello: Hello, port: Port) -> RelayedSeat:
        """Let a tab of this process have its phone in another.

        Args:
            owner: The process that has the phone.
            identity: The user.
            hello: The tab's first message.
            port: The way to the tab.
        """
        name = str(next(self._numbers))
        self._seats[name] = seat = RelayedSeat(self, owner, name, port)
        self._heard.setdefault(owner, self._now())
        self.post(
            owner,
            kind="sit",
            seat=name,
            identity=identity,
            tab=hello.tab,
            page=hello.page,
            media=list(hello.media),
        )
        return seat

    def forget(self, seat: str) -> None:
        """A tab has left."""
        self._seats.pop(seat, None)

    # -- messages --------------------------------------------------------------------------------

    def post(self, server: str, **message: object) -> None:
        """Send a message to another process, in order."""
        text = json.dumps({"from": self._shared.server, **message}, separators=(",", ":"))
        try:
            self._outgoing.put_nowait((_topic(server), text.encode()))
        except asyncio.QueueFull:
            logger.warning("the session bus is too slow: a message to another gateway is lost")

    async def _publish(self) -> None:
        while True:
            topic, message = await self._outgoing.get()
            try:
                await self._bus.publish(topic, message)
            except OSError as error:
                logger.warning("the session bus cannot be reached: %s", error)
            finally:
                self._outgoing.task_done()

    def _take(self, message: bytes) -> None:
        try:
            values = json.loads(message)
            kind, sender, seat = values["kind"], values["from"], values.get("seat", "")
        except (ValueError, KeyError, TypeError, AttributeError):
            logger.warning("a message of the session bus cannot be read")
            return
        self._heard[sender] = self._now()
        if kind in {"sit", "text", "gone"}:
            self._from_front(kind, (sender, seat), values)
        elif kind in {"news", "close"}:
            self._from_owner(kind, seat, values)

    def _from_front(self, kind: str, key: tuple[str, str], values: Mapping[str, Any]) -> None:
        if kind == "sit" and self._open_channel is not None:
            self._seat_far_tab(key, values, self._open_channel)
            return
        far = self._far.get(key)
        if far is None:
            if kind != "gone":
                self.post(key[0], kind="close", seat=key[1], code=int(CloseCode.RESTARTING))
        elif kind == "text":
            far[0].put(str(values["text"]))
        elif kind == "gone":
            far[1].cancel()

    def _seat_far_tab(
        self, key: tuple[str, str], values: Mapping[str, Any], open_channel: OpenChannel
    ) -> None:
        front, seat = key
        hello = Hello(
            version=1, tab=values["tab"], page=values["page"], media=tuple(values["media"])
        )
        channel = open_channel(values["identity"], hello, _FarPort(self, front, seat))
        tab = _FarTab(channel, front)
        task = self._shared.supervisor.start(tab.run(), name="serve a tab of another gateway")
        self._far[key] = (tab, task)
        task.add_done_callback(lambda _: self._far.pop(key, None))

    def _from_owner(self, kind: str, name: str, values: Mapping[str, Any]) -> None:
        seat = self._seats.get(name)
        if seat is None:
            return
        if kind == "news":
            seat.port.send_text(str(values["text"]))
            return
        words = values.get("fault")
        fault = Fault(**words) if words else None
        seat.port.close(CloseCode(values["code"]), fault)

    # -- signs of life ---------------------------------------------------------------------------

    async def _beat(self) -> None:
        """Tell the processes that have tabs in common with this one that it lives."""
        while True:
            await asyncio.sleep(BEAT)
            others = {seat.owner for seat in self._seats.values()}
            others |= {front for front, _ in self._far}
            for server in others:
                if self._now() - self._heard.get(server, self._now()) > SILENCE:
                    self._lost(server)
                else:
                    self.post(server, kind="alive")

    def _lost(self, server: str) -> None:
        logger.warning("another gateway process is gone")
        self._heard.pop(server, None)
        for seat in tuple(self._seats.values()):
            if seat.owner == server:
                seat.port.close(CloseCode.RESTARTING)
        for (front, _), (_, task) in tuple(self._far.items()):
            if front == server:
                task.cancel()

    def _now(self) -> float:
        return asyncio.get_running_loop().time()


def _topic(server: str) -> str:
    return f"exotel-voice/gateway/{server}"
