"""A phone and a platform on two machines, in a call, and the measure of what a fault does to it."""

from __future__ import annotations

import contextlib
import math
import time
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from typing import Any, Final

from faults.network import FAR_ADDRESS, Network
from faults.program import Program, running

__all__ = ["Fault", "Scene", "a_scene"]

START_LIMIT: Final = 20.0


@dataclass
class Fault:
    """One fault: what it hits, and the instants at which it began, was noticed, ended, was over."""

    name: str
    parts: tuple[str, ...] = ()
    """What is lost: `signalling`, `media` or both."""
    began: float = field(default_factory=time.monotonic)
    ended: float = 0.0
    noticed: float = math.inf
    recovered: float = 0.0

    def end(self) -> None:
        """Take note that the fault ends now, before it is mended."""
        self.ended = time.monotonic()

    @property
    def seconds_to_notice(self) -> float | None:
        """From the beginning to the first event; None where there was none."""
        return None if math.isinf(self.noticed) else self.noticed - self.began

    @property
    def seconds_to_recover(self) -> float | None:
        """From the end of the fault until all is as before; None where nothing was lost."""
        return max(0.0, self.recovered - self.ended) if self.recovered else None


class Scene:
    """What a test has in hand.

    Attributes:
        network: The cable between the two.
        far: The platform.
        phone: The phone.
    """

    def __init__(self, network: Network, far: Program, phone: Program) -> None:
        self.network = network
        self.far = far
        self.phone = phone

    async def noticed(self, fault: Fault, *, limit: float = 12.0) -> None:
        """Wait until the phone tells that a part of the call is lost."""
        for part in fault.parts:
            told = await self.phone.told(
                "CallReconnecting", after=fault.began, limit=limit, part=part
            )
            fault.noticed = min(fault.noticed, told["at"])

    async def back(self, fault: Fault, *, limit: float = 15.0) -> None:
        """Wait until the phone is itself again: registered, its call repaired, and heard."""
        since = fault.ended
        for part in fault.parts:
            back = await self.phone.told("CallReconnected", after=since, limit=limit, part=part)
            fault.recovered = max(fault.recovered, back["at"])
        if "signalling" in fault.parts:
            told = await self.phone.told("Registered", after=since, limit=limit)
            fault.recovered = max(fault.recovered, told["at"])
        heard = [one for one in self.phone.news if one["event"] in ("Heard", "Unheard")]
        if heard[-1]["event"] == "Unheard":
            told = await self.phone.told("Heard", after=heard[-1]["at"], limit=limit)
            fault.recovered = max(fault.recovered, told["at"])

    async def require_whole(self) -> None:
        """Fail unless the one call is up, obeys and is heard, and the phone is registered."""
        assert self.phone.count("CallEnded") == 0
        began = time.monotonic()
        await self.phone.tell("hold")
        await self.phone.tell("resume")
        await self.phone.tell("listen")
        await self.phone.told("Heard", after=began)
        await self.phone.tell("report")
        state = await self.phone.told("State", after=began)
        assert (state["call"], state["phone"]) == ("active", "registered")
        assert self.phone.count("CallConnected") == 1


@contextlib.asynccontextmanager
async def a_scene(*, host: str = FAR_ADDRESS, **phone_settings: Any) -> AsyncIterator[Scene]:
    """Bring a call to the echo up, over a network of its own, with audio both ways.

    Args:
        host: How the phone knows the platform.
        phone_settings: Fields of `PhoneSettings`.
    """
    async with (
        Network() as network,
        running("faults.far_program", namespace=network.far) as far,
    ):
        ready = await far.told("Ready", limit=START_LIMIT)
        account = {
            **{name: ready[name] for name in ("username", "password", "domain", "port")},
            "host": host,
            "security": "ws",
            "endpoint": "",
        }
        async with running(
            "faults.phone_program",
            namespace=network.near,
            account=account,
            phone=phone_settings,
        ) as phone:
            await phone.told("Heard", limit=START_LIMIT)
            yield Scene(network, far, phone)
