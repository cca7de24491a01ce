"""What can be seen, heard and read of a call without changing it."""

from __future__ import annotations

from collections.abc import AsyncGenerator

from exotel_voice.media.base import MediaSession, MediaStats, PcmWriter
from exotel_voice.phone.details import CallDetails, CallDirection, CallState
from exotel_voice.phone.events import CallEvent
from exotel_voice.phone.leg import Leg
from exotel_voice.phone.observe import EventStream

__all__ = ["CallFacts"]


class CallFacts:
    """The part of `Call` that only tells. Two of the same call are equal."""

    __slots__ = ("_leg",)

    def __init__(self, leg: Leg) -> None:
        self._leg = leg

    def __eq__(self, other: object) -> bool:
        return isinstance(other, CallFacts) and other._leg is self._leg

    def __hash__(self) -> int:
        return hash(self._leg)

    def __repr__(self) -> str:
        return f"<{type(self).__name__} {self.id} {self.direction} {self.state}>"

    # -- what is known ---------------------------------------------------------------------------

    @property
    def id(self) -> str:
        """Names the call in its phone and in events: the SIP Call-ID (RFC 3261 §8.1.1.4)."""
        return self._leg.call_id

    @property
    def state(self) -> CallState:
        """Where the call stands."""
        return self._leg.state

    @property
    def direction(self) -> CallDirection:
        """Who called."""
        return self._leg.record.direction

    @property
    def details(self) -> CallDetails:
        """Who is at the other end, what came with the call, and when what happened."""
        return self._leg.record.details(self._leg.state)

    @property
    def is_muted(self) -> bool:
        """Whether this side sends silence."""
        return self._leg.is_muted

    @property
    def is_on_hold(self) -> bool:
        """Whether this side holds the other, as the other has confirmed."""
        return self._leg.negotiation.is_on_hold

    @property
    def is_remote_on_hold(self) -> bool:
        """Whether the far side holds this one."""
        return self._leg.is_remote_on_hold

    # -- audio and events ------------------------------------------------------------------------

    def audio_in(self) -> AsyncGenerator[bytes]:
        """Give the far side's audio as frames of 16-bit mono PCM; ends with the call.

        Raises:
            InvalidState: The media of the phone do not give PCM to the application.
        """
        return self._leg.media.audio_in()

    @property
    def audio_out(self) -> PcmWriter:
        """Where to write 16-bit mono PCM for the far side.

        Raises:
            InvalidState: The media of the phone take the audio from elsewhere.
        """
        return self._leg.media.audio_out

    @property
    def media(self) -> MediaSession:
        """The audio of this call, as the engine made it: the seam for engines and gateways.

        Applications use `audio_in`, `audio_out` and the methods of `Call`. Offers and answers are
        the phone's: who makes them here as well breaks the call.
        """
        return self._leg.media

    async def stats(self) -> MediaStats:
        """Give counters and measures of the audio so far.

        Raises:
            MediaUnavailable: They are in a browser tab that does not report for the moment.
        """
        return await self._leg.media.stats()

    def events(self) -> EventStream[CallEvent]:
        """Give the events of this call from now on, up to `CallEnded`, which is the last."""
        return self._leg.line.hub.call_stream(self.id, last=self._leg.ending.event)
