"""The documentation as text: shell lines are right, code compiles, nothing is out of date."""

from __future__ import annotations

import ast
import importlib.util
import re
import shlex
import warnings
from types import ModuleType
from typing import Any

import pytest
import typer

from docs.blocks import DOCS, ROOT, Block, all_blocks
from docs.scenes import BROWSER, PYTHON, SOUND
from exotel_voice.cli.main import app

SHELL = list(all_blocks("bash", "sh", "shell"))
LANGUAGES = {"bash", "html", "js", "python", "text", "mermaid", "json", "toml", "nginx", "ini"}


def _script(name: str) -> ModuleType:
    spec = importlib.util.spec_from_file_location(name, ROOT / "scripts" / f"{name}.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def _commands(block: Block) -> list[list[str]]:
    text = block.text.replace("\\\n", " ")
    return [words for line in text.splitlines() if (words := shlex.split(line, comments=True))]


def _check_exotel_voice(words: list[str]) -> None:
    """Let the command's own parser take the words, without doing anything."""
    group: Any = typer.main.get_command(app)
    name, *rest = words
    if not name.startswith("-"):
        group.commands[name].make_context(name, rest)


def _check_make(words: list[str]) -> None:
    makefile = (ROOT / "Makefile").read_text(encoding="utf-8")
    targets = set(re.findall(r"^([a-z]+):", makefile, re.MULTILINE))
    assert set(words) <= targets


def _check_install(words: list[str]) -> None:
    assert words[0] == "install"
    known = {"exotel-voice", "exotel-voice[redis]", "fastapi", "uvicorn", "redis", "pytest"}
    known |= {"pytest-asyncio"}
    assert {word.strip("'\"") for word in words[1:] if not word.startswith("-")} <= known


CHECKS = {"exotel-voice": _check_exotel_voice, "make": _check_make, "pip": _check_install}
ELSEWHERE = {"curl", "uvicorn", "openssl", "docker", "export", "redis-server", "npm", "kill"}
"""Commands of others, whose options are theirs."""


@pytest.mark.parametrize("block", SHELL, ids=[str(block) for block in SHELL])
def test_shell_lines_call_commands_that_exist_with_options_that_they_have(block: Block) -> None:
    for words in _commands(block):
        while "=" in words[0]:
            words.pop(0)
        if words[0] not in ELSEWHERE:
            CHECKS[words[0]](words[1:])


@pytest.mark.parametrize(
    ("languages", "scenes"),
    [(("python",), {*PYTHON, *SOUND}), (("js", "html"), set(BROWSER))],
    ids=["python", "browser"],
)
def test_every_snippet_has_a_scene_and_every_scene_a_snippet(
    languages: tuple[str, ...], scenes: set[str]
) -> None:
    blocks = list(all_blocks(*languages))
    assert [str(block) for block in blocks if block.name not in scenes] == []
    assert scenes - {block.name for block in blocks} == set()


def test_every_block_says_its_language() -> None:
    found = re.compile(r"^ *```(.*)$", re.MULTILINE)
    unknown = []
    for page in sorted(DOCS.rglob("*.md")):
        fences = found.findall(page.read_text(encoding="utf-8"))
        opening = [fence.split()[0] if fence.split() else "" for fence in fences[::2]]
        unknown += [(page.name, language) for language in opening if language not in LANGUAGES]
    assert unknown == []


def test_every_python_block_compiles() -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        for block in all_blocks("python"):
            flags = ast.PyCF_ALLOW_TOP_LEVEL_AWAIT
            compile(block.text, str(block), "exec", flags=flags)


def test_the_page_of_errors_is_that_of_the_classes(capsys: pytest.CaptureFixture[str]) -> None:
    code = _script("write_errors").main(["--check"])
    assert code == 0, capsys.readouterr().out


def test_an_error_that_is_missing_on_the_page_is_noticed() -> None:
    script = _script("write_errors")
    page = script.page()
    for error in script.classes():
        assert f"## {error.__name__}\n" in page
        assert error.code in page
        assert error.default_hint in page


def test_the_first_call_of_the_readme_is_that_of_the_quickstart() -> None:
    first = {
        block.page.name: block.text
        for block in all_blocks("python")
        if "Sandbox() as sandbox, Phone(" in block.text
    }
    assert set(first) == {"README.md", "quickstart.md"}
