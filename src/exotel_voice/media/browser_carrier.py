"""Orders to the browser tab that has the audio of a call, and the protocol that carries them."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import Protocol

from exotel_voice.media.base import Direction

__all__ = ["MediaCarrier", "MediaOp", "MediaOrder"]


class MediaOp(StrEnum):
    """What a tab is asked to do with its peer connection."""

    PREPARE = "prepare"
    """Make the answer to a call that rings; the microphone stays closed."""
    OFFER = "offer"
    ANSWER = "answer"
    ACCEPT_ANSWER = "accept_answer"
    ROLLBACK = "rollback"
    SET_MUTED = "set_muted"
    SEND_DIGITS = "send_digits"
    CLOSE = "close"


@dataclass(frozen=True, slots=True, kw_only=True)
class MediaOrder:
    """One order to a tab; which fields are set follows from `op`."""

    op: MediaOp
    """What to do."""
    sdp: str = ""
    """The far side's description, for prepare, answer and accept_answer."""
    direction: Direction | None = None
    """The wish of this side, for offer and answer."""
    ice_restart: bool = False
    """Whether an offer is to look for a new path."""
    is_muted: bool = False
    """The wish of set_muted."""
    digits: str = ""
    """The digits of send_digits."""
    duration: float = 0.0
    """Seconds that each digit lasts."""
    gap: float = 0.0
    """Seconds between two digits."""


class MediaCarrier(Protocol):
    """A tab, as the media session sees it."""

    async def carry(self, media: str, order: MediaOrder, *, limit: float) -> str:
        """Have the tab do something, and give the description that it made, or nothing.

        Args:
            media: Names the media session.
            order: What to do.
            limit: Seconds that the tab may take.

        Raises:
            MediaUnavailable: The tab is gone, or did not reply in time.
            MediaError: It could not do it; `MicrophoneDenied` for want of a microphone.
            InvalidState: It could not do it in the state that its connection is in.
        """
        ...

    def dismiss(self, media: str) -> None:
        """Tell the tab to close a peer connection; nobody waits for it. Never raises."""
        ...
