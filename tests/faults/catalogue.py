"""The faults that a network can have, each done to a call that is up, and measured."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable

from faults.scene import Fault, Scene

__all__ = ["NETWORK_FAULTS", "suspend", "swallow_signalling"]


async def lose_packets(scene: Scene) -> Fault:
    """One packet of audio in ten is lost for five seconds."""
    fault = Fault("one audio packet in ten lost")
    await scene.network.drop("meta l4proto udp numgen random mod 100 < 10")
    await asyncio.sleep(5.0)
    await scene.phone.tell("report")
    state = await scene.phone.told("State", after=fault.began)
    assert state["lost"] > 0
    assert scene.phone.count("CallReconnecting", after=fault.began) == 0
    assert scene.phone.count("Unheard", after=fault.began) == 0
    fault.end()
    await scene.network.heal()
    return fault


async def swallow_audio(scene: Scene) -> Fault:
    """Audio is dropped without a word, signalling goes on."""
    fault = Fault("audio dropped, signalling good", ("media",))
    await scene.network.drop("meta l4proto udp")
    await scene.noticed(fault)
    await asyncio.sleep(1.0)
    fault.end()
    await scene.network.heal()
    await scene.back(fault)
    assert scene.phone.count("ConnectionDown", after=fault.began) == 0
    return fault


async def swallow_all(scene: Scene) -> Fault:
    """Everything is dropped and nothing is closed."""
    fault = Fault("black hole: everything dropped, nothing closed", ("media", "signalling"))
    await scene.network.drop()
    await scene.noticed(fault)
    await asyncio.sleep(1.0)
    fault.end()
    await scene.network.heal()
    await scene.back(fault)
    return fault


async def swallow_signalling(scene: Scene) -> Fault:
    """Signalling is dropped and nothing is closed; the audio goes on."""
    fault = Fault("black hole for signalling alone", ("signalling",))
    await scene.network.drop("meta l4proto tcp")
    await scene.noticed(fault, limit=30.0)
    fault.end()
    await scene.network.heal()
    await scene.back(fault)
    assert scene.phone.count("Unheard", after=fault.began) == 0
    return fault


async def change_address(scene: Scene) -> Fault:
    """The machine's address vanishes and another one comes; nobody says so."""
    return await _change_address(scene, is_told=False)


async def change_address_and_say_so(scene: Scene) -> Fault:
    """The same, and the application calls `Phone.reconnect`, because the system told it."""
    return await _change_address(scene, is_told=True)


async def _change_address(scene: Scene, *, is_told: bool) -> Fault:
    how = "address changed, `Phone.reconnect()` called" if is_told else "address changed"
    fault = Fault(how, ("signalling",))
    await scene.network.change_address()
    fault.end()
    if is_told:
        await scene.phone.tell("reconnect")
    await scene.noticed(fault)
    await scene.back(fault)
    await scene.phone.tell("listen")
    heard = await scene.phone.told("Heard", after=fault.ended)
    fault.recovered = max(fault.recovered, heard["at"])
    return fault


async def cut(scene: Scene) -> Fault:
    """The connection is closed by the far side; the audio goes on."""
    fault = Fault("SIP connection cut", ("signalling",))
    fault.end()
    await scene.far.tell("cut")
    await scene.noticed(fault)
    await scene.back(fault)
    assert scene.phone.count("Unheard", after=fault.began) == 0
    return fault


async def forget_names(scene: Scene) -> Fault:
    """The connection is cut, and the name of the server cannot be looked up for two seconds."""
    await scene.far.tell("forget names")
    fault = Fault("connection cut, name server fails", ("signalling",))
    await scene.far.tell("cut")
    await scene.noticed(fault)
    await scene.far.told("NameRefused", after=fault.began)
    await asyncio.sleep(2.0)
    fault.end()
    await scene.far.tell("know names")
    await scene.back(fault)
    assert scene.phone.count("Unheard", after=fault.began) == 0
    return fault


async def suspend(scene: Scene, seconds: float) -> Fault:
    """The phone's process is stopped where it stands, and goes on later."""
    fault = Fault(f"process stopped for {seconds:g} s")
    scene.phone.suspend()
    await asyncio.sleep(seconds)
    fault.end()
    scene.phone.resume()
    await scene.phone.tell("listen")
    heard = await scene.phone.told("Heard", after=fault.ended)
    await scene.require_whole()
    fault.recovered = heard["at"]
    return fault


NETWORK_FAULTS: tuple[Callable[[Scene], Awaitable[Fault]], ...] = (
    lose_packets,
    cut,
    forget_names,
    swallow_audio,
    swallow_all,
    change_address,
    change_address_and_say_so,
)
"""All that one call goes through, one after the other."""
