"""Records the SIP messages of a phone, and gives those of one call.

recorder = TraceRecorder()
async with Phone(account, trace=recorder) as phone:
    call = await phone.dial("echo")
    ...
print(recorder.of(call.id).as_text())
recorder.of(call.id).save("call.html")
"""

from __future__ import annotations

import datetime as dt
import threading
from collections import deque
from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Final, Literal

from exotel_voice.errors import ConfigError
from exotel_voice.observe import ladder_page, ladder_svg, ladder_text
from exotel_voice.observe.redaction import Redactor
from exotel_voice.observe.traced import TracedMessage

__all__ = ["CallTrace", "TraceRecorder"]

Form = Literal["text", "svg", "html"]

DEFAULT_LIMIT: Final = 2_000
"""Messages that are kept."""

_FORMS: Final[dict[str, Form]] = {".txt": "text", ".svg": "svg", ".html": "html", ".htm": "html"}


def _now() -> dt.datetime:
    return dt.datetime.now(dt.UTC)


class TraceRecorder:
    """Give it to a phone as `trace`; it keeps the last messages, credentials taken out.

    Args:
        limit: Messages to keep; the oldest go first.
        now: Tells the time, with its zone.

    Raises:
        ConfigError: The limit is below 1.
    """

    def __init__(
        self, *, limit: int = DEFAULT_LIMIT, now: Callable[[], dt.datetime] = _now
    ) -> None:
        if limit < 1:
            raise ConfigError("limit must be at least 1 message")
        self._messages: deque[TracedMessage] = deque(maxlen=limit)
        self._now = now
        self._redact = Redactor()
        self._lock = threading.Lock()

    def __call__(self, direction: str, text: str) -> None:
        """Take one message.

        Args:
            direction: `sent` or `received`, as seen from the phone.
            text: The whole message.
        """
        message = TracedMessage(
            at=self._now(), is_sent=direction == "sent", text=self._redact(text)
        )
        with self._lock:
            self._messages.append(message)

    def call_ids(self) -> tuple[str, ...]:
        """Name the dialogs whose messages are kept, the oldest first, registrations among them."""
        with self._lock:
            return tuple(dict.fromkeys(one.call_id for one in self._messages if one.call_id))

    def of(self, call_id: str, *, near: str = "this phone", far: str = "platform") -> CallTrace:
        """Give the messages of one call.

        Args:
            call_id: `Call.id`, the SIP Call-ID (RFC 3261 §8.1.1.4).
            near: What to call the phone's side.
            far: What to call the other side.
        """
        return self._trace((one for one in self._copy() if one.call_id == call_id), near, far)

    def everything(self, *, near: str = "this phone", far: str = "platform") -> CallTrace:
        """Give all messages, registrations too."""
        return self._trace(self._copy(), near, far)

    def _copy(self) -> tuple[TracedMessage, ...]:
        with self._lock:
            return tuple(self._messages)

    @staticmethod
    def _trace(messages: Iterable[TracedMessage], near: str, far: str) -> CallTrace:
        return CallTrace(messages=tuple(messages), near=near, far=far)


@dataclass(frozen=True, slots=True, kw_only=True)
class CallTrace:
    """The messages of a call, in order, to read or to draw."""

    messages: tuple[TracedMessage, ...]
    near: str = "this phone"
    """What the phone's side is called."""
    far: str = "platform"
    """What the other side is called."""

    def shortened(self) -> CallTrace:
        """Give the same with phone numbers shortened and dialled digits hidden."""
        redact = Redactor(shorten=True)
        return replace(
            self,
            messages=tuple(replace(one, text=redact(one.text)) for one in self.messages),
            near=redact(self.near),
            far=redact(self.far),
        )

    def as_text(self, *, with_messages: bool = False) -> str:
        """Draw the ladder in characters.

        Args:
            with_messages: Whether the messages follow in full.
        """
        return ladder_text.draw(self.messages, self.near, self.far, with_messages=with_messages)

    def as_svg(self) -> str:
        """Draw the ladder as a picture, one SVG document."""
        return ladder_svg.draw(self.messages, self.near, self.far)

    def as_html(self) -> str:
        """Write a page with the picture and, below it, every message; it loads nothing else."""
        return ladder_page.write(self.messages, self.near, self.far)

    def save(self, path: str | Path) -> Path:
        """Write a file, as its name says: `.txt`, `.svg` or `.html`.

        Raises:
            ConfigError: The name ends otherwise.
            OSError: The file cannot be written.
        """
        target = Path(path)
        form = _FORMS.get(target.suffix.lower())
        if form is None:
            raise ConfigError(f"{target.name} does not end with .txt, .svg or .html")
        content = self._in_form(form)
        target.write_text(content, encoding="utf-8", errors="backslashreplace")
        return target

    def _in_form(self, form: Form) -> str:
        match form:
            case "text":
                return self.as_text(with_messages=True)
            case "svg":
                return self.as_svg()
            case "html":
                return self.as_html()
