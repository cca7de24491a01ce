"""Session descriptions of one audio line (RFC 8866): the values, and how they are written.

`sdp_parse.parse_description` takes what telephony servers and browsers really send;
`bytes(description)` writes it. Absent on purpose: video, data channels, SDES keys, trickle.
"""

from __future__ import annotations

import hashlib
import ipaddress
from collections.abc import Iterator
from dataclasses import dataclass, field

from exotel_voice.media.base import Direction

__all__ = [
    "AudioLine",
    "Description",
    "Fingerprint",
    "IceCandidate",
    "Origin",
    "OtherLine",
    "PayloadFormat",
]

_STRENGTH = {"sha-512": 4, "sha-384": 3, "sha-256": 2, "sha-224": 1, "sha-1": 0}


@dataclass(frozen=True, slots=True, kw_only=True)
class Origin:
    """Who made the description, and which version of it this is (RFC 8866 §5.2)."""

    session_id: int
    """Chosen once per session, at random."""
    version: int
    """One more with every description that differs from the one before (RFC 3264 §8)."""
    address: str = "127.0.0.1"
    """Address of the maker. Browsers write the loopback address, so that none leaks."""

    def __str__(self) -> str:
        return f"- {self.session_id} {self.version} IN {_family(self.address)} {self.address}"


@dataclass(frozen=True, slots=True, kw_only=True)
class PayloadFormat:
    """One payload type of the audio line: its `rtpmap` and `fmtp` (RFC 8866 §6.6, §6.15)."""

    payload_type: int
    """Number on the wire, 0 to 127."""
    name: str
    """Encoding name as spelled by its maker; compare without regard to case."""
    clock_rate: int
    """RTP timestamp units per second."""
    channels: int = 1
    """Number of channels, 2 for Opus always (RFC 7587 §7)."""
    fmtp: str = ""
    """Format parameters as they stand on the wire."""

    def matches(self, name: str, clock_rate: int) -> bool:
        """Whether this is the named codec at that clock, in any spelling."""
        return self.name.lower() == name.lower() and self.clock_rate == clock_rate

    def parameters(self) -> dict[str, str]:
        """Give the format parameters as a dictionary; names in lower case, `''` without a value."""
        pairs = (item.partition("=") for item in self.fmtp.split(";"))
        return {name.strip().lower(): value.strip() for name, _, value in pairs if name.strip()}

    def lines(self) -> Iterator[str]:
        """Write the attribute lines of this payload type."""
        channels = f"/{self.channels}" if self.channels > 1 else ""
        yield f"a=rtpmap:{self.payload_type} {self.name}/{self.clock_rate}{channels}"
        if self.fmtp:
            yield f"a=fmtp:{self.payload_type} {self.fmtp}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Fingerprint:
    """The hash of a DTLS certificate (RFC 8122 §5)."""

    algorithm: str
    """Hash function in lower case, for example `sha-256`."""
    value: str
    """Upper-case hexadecimal bytes with colons between."""

    @property
    def strength(self) -> int | None:
        """Rank of the hash function, higher is better; None when it is not to be trusted."""
        return _STRENGTH.get(self.algorithm)

    def matches(self, certificate: bytes) -> bool:
        """Whether the certificate, given in DER, has this fingerprint."""
        if self.strength is None:
            return False
        digest = hashlib.new(self.algorithm.replace("-", ""), certificate).hexdigest().upper()
        return self.value.replace(":", "") == digest

    def __str__(self) -> str:
        return f"{self.algorithm} {self.value}"


@dataclass(frozen=True, slots=True, kw_only=True)
class IceCandidate:
    """One address that may reach its owner (RFC 8839 §5.1)."""

    foundation: str
    """Equal for candidates of the same kind, base and server."""
    component: int = 1
    """1 for RTP, 2 for RTCP on a port of its own."""
    transport: str = "udp"
    """`udp`, or `tcp` (RFC 6544), in lower case."""
    priority: int
    """Higher is tried first (RFC 8445 §5.1.2)."""
    host: str
    """IP address, or a `.local` name of multicast DNS."""
    port: int
    """Port, 1 to 65535."""
    kind: str = "host"
    """`host`, `srflx`, `prflx` or `relay`."""
    related_host: str | None = None
    """The base of a reflexive or relayed candidate."""
    related_port: int | None = None
    """The port of that base."""

    @property
    def is_usable(self) -> bool:
        """Whether we can try it: RTP over UDP to an address or to a multicast DNS name."""
        if self.transport != "udp" or self.component != 1 or not 0 < self.port < 65536:
            return False
        return self.is_mdns or _is_address(self.host)

    @property
    def is_mdns(self) -> bool:
        """Whether the address is hidden behind a name of multicast DNS."""
        return self.host.lower().endswith(".local")

    def __str__(self) -> str:
        text = (
            f"{self.foundation} {self.component} {self.transport} {self.priority} "
            f"{self.host} {self.port} typ {self.kind}"
        )
        if self.related_host is not None and self.related_port is not None:
            text += f" raddr {self.related_host} rport {self.related_port}"
        return text


@dataclass(frozen=True, slots=True, kw_only=True)
class OtherLine:
    """A media line that is not the call's audio; it is kept in its place with port 0."""

    kind: str
    """`video`, `application`, or a further `audio`."""
    profile: str
    """Transport profile, as it came."""
    formats: str
    """The formats, as they came."""
    mid: str | None = None
    """Its identification, if it had one."""

    def lines(self) -> Iterator[str]:
        """Write the line as refused (RFC 3264 §6)."""
        yield f"m={self.kind} 0 {self.profile} {self.formats}"
        if self.mid is not None:
            yield f"a=mid:{self.mid}"


