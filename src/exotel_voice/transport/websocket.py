"""SIP over WebSocket (RFC 7118): one connection to the server, by the `websockets` library.

Certificates are verified. Every way in which opening can fail has its own message and hint
(`connect_failures`). Reconnecting is not done here: `phone/reconnect.py` does it.
"""

from __future__ import annotations

import asyncio
import logging
import ssl
from functools import lru_cache
from pathlib import Path
from typing import Final

from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import ConnectionClosed, InvalidHandshake, InvalidURI
from websockets.typing import Subprotocol

from exotel_voice.errors import ConfigError, ConnectionLost
from exotel_voice.transport.connect_failures import explain, missing_subprotocol
from exotel_voice.transport.local_address import is_own_address

__all__ = ["WebSocketTransport", "make_tls_context"]

logger = logging.getLogger("exotel_voice.transport")

SUBPROTOCOL: Final = Subprotocol("sip")
"""The WebSocket subprotocol (RFC 7118 §4.1)."""
CONNECT_LIMIT: Final = 5.0
"""Seconds for name resolution, TCP, TLS and the WebSocket handshake together."""
PING_INTERVAL: Final = 15.0
"""Seconds between two WebSocket pings (RFC 7118 §6)."""
PING_LIMIT: Final = 10.0
"""Seconds without a pong after which the connection counts as lost."""
CLOSE_LIMIT: Final = 0.5
"""Seconds that a clean close may take before the socket is cut."""
MAX_MESSAGE_BYTES: Final = 1_048_576
"""Largest WebSocket message taken; a larger one closes the connection with code 1009 (RFC 6455
§7.4.1). It is far above the limit of the SIP core, which answers what is too large for it."""
USER_AGENT: Final = "exotel-voice"

_frames = logging.getLogger("exotel_voice.transport.frames")
# At DEBUG the library writes whole frames, credentials included. The way to see messages is the
# phone's `trace`, which takes the credentials out.
_frames.setLevel(logging.INFO)


