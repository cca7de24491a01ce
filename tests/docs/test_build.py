"""The built documentation: no warning, pictures for the state machines, nothing from elsewhere."""

from __future__ import annotations

import importlib.util
import os
import re
import subprocess
import sys
from pathlib import Path
from types import ModuleType

import pytest

from docs.blocks import DOCS, ROOT

COMMAND = (sys.executable, "-m", "mkdocs", "build", "--strict", "--quiet", "--site-dir")
LOADED = re.compile(r"""<(?:script|img|iframe|link)\b[^>]*\b(?:src|href)=["']?(?:https?:)?//""")


@pytest.fixture
def pictures() -> ModuleType:
    path = ROOT / "scripts" / "docs_pictures.py"
    spec = importlib.util.spec_from_file_location("docs_pictures", path)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules["docs_pictures"] = module
    try:
        spec.loader.exec_module(module)
    finally:
        del sys.modules["docs_pictures"]
    return module


def test_every_state_and_every_arrow_of_a_diagram_is_drawn(pictures: ModuleType) -> None:
    found = pictures.FENCE.findall((DOCS / "state-machines.md").read_text(encoding="utf-8"))
    assert len(found) > 5
    for text in found:
        diagram = pictures.Diagram.parse(text)
        picture = pictures.draw(diagram, "a machine")
        names = re.findall(r'<text class="name"[^>]*>([^<]*)<', picture)
        assert sorted(names) == sorted(diagram.states.values())
        pairs = {(start, end) for start, end, _ in diagram.arrows if start != end}
        assert picture.count('marker-end="url(#head)"') == len(pairs)
        assert "nan" not in picture
        rows = pictures.table(diagram).splitlines()
        assert len([row for row in rows if row.startswith("    | ")]) == len(diagram.arrows) + 2


def test_a_diagram_of_another_kind_is_refused(pictures: ModuleType) -> None:
    with pytest.raises(ValueError, match="sequenceDiagram"):
        pictures.Diagram.parse("sequenceDiagram\n    A->>B: hello\n")


@pytest.mark.slow
@pytest.mark.timeout(120)
def test_it_builds_without_a_warning_and_loads_nothing_from_elsewhere(tmp_path: Path) -> None:
    done = subprocess.run(  # noqa: S603 - our own documentation
        [*COMMAND, str(tmp_path / "site")],
        cwd=ROOT,
        env={**os.environ, "NO_MKDOCS_2_WARNING": "1"},
        capture_output=True,
        text=True,
        timeout=110,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    assert done.stdout + done.stderr == ""
    built = sorted((tmp_path / "site").rglob("*.html"))
    assert len(built) > 30
    elsewhere = [
        f"{page.name}: {found.group()}"
        for page in built
        for found in LOADED.finditer(page.read_text(encoding="utf-8"))
    ]
    assert elsewhere == []
    machines = (tmp_path / "site" / "state-machines.html").read_text(encoding="utf-8")
    assert machines.count("<svg viewBox=") > 5
    assert "```mermaid" not in machines
