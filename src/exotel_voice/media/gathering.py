"""Which addresses this machine can be reached at: ICE gathering without a call (RFC 8445 §5.1)."""

from __future__ import annotations

from dataclasses import replace

from exotel_voice.media._aioice import IceAgent
from exotel_voice.media.ice import IceSettings
from exotel_voice.media.sdp import IceCandidate

__all__ = ["gather_candidates"]


async def gather_candidates(settings: IceSettings, *, limit: float) -> tuple[IceCandidate, ...]:
    """Open sockets of its own, ask all STUN and TURN servers at once, and close all again.

    No call and no registration is touched.

    Args:
        settings: The servers.
        limit: Seconds, 0.05 to 10, to wait for the servers.
    """
    agent = IceAgent(replace(settings, gathering_limit=limit))
    try:
        await agent.gather()
        return agent.candidates()
    finally:
        await agent.aclose()
