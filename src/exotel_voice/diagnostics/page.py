"""A diagnosis as one HTML page that needs nothing else: the table, and the levels as curves."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from html import escape
from typing import Final

from exotel_voice.diagnostics.full import Diagnosis
from exotel_voice.diagnostics.verdict import Check, Outcome

__all__ = ["draw_curve", "write_page"]

_WIDTH: Final = 600
_HEIGHT: Final = 120
_MARKS: Final = {
    Outcome.GOOD: "✓",
    Outcome.WARNING: "!",
    Outcome.FAILED: "✗",
    Outcome.SKIPPED: "-",
}
_STYLE: Final = """
:root { color-scheme: light dark; --good: #1a7f37; --warning: #9a6700; --failed: #cf222e;
  --skipped: #6e7781; }
body { font: 15px/1.5 system-ui, sans-serif; max-width: 60rem; margin: 2rem auto; padding: 0 1rem; }
h1 { font-size: 1.4rem; } h2 { font-size: 1.1rem; margin-top: 2rem; }
table { border-collapse: collapse; width: 100%; }
td, th { text-align: left; padding: .4rem .6rem; border-bottom: 1px solid #8884;
  vertical-align: top; overflow-wrap: anywhere; }
.good { color: var(--good); } .warning { color: var(--warning); } .failed { color: var(--failed); }
.skipped { color: var(--skipped); } td:first-child { font-weight: bold; }
small { display: block; color: var(--skipped); }
svg { width: 100%; height: auto; background: #8881; }
polyline { fill: none; stroke: #0969da; stroke-width: 2; }
line { stroke: #8886; } text { font: 11px system-ui, sans-serif; fill: #888; }
pre { overflow-x: auto; background: #8881; padding: 1rem; font-size: .8rem; }
"""


def write_page(diagnosis: Diagnosis) -> str:
    """Write the page."""
    verdict = diagnosis.verdict
    rows = "".join(map(_row, verdict.checks))
    curves = "".join(
        f"<h2>{title}</h2>{draw_curve(levels, interval)}"
        for title, levels, interval in _curves(diagnosis)
        if levels
    )
    when = dt.datetime.now(dt.UTC).strftime("%Y-%m-%d %H:%M UTC")
    return (
        '<!doctype html><html lang="en"><meta charset="utf-8">'
        '<meta name="viewport" content="width=device-width">'
        f"<title>Call diagnostics</title><style>{_STYLE}</style>"
        f"<h1>Call diagnostics <small>{when}</small></h1>"
        f'<p class="{verdict.outcome}"><strong>{escape(verdict.sentence)}</strong></p>'
        f"<table><tr><th></th><th>Test</th><th>Result</th></tr>{rows}</table>{curves}"
        f"<h2>Log</h2><pre>{escape(diagnosis.report.text())}</pre></html>\n"
    )


def _row(check: Check) -> str:
    hint = f"<small>{escape(check.hint)}</small>" if check.hint else ""
    return (
        f'<tr class="{check.outcome}"><td>{_MARKS[check.outcome]}</td>'
        f"<td>{escape(check.title)}</td><td>{escape(check.value)}{hint}</td></tr>"
    )


def _curves(diagnosis: Diagnosis) -> list[tuple[str, Sequence[float], float]]:
    titles = {"speaker": "Speaker level", "mic": "Microphone level"}
    found: list[tuple[str, Sequence[float], float]] = [
        (titles[key], curve.levels, curve.interval) for key, curve in diagnosis.curves.items()
    ]
    if diagnosis.call is not None:
        found.append(("Level of what came back in the call", diagnosis.call.levels, 0.5))
    return found


def draw_curve(levels: Sequence[float], interval: float) -> str:
    """Draw levels over time as SVG; the scale ends at the highest level, 0.1 at least.

    Args:
        levels: 0 to 1.
        interval: Seconds between two.
    """
    top = max(0.1, *levels)
    step = _WIDTH / max(1, len(levels) - 1)
    points = " ".join(
        f"{place * step:.1f},{_HEIGHT - level / top * (_HEIGHT - 10):.1f}"
        for place, level in enumerate(levels)
    )
    seconds = interval * max(0, len(levels) - 1)
    return (
        f'<svg viewBox="0 0 {_WIDTH} {_HEIGHT + 16}" role="img">'
        f'<line x1="0" y1="{_HEIGHT}" x2="{_WIDTH}" y2="{_HEIGHT}"/>'
        f'<polyline points="{points}"/><text x="2" y="11">{top:.2f}</text>'
        f'<text x="2" y="{_HEIGHT + 12}">0 s</text>'
        f'<text x="{_WIDTH - 2}" y="{_HEIGHT + 12}" text-anchor="end">{seconds:.1f} s</text></svg>'
    )