class WebSocketTransport:
    """One WebSocket connection to a SIP server. Fulfils `Transport`.

    Args:
        url: `ws://` or `wss://`, host, port and path.
        tls: Settings for `wss`; None for the system's trusted certificates, host name checked.
        proxy: True to take the proxy from the environment (`https_proxy`, `no_proxy` and so on),
            the URL of one, or None for none.
        connect_limit: Seconds that opening may take.
        ping_interval: Seconds between two keep-alive pings; None for none.
        ping_limit: Seconds without a pong after which the connection counts as lost.
    """

    def __init__(
        self,
        url: str,
        *,
        tls: ssl.SSLContext | None = None,
        proxy: bool | str | None = True,
        connect_limit: float = CONNECT_LIMIT,
        ping_interval: float | None = PING_INTERVAL,
        ping_limit: float = PING_LIMIT,
    ) -> None:
        self.url = url
        self._tls = tls if tls is not None or url.startswith("ws:") else make_tls_context()
        self._proxy = proxy
        self._connect_limit = connect_limit
        self._ping_interval = ping_interval
        self._ping_limit = ping_limit
        self._socket: ClientConnection | None = None

    @property
    def local_address(self) -> str | None:
        """The address of this end while the connection is open."""
        if self._socket is None or not self._socket.local_address:
            return None
        return str(self._socket.local_address[0])

    async def connect(self) -> None:
        """Open the connection and agree on the subprotocol `sip`.

        Raises:
            ConnectFailed: It could not be opened within the connect limit; the hint says why.
        """
        try:
            socket = await connect(
                self.url,
                subprotocols=[SUBPROTOCOL],
                compression=None,
                user_agent_header=USER_AGENT,
                proxy=True if self._proxy is True else self._proxy or None,
                open_timeout=self._connect_limit,
                ping_interval=self._ping_interval,
                ping_timeout=self._ping_limit,
                close_timeout=CLOSE_LIMIT,
                max_size=MAX_MESSAGE_BYTES,
                logger=_frames,
                ssl=self._tls,
            )
        except (OSError, EOFError, InvalidHandshake, InvalidURI) as error:
            raise explain(error, self.url, self._connect_limit) from error
        if socket.subprotocol != SUBPROTOCOL:
            await socket.close(1002, "subprotocol sip is needed")
            raise missing_subprotocol(self.url)
        self._socket = socket

    async def send(self, data: bytes) -> None:
        """Send one whole SIP message, as text or, if it is not UTF-8, as binary (RFC 7118 §4.2).

        Raises:
            ConnectionLost: The connection is gone, or was never opened.
        """
        try:
            await self._open_socket().send(data, text=_is_utf8(data))
        except ConnectionClosed as error:
            raise _lost(error, self.url) from error

    async def receive(self) -> bytes:
        """Wait for the next message, in a text or a binary frame.

        Raises:
            ConnectionLost: The connection is gone, or was never opened.
        """
        try:
            return await self._open_socket().recv(decode=False)
        except ConnectionClosed as error:
            raise _lost(error, self.url) from error

    async def is_alive(self, *, limit: float) -> bool:
        """Send a ping and wait for its pong (RFC 6455 §5.5.2). Never raises.

        Without its local address a connection is dead, although the system does not say so.

        Args:
            limit: Seconds that the pong may take; the keep-alive of its own waits longer.
        """
        address = self.local_address
        if self._socket is None or address is None or not is_own_address(address):
            return False
        try:
            async with asyncio.timeout(limit):
                await (await self._socket.ping())
        except (TimeoutError, ConnectionClosed):
            return False
        return True

    async def aclose(self) -> None:
        """Close the connection within half a second, or at once where it is cancelled.

        Safe at any time and more than once.
        """
        socket, self._socket = self._socket, None
        if socket is not None:
            try:
                await socket.close()
            except asyncio.CancelledError:
                socket.transport.abort()
                raise

    def _open_socket(self) -> ClientConnection:
        if self._socket is None:
            raise ConnectionLost("the WebSocket is not open", hint="Call connect() first.")
        return self._socket


def make_tls_context(
    *, ca_file: str | Path | None = None, insecure_skip_certificate_check: bool = False
) -> ssl.SSLContext:
    """Make or reuse the TLS settings for `wss`; equal arguments give the same object.

    Args:
        ca_file: A PEM file of certificates to trust besides the system's.
        insecure_skip_certificate_check: Take any certificate. Whoever sits between can then read
            and change every call: for a laboratory only. Logs a warning.

    Raises:
        ConfigError: `ca_file` cannot be read or holds no certificate.
    """
    path = None if ca_file is None else str(ca_file)
    if insecure_skip_certificate_check:
        logger.warning(
            "TLS certificates are not checked: anybody between can read and change calls"
        )
        return _unverified_context()
    return _verified_context(path)


@lru_cache(maxsize=32)
def _verified_context(ca_file: str | None) -> ssl.SSLContext:
    context = ssl.create_default_context()
    if ca_file is not None:
        try:
            context.load_verify_locations(cafile=ca_file)
        except OSError as error:
            message = f"the certificate file {ca_file} cannot be used: {error}"
            raise ConfigError(message, hint="Give a PEM file that this user can read.") from error
    return context


@lru_cache(maxsize=1)
def _unverified_context() -> ssl.SSLContext:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE
    return context


def _is_utf8(data: bytes) -> bool:
    try:
        data.decode()
    except UnicodeDecodeError:
        return False
    return True


def _lost(error: ConnectionClosed, url: str) -> ConnectionLost:
    """Tell who closed the connection and with what."""
    if error.rcvd is not None and error.rcvd_then_sent is not False:
        story = f"the server closed it with code {error.rcvd.code} {error.rcvd.reason}".rstrip()
    elif error.sent is not None:
        story = f"this side closed it with code {error.sent.code} {error.sent.reason}".rstrip()
    else:
        story = "it broke without a closing handshake"
    return ConnectionLost(f"the connection to {url} is gone: {story}")
