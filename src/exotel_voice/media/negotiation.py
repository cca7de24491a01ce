"""Offer and answer for the one audio line of a call (RFC 3264), without any I/O.

`Negotiation` keeps what must stay the same over all descriptions of a session: the session id and
its version, the places of refused lines, the payload type numbers. What was agreed comes out as
an `Agreement`.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field, replace

from exotel_voice.errors import DtlsFailed, IceFailed, MediaError, NoCommonCodec
from exotel_voice.media.base import Direction
from exotel_voice.media.codec import Codec, CodecSettings
from exotel_voice.media.sdp import (
    AudioLine,
    Description,
    Fingerprint,
    IceCandidate,
    Origin,
    OtherLine,
    PayloadFormat,
)
from exotel_voice.media.stream import StreamParameters

__all__ = ["Agreement", "LocalTransport", "Negotiation", "narrow", "require_secure"]

_DIGITS = "telephone-event"
_DIGIT_EVENTS = "0-15"
_PACKET_TIME_MS = 20
_OFFERED_PROFILE = "UDP/TLS/RTP/SAVPF"
_STREAM_ID = "exotel-voice"
_PREFERRED_NUMBERS = {("opus", 48000): 111, (_DIGITS, 48000): 110, (_DIGITS, 8000): 101}
_DYNAMIC_NUMBERS = range(96, 128)


@dataclass(frozen=True, slots=True, kw_only=True)
class LocalTransport:
    """What this side says about its path: ICE and DTLS."""

    ice_ufrag: str
    """User name fragment of this side."""
    ice_pwd: str = field(repr=False)
    """Password of this side."""
    candidates: tuple[IceCandidate, ...]
    """Addresses of this side."""
    fingerprints: tuple[Fingerprint, ...]
    """Hashes of this side's certificate."""
    tls_id: str | None = None
    """Names the DTLS association of this side."""

    def default_address(self) -> tuple[str, int]:
        """Choose the address for the `m=` and `c=` lines: the one most likely to be reached.

        Relayed before reflexive before host (RFC 8839 §4.2.1.2), IPv4 before IPv6; without any
        candidate the zero address and port 9 (RFC 8840 §4.3.1).
        """
        ranks = {"relay": 0, "srflx": 1}
        best = min(
            self.candidates,
            key=lambda item: (ranks.get(item.kind, 2), ":" in item.host, -item.priority),
            default=None,
        )
        return (best.host, best.port) if best is not None else ("0.0.0.0", 9)  # noqa: S104 - none


@dataclass(frozen=True, slots=True, kw_only=True)
class Agreement:
    """What an offer and its answer say together, from this side."""

    parameters: StreamParameters
    """Codec, payload types and packet time, for the audio stream."""
    direction: Direction
    """Direction of the line as this side sees it."""
    has_rtcp_mux: bool
    """Whether RTCP may be sent: it then shares the port of RTP."""


