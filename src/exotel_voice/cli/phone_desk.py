"""What can be done with the terminal phone, whether by keys or by lines: one letter each."""

from __future__ import annotations

import asyncio
import datetime as dt
from collections import deque
from collections.abc import Callable, Coroutine
from typing import Any, Final

from exotel_voice.errors import ExotelVoiceError
from exotel_voice.media.base import MediaStats
from exotel_voice.phone import events
from exotel_voice.phone.call import Call
from exotel_voice.phone.details import CallState
from exotel_voice.phone.dtmf import is_digits
from exotel_voice.phone.phone import Phone

__all__ = ["HELP", "PROMPTS", "PhoneDesk"]

_LINES_KEPT: Final = 100
_UP: Final = (CallState.ACTIVE, CallState.HELD, CallState.RECONNECTING)

HELP: Final = (
    ("d", "dial"),
    ("a", "answer"),
    ("h", "hang up, reject"),
    ("m", "mute"),
    ("o", "hold"),
    ("t", "transfer"),
    ("j", "join two calls"),
    ("n", "next call"),
    ("0-9*#", "keypad"),
    ("q", "quit"),
)
"""Letters and what they do."""

PROMPTS: Final = {"d": "Dial", "t": "Transfer to"}
"""The letters that need a name or number behind them."""


