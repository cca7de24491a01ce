"""How a phone tells what happens: streams, callbacks, a redacted trace, counts of garbage."""

from __future__ import annotations

import asyncio
import logging
import re
import weakref
from collections import Counter, deque
from collections.abc import Callable
from typing import Any, Final, Generic, Self, TypeVar

from exotel_voice.phone.events import CallEnded, CallEvent, PhoneEvent
from exotel_voice.phone.supervisor import Supervisor

__all__ = ["EventHub", "EventStream", "GarbageCounter", "Subscription", "Trace", "redact"]

logger = logging.getLogger("exotel_voice.phone")

T = TypeVar("T")
E = TypeVar("E", bound=PhoneEvent)
Trace = Callable[[str, str], None]
"""Called with `sent` or `received` and each message, credentials and keys taken out."""

_SECRETS: Final = (
    # Each with the word without which it cannot be there: most messages hold none of them.
    (
        "authorization",
        re.compile(
            r"^((?:Proxy-)?Authorization[ \t]*:).*(?:\r?\n[ \t].*)*", re.IGNORECASE | re.MULTILINE
        ),
    ),
    ("a=ice-pwd:", re.compile(r"^(a=ice-pwd:).*", re.MULTILINE)),
    ("inline:", re.compile(r"^(a=crypto:\S+ \S+ inline:).*", re.MULTILINE)),
)


def redact(message: bytes) -> str:
    """Turn a SIP message into text without credentials and media keys."""
    text = message.decode("utf-8", errors="backslashreplace")
    lowered = text.lower()
    for word, pattern in _SECRETS:
        if word in lowered:
            text = pattern.sub(r"\1 ***", text)
    return text


class EventStream(Generic[T]):
    """An async iterator with a bounded buffer; ends when the phone closes.

    A reader that is slower than the phone loses the oldest values: `dropped` counts them.
    """

    def __init__(self, limit: int, *, on_close: Callable[[EventStream[T]], None]) -> None:
        self._values: deque[T] = deque()
        self._limit = limit
        self._on_close = on_close
        self._news = asyncio.Event()
        self._is_closed = False
        self.dropped = 0

    def put(self, value: T) -> None:
        """Add a value; drop the oldest if the buffer is full."""
        if self._is_closed:
            return
        if len(self._values) >= self._limit:
            self._values.popleft()
            self.dropped += 1
            if self.dropped == 1:
                logger.warning("a reader of events is too slow: the oldest are dropped")
        self._values.append(value)
        self._news.set()

    def close(self) -> None:
        """End the stream; what is in the buffer can still be read."""
        if not self._is_closed:
            self._is_closed = True
            self._on_close(self)
            self._news.set()

    async def aclose(self) -> None:
        """End the stream, as `contextlib.aclosing` does."""
        self.close()

    def __aiter__(self) -> Self:
        return self

    async def __anext__(self) -> T:
        while not self._values:
            if self._is_closed:
                raise StopAsyncIteration
            self._news.clear()
            await self._news.wait()
        return self._values.popleft()


class Subscription:
    """A callback that listens; `cancel` ends it. Also a context manager."""

    def __init__(self, end: Callable[[], None]) -> None:
        self._end = end

    def cancel(self) -> None:
        """Stop listening. Safe to call more than once."""
        self._end()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.cancel()


class EventHub:
    """Hands each event to every stream and callback, in the order of their causes.

    Streams get it at once. Callbacks run one after the other from the event loop, never inside the
    command that caused the event, so that they may call the phone again.
    """

    def __init__(self, supervisor: Supervisor, *, limit: int) -> None:
        self._supervisor = supervisor
        self._limit = limit
        # Weak, so that a reader who walks away from a stream leaves nothing behind.
        self._streams: weakref.WeakSet[EventStream[PhoneEvent]] = weakref.WeakSet()
        self._call_streams: dict[str, weakref.WeakSet[EventStream[CallEvent]]] = {}
        self._callbacks: list[tuple[type[PhoneEvent], Callable[[Any], object]]] = []
        self._waiting: deque[PhoneEvent] = deque()
        self._is_scheduled = False

    def emit(self, event: PhoneEvent) -> None:
        """Tell an event to all."""
        # The name alone: an event may carry digits, numbers and headers.
        call_id = event.call_id if isinstance(event, CallEvent) else None
        logger.debug("%s", type(event).__name__, extra={"call_id": call_id})
        for stream in tuple(self._streams):
            stream.put(event)
        if isinstance(event, CallEvent):
            self._put_to_call(event)
        if self._callbacks:
            self._waiting.append(event)
            if not self._is_scheduled:
                self._is_scheduled = True
                asyncio.get_running_loop().call_soon(self.run_callbacks)

    def listen(self, kind: type[E], callback: Callable[[E], object]) -> Subscription:
        """Call a function, plain or `async def`, with each event of a kind."""
        entry = (kind, callback)
        self._callbacks.append(entry)

        def end() -> None:
            if entry in self._callbacks:
                self._callbacks.remove(entry)

        return Subscription(end)

    def listens(self, kind: type[PhoneEvent]) -> bool:
        """Tell whether anybody could hear an event of this kind."""
        has_reader = bool(self._streams) or any(self._call_streams.values())
        return has_reader or any(issubclass(kind, each) for each, _ in self._callbacks)

    def stream(self) -> EventStream[PhoneEvent]:
        """Make a stream of all events from now on."""
        stream: EventStream[PhoneEvent] = EventStream(self._limit, on_close=self._streams.discard)
        self._streams.add(stream)
        return stream

    def call_stream(self, call_id: str, *, last: CallEnded | None) -> EventStream[CallEvent]:
        """Make a stream of one call's events from now on; it ends with the call.

        Args:
            call_id: Names the call.
            last: Its end, if that has come already.
        """
        streams = self._call_streams.setdefault(call_id, weakref.WeakSet())
        stream: EventStream[CallEvent] = EventStream(self._limit, on_close=streams.discard)
        streams.add(stream)
        if last is not None:
            stream.put(last)
            stream.close()
        return stream

    def run_callbacks(self) -> None:
        """Run the callbacks of every event that waits."""
        self._is_scheduled = False
        while self._waiting:
            event = self._waiting.popleft()
            for kind, callback in tuple(self._callbacks):
                if isinstance(event, kind):
                    self._supervisor.call(callback, event)

    def close(self) -> None:
        """Run what waits, then end every stream."""
        self.run_callbacks()
        for stream in tuple(self._streams):
            stream.close()
        for streams in tuple(self._call_streams.values()):
            for each in tuple(streams):
                each.close()

    def _put_to_call(self, event: CallEvent) -> None:
        for stream in tuple(self._call_streams.get(event.call_id, ())):
            stream.put(event)
            if isinstance(event, CallEnded):
                stream.close()
        if isinstance(event, CallEnded):
            self._call_streams.pop(event.call_id, None)


class GarbageCounter:
    """Counts what came and was worth no reply; logs the first of each kind."""

    def __init__(self) -> None:
        self._counts: Counter[str] = Counter()

    def count(self, kind: str, detail: str) -> None:
        """Take note of one message.

        Args:
            kind: A slug of the cause.
            detail: One sentence for the log.
        """
        self._counts[kind] += 1
        if self._counts[kind] == 1:
            logger.warning(
                "dropped a message (%s): %s; more of this kind are only counted", kind, detail
            )

    def counts(self) -> dict[str, int]:
        """Give how many came, by kind."""
        return dict(self._counts)
