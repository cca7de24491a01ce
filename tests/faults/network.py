"""Two network namespaces with a cable between them, for faults that only a network can have."""

from __future__ import annotations

import asyncio
import itertools
import os
import shutil
from pathlib import Path
from types import TracebackType
from typing import Final, Self

__all__ = ["FAR_ADDRESS", "HOST_NAME", "Network", "NetworkFailed"]

FAR_ADDRESS: Final = "10.77.0.1"
HOST_NAME: Final = "platform.test"
"""A name that only the far side's own name server knows."""
PREFIX: Final = 24
CONFIGURATION: Final = Path("/etc/netns")
_numbers = itertools.count(1)


class NetworkFailed(AssertionError):
    """A command of the system failed; the message is its output."""


class Network:
    """The phone's side and the far side, each in a namespace, joined by a pair of virtual cards.

    Attributes:
        near: Name of the phone's namespace.
        far: Name of the other one.
    """

    def __init__(self) -> None:
        own = f"xv{os.getpid()}n{next(_numbers)}"
        self.near, self.far = f"{own}a", f"{own}b"
        self._addresses = itertools.count(2)
        self._address = ""

    async def __aenter__(self) -> Self:
        try:
            await self._build()
        except BaseException:
            await self._tear_down()
            raise
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        await self._tear_down()

    async def _build(self) -> None:
        for name in (self.near, self.far):
            await _run("ip", "netns", "add", name)
            await self._run_in(name, "ip", "link", "set", "lo", "up")
        near_end, far_end = f"{self.near}0", f"{self.far}0"
        await _run("ip", "link", "add", near_end, "type", "veth", "peer", "name", far_end)
        for name, card in ((self.near, near_end), (self.far, far_end)):
            await _run("ip", "link", "set", card, "netns", name)
            await self._run_in(name, "ip", "link", "set", card, "name", "cable", "up")
        await self._add_address(self.far, FAR_ADDRESS)
        await self.change_address()
        folder = CONFIGURATION / self.near
        folder.mkdir(parents=True, exist_ok=True)
        text = f"nameserver {FAR_ADDRESS}\noptions timeout:1 attempts:1\n"
        (folder / "resolv.conf").write_text(text, encoding="ascii")

    async def _tear_down(self) -> None:
        for name in (self.near, self.far):
            await _run("ip", "netns", "del", name, may_fail=True)
        shutil.rmtree(CONFIGURATION / self.near, ignore_errors=True)

    async def change_address(self) -> None:
        """Give the phone's side another address in place of the one it has."""
        former, self._address = self._address, f"10.77.0.{next(self._addresses)}"
        if former:
            address = f"{former}/{PREFIX}"
            await self._run_in(self.near, "ip", "addr", "del", address, "dev", "cable")
        await self._add_address(self.near, self._address)

    async def drop(self, condition: str = "") -> None:
        """Drop packets on both ways, without a word to anybody, until `heal`.

        Args:
            condition: Which ones, as nftables says it; all by default.
        """
        rules = [
            "add table inet faults",
            "add chain inet faults into { type filter hook input priority 0; }",
            "add chain inet faults out { type filter hook output priority 0; }",
            f'add rule inet faults into iifname "cable" {condition} drop',
            f'add rule inet faults out oifname "cable" {condition} drop',
        ]
        await self._run_in(self.far, "nft", "\n".join(rules))

    async def heal(self) -> None:
        """Let everything through again."""
        await self._run_in(self.far, "nft", "delete table inet faults")

    async def _add_address(self, name: str, address: str) -> None:
        # Without duplicate address detection an address is of use at once.
        await self._run_in(name, "ip", "addr", "add", f"{address}/{PREFIX}", "dev", "cable")

    async def _run_in(self, name: str, *command: str) -> None:
        await _run("ip", "netns", "exec", name, *command)


async def _run(*command: str, may_fail: bool = False) -> None:
    process = await asyncio.create_subprocess_exec(
        *command,
        stdin=asyncio.subprocess.DEVNULL,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.STDOUT,
    )
    output, _ = await process.communicate()
    if process.returncode and not may_fail:
        raise NetworkFailed(f"{' '.join(command)}: {output.decode(errors='replace')}")
