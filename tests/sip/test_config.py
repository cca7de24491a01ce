"""The settings of a user agent: checked when they are made (`config.py`)."""

from __future__ import annotations

from typing import Any

import pytest

from exotel_voice.errors import ConfigError
from exotel_voice.sip.config import AgentConfig
from world import config, password


@pytest.mark.parametrize(
    "changes",
    [
        {"aor": "alice@example.com"},
        {"aor": "tel:+15551234"},
        {"contact_user": ""},
        {"contact_host": ""},
        {"display_name": 'Alice "A"'},
        {"display_name": "Alice\\"},
        {"display_name": "Alice\r\nEvil: 1"},
        {"session_expires": 89.0},
        {"min_session_expires": 60.0},
        {"session_expires": 100.0, "min_session_expires": 200.0},
        {"no_answer_after": 0.0},
        {"ring_limit": -1.0},
        {"max_sessions": 0},
    ],
)
def test_settings_that_contradict_their_description_are_refused(changes: dict[str, Any]) -> None:
    with pytest.raises(ConfigError):
        config("alice", **changes)


@pytest.mark.parametrize(
    ("aor", "domain", "registrar"),
    [
        ("sip:alice@example.com", "example.com", "sip:example.com"),
        ("SIPS:alice@example.com;x=y", "example.com", "SIPS:example.com"),
        ("sip:example.com?a=b", "example.com", "sip:example.com"),
    ],
)
def test_the_registrar_is_that_of_the_address(aor: str, domain: str, registrar: str) -> None:
    made = config("alice", aor=aor)
    assert (made.domain, made.registrar_uri) == (domain, registrar)


def test_the_repr_holds_no_secret() -> None:
    made: AgentConfig = config("alice", credentials=password("alice"))
    assert "alice-secret" not in repr(made)
