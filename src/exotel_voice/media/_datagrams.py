"""Sockets that are read on the tick: the touches on asyncio's datagram transport.

To wake the event loop for a packet costs more than all that is then done with it. Linux notes when
each datagram arrived, so nothing is lost by reading it later, and one question tells which sockets
have something. On other systems, with other loops and on TURN relays asyncio goes on reading, and
hands each packet on as it comes. Each private name has a test in `tests/media/test_datagrams.py`,
so that a release that moves one is noticed.
"""

from __future__ import annotations

import asyncio
import select
import socket
import sys
import time
from asyncio.selector_events import _SelectorDatagramTransport  # type: ignore[attr-defined]
from collections.abc import Callable
from struct import Struct
from typing import Any, Final

# ruff: noqa: SLF001

__all__ = ["Receive", "TickReader", "direct_send"]

Receive = Callable[[bytes, tuple[Any, ...], float], None]
"""Takes a datagram, whom it is from, and when it arrived, by the loop's clock."""

_SO_TIMESTAMPNS: Final = 35
_TIMESPEC: Final = Struct("@ll")
_STAMP_SPACE: Final = 64
_LONGEST: Final = 2048
_MOST_ROUNDS: Final = 50
_OLDEST: Final = 0.1


class TickReader:
    """The sockets of one event loop that are read on its ticks."""

    def __init__(self, loop: asyncio.AbstractEventLoop) -> None:
        """Begin without a socket."""
        self._loop = loop
        self._numbers: dict[asyncio.DatagramTransport, int] = {}
        self._sockets: dict[int, tuple[Callable[..., Any], Receive]] = {}
        self._ready: select.epoll | None = None

    def take(self, transport: asyncio.DatagramTransport, receive: Receive) -> bool:
        """Take the reading of a transport over from asyncio; False where asyncio goes on.

        Args:
            transport: Has the socket, and writes on. To be given back before it is closed.
            receive: Takes each datagram, in `read`.
        """
        if sys.platform != "linux" or type(transport) is not _SelectorDatagramTransport:
            return False
        if transport.is_closing() or transport in self._numbers:
            return False
        sock: socket.socket = transport._sock  # type: ignore[attr-defined]
        number = sock.fileno()
        sock.setsockopt(socket.SOL_SOCKET, _SO_TIMESTAMPNS, 1)
        self._loop._remove_reader(number)  # type: ignore[attr-defined]
        if self._ready is None:
            self._ready = select.epoll()
        self._ready.register(number, select.EPOLLIN)
        self._numbers[transport] = number
        self._sockets[number] = (sock.recvmsg, receive)
        return True

    def give_back(self, transport: asyncio.DatagramTransport) -> None:
        """Let asyncio read again; nothing happens where it does."""
        number = self._numbers.pop(transport, None)
        if number is None or self._ready is None:
            return
        del self._sockets[number]
        self._ready.unregister(number)
        self._loop._add_reader(number, transport._read_ready)  # type: ignore[attr-defined]
        if not self._sockets:
            self._ready.close()
            self._ready = None

    def read(self) -> None:
        """Hand on what has come since the last time. Never raises."""
        ready, sockets = self._ready, self._sockets
        if ready is None:
            return
        now = self._loop.time()
        wall_ahead = time.time_ns() / 1e9 - now
        for _ in range(_MOST_ROUNDS):
            found = ready.poll(0)
            if not found:
                return
            for number, _ in found:
                read, receive = sockets[number]
                try:
                    data, stamps, _, address = read(_LONGEST, _STAMP_SPACE)
                except OSError:
                    # It tells of a packet that could not be delivered, or was read in between.
                    continue
                seconds, nanoseconds = _TIMESPEC.unpack(stamps[0][2])
                arrived = seconds + nanoseconds * 1e-9 - wall_ahead
                # Unless the wall clock was set in between.
                if not now - _OLDEST < arrived < now:
                    arrived = now
                receive(data, address, arrived)


def direct_send(transport: asyncio.DatagramTransport) -> Callable[[bytes, tuple[Any, ...]], object]:
    """Give what sends on a transport in the fewest steps.

    It may raise `OSError`, where the transport itself is to be asked: it waits for room.
    """
    if type(transport) is _SelectorDatagramTransport and not transport.is_closing():
        sock: socket.socket = transport._sock  # type: ignore[attr-defined]
        return sock.sendto
    return transport.sendto
