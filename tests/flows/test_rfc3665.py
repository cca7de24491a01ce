"""The call flows of RFC 3665 that concern a user agent, each as a script of exact messages.

The far side's messages are those of the RFC, as a phone behind a WebSocket gets them; ours are
ours. `flow_script.py` says how a script is read.
"""

from __future__ import annotations

from pathlib import Path

import pytest

from flow_script import FlowScript

SCRIPTS = sorted((Path(__file__).parents[1] / "data" / "rfc3665").glob("*.txt"))


def test_every_flow_is_there() -> None:
    assert {path.stem.split("-", 1)[0] for path in SCRIPTS} == {
        *(f"2.{number}" for number in range(1, 6)),
        *(f"3.{number}" for number in range(1, 12)),
    }


@pytest.mark.parametrize("path", SCRIPTS, ids=lambda path: path.stem)
def test_the_agent_keeps_to_the_flow(path: Path) -> None:
    FlowScript(path.read_text("utf-8")).play()


@pytest.mark.parametrize("path", SCRIPTS, ids=lambda path: path.stem)
def test_nothing_is_left_after_the_flow(path: Path) -> None:
    script = FlowScript(path.read_text("utf-8"))
    script.play()
    peer = script.peer
    assert peer.agent.sessions == ()
    peer.agent.connection_lost(now=peer.now)
    peer.pass_time(40)
    assert peer.agent.is_idle