class Negotiation:
    """The offer and answer state of one session."""

    def __init__(
        self, *, session_id: int, codecs: Iterable[Codec], settings: CodecSettings | None = None
    ) -> None:
        """Begin a session of which nothing has been said yet.

        Args:
            session_id: A random number below 2**62, for the `o=` line (RFC 8866 §5.2).
            codecs: Codecs to use, the preferred first.
            settings: How to encode where the codec leaves a choice.
        """
        self._codecs = tuple(codecs)
        self._settings = settings or CodecSettings()
        self._origin = Origin(session_id=session_id, version=0)
        self._last: Description | None = None
        self._offer: Description | None = None
        self._answered: Description | None = None
        self._numbers: dict[tuple[str, int], int] = {}
        self._before: tuple[OtherLine, ...] = ()
        self._after: tuple[OtherLine, ...] = ()
        self._mid: str | None = "0"
        self._is_bundled = True
        self._profile = _OFFERED_PROFILE
        self._current: str | None = None
        self.has_preference = False
        """Whether this side's order of codecs goes before the offerer's in an answer."""

    @property
    def is_offering(self) -> bool:
        """Whether an offer of this side waits for its answer."""
        return self._offer is not None

    def make_offer(self, transport: LocalTransport, direction: Direction) -> Description:
        """Make an offer with every codec of this side; the one in use, if any, comes first."""
        ordered = sorted(self._codecs, key=lambda codec: codec.name != self._current)
        formats = [self._format(codec) for codec in ordered]
        clocks = dict.fromkeys(codec.clock_rate for codec in ordered)
        # A peer that knows no other clock than that of G.711 must find one it can take.
        formats += [self._digit_format(clock) for clock in (clocks | {8000: None})]
        audio = self._audio_line(transport, direction, tuple(formats), setup="actpass")
        self._offer = self._stamp(audio)
        return self._offer

    def require_common_codec(self, offer: Description) -> None:
        """Make sure, before any socket is opened, that the offer can be answered.

        Raises:
            NoCommonCodec: The offer has no codec of this side, or its audio line is refused.
        """
        if offer.audio.port == 0:
            raise NoCommonCodec("The far side offers no audio line that is in use")
        self._choose(offer.audio.formats)

    def make_answer(
        self, offer: Description, transport: LocalTransport, direction: Direction, *, setup: str
    ) -> tuple[Description, Agreement]:
        """Answer an offer with one codec of it, and digits if they are offered.

        Args:
            offer: What the far side offers.
            transport: The path of this side.
            direction: The wish of this side; the answer never widens what was offered.
            setup: `active` or `passive`, the DTLS role of this side.

        Raises:
            NoCommonCodec: The offer has no codec of this side, or its audio line is refused.
        """
        codec, chosen = self._choose(offer.audio.formats)
        digits = _digits(offer.audio.formats, codec.clock_rate)
        formats = [replace(chosen, channels=codec.sdp_channels, fmtp=codec.fmtp)]
        if digits is not None:
            formats.append(replace(digits, fmtp=_DIGIT_EVENTS))
        self._adopt(offer, formats)
        agreed = narrow(direction, offer.audio.effective_direction)
        audio = replace(
            self._audio_line(transport, agreed, tuple(formats), setup=setup),
            has_rtcp_mux=offer.audio.has_rtcp_mux,
        )
        answer = self._stamp(audio)
        self._offer = self._answered = None
        return answer, self._agree(answer.audio, offer.audio, agreed)

    def take_answer(self, answer: Description) -> Agreement:
        """Take the far side's answer to the last offer; the same answer may come again.

        Raises:
            MediaError: Nothing was offered.
            NoCommonCodec: The answer refuses the audio line or has no codec of this side.
        """
        offer = self._offer or self._answered
        if offer is None:
            raise MediaError("The far side answers what was not offered")
        agreed = narrow(offer.audio.direction, answer.audio.effective_direction)
        agreement = self._agree(offer.audio, answer.audio, agreed)
        self._offer, self._answered = None, offer
        return agreement

    def rollback(self) -> None:
        """Forget the offer that waits for an answer."""
        self._offer = None

    def _stamp(self, audio: AudioLine) -> Description:
        """Put the audio line into a description, with the version counted up if it is a new one."""
        bundle = (audio.mid,) if self._is_bundled and audio.mid is not None else ()
        made = Description(
            origin=self._origin, audio=audio, before=self._before, after=self._after, bundle=bundle
        )
        if made != self._last:
            self._origin = replace(self._origin, version=self._origin.version + 1)
            made = replace(made, origin=self._origin)
        self._last = made
        return made

    def _audio_line(
        self,
        transport: LocalTransport,
        direction: Direction,
        formats: tuple[PayloadFormat, ...],
        *,
        setup: str,
    ) -> AudioLine:
        address, port = transport.default_address()
        return AudioLine(
            port=port,
            profile=self._profile,
            formats=formats,
            address=address,
            direction=direction,
            mid=self._mid,
            ice_ufrag=transport.ice_ufrag,
            ice_pwd=transport.ice_pwd,
            candidates=transport.candidates,
            fingerprints=transport.fingerprints,
            setup=setup,
            tls_id=transport.tls_id,
            ptime=_PACKET_TIME_MS,
            stream_id=_STREAM_ID,
        )

    def _adopt(self, offer: Description, formats: list[PayloadFormat]) -> None:
        """Keep for this and all later descriptions what the far side's offer fixes."""
        self._before, self._after = offer.before, offer.after
        self._mid = offer.audio.mid
        self._is_bundled = self._mid is not None and self._mid in offer.bundle
        # RFC 3264 §6.1: the answer names the profile of the offer.
        self._profile = offer.audio.profile
        for item in formats:
            self._numbers[item.name.lower(), item.clock_rate] = item.payload_type

    def _choose(self, formats: Iterable[PayloadFormat]) -> tuple[Codec, PayloadFormat]:
        """Choose the codec of an answer: the offerer's first, or the one this side prefers."""
        common = [
            (codec, item)
            for item in formats
            for codec in self._codecs
            if item.matches(codec.name, codec.clock_rate)
        ]
        if self.has_preference:
            common.sort(key=lambda pair: self._codecs.index(pair[0]))
        if not common:
            raise NoCommonCodec("The far side offers no audio codec that this side has")
        return common[0]

    def _agree(self, local: AudioLine, remote: AudioLine, direction: Direction) -> Agreement:
        if remote.port == 0:
            raise NoCommonCodec("The far side refused the audio line")
        # RFC 3264 §7: an offerer sends with the first codec of the answer; an answer of this
        # side has one codec only, and the far side's number for it.
        ours = [item for item in local.formats if item.name.lower() != _DIGITS]
        codec, chosen = self._first_common(remote.formats, ours)
        digits = _digits(remote.formats, codec.clock_rate)
        self._current = codec.name
        parameters = StreamParameters(
            codec=codec,
            payload_type=chosen.payload_type,
            settings=replace(self._settings, fmtp=chosen.parameters()),
            packet_time_ms=codec.nearest_packet_time(_packet_time(remote)),
            receive={
                item.payload_type: codec
                for item in ours
                for codec in self._codecs
                if item.matches(codec.name, codec.clock_rate)
            },
            digits_payload_type=digits.payload_type if digits is not None else None,
            digits_clock_rate=digits.clock_rate if digits is not None else 8000,
            digits_receive={
                item.payload_type: item.clock_rate
                for item in local.formats
                if item.name.lower() == _DIGITS
            },
        )
        mux = local.has_rtcp_mux and remote.has_rtcp_mux
        return Agreement(parameters=parameters, direction=direction, has_rtcp_mux=mux)

    def _first_common(
        self, remote: Iterable[PayloadFormat], ours: list[PayloadFormat]
    ) -> tuple[Codec, PayloadFormat]:
        for item in remote:
            if not any(item.matches(own.name, own.clock_rate) for own in ours):
                continue
            for codec in self._codecs:
                if item.matches(codec.name, codec.clock_rate):
                    return codec, item
        raise NoCommonCodec("The far side's answer has no audio codec that was offered")

    def _format(self, codec: Codec) -> PayloadFormat:
        return PayloadFormat(
            payload_type=self._number(codec.name, codec.clock_rate, codec.payload_type),
            name=codec.name,
            clock_rate=codec.clock_rate,
            channels=codec.sdp_channels,
            fmtp=codec.fmtp,
        )

    def _digit_format(self, clock_rate: int) -> PayloadFormat:
        return PayloadFormat(
            payload_type=self._number(_DIGITS, clock_rate, None),
            name=_DIGITS,
            clock_rate=clock_rate,
            fmtp=_DIGIT_EVENTS,
        )

    def _number(self, name: str, clock_rate: int, static: int | None) -> int:
        """Give the payload type of a codec, the same for the whole session (RFC 3264 §8.3.2)."""
        key = (name.lower(), clock_rate)
        if key not in self._numbers:
            taken = set(self._numbers.values()) | set(_PREFERRED_NUMBERS.values())
            free = next(number for number in _DYNAMIC_NUMBERS if number not in taken)
            wished = static if static is not None else _PREFERRED_NUMBERS.get(key, free)
            self._numbers[key] = wished if wished not in self._numbers.values() else free
        return self._numbers[key]


