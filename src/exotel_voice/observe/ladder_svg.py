"""A ladder diagram as SVG: two lines of life, one arrow for each message, time downwards."""

from __future__ import annotations

from typing import Final
from xml.sax.saxutils import escape, quoteattr

from exotel_voice.observe.traced import Kind, Row, TracedMessage, rows

__all__ = ["anchor", "draw"]

WIDTH: Final = 780
NEAR_X: Final = 170
FAR_X: Final = 610
TOP: Final = 76
ROW: Final = 46
PAUSE_ROW: Final = 26
LONG_PAUSE: Final = 1.0
"""Seconds without a message that are shown."""
MAX_LABEL: Final = 52
"""Characters of a label between the lines."""
MAX_DETAIL: Final = 68
"""Characters of the smaller line below an arrow."""

COLOURS: Final = {
    Kind.REQUEST: "#1d4ed8",
    Kind.PROVISIONAL: "#64748b",
    Kind.SUCCESS: "#15803d",
    Kind.CHALLENGE: "#b45309",
    Kind.FAILURE: "#b91c1c",
    Kind.OTHER: "#7c3aed",
}
_FONT: Final = "system-ui, -apple-system, 'Segoe UI', 'Liberation Sans', Arial, sans-serif"
_STYLE: Final = (
    f"text{{font-family:{_FONT}}}"
    ".t{font-size:12px;fill:#64748b;font-variant-numeric:tabular-nums}"
    ".l{font-size:14px;font-weight:600}.d{font-size:11px;fill:#475569}"
    ".p{font-size:13px;font-weight:600;fill:#0f172a}.g{font-size:11px;fill:#94a3b8}"
)


def anchor(number: int) -> str:
    """Name the place of a message in a page."""
    return f"message-{number}"


def draw(
    messages: tuple[TracedMessage, ...], near: str, far: str, *, has_links: bool = False
) -> str:
    """Draw the ladder.

    Args:
        messages: In the order of time.
        near: What the left side is called.
        far: What the right side is called.
        has_links: Whether each arrow leads to the message's place in the same page.
    """
    parts: list[str] = []
    y = TOP
    for row in rows(messages):
        if row.pause >= LONG_PAUSE:
            parts.append(_pause(y, row.pause))
            y += PAUSE_ROW
        drawn = _arrow(row, y + 22)
        parts.append(f'<a href="#{anchor(row.number)}">{drawn}</a>' if has_links else drawn)
        y += ROW
    height = y + 24
    begun = f"{messages[0].at:%Y-%m-%d %H:%M:%S %Z}" if messages else "no messages"
    title = f"SIP messages between {near} and {far}"
    return "\n".join(
        [
            (
                f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {height}" '
                f'width="{WIDTH}" height="{height}" role="img" aria-label={quoteattr(title)}>'
            ),
            f"<title>{escape(title)}</title><style>{_STYLE}</style>",
            f'<rect width="{WIDTH}" height="{height}" fill="#ffffff"/>',
            *(_life(x, name, y) for x, name in ((NEAR_X, near), (FAR_X, far))),
            _text((NEAR_X + FAR_X) // 2, 45, "t", escape(begun)),
            *parts,
            "</svg>",
            "",
        ]
    )


def _life(x: int, name: str, end: int) -> str:
    shown = escape(_cut(name, 28))
    return (
        f'<line x1="{x}" y1="56" x2="{x}" y2="{end}" stroke="#cbd5e1" stroke-width="2"/>'
        f'<rect x="{x - 110}" y="24" width="220" height="32" rx="6" fill="#f1f5f9" '
        f'stroke="#cbd5e1"/>{_text(x, 45, "p", shown)}'
    )


def _arrow(row: Row, y: int) -> str:
    message = row.message
    colour = COLOURS[message.kind]
    start, end = (NEAR_X, FAR_X) if message.is_sent else (FAR_X, NEAR_X)
    point = -1 if message.is_sent else 1
    dash = ' stroke-dasharray="6 5"' if row.is_repeated else ""
    label = escape(_cut(message.label, MAX_LABEL)) + (" (again)" if row.is_repeated else "")
    middle = (NEAR_X + FAR_X) // 2
    return (
        f'<g><rect x="0" y="{y - 22}" width="{WIDTH}" height="{ROW}" fill="#ffffff" '
        f'fill-opacity="0"/>{_text(NEAR_X - 24, y + 4, "t", f"{row.since_begin:+.3f} s", "end")}'
        f'<line x1="{start}" y1="{y}" x2="{end + point * 9}" y2="{y}" stroke="{colour}" '
        f'stroke-width="2"{dash}/>'
        f'<path d="M{end} {y} l{point * 11} -5.5 v11 z" fill="{colour}"/>'
        f"{_text(middle, y - 7, 'l', label, fill=colour)}"
        f"{_text(middle, y + 15, 'd', escape(_cut(message.detail, MAX_DETAIL)))}"
        f"{_text(FAR_X + 24, y + 4, 't', f'#{row.number}', 'start')}</g>"
    )


def _pause(y: int, seconds: float) -> str:
    blanks = "".join(
        f'<line x1="{x}" y1="{y}" x2="{x}" y2="{y + PAUSE_ROW}" stroke="#ffffff" '
        f'stroke-width="4"/><line x1="{x}" y1="{y + 3}" x2="{x}" y2="{y + PAUSE_ROW}" '
        'stroke="#94a3b8" stroke-width="2" stroke-dasharray="2 5"/>'
        for x in (NEAR_X, FAR_X)
    )
    told = f"{seconds:.1f} s without a message"
    return blanks + _text((NEAR_X + FAR_X) // 2, y + 18, "g", told)


def _text(
    x: int, y: int, style: str, content: str, anchor: str = "middle", *, fill: str = ""
) -> str:
    colour = f' fill="{fill}"' if fill else ""
    return f'<text x="{x}" y="{y}" class="{style}" text-anchor="{anchor}"{colour}>{content}</text>'


def _cut(text: str, most: int) -> str:
    shown = "".join(one if one.isprintable() else "\N{REPLACEMENT CHARACTER}" for one in text)
    return shown if len(shown) <= most else f"{shown[: most - 1]}\N{HORIZONTAL ELLIPSIS}"
