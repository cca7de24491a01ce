"""The coverage table of the guide: complete, and every test that it names exists."""

from __future__ import annotations

import ast
import re
from functools import cache
from pathlib import Path

import pytest

from docs.blocks import DOCS, ROOT, all_blocks
from exotel_voice import ExotelWebClient
from exotel_voice.client import GuideCall

TESTS = ROOT / "tests"
PAGE = (DOCS / "guide-coverage.md").read_text(encoding="utf-8")
ROWS = [
    [cell.strip() for cell in line.strip("|").split("|")]
    for line in PAGE.splitlines()
    if line.startswith("| ") and not line.startswith(("| ---", "| what "))
]
CITED = sorted(set(re.findall(r"`([\w/.]+::[^`]+)`", PAGE)))
BEYOND = {"close", "aclose", "getCall"}
"""Names of ours that the guide does not have, and one that stands beside another."""


@cache
def _tests(path: Path) -> set[str]:
    text = path.read_text(encoding="utf-8")
    if path.suffix == ".mjs":
        return set(re.findall(r'^test\("([^"]+)"', text, re.MULTILINE))
    functions = (ast.FunctionDef, ast.AsyncFunctionDef)
    return {node.name for node in ast.walk(ast.parse(text)) if isinstance(node, functions)}


@pytest.mark.parametrize("cited", CITED)
def test_a_test_that_is_named_exists(cited: str) -> None:
    path, _, name = cited.partition("::")
    if path == "docs/test_python_snippets.py":
        assert name in {block.id for block in all_blocks("python")}
    elif path == "docs/test_browser_snippets.py":
        assert name in {block.id for block in all_blocks("js", "html")}
    else:
        assert name in _tests(TESTS / path)


def test_no_cell_is_empty() -> None:
    assert len(ROWS) > 50
    empty = [row[0] for row in ROWS if len(row) != 3 or not all("::" in cell for cell in row[1:])]
    assert empty == []


@pytest.mark.parametrize("owner", [ExotelWebClient, GuideCall])
def test_every_public_name_has_a_row(owner: type) -> None:
    names = {name for name in dir(owner) if not name.startswith("_")} - BEYOND
    told = {"callId", "callState", "callDirection"}
    silent = [name for name in sorted(names - told) if f"`{name}" not in PAGE]
    assert silent == []
