"""A page with a ladder diagram and every message of it. It loads nothing and runs no script."""

from __future__ import annotations

from html import escape
from typing import Final

from exotel_voice.observe import ladder_svg
from exotel_voice.observe.traced import Row, TracedMessage, rows

__all__ = ["write"]

_STYLE: Final = """
body{margin:0 auto;max-width:900px;padding:24px;color:#0f172a;background:#fff;
font:15px/1.5 system-ui,-apple-system,'Segoe UI','Liberation Sans',Arial,sans-serif}
h1{font-size:20px;margin:0 0 4px}p{color:#475569;margin:0 0 16px}
svg{max-width:100%;height:auto}svg a{cursor:pointer}svg a:hover rect{fill:#eff6ff;fill-opacity:1}
details{border:1px solid #e2e8f0;border-radius:6px;margin:8px 0;scroll-margin-top:12px}
details:target{border-color:#1d4ed8;box-shadow:0 0 0 2px #dbeafe}
summary{padding:6px 12px;cursor:pointer}summary b{margin:0 8px}summary span{color:#64748b}
pre{margin:0;padding:12px;overflow:auto;background:#f8fafc;border-top:1px solid #e2e8f0;
font:12px/1.45 ui-monospace,'DejaVu Sans Mono',Consolas,monospace}
"""
_POLICY: Final = "default-src 'none'; style-src 'unsafe-inline'"


def write(messages: tuple[TracedMessage, ...], near: str, far: str) -> str:
    """Write the page."""
    begun = messages[0].at.isoformat(sep=" ", timespec="seconds") if messages else "never"
    count = "1 message" if len(messages) == 1 else f"{len(messages)} messages"
    return "\n".join(
        [
            '<!doctype html><html lang="en"><head><meta charset="utf-8">',
            f'<meta http-equiv="Content-Security-Policy" content="{_POLICY}">',
            '<meta name="viewport" content="width=device-width">',
            f"<title>SIP trace, {escape(begun)}</title><style>{_STYLE}</style></head><body>",
            (
                f"<h1>SIP trace</h1><p>{count}, from {escape(begun)}. "
                "An arrow leads to its message; credentials are taken out.</p>"
            ),
            ladder_svg.draw(messages, near, far, has_links=True),
            "<h1>Messages</h1>",
            *(_message(row, near, far) for row in rows(messages)),
            "</body></html>",
            "",
        ]
    )


def _message(row: Row, near: str, far: str) -> str:
    way = f"{near} → {far}" if row.message.is_sent else f"{far} → {near}"
    again = " (again)" if row.is_repeated else ""
    return (
        f'<details open id="{ladder_svg.anchor(row.number)}"><summary>#{row.number}'
        f"<b>{escape(row.message.label)}{again}</b>"
        f"<span>{row.since_begin:+.3f} s, {escape(way)}</span></summary>"
        f"<pre>{escape(row.message.text.rstrip())}</pre></details>"
    )
