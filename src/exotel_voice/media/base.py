"""The one protocol that a media engine fulfils; the phone knows no other.

Three engines exist: `native` (audio in this process), `browser` (forwards each request to a tab)
and `silent` (no audio, for tests and load). Descriptions are SDP bytes (RFC 8866), one audio line.
"""

from __future__ import annotations

from collections.abc import AsyncGenerator, Callable
from dataclasses import dataclass
from enum import StrEnum
from typing import Protocol

from exotel_voice.errors import MediaError

__all__ = [
    "NO_STATS",
    "DigitHeard",
    "Direction",
    "MediaConnected",
    "MediaEngine",
    "MediaEvent",
    "MediaFailed",
    "MediaInterrupted",
    "MediaSession",
    "MediaStats",
    "PcmWriter",
]


class Direction(StrEnum):
    """The direction of the audio line, as this side sees it (RFC 8866 §6.7)."""

    SENDRECV = "sendrecv"
    SENDONLY = "sendonly"
    RECVONLY = "recvonly"
    INACTIVE = "inactive"


@dataclass(frozen=True, slots=True, kw_only=True)
class MediaConnected:
    """ICE and DTLS are done: audio can flow. Comes again after an ICE restart."""

    codec: str
    """Name of the agreed codec, for example `opus` or `PCMU`."""


@dataclass(frozen=True, slots=True, kw_only=True)
class DigitHeard:
    """One digit arrived as RFC 4733 telephone-event, reported once, at its end."""

    digit: str
    """One of `0`-`9`, `*`, `#`, `A`-`D`."""
    duration: float
    """How long the key was held, in seconds."""


@dataclass(frozen=True, slots=True, kw_only=True)
class MediaFailed:
    """The audio of the call cannot go on; nothing further comes from this session.

    No path was found, or no keys were agreed.
    """

    error: MediaError
    """What failed, with its hint."""


@dataclass(frozen=True, slots=True, kw_only=True)
class MediaInterrupted:
    """The path of the audio is gone; an offer with `ice_restart` may bring another one.

    The far side's consent ran out because it has not answered for half a minute (RFC 7675 §5.1),
    or a restart found nothing afterwards. `MediaConnected` tells when audio can flow again. While
    an ICE restart looks for a new path, the end of the old one is not reported.
    """

    error: MediaError
    """What was lost."""


MediaEvent = MediaConnected | DigitHeard | MediaInterrupted | MediaFailed


@dataclass(frozen=True, slots=True, kw_only=True)
class MediaStats:
    """Counters and measures of one call's audio, since its start (RFC 3550 §6.4)."""

    codec: str
    """Name of the codec in use, empty before one is agreed."""
    packets_sent: int
    """RTP packets sent."""
    packets_received: int
    """RTP packets received, late ones and duplicates not counted."""
    packets_lost: int
    """Packets of the far side that never arrived."""
    packets_late: int
    """Packets that arrived after their turn to be played."""
    bytes_sent: int
    """RTP payload bytes sent."""
    bytes_received: int
    """RTP payload bytes received."""
    jitter_ms: float
    """Interarrival jitter of received packets, in milliseconds (RFC 3550 §6.4.1)."""
    round_trip_ms: float | None
    """Round-trip time from RTCP, in milliseconds; None before the first report."""
    remote_lost_fraction: float | None
    """Share of our packets that the far side reports lost, 0 to 1; None before a report."""
    buffer_ms: float
    """Present delay of the jitter buffer, in milliseconds."""
    concealed_ms: float
    """Audio made up for missing packets, in milliseconds."""
    input_level: float
    """Level of what is sent, 0 to 1, root mean square of the last 20 ms."""
    output_level: float
    """Level of what is received, 0 to 1, root mean square of the last 20 ms."""


NO_STATS = MediaStats(
    codec="",
    packets_sent=0,
    packets_received=0,
    packets_lost=0,
    packets_late=0,
    bytes_sent=0,
    bytes_received=0,
    jitter_ms=0.0,
    round_trip_ms=None,
    remote_lost_fraction=None,
    buffer_ms=0.0,
    concealed_ms=0.0,
    input_level=0.0,
    output_level=0.0,
)
"""What there is to tell of a call without audio yet."""


