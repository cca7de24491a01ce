"""What the gateway keeps of one phone: the last lines of its log, and its last SIP messages.

Both have bounds and hold no secret. The lines go to the phone's own tabs on request, the messages
to the application alone.
"""

from __future__ import annotations

import datetime as dt
import json
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Final

from exotel_voice.gateway.limits import GatewayLimits
from exotel_voice.gateway.shared import IdentityTrace
from exotel_voice.observe import CallTrace, ClientLogs, LogLine, LogScope, TraceRecorder

__all__ = ["PhoneHistory"]

MAX_PIECE: Final = 48_000
"""Characters of a piece of the log in JSON, so that it stays below the 64 KiB of a frame."""
MAX_LINE: Final = 4_500
"""Characters of one line; the worst take twelve in JSON each."""


class PhoneHistory:
    """The log and the messages of one phone.

    Args:
        secret: The password, hidden wherever it stands.
        limits: How much is kept.
        identity: Whose phone it is.
        trace: Called with the identity and each message too; None for nobody. It does not raise.
    """

    def __init__(
        self, secret: str, limits: GatewayLimits, identity: str, trace: IdentityTrace | None = None
    ) -> None:
        count = limits.trace_messages
        self._recorder = TraceRecorder(limit=count) if count else None
        self._identity = identity
        self._tell = trace
        kept = limits.log_lines
        self._logs = ClientLogs(limit=kept, secrets=[secret]) if kept else None
        self._scope = LogScope() if self._logs is None else self._logs.scope

    @contextmanager
    def entered(self) -> Iterator[None]:
        """Mark what happens inside, and every task that begins there, as this phone's."""
        with self._scope.entered():
            yield

    def take(self, way: str, text: str) -> None:
        """Keep one message, credentials taken out; way is `sent` or `received`."""
        if self._recorder is not None:
            self._recorder(way, text)
        if self._tell is not None:
            self._tell(self._identity, way, text)

    def trace(self, call_id: str, *, near: str) -> CallTrace:
        """Give the messages of one call; empty if none is kept."""
        if self._recorder is None:
            return CallTrace(messages=(), near=near)
        return self._recorder.of(call_id, near=near)

    def piece(self, after: int) -> dict[str, str]:
        """Give the lines from a number on for a tab, as many as fit into one message.

        Returns:
            `text`, one line each; `at`, the clock of this machine in milliseconds; and `next`, the
            number to go on with, unless all have been given.
        """
        value = {"at": f"{dt.datetime.now(dt.UTC).timestamp() * 1000:.0f}"}
        first, lines = (0, ()) if self._logs is None else self._logs.lines_since(after)
        texts: list[str] = []
        room = MAX_PIECE
        for line in lines:
            text = _on_one_line(line)
            room -= len(json.dumps(text))
            if room < 0 and texts:
                value["next"] = str(first + len(texts))
                break
            texts.append(text)
        return {"text": "\n".join(texts), **value}

    def close(self) -> None:
        """Take no more lines. Safe to call twice."""
        if self._logs is not None:
            self._logs.close()


def _on_one_line(line: LogLine) -> str:
    """Write a line for a page, which need not know where the server's files are."""
    text, traceback, _ = str(line).partition("\nTraceback (most recent call last):")
    more = " (the traceback is in the log of the server)" if traceback else ""
    return " ".join(text.splitlines())[:MAX_LINE] + more
