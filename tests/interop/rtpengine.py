"""Start and stop an rtpengine: ICE and DTLS-SRTP on one side, plain RTP on the other."""

from __future__ import annotations

import asyncio
import contextlib
import shutil
import socket
from collections.abc import AsyncIterator
from pathlib import Path

from interop.kamailio import ServerFailed, free_ports

__all__ = ["rtpengine"]

START_LIMIT = 10.0
MEDIA_PORTS = 200


class _Pong(asyncio.DatagramProtocol):
    """Notes that the control port has answered a ping."""

    def __init__(self) -> None:
        self.answered = asyncio.get_running_loop().create_future()

    def datagram_received(self, data: bytes, addr: object) -> None:
        del addr
        if b"pong" in data and not self.answered.done():
            self.answered.set_result(None)

    def error_received(self, exc: Exception) -> None:
        """Nobody listens yet; the next ping may be answered."""


async def _until_it_answers(port: int, process: asyncio.subprocess.Process) -> None:
    loop = asyncio.get_running_loop()
    transport, pong = await loop.create_datagram_endpoint(_Pong, remote_addr=("127.0.0.1", port))
    try:
        async with asyncio.timeout(START_LIMIT):
            while not pong.answered.done():
                if process.returncode is not None:
                    raise ServerFailed("rtpengine ended at once")
                transport.sendto(b"1 d7:command4:pinge")
                await asyncio.wait([pong.answered], timeout=0.05)
    finally:
        transport.close()


@contextlib.asynccontextmanager
async def rtpengine(folder: Path) -> AsyncIterator[int]:
    """Run an rtpengine on loopback without its kernel module; gives its control port."""
    port, media = free_ports(2, socket.SOCK_DGRAM)
    media = min(media, 65_535 - MEDIA_PORTS)
    command = shutil.which("rtpengine") or "/usr/sbin/rtpengine"
    with (folder / "rtpengine.log").open("ab") as log:
        process = await asyncio.create_subprocess_exec(
            command,
            *("--config-file=none", "--foreground", "--log-stderr", "--log-level=6"),
            *("--table=-1", f"--port-min={media}", f"--port-max={media + MEDIA_PORTS}"),
            *("--interface=127.0.0.1", f"--listen-ng=127.0.0.1:{port}"),
            *("--num-threads=2", f"--pidfile={folder / 'rtpengine.pid'}"),
            stdin=asyncio.subprocess.DEVNULL,
            stdout=log,
            stderr=log,
            start_new_session=True,
        )
    try:
        await _until_it_answers(port, process)
        yield port
    except ServerFailed as exc:
        text = (folder / "rtpengine.log").read_text(encoding="utf-8", errors="replace")
        raise ServerFailed(f"{exc}:\n{text[-3000:]}") from exc
    finally:
        if process.returncode is None:
            process.terminate()
        await process.wait()