@dataclass(frozen=True, slots=True, kw_only=True)
class AudioLine:
    """The audio line of a call, its session-level attributes included."""

    port: int
    """Port of the default candidate; 0 refuses the line; 9 says that ICE has the real one."""
    profile: str
    """Transport profile, for example `UDP/TLS/RTP/SAVPF` (RFC 5764 §8)."""
    formats: tuple[PayloadFormat, ...]
    """Payload types, the preferred first; unknown ones without `rtpmap` are left out."""
    address: str = "0.0.0.0"  # noqa: S104 - the address of nobody, not a socket to listen on
    """Address of the default candidate, from the `c=` line."""
    direction: Direction = Direction.SENDRECV
    """As written; sendrecv when absent (RFC 8866 §6.7)."""
    mid: str | None = None
    """Identification of the line (RFC 5888 §4)."""
    ice_ufrag: str = ""
    """ICE user name fragment; empty without ICE."""
    ice_pwd: str = field(default="", repr=False)
    """ICE password."""
    is_ice_lite: bool = False
    """Whether the maker only answers connectivity checks (RFC 8445 §2.5)."""
    candidates: tuple[IceCandidate, ...] = ()
    """Every candidate, those that cannot be used included."""
    fingerprints: tuple[Fingerprint, ...] = ()
    """Hashes of the maker's certificate; empty without DTLS."""
    setup: str | None = None
    """DTLS role: `active`, `passive`, `actpass`, `holdconn`, or None when absent (RFC 4145 §4)."""
    tls_id: str | None = None
    """Names one DTLS association; another value asks for a new one (RFC 8842 §4)."""
    has_rtcp_mux: bool = True
    """Whether RTCP shares the port of RTP (RFC 5761)."""
    ptime: int | None = None
    """Wished packet time, in milliseconds."""
    max_ptime: int | None = None
    """Longest packet time that is taken, in milliseconds."""
    stream_id: str | None = None
    """Media stream identification that browsers show to a page (RFC 8830 §2)."""

    @property
    def is_held_by_address(self) -> bool:
        """Whether a zero address asks for silence, as before RFC 3264 (its §8.4).

        With port 9 the zero address is no hold: ICE then has the address (RFC 8839 §4.2.5).
        """
        return self.address in {"0.0.0.0", "::"} and self.port not in {0, 9}  # noqa: S104 - as above

    @property
    def effective_direction(self) -> Direction:
        """The direction with a hold by zero address counted in."""
        if not self.is_held_by_address:
            return self.direction
        sends = self.direction in {Direction.SENDRECV, Direction.SENDONLY}
        return Direction.SENDONLY if sends else Direction.INACTIVE

    def lines(self) -> Iterator[str]:
        """Write the media section."""
        numbers = " ".join(str(item.payload_type) for item in self.formats) or "0"
        yield f"m=audio {self.port} {self.profile} {numbers}"
        yield f"c=IN {_family(self.address)} {self.address}"
        if not self.has_rtcp_mux:
            # No RTCP at all where it cannot share the port (RFC 3556 §2).
            yield "b=RS:0"
            yield "b=RR:0"
        yield f"a={self.direction}"
        if self.mid is not None:
            yield f"a=mid:{self.mid}"
        if self.stream_id is not None:
            yield f"a=msid:{self.stream_id} audio"
        yield from self._transport_lines()
        for item in self.formats:
            yield from item.lines()
        if self.ptime is not None:
            yield f"a=ptime:{self.ptime}"
        if self.max_ptime is not None:
            yield f"a=maxptime:{self.max_ptime}"

    def _transport_lines(self) -> Iterator[str]:
        if self.has_rtcp_mux:
            yield "a=rtcp-mux"
        if self.ice_ufrag:
            yield f"a=ice-ufrag:{self.ice_ufrag}"
            yield f"a=ice-pwd:{self.ice_pwd}"
        for fingerprint in self.fingerprints:
            yield f"a=fingerprint:{fingerprint}"
        if self.setup is not None:
            yield f"a=setup:{self.setup}"
        if self.tls_id is not None:
            yield f"a=tls-id:{self.tls_id}"
        for candidate in self.candidates:
            yield f"a=candidate:{candidate}"
        if self.candidates:
            yield "a=end-of-candidates"


@dataclass(frozen=True, slots=True, kw_only=True)
class Description:
    """One session description: the audio line of the call, and the places of other lines."""

    origin: Origin
    """Maker and version."""
    audio: AudioLine
    """The audio line."""
    before: tuple[OtherLine, ...] = ()
    """Refused lines ahead of the audio line: their order is kept for good (RFC 3264 §8)."""
    after: tuple[OtherLine, ...] = ()
    """Refused lines behind it."""
    bundle: tuple[str, ...] = ()
    """Members of the BUNDLE group, empty without one (RFC 9143 §4)."""

    def __bytes__(self) -> bytes:
        return "".join(f"{line}\r\n" for line in self.lines()).encode()

    def lines(self) -> Iterator[str]:
        """Write the description line by line."""
        yield "v=0"
        yield f"o={self.origin}"
        yield "s=-"
        yield "t=0 0"
        if self.audio.is_ice_lite:
            yield "a=ice-lite"
        if self.bundle:
            yield f"a=group:BUNDLE {' '.join(self.bundle)}"
        if self.audio.stream_id is not None:
            yield f"a=msid-semantic: WMS {self.audio.stream_id}"
        for line in self.before:
            yield from line.lines()
        yield from self.audio.lines()
        for line in self.after:
            yield from line.lines()


def _family(address: str) -> str:
    return "IP6" if ":" in address else "IP4"


def _is_address(text: str) -> bool:
    try:
        ipaddress.ip_address(text)
    except ValueError:
        return False
    return True
