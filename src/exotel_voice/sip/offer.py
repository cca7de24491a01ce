"""Whose turn it is to offer, and what has been agreed (RFC 3264 §4, RFC 6337 §4).

Each dialog has one `OfferTurn`. A message may only carry an offer when none is open in either
direction, whatever the message is: INVITE, a reliable provisional response, PRACK, ACK or UPDATE.
"""

from __future__ import annotations

from collections.abc import Mapping
from enum import StrEnum
from typing import Final

from exotel_voice.sip.sdp import first_audio_line, is_hold

__all__ = ["REFUSALS", "TABLE", "OfferTurn", "TurnInput", "TurnState"]


class TurnState(StrEnum):
    """Which offer is open."""

    INITIAL = "initial"
    """Nothing has been agreed yet."""
    LOCAL_OFFER = "local offer"
    """We offered; the answer is to come."""
    REMOTE_OFFER = "remote offer"
    """The far side offered; we owe the answer."""
    STABLE = "stable"
    """The last offer has been answered, or refused."""


class TurnInput(StrEnum):
    """What a message carries, or that its transaction failed."""

    SEND_OFFER = "send offer"
    SEND_ANSWER = "send answer"
    RECEIVE_OFFER = "receive offer"
    RECEIVE_ANSWER = "receive answer"
    LOCAL_FAILED = "local offer refused"
    REMOTE_FAILED = "remote offer refused"


TABLE: Final[Mapping[tuple[TurnState, TurnInput], TurnState]] = {
    # RFC 3264 §4: either side may offer when no offer is open.
    (TurnState.INITIAL, TurnInput.SEND_OFFER): TurnState.LOCAL_OFFER,
    (TurnState.INITIAL, TurnInput.RECEIVE_OFFER): TurnState.REMOTE_OFFER,
    (TurnState.STABLE, TurnInput.SEND_OFFER): TurnState.LOCAL_OFFER,
    (TurnState.STABLE, TurnInput.RECEIVE_OFFER): TurnState.REMOTE_OFFER,
    # RFC 3264 §5, §6: the answer closes it.
    (TurnState.LOCAL_OFFER, TurnInput.RECEIVE_ANSWER): TurnState.STABLE,
    (TurnState.REMOTE_OFFER, TurnInput.SEND_ANSWER): TurnState.STABLE,
    # RFC 3261 §14.1, RFC 6337 §3.4: a refusal leaves what was agreed before.
    (TurnState.LOCAL_OFFER, TurnInput.LOCAL_FAILED): TurnState.STABLE,
    (TurnState.REMOTE_OFFER, TurnInput.REMOTE_FAILED): TurnState.STABLE,
}

REFUSALS: Final[Mapping[TurnState, int]] = {
    # RFC 3311 §5.2, RFC 3261 §14.2: both sides offered at once.
    TurnState.LOCAL_OFFER: 491,
    # RFC 3311 §5.2, RFC 3261 §14.2: an offer before the last one was answered.
    TurnState.REMOTE_OFFER: 500,
}
"""What an offer that comes out of turn is answered with; the 500 has a Retry-After of 0 to 10 s."""


class OfferTurn:
    """The offers and answers of one dialog.

    Attributes:
        state: Which offer is open.
        local: Our description in force, None before the first exchange.
        remote: The far side's description in force, None before the first exchange.
    """

    __slots__ = ("_open", "local", "remote", "state")

    def __init__(self) -> None:
        self.state = TurnState.INITIAL
        self.local: bytes | None = None
        self.remote: bytes | None = None
        self._open = b""

    def fork(self) -> OfferTurn:
        """Give a copy for another dialog of the same INVITE (RFC 6337 §3.1.2)."""
        turn = OfferTurn()
        turn.state, turn.local, turn.remote = self.state, self.local, self.remote
        turn._open = self._open
        return turn

    @property
    def is_open(self) -> bool:
        """Whether an offer of either side waits for its answer."""
        return self.state in REFUSALS

    def allows(self, what: TurnInput) -> bool:
        """Tell whether the table has a row for it now."""
        return (self.state, what) in TABLE

    def take(self, what: TurnInput, description: bytes = b"") -> bool:
        """Take what a message carries.

        Args:
            what: The kind.
            description: The SDP; nothing for a failure.

        Returns:
            Whether it was in turn; if not, nothing has changed.
        """
        state = TABLE.get((self.state, what))
        if state is None:
            return False
        self.state = state
        if what is TurnInput.SEND_ANSWER:
            self.local, self.remote = description, self._open
        elif what is TurnInput.RECEIVE_ANSWER:
            self.local, self.remote = self._open, description
        self._open = description
        return True

    @property
    def is_remote_hold(self) -> bool:
        """Whether the far side's description in force puts us on hold (RFC 6337 §5.3)."""
        return self.remote is not None and is_hold(self.remote)

    @property
    def is_local_inactive(self) -> bool:
        """Whether our description in force neither sends nor takes audio."""
        line = None if self.local is None else first_audio_line(self.local)
        return line is not None and line.direction == "inactive"
