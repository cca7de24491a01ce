"""Reading of session descriptions, in every form that is met in the field (RFC 8866).

Remote input never raises anything but `MediaError`: a line that cannot be read is skipped, and
only a description without an audio line is refused. Attributes of the session hold for the audio
line unless it has its own (RFC 8866 §5.13).
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field

from exotel_voice.errors import MediaError
from exotel_voice.media.base import Direction
from exotel_voice.media.sdp import (
    AudioLine,
    Description,
    Fingerprint,
    IceCandidate,
    Origin,
    OtherLine,
    PayloadFormat,
)

__all__ = ["MAX_DESCRIPTION_BYTES", "parse_description"]

MAX_DESCRIPTION_BYTES = 65_536
"""Longest description that is read. Browsers with many interfaces stay below 10,000."""

_MAX_CANDIDATES = 64
_MAX_FORMATS = 64
_NUMBER = re.compile(r"\d{1,20}")
_LINE_END = re.compile(r"\r\n|\r|\n")

_STATIC_FORMATS = {
    0: ("PCMU", 8000),
    3: ("GSM", 8000),
    4: ("G723", 8000),
    8: ("PCMA", 8000),
    9: ("G722", 8000),
    13: ("CN", 8000),
    15: ("G728", 8000),
    18: ("G729", 8000),
}
"""Payload types that need no `rtpmap` (RFC 3551 §6)."""


@dataclass(slots=True)
class _Section:
    """The lines of the session, or of one media line."""

    media: str = ""
    connection: str | None = None
    attributes: list[tuple[str, str]] = field(default_factory=list)

    def find(self, name: str) -> str | None:
        """Give the value of the first attribute of that name; `''` for a bare one."""
        return next((value for key, value in self.attributes if key == name), None)

    def find_all(self, name: str) -> list[str]:
        """Give the values of all attributes of that name."""
        return [value for key, value in self.attributes if key == name]


def parse_description(data: bytes) -> Description:
    """Read a description.

    The first audio line with a port other than 0 is the call's, or else the first audio line.

    Args:
        data: The SDP body. Lines may end in CRLF, LF or CR; bytes that are not UTF-8 are replaced.

    Raises:
        MediaError: It is too long, is not a session description, or has no audio line.
    """
    if len(data) > MAX_DESCRIPTION_BYTES:
        raise MediaError("The session description is too long")
    origin, session, sections = _split(data.decode("utf-8", "replace"))
    lines = [_media_line(section) for section in sections]
    audio = [index for index, line in enumerate(lines) if line is not None and line[0] == "audio"]
    if origin is None or not audio:
        raise MediaError("The session description has no audio line")
    chosen = next((index for index in audio if _port(lines[index]) != 0), audio[0])
    others = [_other_line(section) for section in sections]
    return Description(
        origin=origin,
        audio=_audio_line(session, sections[chosen]),
        before=tuple(others[:chosen]),
        after=tuple(others[chosen + 1 :]),
        bundle=_bundle(session),
    )


def _split(text: str) -> tuple[Origin | None, _Section, list[_Section]]:
    origin = None
    session = current = _Section()
    sections: list[_Section] = []
    for line in _LINE_END.split(text):
        kind, equals, value = line.partition("=")
        if not equals:
            continue
        value = value.strip()
        match kind.strip():
            case "o":
                origin = _origin(value)
            case "m":
                current = _Section(media=value)
                sections.append(current)
            case "c":
                current.connection = _connection(value)
            case "a":
                name, _, content = value.partition(":")
                current.attributes.append((name.strip().lower(), content.strip()))
            case _:
                pass  # other lines say nothing about the audio of the call
    return origin, session, sections


def _origin(value: str) -> Origin:
    parts = value.split()
    numbers = [int(part) if _NUMBER.fullmatch(part) else 0 for part in parts[1:3]]
    session_id, version = [*numbers, 0, 0][:2]
    address = parts[5] if len(parts) > 5 else "0.0.0.0"  # noqa: S104 - what stands for none
    return Origin(session_id=session_id, version=version, address=address)


def _connection(value: str) -> str | None:
    parts = value.split()
    return parts[2].partition("/")[0] if len(parts) > 2 else None


def _media_line(section: _Section) -> tuple[str, str, str, str] | None:
    """Split an `m=` line in kind, port, profile and formats."""
    parts = section.media.split(maxsplit=3)
    if len(parts) < 3:
        return None
    return parts[0].lower(), parts[1], parts[2], parts[3] if len(parts) > 3 else ""


def _port(line: tuple[str, str, str, str] | None) -> int:
    digits = line[1].partition("/")[0] if line else ""
    return int(digits) if _NUMBER.fullmatch(digits) and int(digits) < 65536 else 0


def _other_line(section: _Section) -> OtherLine:
    kind, _, profile, formats = _media_line(section) or ("text", "0", "RTP/AVP", "0")
    mid = section.find("mid")
    return OtherLine(kind=kind, profile=profile, formats=formats or "0", mid=mid)


def _bundle(session: _Section) -> tuple[str, ...]:
    for value in session.find_all("group"):
        semantics, *members = value.split() or [""]
        if semantics.upper() == "BUNDLE":
            return tuple(members)
    return ()


def _audio_line(session: _Section, media: _Section) -> AudioLine:
    line = _media_line(media)
    if line is None:
        raise MediaError("The audio line of the session description cannot be read")
    fingerprints = _fingerprints(media) or _fingerprints(session)
    return AudioLine(
        port=_port(line),
        profile=line[2],
        formats=_formats(line[3].split(), media),
        address=media.connection or session.connection or "0.0.0.0",  # noqa: S104 - nobody's
        direction=_direction(media) or _direction(session) or Direction.SENDRECV,
        mid=media.find("mid"),
        ice_ufrag=media.find("ice-ufrag") or session.find("ice-ufrag") or "",
        ice_pwd=media.find("ice-pwd") or session.find("ice-pwd") or "",
        is_ice_lite=session.find("ice-lite") is not None or media.find("ice-lite") is not None,
        candidates=_candidates(media) or _candidates(session),
        fingerprints=fingerprints,
        setup=_setup(media) or _setup(session),
        tls_id=media.find("tls-id") or session.find("tls-id") or None,
        has_rtcp_mux=_has_rtcp_mux(session, media),
        ptime=_milliseconds(media.find("ptime")),
        max_ptime=_milliseconds(media.find("maxptime")),
        stream_id=_stream_id(media),
    )


def _has_rtcp_mux(session: _Section, media: _Section) -> bool:
    names = ("rtcp-mux", "rtcp-mux-only")
    return any(section.find(name) is not None for section in (media, session) for name in names)


def _stream_id(media: _Section) -> str | None:
    value = (media.find("msid") or "").split()
    return value[0] if value else None


def _formats(numbers: list[str], media: _Section) -> tuple[PayloadFormat, ...]:
    maps = _by_payload_type(media.find_all("rtpmap"))
    parameters = _by_payload_type(media.find_all("fmtp"))
    formats: dict[int, PayloadFormat] = {}
    for text in numbers[:_MAX_FORMATS]:
        number = int(text) if _NUMBER.fullmatch(text) else -1
        if not 0 <= number < 128 or number in formats:
            continue
        made = _format(number, maps.get(number), parameters.get(number, ""))
        if made is not None:
            formats[number] = made
    return tuple(formats.values())


def _by_payload_type(values: list[str]) -> dict[int, str]:
    found: dict[int, str] = {}
    for value in values:
        number, _, rest = value.partition(" ")
        if _NUMBER.fullmatch(number) and rest.strip():
            found.setdefault(int(number), rest.strip())
    return found


def _format(number: int, rtpmap: str | None, fmtp: str) -> PayloadFormat | None:
    if rtpmap is None:
        if number not in _STATIC_FORMATS:
            return None
        name, rate = _STATIC_FORMATS[number]
        return PayloadFormat(payload_type=number, name=name, clock_rate=rate, fmtp=fmtp)
    name, _, rest = rtpmap.partition("/")
    clock, _, channels = rest.partition("/")
    if not name or not _NUMBER.fullmatch(clock.strip()):
        return None
    return PayloadFormat(
        payload_type=number,
        name=name,
        clock_rate=int(clock),
        channels=int(channels) if _NUMBER.fullmatch(channels.strip()) else 1,
        fmtp=fmtp,
    )


def _direction(section: _Section) -> Direction | None:
    names = {direction.value for direction in Direction}
    return next((Direction(key) for key, _ in section.attributes if key in names), None)


def _setup(section: _Section) -> str | None:
    value = (section.find("setup") or "").lower()
    return value if value in {"active", "passive", "actpass", "holdconn"} else None


def _milliseconds(value: str | None) -> int | None:
    digits = (value or "").partition(".")[0]
    return int(digits) if _NUMBER.fullmatch(digits) and 0 < int(digits) <= 1000 else None


def _fingerprints(section: _Section) -> tuple[Fingerprint, ...]:
    found = []
    for value in section.find_all("fingerprint"):
        algorithm, _, digest = value.partition(" ")
        if algorithm and digest.strip():
            found.append(Fingerprint(algorithm=algorithm.lower(), value=digest.strip().upper()))
    return tuple(found)


def _candidates(section: _Section) -> tuple[IceCandidate, ...]:
    values = section.find_all("candidate")[:_MAX_CANDIDATES]
    return tuple(candidate for value in values if (candidate := _candidate(value)) is not None)


def _candidate(value: str) -> IceCandidate | None:
    parts = value.split()
    if len(parts) < 8 or parts[6].lower() != "typ":
        return None
    if not all(_NUMBER.fullmatch(parts[index]) for index in (1, 3, 5)):
        return None
    extras = dict(zip(parts[8::2], parts[9::2], strict=False))
    related_port = extras.get("rport", "")
    return IceCandidate(
        foundation=parts[0],
        component=int(parts[1]),
        transport=parts[2].lower(),
        priority=int(parts[3]),
        host=parts[4],
        port=int(parts[5]),
        kind=parts[7].lower(),
        related_host=extras.get("raddr"),
        related_port=int(related_port) if _NUMBER.fullmatch(related_port) else None,
    )