class PhoneDesk:
    """One phone, its calls, the one that is selected, and what has happened.

    Args:
        phone: The phone; registered and closed by whoever owns it.
        on_change: Called whenever there is something new to see.
    """

    def __init__(self, phone: Phone, on_change: Callable[[], None]) -> None:
        self.phone = phone
        self.lines: deque[str] = deque(maxlen=_LINES_KEPT)
        """What has happened, the newest last."""
        self.selected: Call | None = None
        """The call that commands are for."""
        self.stats: MediaStats | None = None
        """The measures of that call, when they were last taken."""
        self.wants_to_quit = asyncio.Event()
        self._on_change = on_change
        self._tasks: set[asyncio.Task[None]] = set()
        self._actions: dict[str, Callable[[Call, str], Coroutine[Any, Any, None]]] = {
            "a": self._answer,
            "h": self._hang_up,
            "m": self._mute,
            "o": self._hold,
            "t": self._transfer,
            "j": self._join,
        }
        phone.on(events.PhoneEvent, self._hear)

    # -- commands --------------------------------------------------------------------------------

    def do(self, letter: str, argument: str = "") -> None:
        """Carry out a command; what comes of it is told in `lines`.

        Args:
            letter: One of `HELP`, or a digit for the keypad.
            argument: A name or number, for those of `PROMPTS`.
        """
        if letter == "q":
            self.wants_to_quit.set()
        elif letter == "d":
            self._start(self._dial(argument.strip()))
        elif letter == "n":
            self._select_next()
        elif letter in self._actions or is_digits(letter):
            self._with_call(letter, argument.strip())
        else:
            self.say(f"{letter!r} means nothing; see the last line for what does")

    def type(self, line: str) -> None:
        """Carry out a line: a letter, a space and an argument, or digits for the keypad."""
        letter, _, argument = line.strip().partition(" ")
        if not letter:
            return
        if len(letter) > 1 and not is_digits(letter):
            self.say(f"{letter!r} means nothing: d echo, a, h, m, o, t bob, 12#, q")
            return
        self.do(letter, argument)

    def _with_call(self, letter: str, argument: str) -> None:
        call = self.selected
        if call is None:
            self.say("there is no call")
            return
        action = self._actions.get(letter)
        if action is None:
            self._start(self._press(call, letter))
        else:
            self._start(action(call, argument))

    async def _dial(self, target: str) -> None:
        if not target:
            self.say("dial whom?")
            return
        self.selected = await self.phone.dial(target)
        self._on_change()

    async def _press(self, call: Call, digits: str) -> None:
        await call.send_dtmf(digits)
        self.say(f"sent {digits}")

    async def _answer(self, call: Call, _: str) -> None:
        await call.answer()

    async def _hang_up(self, call: Call, _: str) -> None:
        if call.state is CallState.INCOMING:
            await call.reject(486)
        else:
            await call.hang_up()

    async def _mute(self, call: Call, _: str) -> None:
        await (call.unmute() if call.is_muted else call.mute())

    async def _hold(self, call: Call, _: str) -> None:
        await (call.resume() if call.is_on_hold else call.hold())

    async def _transfer(self, call: Call, target: str) -> None:
        if not target:
            self.say("transfer to whom?")
            return
        self.say(f"transferring to {target}")
        await call.transfer(target)
        self.say(f"transferred to {target}")

    async def _join(self, call: Call, _: str) -> None:
        others = [other for other in self.phone.calls.values() if other.id != call.id]
        if not others:
            self.say("there is no second call to join with")
            return
        await others[0].transfer_to(call)
        self.say("the two others are connected")

    def _select_next(self) -> None:
        calls = list(self.phone.calls.values())
        if not calls:
            self.say("there is no call")
            return
        ids = [call.id for call in calls]
        at = ids.index(self.selected.id) if self.selected and self.selected.id in ids else -1
        self.selected = calls[(at + 1) % len(calls)]
        self._on_change()

    # -- what happens ----------------------------------------------------------------------------

    def say(self, text: str) -> None:
        """Note a line with the time."""
        now = dt.datetime.now(dt.UTC).astimezone()
        self.lines.append(f"{now:%H:%M:%S} {text}")
        self._on_change()

    def _hear(self, event: events.PhoneEvent) -> None:
        news = _NEWS.get(type(event))
        if isinstance(event, events.IncomingCall | events.OutgoingCall):
            found = self.phone.find_call(event.call_id)
            if self.selected is None or self.selected.state is CallState.ENDED:
                self.selected = found
        if isinstance(event, events.CallEnded):
            self._drop(event.call_id)
        if news is None:
            self._on_change()
        else:
            self.say(news(event))

    def _drop(self, call_id: str) -> None:
        if self.selected is not None and self.selected.id == call_id:
            left = [call for call in self.phone.calls.values() if call.id != call_id]
            self.selected = left[0] if left else None
            self.stats = None

    async def look(self) -> None:
        """Take the measures of the selected call anew."""
        call = self.selected
        self.stats = await call.stats() if call is not None and call.state in _UP else None

    # -- inside ----------------------------------------------------------------------------------

    def _start(self, work: Coroutine[Any, Any, None]) -> None:
        task = asyncio.create_task(self._guard(work))
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def _guard(self, work: Coroutine[Any, Any, None]) -> None:
        try:
            await work
        except ExotelVoiceError as error:
            self.say(str(error))

    async def aclose(self) -> None:
        """End what is still being done."""
        tasks = tuple(self._tasks)
        for task in tasks:
            task.cancel()
        if tasks:
            await asyncio.wait(tasks)


def _name(event: events.IncomingCall) -> str:
    return event.remote_display_name or event.remote_id


def _ended(event: events.CallEnded) -> str:
    return f"call ended: {event.cause.value.replace('_', ' ')} {event.reason}".rstrip()


_NEWS: Final[dict[type[events.PhoneEvent], Callable[[Any], str]]] = {
    events.ConnectionDown: lambda event: f"no connection: {event.error.message}",
    events.Registered: lambda _: "registered",
    events.RegistrationRefused: lambda event: (
        f"registration refused: {event.status} {event.reason}"
    ),
    events.IncomingCall: lambda event: f"incoming call from {_name(event)}",
    events.OutgoingCall: lambda event: f"calling {event.remote_id}",
    events.CallRinging: lambda _: "it rings",
    events.CallConnected: lambda _: "connected",
    events.DigitReceived: lambda event: f"received {event.digit}",
    events.RemoteHoldChanged: lambda event: (
        "the far side holds" if event.is_held else "the far side is back"
    ),
    events.CallReconnecting: lambda _: "reconnecting",
    events.CallReconnected: lambda _: "connected again",
    events.CallEnded: _ended,
}
"""What is told of each event; the rest of the screen shows the others."""
