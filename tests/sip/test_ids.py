"""The id source that tests can foretell."""

from __future__ import annotations

from exotel_voice.sip.ids import CountingIds, IdSource


def test_each_call_gives_a_new_value_that_can_be_foretold() -> None:
    ids: IdSource = CountingIds("a-")
    assert [ids.branch(), ids.branch()] == ["z9hG4bKa-1", "z9hG4bKa-2"]
    assert [ids.tag(), ids.call_id(), ids.cnonce()] == ["a-tag1", "a-call1", "a-cnonce1"]
    assert [ids.nonce(), ids.user(), ids.host()] == ["a-nonce1", "a-user1", "a-host1.invalid"]
    assert ids.instance() == "urn:uuid:00000000-0000-4000-8000-000000000001"
    assert ids.fraction() == 0.5
