"""A certificate authority and a server certificate, made when the sandbox starts.

The authority's certificate is a file that a client can be told to trust; the keys live in a
directory that only this user can read, and are deleted with it. Nothing is installed anywhere.
"""

from __future__ import annotations

import datetime as dt
import ipaddress
import ssl
import tempfile
from pathlib import Path
from typing import Final

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

__all__ = ["LocalCertificate"]

VALID_FOR: Final = dt.timedelta(days=30)
"""Life of both certificates: a sandbox is a thing of hours."""

CLOCK_ALLOWANCE: Final = dt.timedelta(hours=1)
"""How far in the past the certificates begin, for clocks that differ a little."""

LOCAL_ADDRESSES: Final = ("127.0.0.1", "::1")


class LocalCertificate:
    """A private authority and a certificate for `localhost`, `127.0.0.1` and `::1`.

    Args:
        names: Further host names or IP addresses that the server certificate is to hold.
    """

    def __init__(self, *names: str) -> None:
        self._directory = tempfile.TemporaryDirectory(
            prefix="exotel-voice-", ignore_cleanup_errors=True
        )
        folder = Path(self._directory.name)
        self.ca_file = folder / "ca.pem"
        """The authority's certificate (PEM), for clients to trust."""
        self._chain_file = folder / "server.pem"
        self._key_file = folder / "server.key"
        self._write(tuple(dict.fromkeys(("localhost", *LOCAL_ADDRESSES, *names))))

    def server_context(self) -> ssl.SSLContext:
        """Make the TLS settings of a server that shows this certificate; TLS 1.2 at least."""
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.minimum_version = ssl.TLSVersion.TLSv1_2
        context.load_cert_chain(self._chain_file, self._key_file)
        return context

    def client_context(self) -> ssl.SSLContext:
        """Make the TLS settings of a client that trusts this authority and nobody else."""
        return ssl.create_default_context(cafile=str(self.ca_file))

    def close(self) -> None:
        """Delete the files. Safe to call more than once."""
        self._directory.cleanup()

    def _write(self, names: tuple[str, ...]) -> None:
        now = dt.datetime.now(dt.UTC)
        ca_key = ec.generate_private_key(ec.SECP256R1())
        key = ec.generate_private_key(ec.SECP256R1())
        issuer = _name("exotel-voice sandbox authority")
        ca = _begin(issuer, issuer, ca_key, now)
        ca = ca.add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
        ca = ca.add_extension(_usage(signs_certificates=True), critical=True)
        ca_certificate = ca.sign(ca_key, hashes.SHA256())
        leaf = _begin(_name("localhost"), issuer, key, now)
        leaf = leaf.add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
        leaf = leaf.add_extension(_usage(signs_certificates=False), critical=True)
        leaf = leaf.add_extension(
            x509.SubjectAlternativeName([_general_name(name) for name in names]), critical=False
        )
        leaf = leaf.add_extension(
            x509.ExtendedKeyUsage([ExtendedKeyUsageOID.SERVER_AUTH]), critical=False
        )
        leaf = leaf.add_extension(
            x509.AuthorityKeyIdentifier.from_issuer_public_key(ca_key.public_key()), critical=False
        )
        certificate = leaf.sign(ca_key, hashes.SHA256())
        authority_pem = ca_certificate.public_bytes(serialization.Encoding.PEM)
        self.ca_file.write_bytes(authority_pem)
        self._chain_file.write_bytes(
            certificate.public_bytes(serialization.Encoding.PEM) + authority_pem
        )
        self._key_file.touch(mode=0o600)
        self._key_file.write_bytes(
            key.private_bytes(
                serialization.Encoding.PEM,
                serialization.PrivateFormat.PKCS8,
                serialization.NoEncryption(),
            )
        )


def _name(common_name: str) -> x509.Name:
    return x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, common_name)])


def _general_name(name: str) -> x509.GeneralName:
    try:
        return x509.IPAddress(ipaddress.ip_address(name))
    except ValueError:
        return x509.DNSName(name)


def _begin(
    subject: x509.Name,
    issuer: x509.Name,
    key: ec.EllipticCurvePrivateKey,
    now: dt.datetime,
) -> x509.CertificateBuilder:
    builder = x509.CertificateBuilder(
        subject_name=subject,
        issuer_name=issuer,
        public_key=key.public_key(),
        serial_number=x509.random_serial_number(),
        not_valid_before=now - CLOCK_ALLOWANCE,
        not_valid_after=now + VALID_FOR,
    )
    return builder.add_extension(
        x509.SubjectKeyIdentifier.from_public_key(key.public_key()), critical=False
    )


def _usage(*, signs_certificates: bool) -> x509.KeyUsage:
    return x509.KeyUsage(
        digital_signature=not signs_certificates,
        content_commitment=False,
        key_encipherment=False,
        data_encipherment=False,
        key_agreement=False,
        key_cert_sign=signs_certificates,
        crl_sign=signs_certificates,
        encipher_only=False,
        decipher_only=False,
    )
