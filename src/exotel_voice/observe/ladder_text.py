"""A ladder diagram in characters."""

from __future__ import annotations

from typing import Final

from exotel_voice.observe.traced import Row, TracedMessage, rows

__all__ = ["draw"]

WIDTH: Final = 46
"""Characters between the two lines."""
LONG_PAUSE: Final = 1.0
"""Seconds without a message that are shown."""
MARGIN: Final = 11
"""Characters for the time."""


def draw(messages: tuple[TracedMessage, ...], near: str, far: str, *, with_messages: bool) -> str:
    """Draw the ladder; every line ends with a line break."""
    if not messages:
        return "(no messages)\n"
    begun = messages[0].at.isoformat(timespec="milliseconds")
    lines = [f"{'':{MARGIN}}{near:<{WIDTH // 2}}{far:>{WIDTH - WIDTH // 2 + 2}}  {begun}"]
    for row in rows(messages):
        lines += _row(row)
    if with_messages:
        for row in rows(messages):
            lines += ["", f"--- {row.number} {_time(row).strip()} {_way(row, near, far)}"]
            lines += row.message.text.rstrip().splitlines()
    return "".join(f"{line.rstrip()}\n" for line in lines)


def _row(row: Row) -> list[str]:
    label = row.message.label + (" (again)" if row.is_repeated else "")
    text = f" {label[: WIDTH - 6]} ".center(WIDTH - 2, "-")
    arrow = f"{text}->" if row.message.is_sent else f"<-{text}"
    lines = [f"{_time(row)}|{arrow}|  {row.message.detail}"]
    if row.pause >= LONG_PAUSE:
        lines.insert(0, f"{'':{MARGIN}}:{f'{row.pause:.1f} s':^{WIDTH}}:")
    return lines


def _time(row: Row) -> str:
    return f"{row.since_begin:+9.3f}  "


def _way(row: Row, near: str, far: str) -> str:
    return f"{near} -> {far}" if row.message.is_sent else f"{far} -> {near}"
