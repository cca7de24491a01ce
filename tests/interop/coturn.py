"""Start and stop a coturn of this machine on loopback, in a folder of its own, on a free port."""

from __future__ import annotations

import asyncio
import contextlib
import shutil
from pathlib import Path
from typing import Self

from interop.kamailio import accepts, free_ports

__all__ = ["PASSWORD", "USER", "Coturn"]

USER = "carol"
PASSWORD = "relay me"
START_LIMIT = 10.0


class Coturn:
    """One STUN and TURN server, over UDP and TCP."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._process: asyncio.subprocess.Process | None = None
        self.port = free_ports(1)[0]

    async def __aenter__(self) -> Self:
        command = shutil.which("turnserver") or "/usr/bin/turnserver"
        options = [
            "-n",
            "--no-cli",
            "--no-tls",
            "--no-dtls",
            "--lt-cred-mech",
            "--fingerprint",
            "--allow-loopback-peers",
            "--listening-ip=127.0.0.1",
            "--relay-ip=127.0.0.1",
            "--realm=test",
            "--simple-log",
        ]
        self._process = await asyncio.create_subprocess_exec(
            command,
            *options,
            f"--listening-port={self.port}",
            f"--user={USER}:{PASSWORD}",
            f"--log-file={self._folder / 'coturn.log'}",
            f"--pidfile={self._folder / 'coturn.pid'}",
            f"--userdb={self._folder / 'coturn.db'}",
            stdout=asyncio.subprocess.DEVNULL,
            stderr=asyncio.subprocess.DEVNULL,
        )
        async with asyncio.timeout(START_LIMIT):
            while not await accepts(self.port):  # noqa: ASYNC110 - another process is waited for
                await asyncio.sleep(0.05)
        return self

    async def __aexit__(self, *_: object) -> None:
        if self._process is not None:
            with contextlib.suppress(ProcessLookupError):
                self._process.terminate()
            await self._process.wait()
