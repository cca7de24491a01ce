"""The fuzz targets on their corpora, on damaged pieces of them, and on bytes from nowhere.

Deterministic and short; `run.py` beside this file goes on for as long as one likes.
"""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from fuzz.targets import TARGETS, fuzz_agent, fuzz_digest, fuzz_parser, fuzz_sdp

TESTS = Path(__file__).resolve().parents[1]
MESSAGES = [path.read_bytes() for path in sorted((TESTS / "data" / "rfc4475").glob("*.sip"))]
DESCRIPTIONS = [
    path.read_bytes() for path in sorted((TESTS / "fuzz" / "corpus" / "sdp").glob("*.sdp"))
]
CONVERSATIONS = [
    path.read_bytes() for path in sorted((TESTS / "fuzz" / "corpus" / "agent").glob("*.sip"))
]
CHALLENGES = [
    b'Digest realm="a", nonce="n", qop="auth,auth-int", algorithm=SHA-256-sess, opaque="o"',
    b'Digest username="alice", realm="a", nonce="n", uri="sip:a", response="0", qop=auth, nc=1',
]
FIXED = settings(derandomize=True, max_examples=300, deadline=None, database=None)


def damaged(seeds: list[bytes]) -> st.SearchStrategy[bytes]:
    """Cut pieces out of seeds, put other bytes in, and join the pieces of two."""

    @st.composite
    def draw_one(draw: st.DrawFn) -> bytes:
        first, second = draw(st.sampled_from(seeds)), draw(st.sampled_from(seeds))
        start = draw(st.integers(0, len(first)))
        end = draw(st.integers(0, len(second)))
        return first[:start] + draw(st.binary(max_size=12)) + second[end:]

    return draw_one()


def test_there_is_a_corpus() -> None:
    assert len(MESSAGES) == 49
    assert len(DESCRIPTIONS) >= 5
    assert len(CONVERSATIONS) >= 5
    assert set(TARGETS) == {"parser", "sdp", "digest", "agent"}


@pytest.mark.parametrize("seed", MESSAGES)
def test_the_parser_holds_on_its_corpus(seed: bytes) -> None:
    fuzz_parser(seed)


@FIXED
@given(damaged(MESSAGES))
def test_the_parser_holds_on_damaged_messages(data: bytes) -> None:
    fuzz_parser(data)


@FIXED
@given(st.binary())
def test_the_parser_holds_on_any_bytes(data: bytes) -> None:
    fuzz_parser(data)


@FIXED
@given(damaged(DESCRIPTIONS) | st.binary())
def test_hold_detection_holds_on_any_description(data: bytes) -> None:
    fuzz_sdp(data)


@FIXED
@given(damaged(CHALLENGES) | st.binary())
def test_authentication_holds_on_any_header(data: bytes) -> None:
    fuzz_digest(data)


@pytest.mark.parametrize("seed", [*CONVERSATIONS, *MESSAGES])
def test_an_agent_holds_on_its_corpus(seed: bytes) -> None:
    fuzz_agent(seed)


@settings(FIXED, max_examples=150)
@given(damaged([*CONVERSATIONS, *MESSAGES]))
def test_an_agent_holds_on_damaged_conversations(data: bytes) -> None:
    fuzz_agent(data)