class PcmWriter(Protocol):
    """The application's end of a call's outgoing audio: 16-bit mono PCM, native byte order."""

    @property
    def sample_rate_hz(self) -> int:
        """Rate of the samples to be written."""
        ...

    async def write(self, pcm: bytes) -> None:
        """Queue audio to be sent; waits while more than the buffer's limit is queued.

        Raises:
            InvalidState: The call has ended.
        """
        ...

    def clear(self) -> None:
        """Drop what is queued and not yet sent, so that a voice bot can be interrupted."""
        ...

    async def drain(self) -> None:
        """Wait until all that was written has been sent, or the call has ended."""
        ...


class MediaSession(Protocol):
    """The audio of one call. Every method may be called at any time.

    After `aclose`, and after `MediaFailed`, no description is made or taken: those methods raise
    `MediaError`, and the others do nothing.

    The order of calls is that of offer and answer (RFC 3264): `create_offer` then `accept_answer`
    or `rollback`; or `create_answer`. An engine that can make no description for the moment, and
    may be able to later, raises `MediaUnavailable`; the session goes on.
    """

    async def prepare(self, offer: bytes) -> None:
        """Get ready for an answer to this offer that may be wanted soon: a call comes in.

        An engine may gather addresses now, so that `create_answer` takes less time; nothing is sent
        to the far side. Never raises: what is wrong with the offer shows in `create_answer`, which
        may come while this is still going on, and uses what there is.
        """
        ...

    async def create_offer(
        self, *, direction: Direction = Direction.SENDRECV, ice_restart: bool = False
    ) -> bytes:
        """Make a description to offer. Gathering is bounded to 500 ms.

        Args:
            direction: The wish of this side. SENDONLY and INACTIVE put the far side on hold: once
                it has agreed, nothing is sent and nothing is played.
            ice_restart: Whether to look for a new path, while the present one carries on
                (RFC 8839 §4.4.1.1).

        Raises:
            MediaError: No description can be made (the tab is gone, the session has failed).
        """
        ...

    async def create_answer(
        self, offer: bytes, *, direction: Direction = Direction.SENDRECV
    ) -> bytes:
        """Take the far side's offer and make the answer to it; audio then starts by itself.

        `direction` is what this side would like; the answer never widens what was offered. An
        offer of this side that waits for its answer is forgotten. After an error all is as before.

        Raises:
            MediaError: The offer cannot be taken: reply 488 (RFC 3261 §21.4.26).
        """
        ...

    async def accept_answer(self, answer: bytes) -> None:
        """Take the far side's answer to the last offer; audio then starts by itself.

        The same answer may come again, as with a 183 and a 200 to one INVITE.

        Raises:
            MediaError: The answer cannot be taken; end the call.
        """
        ...

    async def rollback(self) -> None:
        """Forget the last offer, because the far side refused it; the audio stays as it was."""
        ...

    async def set_muted(self, muted: bool) -> None:  # noqa: FBT001 - a setter of one value
        """Send silence in place of the input, or the input again. Kept over re-offers."""
        ...

    async def send_digits(self, digits: str, *, duration: float = 0.16, gap: float = 0.07) -> None:
        """Send digits as RFC 4733 events; returns when the last one has ended.

        Raises:
            InvalidState: telephone-event was not agreed, or the call is on hold.
        """
        ...

    @property
    def can_send_digits(self) -> bool:
        """Whether telephone-event was agreed with the far side."""
        ...

    def audio_in(self) -> AsyncGenerator[bytes]:
        """The far side's audio as frames of 16-bit mono PCM; ends with the call.

        Raises:
            InvalidState: The engine does not give PCM to the application.
        """
        ...

    @property
    def audio_out(self) -> PcmWriter:
        """Where the application writes PCM for the far side.

        Raises:
            InvalidState: The engine takes its audio from elsewhere.
        """
        ...

    async def stats(self) -> MediaStats:
        """Counters and measures of the audio so far.

        Raises:
            MediaUnavailable: They are elsewhere, and out of reach for the moment.
        """
        ...

    async def aclose(self) -> None:
        """Stop the audio and free everything. Safe to call more than once; never raises."""
        ...


class MediaEngine(Protocol):
    """Makes the sessions of a phone."""

    def open_session(self, *, on_event: Callable[[MediaEvent], None]) -> MediaSession:
        """Make the audio session of one call. `on_event` is called in the event loop."""
        ...

    async def aclose(self) -> None:
        """Close every session that is still open and free what they share."""
        ...
