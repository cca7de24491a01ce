"""The code blocks of the documentation: where they stand, and the name that says how to run them.

A block is named by a comment on the line before its fence, which no reader sees:

    <!-- snippet: hold -->
    ```python
    ...
    ```

The name and the language find the scene in which the block runs.
"""

from __future__ import annotations

import re
import textwrap
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

__all__ = ["DOCS", "ROOT", "Block", "all_blocks", "pages"]

ROOT = Path(__file__).resolve().parents[2]
DOCS = ROOT / "docs"

_BLOCK = re.compile(
    r"(?:^[ ]*<!-- snippet: (?P<name>[\w-]+) -->\n)?"
    r"^(?P<indent>[ ]*)```(?P<language>\w*)[^\n]*\n(?P<text>.*?)^(?P=indent)```[ ]*$",
    re.DOTALL | re.MULTILINE,
)


@dataclass(frozen=True, slots=True)
class Block:
    """One block as it is printed."""

    page: Path
    line: int
    language: str
    name: str
    """Its scene; empty for none."""
    text: str

    def __str__(self) -> str:
        return f"{self.page.relative_to(ROOT)}:{self.line}"

    @property
    def id(self) -> str:
        """A name for the test that runs it."""
        return f"{self.page.stem}:{self.name or self.line}"


def pages() -> list[Path]:
    """The README, then every page of the documentation."""
    return [ROOT / "README.md", *sorted(DOCS.rglob("*.md"))]


def all_blocks(*languages: str) -> Iterator[Block]:
    """Every block in one of these languages."""
    for page in pages():
        text = page.read_text(encoding="utf-8")
        for found in _BLOCK.finditer(text):
            if found["language"] in languages:
                line = text.count("\n", 0, found.start("indent")) + 1
                body = textwrap.dedent(found["text"])
                yield Block(page, line, found["language"], found["name"] or "", body)
