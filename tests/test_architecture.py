"""Rules of the house that no other tool checks: sizes, homes of libraries, no waiting."""

from __future__ import annotations

import ast
import io
import re
import tokenize
from collections.abc import Callable, Iterator
from functools import cache
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]
SOURCE = ROOT / "src" / "exotel_voice"
FOLDERS = ("src", "tests", "examples", "benchmarks", "scripts")
FILE_LINES = 400
FUNCTION_LINES = 60
CLASS_LINES = 300

# A library may be imported only in these places, so that it can be replaced.
HOMES = {
    "aioice": ("media/",),
    "aiortc": ("media/",),
    "av": ("media/",),
    "cffi": ("media/",),
    "miniaudio": ("devices/",),
    "numpy": ("devices/", "media/", "sandbox/"),
    "pywebrtc_audio": ("devices/",),
    "sounddevice": ("devices/",),
    "httpx": ("rest/", "sandbox/"),
    "sipmessage": ("sip/",),
    "starlette": ("cli/", "gateway/", "rest/", "sandbox/"),
    "typer": ("cli/",),
    "uvicorn": ("gateway/", "sandbox/", "cli/"),
    "websockets": ("transport/", "sandbox/"),
}
NOT_ON_WINDOWS = {"fcntl", "grp", "pwd", "resource", "termios", "tty", "uvloop"}
PURE_TESTS = ("tests/sip", "tests/properties", "tests/flows")


def _files(*folders: str) -> Iterator[Path]:
    for folder in folders:
        for path in sorted((ROOT / folder).rglob("*.py")):
            if "node_modules" not in path.parts:
                yield path


@cache
def _tree(path: Path) -> ast.Module:
    return ast.parse(path.read_text(encoding="utf-8"), filename=str(path))


def _offences(folders: tuple[str, ...], offends: Callable[[ast.AST], str | None]) -> list[str]:
    """Each node that offends, as `file:line what`, so that a failing assertion shows them all."""
    return [
        f"{path.relative_to(ROOT)}:{getattr(node, 'lineno', 0)} {what}"
        for path in _files(*folders)
        for node in ast.walk(_tree(path))
        if (what := offends(node)) is not None
    ]


def _length(node: ast.AST) -> int:
    if not isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
        return 0
    return (node.end_lineno or node.lineno) - node.lineno + 1


def _imported(node: ast.AST) -> list[str]:
    if isinstance(node, ast.Import):
        return [alias.name for alias in node.names]
    return [node.module or ""] if isinstance(node, ast.ImportFrom) and not node.level else []


def test_no_file_is_longer_than_400_lines() -> None:
    lengths = {
        str(path.relative_to(ROOT)): len(path.read_text(encoding="utf-8").splitlines())
        for path in _files(*FOLDERS)
    }
    assert {name: n for name, n in lengths.items() if n > FILE_LINES} == {}


def test_no_function_is_longer_than_60_lines() -> None:
    def offends(node: ast.AST) -> str | None:
        is_function = isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)
        long = is_function and _length(node) > FUNCTION_LINES
        return f"{_length(node)} lines" if long else None

    assert _offences(FOLDERS, offends) == []


def test_no_class_is_longer_than_300_lines() -> None:
    def offends(node: ast.AST) -> str | None:
        long = isinstance(node, ast.ClassDef) and _length(node) > CLASS_LINES
        return f"{_length(node)} lines" if long else None

    assert _offences(("src",), offends) == []


def test_imports_give_the_full_path() -> None:
    def offends(node: ast.AST) -> str | None:
        return "relative import" if isinstance(node, ast.ImportFrom) and node.level else None

    assert _offences(FOLDERS, offends) == []


@pytest.mark.parametrize("library", sorted(HOMES))
def test_a_library_is_used_only_behind_its_own_layer(library: str) -> None:
    users = [
        path.relative_to(SOURCE).as_posix()
        for path in _files("src")
        for node in ast.walk(_tree(path))
        if any(name.split(".")[0] == library for name in _imported(node))
    ]
    assert [user for user in users if not user.startswith(HOMES[library])] == []


def test_nothing_that_windows_lacks_is_imported() -> None:
    def offends(node: ast.AST) -> str | None:
        bad = NOT_ON_WINDOWS.intersection(name.split(".")[0] for name in _imported(node))
        return ", ".join(bad) if bad else None

    assert _offences(("src",), offends) == []


def test_the_source_never_waits_for_a_fixed_time() -> None:
    def offends(node: ast.AST) -> str | None:
        if not isinstance(node, ast.Call) or not isinstance(node.func, ast.Attribute):
            return None
        if node.func.attr != "sleep":
            return None
        owner = ast.unparse(node.func.value)
        delay = node.args[0] if node.args else None
        is_turn = isinstance(delay, ast.Constant) and delay.value == 0
        is_fixed = isinstance(delay, ast.Constant) and not is_turn
        return f"{owner}.sleep" if owner == "time" or is_fixed else None

    assert _offences(("src",), offends) == []


def test_the_core_asserts_nothing_about_its_input() -> None:
    def offends(node: ast.AST) -> str | None:
        return "assert" if isinstance(node, ast.Assert) else None

    assert _offences(("src/exotel_voice/sip", "src/exotel_voice/transport"), offends) == []


def test_tests_of_the_core_use_no_stand_ins_and_no_waiting() -> None:
    found = [
        f"{path.relative_to(ROOT)}:{token.start[0]} {token.string}"
        for path in _files(*PURE_TESTS)
        for token in tokenize.tokenize(io.BytesIO(path.read_bytes()).readline)
        if token.type == tokenize.NAME and re.search("mock|patch|sleep", token.string.lower())
    ]
    assert found == []


def test_nothing_is_left_to_be_done() -> None:
    words = re.compile(r"\b(TODO|FIXME|XXX|NotImplementedError)\b")
    found = [
        f"{path.relative_to(ROOT)}:{number} {line.strip()}"
        for path in _files("src", "examples")
        for number, line in enumerate(path.read_text(encoding="utf-8").splitlines(), 1)
        if words.search(line)
    ]
    assert found == []


def test_modules_are_named_after_what_they_hold() -> None:
    nameless = {"utils", "util", "helpers", "helper", "misc", "common"}
    assert [str(path) for path in _files("src", "tests") if path.stem in nameless] == []


def test_every_module_says_what_it_is_for() -> None:
    silent = [
        str(path.relative_to(ROOT)) for path in _files("src") if not ast.get_docstring(_tree(path))
    ]
    assert silent == []
