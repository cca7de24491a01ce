"""Every torture message of RFC 4475 given to a whole phone: it replies, rings or drops.

`outcomes.txt` says which; `test_rfc4475.py` looks at parser and checks alone.
"""

from __future__ import annotations

from pathlib import Path

import pytest

from exotel_voice.sip.events import CallEnded, EndCause, InviteReceived, MessageDropped
from raw_peer import RawPeer
from world import OFFER

DATA = Path(__file__).parents[1] / "data" / "rfc4475"
OUTCOMES = [
    (line.split()[0], line.split()[3])
    for line in (DATA / "outcomes.txt").read_text("utf-8").splitlines()
    if line and not line.startswith("#")
]


def statuses(peer: RawPeer) -> list[int]:
    """Take the final statuses that Alice has sent."""
    sent = [line.split(" ", 2) for line in peer.start_lines()]
    assert all(version == "SIP/2.0" for version, _, _ in sent)
    return [int(status) for _, status, _ in sent if status != "100"]


@pytest.mark.parametrize(("name", "outcome"), OUTCOMES, ids=[name for name, _ in OUTCOMES])
def test_a_phone_does_with_each_message_what_its_section_demands(name: str, outcome: str) -> None:
    peer = RawPeer()
    peer.send((DATA / f"{name}.sip").read_bytes())
    if outcome == "invite":
        session = peer.hear(InviteReceived).session
        assert statuses(peer) == []
        peer.agent.reject(session, now=peer.now)
        assert statuses(peer) == [486]
        assert peer.hear(CallEnded).cause is EndCause.LOCAL_REJECT
    elif outcome == "drop":
        peer.hear(MessageDropped)
        assert statuses(peer) == []
    else:
        assert statuses(peer) == [int(outcome)]
    assert all(isinstance(each, MessageDropped) for each in peer.events)


@pytest.mark.parametrize(("name", "outcome"), OUTCOMES, ids=[name for name, _ in OUTCOMES])
def test_each_message_leaves_a_phone_that_still_takes_calls(name: str, outcome: str) -> None:
    peer = RawPeer()
    peer.send((DATA / f"{name}.sip").read_bytes())
    peer.pass_time(40)
    for session in peer.agent.sessions:
        assert outcome == "invite"
        peer.agent.reject(session, now=peer.now)
    peer.pass_time(40)
    assert peer.agent.is_idle
    peer.events.clear()
    peer.unread.clear()
    peer.invite()
    assert peer.hear(InviteReceived).offer == OFFER


@pytest.mark.parametrize("end", [1, 20, 80, 200, -1])
def test_half_of_a_message_never_rings(end: int) -> None:
    peer = RawPeer()
    peer.send((DATA / "wsinv.sip").read_bytes()[:end])
    assert peer.agent.sessions == ()
