"""Candidates as aioice has them, and as descriptions have them."""

from __future__ import annotations

from aioice import Candidate

from exotel_voice.media.sdp import IceCandidate

__all__ = ["from_aioice", "to_aioice"]


def from_aioice(item: Candidate) -> IceCandidate:
    """Give a candidate of this side for a description."""
    return IceCandidate(
        foundation=item.foundation,
        component=item.component,
        transport=item.transport,
        priority=item.priority,
        host=item.host,
        port=item.port,
        kind=item.type,
        related_host=item.related_address,
        related_port=item.related_port,
    )


def to_aioice(item: IceCandidate) -> Candidate:
    """Give a candidate of the far side to aioice."""
    return Candidate(
        foundation=item.foundation,
        component=item.component,
        transport=item.transport,
        priority=item.priority,
        host=item.host,
        port=item.port,
        type=item.kind,
        related_address=item.related_host,
        related_port=item.related_port,
    )
