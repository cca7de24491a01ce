"""Draw every state machine of the SIP core into docs/state-machines.md.

    python scripts/draw_machines.py            # write the page
    python scripts/draw_machines.py --check    # fail if the page differs from the tables

The drawings are Mermaid, which GitHub and most documentation tools show as pictures.
"""

from __future__ import annotations

import argparse
import importlib
import sys
from enum import StrEnum
from pathlib import Path
from typing import Any

from exotel_voice.sip.machine import Chart

AnyChart = Chart[Any, Any, Any, Any]

ROOT = Path(__file__).resolve().parent.parent
SOURCES = ROOT / "src" / "exotel_voice" / "sip"
PAGE = ROOT / "docs" / "state-machines.md"

INTRODUCTION = """\
# State machines

Every decision about SIP is a row of one of these tables: in this state, this input leads to that
state, and these actions follow. The page is made from the tables by `scripts/draw_machines.py`, and
`make check` fails when it is out of date.

An arrow reads `input / actions`. A pair of state and input without an arrow means that nothing
happens; a wish of the application without an arrow raises `InvalidState`. Timers stop when a state
is entered that does not list them.
"""


def find_charts() -> list[tuple[str, AnyChart]]:
    """Find every chart of the core with the module that holds it, in the order of the modules."""
    found: list[tuple[str, AnyChart]] = []
    for path in sorted(SOURCES.glob("*.py")):
        if "= Chart(" not in path.read_text(encoding="utf-8"):
            continue
        module = importlib.import_module(f"exotel_voice.sip.{path.stem}")
        charts = (each for each in vars(module).values() if isinstance(each, Chart))
        found += ((path.stem, chart) for chart in charts)
    return found


def draw(module: str, chart: AnyChart) -> str:
    """Give one chart as a section of the page."""
    lines = [f"## {chart.name}", "", f"`sip/{module}.py`, after {chart.source}.", ""]
    lines += ["```mermaid", "stateDiagram-v2", "    direction LR"]
    lines += [f'    state "{state.value}" as {identifier(state)}' for state in states_of(chart)]
    lines.append(f"    [*] --> {identifier(chart.start)}")
    for (state, what), rule in chart.table.items():
        label = what.value
        if rule.do:
            label += " / " + ", ".join(action.value for action in rule.do)
        lines.append(f"    {identifier(state)} --> {identifier(rule.to)}: {readable(label)}")
    lines += [f"    {identifier(state)} --> [*]" for state in sorted(chart.ends)]
    lines += ["```", ""]
    return "\n".join([*lines, *draw_timers(chart)])


def draw_timers(chart: AnyChart) -> list[str]:
    """Give the timers of each state as a table; nothing when there are none."""
    rows = [
        f"| {state.value} | {', '.join(sorted(chart.fires[timer].value for timer in timers))} |"
        for state, timers in chart.timers.items()
        if timers
    ]
    if not rows:
        return []
    return ["| state | timers that may run in it |", "| --- | --- |", *rows, ""]


def states_of(chart: AnyChart) -> list[StrEnum]:
    """List the states in the order in which the enum has them."""
    enum: type[StrEnum] = type(chart.start)
    return list(enum)


def identifier(state: StrEnum) -> str:
    """Give a name for a state that Mermaid takes; some words, such as `end`, are its own."""
    return f"s_{state.name.lower()}"


def readable(label: str) -> str:
    """Take out of a label what Mermaid would read as its own signs."""
    return label.replace(";", ",").replace(": ", " ").replace(":", " ").replace("#", "no. ")


def page() -> str:
    """Give the whole page."""
    return "\n".join([INTRODUCTION, *(draw(module, chart) for module, chart in find_charts())])


def main(arguments: list[str] | None = None) -> int:
    """Write the page, or check it; 1 when the check fails."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("--check", action="store_true", help="compare instead of writing")
    is_check = parser.parse_args(arguments).check
    wanted = page()
    if not is_check:
        PAGE.parent.mkdir(exist_ok=True)
        PAGE.write_text(wanted, encoding="utf-8")
        return 0
    if PAGE.exists() and PAGE.read_text(encoding="utf-8") == wanted:
        return 0
    print(f"{PAGE.relative_to(ROOT)} is out of date: run python scripts/draw_machines.py")
    return 1


if __name__ == "__main__":
    sys.exit(main())
