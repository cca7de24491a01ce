"""An engine without audio: for tests and for load, where only the signalling matters.

Its descriptions are complete and pass for those of any WebRTC phone, but no socket is opened: two
silent ends make a whole call, and against any other end the call is answered and then has no audio.
"""

from __future__ import annotations

import asyncio
import secrets
from collections.abc import AsyncGenerator, Callable
from dataclasses import replace

from exotel_voice.errors import InvalidState, MediaError
from exotel_voice.media.base import (
    NO_STATS,
    Direction,
    MediaConnected,
    MediaEvent,
    MediaStats,
    PcmWriter,
)
from exotel_voice.media.codecs import available_codecs
from exotel_voice.media.negotiation import Agreement, LocalTransport, Negotiation, require_secure
from exotel_voice.media.sdp import Fingerprint, IceCandidate
from exotel_voice.media.sdp_parse import parse_description

__all__ = ["SilentMedia", "SilentSession"]

_DISCARD_PORT = 9
_NO_AUDIO = "A silent call has no audio: use NativeMedia"


class SilentMedia:
    """Makes calls that agree on everything and carry nothing."""

    def __init__(self) -> None:
        self._sessions: set[SilentSession] = set()
        digest = secrets.token_hex(32).upper()
        value = ":".join(digest[at : at + 2] for at in range(0, len(digest), 2))
        self._fingerprint = Fingerprint(algorithm="sha-256", value=value)

    def open_session(self, *, on_event: Callable[[MediaEvent], None]) -> SilentSession:
        """Make the session of one call. `on_event` is called in the event loop."""
        session = SilentSession(self._fingerprint, on_event, self._sessions.discard)
        self._sessions.add(session)
        return session

    async def aclose(self) -> None:
        """Close every session that is still open."""
        for session in tuple(self._sessions):
            await session.aclose()


class SilentSession:
    """One call without audio; see `MediaSession` for what each method does."""

    def __init__(
        self,
        fingerprint: Fingerprint,
        on_event: Callable[[MediaEvent], None],
        on_closed: Callable[[SilentSession], None],
    ) -> None:
        """Make a session.

        Args:
            fingerprint: Hash of a certificate that does not exist.
            on_event: Takes `MediaConnected`, once both descriptions are known.
            on_closed: Called once, at the end of the session.
        """
        self._negotiation = Negotiation(session_id=secrets.randbits(62), codecs=available_codecs())
        self._fingerprint = fingerprint
        self._on_event = on_event
        self._on_closed = on_closed
        self._transport = self._new_transport()
        self._setup: str | None = None
        self._codec = ""
        self._is_closed = False

    def _new_transport(self) -> LocalTransport:
        nowhere = IceCandidate(
            foundation="1", priority=2130706431, host="127.0.0.1", port=_DISCARD_PORT
        )
        return LocalTransport(
            ice_ufrag=secrets.token_hex(4),
            ice_pwd=secrets.token_hex(12),
            candidates=(nowhere,),
            fingerprints=(self._fingerprint,),
        )

    async def prepare(self, offer: bytes) -> None:
        """Do nothing: an answer takes no time."""

    async def create_offer(
        self, *, direction: Direction = Direction.SENDRECV, ice_restart: bool = False
    ) -> bytes:
        """Make a description to offer, see `MediaSession.create_offer`."""
        self._require_living()
        if ice_restart:
            self._transport = self._new_transport()
        return bytes(self._negotiation.make_offer(self._transport, direction))

    async def create_answer(
        self, offer: bytes, *, direction: Direction = Direction.SENDRECV
    ) -> bytes:
        """Take the far side's offer and answer it, see `MediaSession.create_answer`."""
        self._require_living()
        description = parse_description(offer)
        audio = require_secure(description)
        self._negotiation.require_common_codec(description)
        if self._setup is None:
            self._setup = "passive" if audio.setup in {"active", None} else "active"
        answer, agreement = self._negotiation.make_answer(
            description, self._transport, direction, setup=self._setup
        )
        self._agree(agreement)
        return bytes(answer)

    async def accept_answer(self, answer: bytes) -> None:
        """Take the far side's answer, see `MediaSession.accept_answer`."""
        self._require_living()
        description = parse_description(answer)
        audio = require_secure(description)
        agreement = self._negotiation.take_answer(description)
        if self._setup is None:
            self._setup = "passive" if audio.setup == "active" else "active"
        self._agree(agreement)

    def _agree(self, agreement: Agreement) -> None:
        is_first = not self._codec
        self._codec = agreement.parameters.codec.name
        if is_first:
            asyncio.get_running_loop().call_soon(self._connected)

    def _connected(self) -> None:
        if not self._is_closed:
            self._on_event(MediaConnected(codec=self._codec))

    async def rollback(self) -> None:
        """Forget the last offer, see `MediaSession.rollback`."""
        self._negotiation.rollback()

    async def set_muted(self, muted: bool) -> None:  # noqa: FBT001 - as in MediaSession
        """Do nothing: there is nothing to mute."""

    async def send_digits(self, digits: str, *, duration: float = 0.16, gap: float = 0.07) -> None:
        """Refuse: there is no audio path for digits.

        Raises:
            InvalidState: Always.
        """
        del digits, duration, gap
        raise InvalidState("A silent call cannot send digits as RTP events")

    @property
    def can_send_digits(self) -> bool:
        """Never."""
        return False

    def audio_in(self) -> AsyncGenerator[bytes]:
        """Refuse: there is no audio.

        Raises:
            InvalidState: Always.
        """
        raise InvalidState(_NO_AUDIO)

    @property
    def audio_out(self) -> PcmWriter:
        """Refuse: there is no audio.

        Raises:
            InvalidState: Always.
        """
        raise InvalidState(_NO_AUDIO)

    async def stats(self) -> MediaStats:
        """Give the codec that was agreed; every count is 0."""
        return replace(NO_STATS, codec=self._codec)

    async def aclose(self) -> None:
        """End the session."""
        if not self._is_closed:
            self._is_closed = True
            self._on_closed(self)

    def _require_living(self) -> None:
        if self._is_closed:
            raise MediaError("The audio of the call has ended")
