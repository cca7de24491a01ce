"""Start, stop and restart a Kamailio of this machine, in a folder of its own, on free ports."""

from __future__ import annotations

import asyncio
import contextlib
import shutil
import socket
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from types import TracebackType
from typing import Self

from exotel_voice.phone.account import Security, SipAccount
from exotel_voice.sandbox.certificate import LocalCertificate

__all__ = ["DOMAIN", "PASSWORD", "Kamailio", "ServerFailed", "accepts", "free_ports"]

DOMAIN = "kamailio.test"
PASSWORD = "open sesame"
HERE = Path(__file__).parent
START_LIMIT = 10.0


class ServerFailed(AssertionError):
    """The server did not start; the message ends with its log."""


def free_ports(count: int, kind: socket.SocketKind = socket.SOCK_STREAM) -> list[int]:
    """Ports of loopback that nobody uses at this moment."""
    with contextlib.ExitStack() as stack:
        ports = []
        for _ in range(count):
            probe = stack.enter_context(socket.socket(socket.AF_INET, kind))
            probe.bind(("127.0.0.1", 0))
            ports.append(int(probe.getsockname()[1]))
        return ports


async def accepts(port: int) -> bool:
    """Whether something takes TCP connections on a port of loopback."""
    try:
        _, writer = await asyncio.open_connection("127.0.0.1", port)
    except OSError:
        return False
    writer.close()
    with contextlib.suppress(OSError):
        await writer.wait_closed()
    return True


def _command() -> str:
    return shutil.which("kamailio") or "/usr/sbin/kamailio"


@dataclass
class Kamailio:
    """One server. Users are whoever knows `PASSWORD`; locations live in memory and die with it."""

    folder: Path
    """Where the configuration, the certificate and the log are."""
    settings: Mapping[str, str] = field(default_factory=dict)
    """Words of the configuration to set differently, for example `MAX_EXPIRES`."""
    finds_flows: bool = False
    """Route the requests of a call to where its phone last registered from, not by the alias."""
    rtpengine_port: int | None = None
    """Control port of an rtpengine that carries the audio of the user `plain`."""
    ws_port: int = 0
    wss_port: int = 0
    udp_port: int = 0
    _process: asyncio.subprocess.Process | None = None
    _certificate: LocalCertificate | None = None

    async def __aenter__(self) -> Self:
        self.ws_port, self.wss_port = free_ports(2)
        (self.udp_port,) = free_ports(1, socket.SOCK_DGRAM)
        self._write_configuration()
        await self.start()
        return self

    async def __aexit__(
        self,
        exc_type: type[BaseException] | None,
        exc: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        await self.stop()
        if self._certificate is not None:
            self._certificate.close()

    @property
    def ca_file(self) -> Path:
        """The authority that signed the server's certificate."""
        if self._certificate is None:
            raise ServerFailed("the server was not started")
        return self._certificate.ca_file

    @property
    def log(self) -> str:
        """What the server has written so far."""
        path = self.folder / "kamailio.log"
        return path.read_text(encoding="utf-8", errors="replace") if path.exists() else ""

    def account(self, username: str, *, security: Security = "ws") -> SipAccount:
        """The account of a user, known to the server or not until now."""
        return SipAccount(
            username=username,
            password=PASSWORD,
            domain=DOMAIN,
            host="127.0.0.1",
            port=self.wss_port if security == "wss" else self.ws_port,
            security=security,
            endpoint="",
        )

    async def start(self) -> None:
        """Start the server and wait until it takes connections."""
        defines = ["-A", "WITH_TLS"]
        if self.finds_flows:
            defines += ["-A", "WITH_FLOWS"]
        if self.rtpengine_port is not None:
            defines += ["-A", "WITH_RTPENGINE"]
        with (self.folder / "kamailio.log").open("ab") as log:
            self._process = await asyncio.create_subprocess_exec(
                _command(),
                *("-DD", "-E", "-m", "256", "-M", "16"),
                *("-f", str(self.folder / "kamailio.cfg")),
                *("-w", str(self.folder), "-Y", str(self.folder)),
                *("-P", str(self.folder / "kamailio.pid"), *defines),
                stdin=asyncio.subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                start_new_session=True,
            )
        try:
            async with asyncio.timeout(START_LIMIT):
                while not (await accepts(self.ws_port) and await accepts(self.wss_port)):
                    if self._process.returncode is not None:
                        raise ServerFailed(f"kamailio ended at once:\n{self.log[-3000:]}")
                    await asyncio.sleep(0.02)
        except TimeoutError:
            await self.stop()
            raise ServerFailed(f"kamailio takes no connections:\n{self.log[-3000:]}") from None

    async def stop(self) -> None:
        """Stop the server; every connection and every location is gone."""
        process, self._process = self._process, None
        if process is None or process.returncode is not None:
            return
        process.terminate()
        try:
            async with asyncio.timeout(5.0):
                await process.wait()
        except TimeoutError:
            process.kill()
            await process.wait()

    async def restart(self) -> None:
        """Stop the server and start it again on the same ports."""
        await self.stop()
        await self.start()

    def _write_configuration(self) -> None:
        self._certificate = LocalCertificate(DOMAIN)
        certificate, key = self._certificate._chain_file, self._certificate._key_file
        (self.folder / "tls.cfg").write_text(
            "[server:default]\nmethod = TLSv1.2+\nverify_certificate = no\n"
            f"require_certificate = no\nprivate_key = {key}\ncertificate = {certificate}\n",
            encoding="utf-8",
        )
        words = {
            "DOMAIN": DOMAIN,
            "PASSWORD": PASSWORD,
            "FOLDER": str(self.folder),
            "WS_PORT": str(self.ws_port),
            "WSS_PORT": str(self.wss_port),
            "UDP_PORT": str(self.udp_port),
            "RTPENGINE_PORT": str(self.rtpengine_port or 0),
            "ALGORITHM": "MD5",
            "MIN_EXPIRES": "1",
            "MAX_EXPIRES": "3600",
            **self.settings,
        }
        text = (HERE / "kamailio.cfg").read_text(encoding="utf-8")
        for name, value in words.items():
            text = text.replace(f"@@{name}@@", value)
        (self.folder / "kamailio.cfg").write_text(text, encoding="utf-8")
