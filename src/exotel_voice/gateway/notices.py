"""What the application's own handlers are told, and how they are called."""

from __future__ import annotations

import asyncio
import inspect
import logging
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from typing import Any, Generic, TypeVar

from exotel_voice.errors import InvalidState
from exotel_voice.media.base import MediaEngine
from exotel_voice.media.routed import RoutedSession
from exotel_voice.phone.call import Call
from exotel_voice.phone.events import PhoneEvent
from exotel_voice.phone.observe import Subscription
from exotel_voice.phone.phone import Phone
from exotel_voice.phone.supervisor import Supervisor

__all__ = ["Notice", "NoticeBoard"]

logger = logging.getLogger("exotel_voice.gateway")

E_co = TypeVar("E_co", bound=PhoneEvent, covariant=True)
E = TypeVar("E", bound=PhoneEvent)


@dataclass(frozen=True, slots=True, kw_only=True)
class Notice(Generic[E_co]):
    """Something happened on a phone of the gateway."""

    event: E_co
    """What happened; see `exotel_voice.events`."""
    identity: str
    """Whose phone it is, as `authenticate` named the user."""
    phone: Phone
    """The phone."""
    call: Call | None
    """The call, where the event is about one."""
    answer_headers: dict[str, str] = field(default_factory=dict)
    """Headers for the 200, if a tab answers the call: to be filled by a handler of `IncomingCall`,
    and the same for all handlers of the call."""

    async def answer_with(self, media: MediaEngine) -> Call:
        """Answer the call in this process and not in a tab: a voice bot, a mailbox.

        The engine stays the caller's, who closes it. A tab cannot have the call any more.

        Args:
            media: Makes the audio, `NativeMedia` for example; then `Call.audio_in` and
                `Call.audio_out` hear and speak.

        Returns:
            The call, answered.

        Raises:
            InvalidState: The event is not about a call, or somebody answers it already.
            MediaError: The engine cannot take the caller's offer.
        """
        call = self.call
        routed = None if call is None else call.media
        if call is None or not isinstance(routed, RoutedSession):
            raise InvalidState("there is no call to answer")
        await routed.route(media)
        await call.answer(headers=self.answer_headers)
        return call


Handler = Callable[[Notice[E]], object | Awaitable[object]]


class NoticeBoard:
    """The handlers of one gateway, for all its phones.

    Args:
        supervisor: Owns the tasks of handlers that are `async def`.
    """

    def __init__(self, supervisor: Supervisor) -> None:
        self._supervisor = supervisor
        self._handlers: list[tuple[type[PhoneEvent], Handler[Any]]] = []

    def on(self, kind: type[E], handler: Handler[E]) -> Subscription:
        """Call a handler with each event of a kind, on any phone."""
        entry: tuple[type[PhoneEvent], Handler[Any]] = (kind, handler)
        self._handlers.append(entry)

        def end() -> None:
            if entry in self._handlers:
                self._handlers.remove(entry)

        return Subscription(end)

    def listens(self, event: PhoneEvent) -> bool:
        """Tell whether anybody hears of this event."""
        return any(isinstance(event, kind) for kind, _ in self._handlers)

    def post(self, notice: Notice[PhoneEvent]) -> list[asyncio.Task[None]]:
        """Call the handlers, and give the tasks of those that take a while."""
        tasks = []
        for kind, handler in tuple(self._handlers):
            if isinstance(notice.event, kind):
                name = f"handler for {type(notice.event).__name__}"
                if inspect.iscoroutinefunction(handler):
                    tasks.append(self._supervisor.start(handler(notice), name=name))
                else:
                    self._supervisor.call(handler, notice)
        return tasks
