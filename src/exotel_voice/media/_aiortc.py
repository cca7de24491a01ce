"""The touches on aiortc's DTLS that go beyond what it documents; all in this module.

`DtlsAssociation` is its DTLS transport over any `PacketPath`, with RSA peers and with RFC 8122's
rule for several fingerprints. Each private name has a test in
`tests/media/test_aiortc_contract.py`, so that a release that moves one is noticed.
"""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Protocol, cast

from aiortc import RTCCertificate, RTCDtlsTransport
from aiortc.rtcdtlstransport import RTCDtlsFingerprint, RTCDtlsParameters, State
from cryptography.hazmat.primitives.serialization import Encoding

from exotel_voice.media.sdp import Fingerprint

if TYPE_CHECKING:
    from aiortc import RTCIceTransport
    from aiortc.rtcdtlstransport import SRTPProtectionProfile
    from OpenSSL import SSL
    from pylibsrtp import Session

__all__ = ["DtlsAssociation", "PacketPath", "SharedCertificate"]

# aiortc's own list names ECDSA suites only, with which a server that has an RSA certificate, as
# most telephony servers do, cannot be talked to.
_CIPHERS = (
    b"ECDHE-ECDSA-AES128-GCM-SHA256:ECDHE-ECDSA-CHACHA20-POLY1305:ECDHE-RSA-AES128-GCM-SHA256:"
    b"ECDHE-RSA-CHACHA20-POLY1305:ECDHE-ECDSA-AES256-GCM-SHA384:ECDHE-RSA-AES256-GCM-SHA384:"
    b"ECDHE-ECDSA-AES128-SHA:ECDHE-ECDSA-AES256-SHA:ECDHE-RSA-AES128-SHA:ECDHE-RSA-AES256-SHA"
)


class SharedCertificate(RTCCertificate):
    """A certificate for any number of DTLS associations, with one OpenSSL context for all."""

    _context: SSL.Context | None = None

    def _create_ssl_context(self, srtp_profiles: list[SRTPProtectionProfile]) -> SSL.Context:
        if self._context is None:
            self._context = super()._create_ssl_context(srtp_profiles)
            self._context.set_cipher_list(_CIPHERS)
        return self._context

    def der(self) -> bytes:
        """Give the certificate as the far side gets it."""
        return self._cert.public_bytes(Encoding.DER)

    def fingerprint(self) -> Fingerprint:
        """Give the hash that goes into descriptions."""
        found = {item.algorithm: item.value for item in self.getFingerprints()}
        return Fingerprint(algorithm="sha-256", value=found["sha-256"])


class PacketPath(Protocol):
    """What carries DTLS packets, in the place of aiortc's ICE transport."""

    async def _recv(self) -> bytes: ...

    async def _send(self, data: bytes) -> None: ...


class DtlsAssociation(RTCDtlsTransport):
    """One DTLS association and the SRTP keys that come from it (RFC 5764)."""

    def __init__(self, path: PacketPath, certificate: SharedCertificate) -> None:
        """Make one that has not begun.

        Args:
            path: Carries the packets.
            certificate: Proves who this side is.
        """
        super().__init__(cast("RTCIceTransport", path), [certificate])

    async def agree(self, fingerprints: tuple[Fingerprint, ...], *, is_client: bool) -> bool:
        """Do the handshake; False where it fails or the far side is not who it said it is.

        Args:
            fingerprints: What the far side's description says of its certificate.
            is_client: Whether this side begins.
        """
        self._set_role("client" if is_client else "server")
        await self.start(
            RTCDtlsParameters(
                fingerprints=[
                    RTCDtlsFingerprint(algorithm=item.algorithm, value=item.value)
                    for item in fingerprints
                ]
            )
        )
        return self._state == State.CONNECTED

    async def stop(self) -> None:
        """Say goodbye and end; aiortc does not wait for its own task."""
        reader = self._task
        await super().stop()
        if reader is not None:
            await asyncio.wait([reader])

    def _validate_peer_identity(self, remoteParameters: RTCDtlsParameters) -> None:  # noqa: N803
        """Compare the certificate with the fingerprints of the best hash (RFC 8122 §5).

        aiortc refuses SHA-1, and wants every fingerprint to match although one is enough.
        """
        certificate = self._ssl.get_peer_certificate(as_cryptography=True) if self._ssl else None
        described = [
            Fingerprint(algorithm=item.algorithm, value=item.value)
            for item in remoteParameters.fingerprints
        ]
        best = max((item.strength for item in described if item.strength is not None), default=-1)
        encoded = certificate.public_bytes(Encoding.DER) if certificate is not None else b""
        if not any(item.strength == best and item.matches(encoded) for item in described):
            self._set_state(State.FAILED)

    @property
    def receiving_keys(self) -> Session | None:
        """Takes the protection off what comes in; None before the handshake is done."""
        return self._rx_srtp

    @property
    def sending_keys(self) -> Session | None:
        """Protects what goes out; None before the handshake is done."""
        return self._tx_srtp
