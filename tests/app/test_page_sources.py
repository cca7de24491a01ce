"""The sample page as text: short files, types that fit the module's, nothing inline."""

from __future__ import annotations

import json
import re
import shutil
import subprocess
from pathlib import Path

import pytest

from needs import WEB_TOOLS

SOURCE = Path(__file__).resolve().parents[2] / "src" / "exotel_voice"
PAGE = SOURCE / "demo_page"
COMPILER = {
    "allowJs": True,
    "checkJs": True,
    "noEmit": True,
    "strict": True,
    "noUnusedLocals": True,
    "noUnusedParameters": True,
    "target": "ES2022",
    "module": "ES2022",
    "moduleResolution": "bundler",
    "lib": ["ES2023", "DOM", "DOM.Iterable"],
    "types": [],
}


def test_every_module_has_less_than_250_lines() -> None:
    lengths = {path.name: len(path.read_text("utf-8").splitlines()) for path in PAGE.iterdir()}
    assert {name: n for name, n in lengths.items() if n >= 250} == {}


def test_nothing_is_inline_and_every_symbol_is_there() -> None:
    html = (PAGE / "index.html").read_text("utf-8")
    assert re.findall(r"<script(?![^>]* src=)|<style| style=| on\w+=", html) == []
    symbols = set(re.findall(r'<symbol id="icon-([\w-]+)"', html))
    modules = "".join(path.read_text("utf-8") for path in PAGE.glob("*.mjs"))
    used = set(re.findall(r'(?:button|icon|noteButton)\("([\w-]+)"', modules))
    assert used
    assert used - symbols == set()


@pytest.mark.slow
@pytest.mark.timeout(90)
@pytest.mark.needs("node", "web-tools")
def test_the_types_fit_those_of_the_module(tmp_path: Path) -> None:
    shutil.copytree(PAGE, tmp_path / "page")
    (tmp_path / "voice").mkdir()
    types = SOURCE / "web" / "exotelsdk.d.ts"
    shutil.copy(types, tmp_path / "voice" / "exotelsdk.d.mts")
    config = {"compilerOptions": COMPILER, "files": ["page/app.mjs"]}
    (tmp_path / "tsconfig.json").write_text(json.dumps(config), encoding="utf-8")
    done = subprocess.run(  # noqa: S603 - our own sources
        [shutil.which("node") or "node", str(WEB_TOOLS / "typescript/bin/tsc"), "-p", tmp_path],
        capture_output=True,
        text=True,
        check=False,
        timeout=80,
    )
    assert (done.returncode, done.stdout) == (0, "")
