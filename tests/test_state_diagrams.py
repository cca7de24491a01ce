"""The page of state diagrams shows each table of the core, row by row."""

from __future__ import annotations

import importlib.util
from pathlib import Path
from types import ModuleType

import pytest

from exotel_voice.sip import plain_server

ROOT = Path(__file__).resolve().parent.parent


@pytest.fixture
def script() -> ModuleType:
    path = ROOT / "scripts" / "draw_machines.py"
    spec = importlib.util.spec_from_file_location("draw_machines", path)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def test_each_row_is_an_arrow(script: ModuleType) -> None:
    drawing = script.draw("plain_server", plain_server.CHART).splitlines()
    assert "## Non-INVITE server transaction" in drawing
    assert '    state "trying" as s_trying' in drawing
    assert "    [*] --> s_idle" in drawing
    assert "    s_idle --> s_trying: request / deliver the request" in drawing
    assert "    s_trying --> s_completed: send 200-699 / send the response, start J" in drawing
    assert "    s_terminated --> [*]" in drawing
    assert "| completed | timer J |" in drawing
    assert len([line for line in drawing if "-->" in line]) == len(plain_server.TABLE) + 2


def test_labels_hold_no_signs_of_mermaid(script: ModuleType) -> None:
    assert script.readable("send REGISTER with Expires: 0; a#b") == (
        "send REGISTER with Expires 0, ano. b"
    )


def test_every_table_of_the_core_is_on_the_page(script: ModuleType) -> None:
    modules = [module for module, _ in script.find_charts()]
    assert {"call", "invite_client", "invite_server", "plain_client", "plain_server"} <= set(
        modules
    )
    assert {"call", "registration_chart", "transfer_chart"} <= set(modules)
    assert "CHART" not in script.page()


def test_check_tells_a_page_that_differs(
    script: ModuleType, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(script, "ROOT", tmp_path)
    monkeypatch.setattr(script, "PAGE", tmp_path / "docs" / "state-machines.md")
    assert script.main(["--check"]) == 1
    assert script.main([]) == 0
    assert script.main(["--check"]) == 0
    script.PAGE.write_text("old", encoding="utf-8")
    assert script.main(["--check"]) == 1
