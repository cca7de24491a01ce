"""Where the sandbox is: its certificate, its three ports, and what stands behind them."""

from __future__ import annotations

import errno
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

from exotel_voice.errors import ConfigError, InvalidState
from exotel_voice.sandbox.certificate import LocalCertificate
from exotel_voice.sandbox.connection import Connection, Scheme
from exotel_voice.sandbox.exchange import Exchange
from exotel_voice.sandbox.faults import Faults
from exotel_voice.sandbox.house import House
from exotel_voice.sandbox.http_server import HttpServer
from exotel_voice.sandbox.records import CallStatus

__all__ = ["Premises"]

SCHEMES: tuple[Scheme, ...] = ("ws", "wss")


class Premises:
    """Opens and closes the ports. Used once.

    Args:
        house: What the parts of the sandbox share.
    """

    def __init__(self, house: House) -> None:
        self._house = house
        self._settings = house.settings
        self.faults = Faults(self)
        self._exchange: Exchange | None = None
        self._http: HttpServer | None = None
        self._certificate: LocalCertificate | None = None
        self._ports: dict[Scheme, int] = {}
        self._http_port = 0
        self._is_used = False

    @property
    def exchange(self) -> Exchange:
        """The SIP side.

        Raises:
            InvalidState: The sandbox does not run.
        """
        if self._exchange is None:
            raise InvalidState("The sandbox does not run.", hint="Use `async with Sandbox()`.")
        return self._exchange

    @property
    def is_open(self) -> bool:
        """Whether the sandbox runs."""
        return self._exchange is not None

    @property
    def ca_file(self) -> Path:
        """The certificate to trust for wss."""
        if self._certificate is None:
            raise InvalidState("The sandbox does not run.")
        return self._certificate.ca_file

    @property
    def http_port(self) -> int:
        """The port of the HTTP side."""
        return self._http_port

    def port(self, scheme: Scheme) -> int:
        """Tell the port for `ws` or `wss`.

        Raises:
            InvalidState: The sandbox does not run.
        """
        if not self.is_open:
            raise InvalidState("The sandbox does not run.", hint="Use `async with Sandbox()`.")
        return self._ports[scheme]

    async def open(
        self, app: Callable[..., Awaitable[None]], *, before_close: Callable[[], None]
    ) -> None:
        """Listen on all ports.

        Args:
            app: The ASGI application of the HTTP side.
            before_close: Lets its endless responses end.

        Raises:
            ConfigError: A port is in use.
            InvalidState: It was opened before.
        """
        if self._is_used:
            raise InvalidState("A sandbox is used once.", hint="Make another Sandbox().")
        self._is_used = True
        self._certificate = LocalCertificate(self._settings.host)
        self._exchange = Exchange(self._house, self.faults)
        http = self._http = HttpServer(app, before_close=before_close)
        wanted = {"ws": self._settings.ws_port, "wss": self._settings.wss_port}
        try:
            for scheme in SCHEMES:
                self._ports[scheme] = await self._bind(self._listener(scheme), wanted[scheme])
            self._http_port = await self._bind(
                lambda port: http.start(self._settings.host, port), self._settings.http_port
            )
        except BaseException:
            await self.close()
            raise

    async def close(self) -> None:
        """End all calls and close everything. Safe to call more than once; never raises."""
        http, self._http = self._http, None
        exchange, self._exchange = self._exchange, None
        if http is not None:
            await http.aclose()
        if exchange is not None:
            await exchange.close()
        self._end_records("the sandbox has stopped")
        await self._house.engine.aclose()
        if self._certificate is not None:
            self._certificate.close()

    def _listener(self, scheme: Scheme) -> Callable[[int], Awaitable[int]]:
        tls: Any = None
        if scheme == "wss" and self._certificate is not None:
            tls = self._certificate.server_context()
        return lambda port: self.exchange.listen(scheme, port, tls)

    async def _bind(self, listen: Callable[[int], Awaitable[int]], port: int) -> int:
        try:
            return await listen(port)
        except OSError as error:
            if port == 0 or error.errno not in (errno.EADDRINUSE, errno.EACCES):
                raise
            if self._settings.use_other_ports:
                return await listen(0)
            raise ConfigError(
                f"Port {port} is in use.", hint="Choose another port, or 0 for any free one."
            ) from error

    def _end_records(self, reason: str) -> None:
        for record in self._house.calls.living:
            record.finish(CallStatus.FAILED, sip_status=503, reason=reason)

    # -- faults -------------------------------------------------------------------------------

    def connections(self, account: str | None) -> list[Connection]:
        """List the connections, or those on which one account is registered."""
        board = self.exchange.switchboard
        if account is None:
            return list(board.connections.values())
        flows = {binding.flow for binding in self._house.bindings(account)}
        return [each for flow, each in board.connections.items() if flow in flows]

    async def stop_listening(self) -> None:
        """Take no new connections; those that are open go on."""
        await self.exchange.stop_listening()

    async def kill(self) -> None:
        """Stop the SIP side without a goodbye, and forget registrations and calls."""
        await self.exchange.kill()
        self._end_records("the sandbox was killed")
        self._house.changes.announce()

    async def revive(self) -> None:
        """Listen again on the same ports.

        Raises:
            OSError: Somebody else has taken a port meanwhile.
        """
        self._exchange = Exchange(self._house, self.faults)
        for scheme in SCHEMES:
            await self._listener(scheme)(self._ports[scheme])
