"""Why a WebSocket could not be opened, in words: each cause has its own message and hint."""

from __future__ import annotations

import socket
import ssl
from typing import Final
from urllib.parse import urlsplit

from websockets.exceptions import (
    InvalidProxy,
    InvalidStatus,
    InvalidURI,
    NegotiationError,
    ProxyError,
)

from exotel_voice.errors import ConnectFailed

__all__ = ["explain", "missing_subprotocol"]

HOSTNAME_MISMATCH: Final = (62, 64)
"""OpenSSL's verify codes for a certificate of another host name or another IP address."""
CERTIFICATE_EXPIRED: Final = 10
"""OpenSSL's verify code for a certificate past its end."""


def explain(error: Exception, url: str, limit: float) -> ConnectFailed:
    """Turn what the library raised into a message and a hint.

    Args:
        error: An `OSError`, `EOFError` or an exception of `websockets`.
        url: Where the connection was to go.
        limit: Seconds that it was given.
    """
    message, hint = _tell(error, url, limit)
    return ConnectFailed(message, hint=hint)


def missing_subprotocol(url: str) -> ConnectFailed:
    """Say that the server is a WebSocket server, but not one for SIP (RFC 7118 §4.1)."""
    return ConnectFailed(
        f"{url} takes WebSocket connections, but not with the subprotocol sip",
        hint="Check the port and the endpoint (the path): another service answers there.",
    )


def _tell(error: Exception, url: str, limit: float) -> tuple[str, str]:
    host = urlsplit(url).hostname or url
    match error:
        case TimeoutError():
            return (
                f"{url} did not answer within {limit:g} s",
                "Check host and port; a firewall may drop the packets.",
            )
        case ssl.SSLCertVerificationError():
            return _tell_certificate(error, host)
        case ssl.SSLError():
            return (
                f"{url} does not speak TLS: {error.reason or error}",
                'Use security "ws" if the server has no TLS on this port.',
            )
        case socket.gaierror():
            return (
                f"the host name {host} does not resolve",
                "Check the spelling of the host, and the name server of this machine.",
            )
        case OSError():
            return _tell_socket(error, url)
        case _:
            return _tell_handshake(error, url)


def _tell_handshake(error: Exception, url: str) -> tuple[str, str]:
    match error:
        case InvalidProxy() | ProxyError():
            return (
                f"the proxy for {url} refused: {error}",
                "Check the environment variables https_proxy, http_proxy and no_proxy.",
            )
        case InvalidURI():
            return (f"{url} is not a WebSocket address", "Check host, port and endpoint.")
        case NegotiationError():
            told = missing_subprotocol(url)
            return (told.message, told.hint)
        case InvalidStatus():
            return (
                f"{url} is no WebSocket: it answered HTTP {error.response.status_code}",
                "Check the port and the endpoint (the path) of the account.",
            )
        case _:
            return (
                f"{url} is no WebSocket: {str(error) or type(error).__name__}",
                'Check the port, and whether security is "ws" or "wss" there.',
            )


def _tell_certificate(error: ssl.SSLCertVerificationError, host: str) -> tuple[str, str]:
    if error.verify_code in HOSTNAME_MISMATCH:
        return (
            f"the TLS certificate is not for {host}",
            "Use the host name that the certificate names.",
        )
    if error.verify_code == CERTIFICATE_EXPIRED:
        return (
            f"the TLS certificate of {host} has expired",
            "Check this machine's clock; otherwise the server needs a new certificate.",
        )
    return (
        f"the TLS certificate of {host} is not trusted: {error.verify_message}",
        "For a private authority give its certificate with ca_file.",
    )


def _tell_socket(error: OSError, url: str) -> tuple[str, str]:
    if isinstance(error, ConnectionResetError | ConnectionAbortedError | BrokenPipeError):
        return (
            f"{url} cut the connection during the handshake",
            'Check the port, and whether security is "ws" or "wss" there.',
        )
    # asyncio joins the failures of several addresses of one host into one error without a number.
    if isinstance(error, ConnectionRefusedError) or error.errno is None:
        return (
            f"nothing accepts connections at {url}",
            "Check host and port, and that the server runs.",
        )
    return (
        f"no way to {url}: {error.strerror or error}",
        "Check the network of this machine.",
    )