def require_secure(description: Description) -> AudioLine:
    """Give the audio line once it is sure that its audio will be encrypted.

    Raises:
        DtlsFailed: It has no certificate fingerprint that can be trusted. Audio in clear, and
            keys in the description (RFC 4568), are never taken.
        IceFailed: It has no ICE credentials, so nothing proves that the far side wants packets.
        MediaError: The audio line runs over something that this side does not speak.
    """
    audio = description.audio
    if not any(fingerprint.strength is not None for fingerprint in audio.fingerprints):
        raise DtlsFailed(
            "The far side offers no certificate fingerprint, so its audio would not be encrypted",
            hint="Let the far side use DTLS-SRTP, as WebRTC does; audio in clear is never taken.",
        )
    if not audio.ice_ufrag or not audio.ice_pwd:
        raise IceFailed(
            "The far side's description has no ICE credentials",
            hint="Turn on ICE at the far side.",
        )
    if "RTP/" not in audio.profile.upper() or "TCP" in audio.profile.upper():
        raise MediaError(f"The transport {audio.profile} is not known")
    return audio


def narrow(wish: Direction, remote: Direction) -> Direction:
    """Combine what this side wishes with what the far side says, seen from this side.

    Args:
        wish: What this side wants.
        remote: What the far side's description says, as the far side sees it (RFC 3264 §6.1).
    """
    sends = wish in _SENDING and remote in _RECEIVING
    receives = wish in _RECEIVING and remote in _SENDING
    if sends:
        return Direction.SENDRECV if receives else Direction.SENDONLY
    return Direction.RECVONLY if receives else Direction.INACTIVE


_SENDING = {Direction.SENDRECV, Direction.SENDONLY}
_RECEIVING = {Direction.SENDRECV, Direction.RECVONLY}


def _digits(formats: Iterable[PayloadFormat], clock_rate: int) -> PayloadFormat | None:
    """Choose telephone-event: at the clock of the codec, else at any (RFC 4733 §2.5.1.1)."""
    offered = [item for item in formats if item.name.lower() == _DIGITS]
    fitting = [item for item in offered if item.clock_rate == clock_rate]
    return next(iter(fitting or offered), None)


def _packet_time(remote: AudioLine) -> int:
    wanted = remote.ptime or _PACKET_TIME_MS
    return min(wanted, remote.max_ptime) if remote.max_ptime is not None else wanted
