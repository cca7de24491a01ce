"""Draw the state diagrams of the documentation as SVG while mkdocs builds it.

A page says a diagram in Mermaid, which GitHub shows by itself. Here it becomes a picture inside the
page, so that the built documentation needs no script and no network, and below it the table of its
arrows. Of Mermaid only what `draw_machines.py` writes is understood; anything else is an error.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass, field
from html import escape
from itertools import pairwise
from typing import Any, Final

from grandalf.graphs import Edge, Graph, Vertex
from grandalf.layouts import SugiyamaLayout

__all__ = ["Diagram", "on_page_markdown"]

FENCE: Final = re.compile(r"^```mermaid\n(.*?)^```\n", re.DOTALL | re.MULTILINE)
STATE: Final = re.compile(r'state "(.+)" as (\w+)')
ARROW: Final = re.compile(r"(\w+) --> (\w+): (.+)")
FIRST: Final = re.compile(r"\[\*\] --> (\w+)")
LAST: Final = re.compile(r"(\w+) --> \[\*\]")

CHARACTER: Final = 6.6
"""Width of a character of the labels, which are in a fixed-width type of 11 pixels."""
LINE: Final = 15.0
SMALLEST: Final = 0.75
"""How far a picture shrinks with the window before it scrolls."""
SHOWN: Final = 4
"""Labels beside one arrow; the rest are only counted there, and are in the table."""


@dataclass(slots=True)
class Diagram:
    """What a state diagram says."""

    states: dict[str, str] = field(default_factory=dict)
    """Identifiers and the names to show."""
    arrows: list[tuple[str, str, str]] = field(default_factory=list)
    """From, to, and `input / actions`."""
    first: str = ""
    last: set[str] = field(default_factory=set)

    @classmethod
    def parse(cls, text: str) -> Diagram:
        """Read the Mermaid that `draw_machines.py` writes.

        Raises:
            ValueError: A line is something else.
        """
        diagram = cls()
        for line in map(str.strip, text.strip().splitlines()):
            if line == "stateDiagram-v2" or line.startswith("direction "):
                continue
            if found := STATE.fullmatch(line):
                diagram.states[found[2]] = found[1]
            elif found := FIRST.fullmatch(line):
                diagram.first = found[1]
            elif found := LAST.fullmatch(line):
                diagram.last.add(found[1])
            elif found := ARROW.fullmatch(line):
                diagram.arrows.append((found[1], found[2], found[3]))
            else:
                raise ValueError(f"no line of a state diagram that can be drawn: {line}")
        return diagram

    def inputs(self, start: str, end: str) -> list[str]:
        """Give the inputs that lead from one state to another, each once."""
        found = (label for a, b, label in self.arrows if (a, b) == (start, end))
        return list(dict.fromkeys(label.partition(" / ")[0] for label in found))


class Box:
    """A box of the picture; the layout moves `xy`, its middle."""

    def __init__(self, lines: list[str], *, padding: float) -> None:
        self.lines = lines
        self.w = max(map(len, lines)) * CHARACTER + 2 * padding
        self.h = len(lines) * LINE + padding
        self.xy = (0.0, 0.0)

    @property
    def corner(self) -> tuple[float, float]:
        """The left upper corner."""
        return self.xy[0] - self.w / 2, self.xy[1] - self.h / 2

    def draw_text(self, *, is_named: bool) -> str:
        """Give the lines as text elements, the first in bold if it is a name."""
        x, top = self.xy[0], self.corner[1] + (self.h - len(self.lines) * LINE) / 2
        kinds = ["name" if is_named else "what", *["what"] * len(self.lines)]
        return "".join(
            f'<text class="{kind}" x="{x:.0f}" y="{top + LINE * (number + 0.75):.0f}">'
            f"{escape(line)}</text>"
            for number, (kind, line) in enumerate(zip(kinds, self.lines, strict=False))
        )


class Path:
    """The way of an arrow; the layout gives the points."""

    def __init__(self) -> None:
        self.points: list[tuple[float, float]] = []

    def setpath(self, points: Iterable[tuple[float, float]]) -> None:
        """Take the points, for the layout."""
        self.points = list(points)


def state_box(diagram: Diagram, state: str) -> Box:
    """Make the box of a state: its name, and what keeps it there."""
    loops = [f"↻ {name}" for name in diagram.inputs(state, state)]
    return Box([diagram.states[state], *shortened(loops)], padding=12.0)


def shortened(labels: list[str]) -> list[str]:
    """Leave out what is more than fits beside an arrow."""
    cut = [label if len(label) <= 34 else f"{label[:33]}…" for label in labels]
    return cut if len(cut) <= SHOWN + 1 else [*cut[:SHOWN], f"and {len(cut) - SHOWN} more"]


def draw(diagram: Diagram, title: str) -> str:
    """Give the diagram as an SVG element."""
    states = {name: Vertex(name) for name in diagram.states}
    for name, vertex in states.items():
        vertex.view = state_box(diagram, name)
    labels: list[Any] = []
    edges: list[tuple[Any, bool]] = []
    pairs = dict.fromkeys((a, b) for a, b, _ in diagram.arrows if a != b)
    for start, end in pairs:
        label = Vertex((start, end))
        label.view = Box(shortened(diagram.inputs(start, end)), padding=3.0)
        labels.append(label)
        for one, other, has_head in ((states[start], label, False), (label, states[end], True)):
            edge = Edge(one, other)
            edge.view = Path()
            edges.append((edge, has_head))
    graph = Graph([*states.values(), *labels], [edge for edge, _ in edges])
    for part in graph.C:
        layout = SugiyamaLayout(part)
        layout.xspace, layout.yspace = 18, 20
        layout.init_all(roots=[states[diagram.first]] if diagram.first in states else None)
        layout.draw(12)
    boxes = [vertex.view for vertex in states.values()]
    shapes = [draw_path(edge, has_head=has_head) for edge, has_head in edges]
    shapes += [draw_label(label.view) for label in labels]
    shapes += [
        draw_state(vertex.view, is_first=name == diagram.first, is_last=name in diagram.last)
        for name, vertex in states.items()
    ]
    every = [*boxes, *(label.view for label in labels)]
    points = [point for edge, _ in edges for point in edge.view.points]
    return frame(shapes, every, points, title)


def frame(
    shapes: list[str], boxes: list[Box], points: list[tuple[float, float]], title: str
) -> str:
    """Put the shapes into an SVG element that is as large as they are."""
    left = min([box.corner[0] for box in boxes] + [x for x, _ in points]) - 10
    top = min([box.corner[1] for box in boxes] + [y for _, y in points]) - 10
    right = max([box.corner[0] + box.w for box in boxes] + [x for x, _ in points]) + 10
    bottom = max([box.corner[1] + box.h for box in boxes] + [y for _, y in points]) + 10
    size = f"{left:.0f} {top:.0f} {right - left:.0f} {bottom - top:.0f}"
    head = (
        '<defs><marker id="head" viewBox="0 0 8 8" refX="8" refY="4" markerWidth="7" '
        'markerHeight="7" orient="auto-start-reverse"><path d="M0 0L8 4L0 8z"/></marker></defs>'
    )
    width = right - left
    return (
        f'<div class="picture"><svg viewBox="{size}" style="width: {width:.0f}px; '
        f'min-width: {SMALLEST * width:.0f}px" role="img" aria-label="{escape(title)}">'
        f"{head}{''.join(shapes)}</svg></div>"
    )


def draw_state(box: Box, *, is_first: bool, is_last: bool) -> str:
    """Draw one state; the first has a thick edge, the last a double one."""
    x, y = box.corner
    kind = " first" if is_first else " last" if is_last else ""
    shape = f'<rect class="state{kind}" x="{x:.0f}" y="{y:.0f}" width="{box.w:.0f}"'
    inner = ""
    if is_last:
        inner = (
            f'<rect class="inner" x="{x + 3:.0f}" y="{y + 3:.0f}" width="{box.w - 6:.0f}" '
            f'height="{box.h - 6:.0f}" rx="6"/>'
        )
    return f'{shape} height="{box.h:.0f}" rx="8"/>{inner}{box.draw_text(is_named=True)}'


def draw_label(box: Box) -> str:
    """Draw what is written on an arrow."""
    x, y = box.corner
    back = f'<rect class="back" x="{x:.0f}" y="{y:.0f}" width="{box.w:.0f}" height="{box.h:.0f}"/>'
    return f'<g class="label">{back}{box.draw_text(is_named=False)}</g>'


def draw_path(edge: Any, *, has_head: bool) -> str:
    """Draw one arrow as a smooth line through its points, from the edge of box to box."""
    points = list(edge.view.points) or [edge.v[0].view.xy, edge.v[1].view.xy]
    points[0] = border(edge.v[0].view, points[1])
    points[-1] = border(edge.v[1].view, points[-2])
    head = ' marker-end="url(#head)"' if has_head else ""
    path = f"M{points[0][0]:.0f} {points[0][1]:.0f}"
    for (x1, y1), (x2, y2) in pairwise(points):
        middle = (y1 + y2) / 2
        path += f"C{x1:.0f} {middle:.0f} {x2:.0f} {middle:.0f} {x2:.0f} {y2:.0f}"
    return f'<path class="arrow" d="{path}"{head}/>'


def border(box: Box, towards: tuple[float, float]) -> tuple[float, float]:
    """Give the middle of the upper or lower side of a box, whichever is nearer to a point."""
    sign = 1 if towards[1] > box.xy[1] else -1
    return box.xy[0], box.xy[1] + sign * box.h / 2


def table(diagram: Diagram) -> str:
    """Give every arrow as a row of a table, folded away."""
    lines = [f'??? note "All {len(diagram.arrows)} rows of the table"', ""]
    lines += ["    | in state | input | next state | actions |", "    | --- | --- | --- | --- |"]
    for start, end, label in diagram.arrows:
        what, _, actions = label.partition(" / ")
        lines.append(
            f"    | {diagram.states[start]} | {what} | {diagram.states[end]} | {actions} |"
        )
    return "\n".join([*lines, "", ""])


def on_page_markdown(markdown: str, *, page: Any, **_: object) -> str:
    """Replace each diagram of a page, and give the page more width; mkdocs calls this."""

    def replace(found: re.Match[str]) -> str:
        diagram = Diagram.parse(found[1])
        return f"{draw(diagram, page.title or 'state machine')}\n\n{table(diagram)}\n"

    drawn = FENCE.sub(replace, markdown)
    if drawn != markdown:
        page.meta["hide"] = ["navigation"]  # pictures need the room
    return drawn
