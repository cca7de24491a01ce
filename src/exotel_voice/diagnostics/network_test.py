"""The network test of guide 5.11: six results, each once, in the guide's order, within 5 s."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, Callable
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Final

from exotel_voice.errors import ExotelVoiceError
from exotel_voice.media.gathering import gather_candidates
from exotel_voice.media.ice import IceSettings
from exotel_voice.media.sdp import IceCandidate
from exotel_voice.phone.account import SipAccount
from exotel_voice.phone.settings import PhoneSettings
from exotel_voice.transport.websocket import WebSocketTransport, make_tls_context

__all__ = ["NetworkResult", "NetworkTarget", "NetworkTest"]

GATHER_LIMIT: Final = 3.5
CONNECT_LIMIT: Final = 4.0
NO_SERVER: Final = "no STUN or TURN server is configured, so this was not tested"
_ACTIVE_TCP: Final = 9
_TCP_PRIORITY: Final = (126 << 24) + ((4 << 13) + 8191 << 8) + 255


@dataclass(frozen=True, slots=True, kw_only=True)
class NetworkTarget:
    """What is tested."""

    account: SipAccount
    """Where the SIP server is; the password is not used."""
    is_registered: Callable[[], bool]
    """Whether the phone is registered at this moment; no REGISTER is sent for the test."""
    settings: PhoneSettings = field(default_factory=PhoneSettings)
    """Certificates and proxy."""
    ice: IceSettings = field(default_factory=IceSettings)
    """STUN and TURN servers."""


@dataclass(frozen=True, slots=True, kw_only=True)
class NetworkResult:
    """One of the six."""

    key: str
    """`wss`, `userReg`, `tcp`, `udp`, `host` or `srflx`."""
    status: str
    """`connected` or `disconnected`; of `userReg` `registered` or `unregistered`."""
    description: str
    """The URL, the user name, or the line of the ICE candidate; empty where there is none."""
    problem: str = ""
    """Why not; empty where it is so, or where it was not tested."""
    hint: str = ""
    """What to do about the problem."""
    note: str = ""
    """What else there is to say."""

    @property
    def is_good(self) -> bool:
        """Whether it is as it should be."""
        return self.status in ("connected", "registered")


class NetworkTest:
    """Runs once; `results` gives the six as they come, always in the same order."""

    def __init__(self, target: NetworkTarget) -> None:
        """Say what to test. Nothing is opened yet."""
        self._target = target

    async def results(self) -> AsyncGenerator[NetworkResult, None]:
        """Test everything at once and give `wss`, `userReg`, `tcp`, `udp`, `host`, `srflx`.

        Ending the iteration early, or cancelling it, stops the test.
        """
        gathering = asyncio.create_task(self._gather(), name="gather candidates")
        tests = [
            asyncio.create_task(self._websocket(), name="test the WebSocket"),
            asyncio.create_task(self._registration(), name="look at the registration"),
            asyncio.create_task(self._tcp(), name="test TCP"),
            *(
                asyncio.create_task(self._candidate(key, gathering), name=f"test {key}")
                for key in ("udp", "host", "srflx")
            ),
        ]
        try:
            for test in tests:
                yield await test
        finally:
            for task in (gathering, *tests):
                task.cancel()
            await asyncio.wait([gathering, *tests])

    async def _websocket(self) -> NetworkResult:
        """Open a connection of the test's own, and close it again."""
        account, settings = self._target.account, self._target.settings
        tls = settings.tls_context
        if tls is None and account.security == "wss":
            tls = make_tls_context(
                ca_file=settings.ca_file,
                insecure_skip_certificate_check=settings.insecure_skip_certificate_check,
            )
        limit = min(CONNECT_LIMIT, settings.connect_limit)
        transport = WebSocketTransport(
            account.url, tls=tls, proxy=settings.proxy, connect_limit=limit
        )
        loop = asyncio.get_running_loop()
        began = loop.time()
        try:
            await transport.connect()
        except ExotelVoiceError as error:
            return NetworkResult(
                key="wss",
                status="disconnected",
                description=account.url,
                problem=error.message,
                hint=error.hint,
            )
        finally:
            await transport.aclose()
        took = f"opened in {(loop.time() - began) * 1000:.0f} ms"
        return NetworkResult(key="wss", status="connected", description=account.url, note=took)

    async def _registration(self) -> NetworkResult:
        is_registered = self._target.is_registered()
        return NetworkResult(
            key="userReg",
            status="registered" if is_registered else "unregistered",
            description=self._target.account.username,
            problem="" if is_registered else "the phone is not registered",
            hint="" if is_registered else "Call DoRegister, and look at what it tells.",
        )

    async def _tcp(self) -> NetworkResult:
        """Open a TCP connection to a TURN server that takes it, or else to the SIP server."""
        account = self._target.account
        addresses = [
            (server.address.host, server.address.port)
            for server in self._target.ice.servers
            if server.address.transport == "tcp"
        ]
        host, port = addresses[0] if addresses else (account.host.strip("[]"), account.port)
        try:
            async with asyncio.timeout(CONNECT_LIMIT):
                _, writer = await asyncio.open_connection(host, port)
        except (OSError, TimeoutError):
            return NetworkResult(
                key="tcp",
                status="disconnected",
                description="",
                problem=f"no TCP connection to {host}:{port}",
                hint="Check host and port, and that a firewall lets TCP out.",
            )
        own = writer.get_extra_info("sockname")[0]
        writer.close()
        with suppress(OSError, TimeoutError):
            async with asyncio.timeout(0.5):
                await writer.wait_closed()
        candidate = IceCandidate(
            foundation="1", transport="tcp", priority=_TCP_PRIORITY, host=own, port=_ACTIVE_TCP
        )
        line = f"candidate:{candidate} tcptype active"
        return NetworkResult(
            key="tcp", status="connected", description=line, note=f"reached {host}:{port}"
        )

    async def _gather(self) -> tuple[IceCandidate, ...]:
        return await gather_candidates(self._target.ice, limit=GATHER_LIMIT)

    async def _candidate(
        self, key: str, gathering: asyncio.Task[tuple[IceCandidate, ...]]
    ) -> NetworkResult:
        found = await asyncio.shield(gathering)
        has_servers = bool(self._target.ice.servers)
        kinds = {"udp": ("relay", "srflx"), "host": ("host",), "srflx": ("srflx",)}[key]
        if key == "udp" and not has_servers:
            kinds = ("host",)
        candidate = next((one for kind in kinds for one in found if one.kind == kind), None)
        if candidate is not None:
            note = "" if has_servers or key != "udp" else "the socket opens; " + NO_SERVER
            line = f"candidate:{candidate}"
            return NetworkResult(key=key, status="connected", description=line, note=note)
        if key != "host" and not has_servers:
            return NetworkResult(key=key, status="disconnected", description="", note=NO_SERVER)
        problem, hint = _PROBLEMS[key]
        return NetworkResult(
            key=key, status="disconnected", description="", problem=problem, hint=hint
        )


_PROBLEMS: Final = {
    "udp": (
        "no STUN or TURN server answered over UDP",
        "Check the servers' names, and that a firewall lets UDP out.",
    ),
    "host": ("this machine has no address", "Connect it to a network."),
    "srflx": (
        "no STUN server told the public address",
        "Check the servers' names, and that a firewall lets UDP out and in.",
    ),
}
