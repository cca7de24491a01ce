"""Scenes of the guide's sections that use sound cards: a sound service of the tests' own."""

from __future__ import annotations

import asyncio

from docs.stage import Scenes, Stage

__all__ = ["scenes"]

scenes = Scenes()


def ignore(*_: object) -> None:
    """Be a callback."""


@scenes("diagnostics-init")
async def diagnostics_init(stage: Stage) -> None:
    async with stage.client(has_sound=True) as client:
        await stage.run()
        await stage.until_printed("browserVersion ready CPython/3.")
        await stage.until_printed("micInfo ready Desk-Microphone")
        await stage.until_printed("speakerInfo ready Cable-Out")
        client.closeDiagnostics()


@scenes("diagnostics-devices")
async def diagnostics_devices(stage: Stage) -> None:
    async with stage.client(has_sound=True) as client:
        client.initDiagnostics(ignore, stage.note)
        stage.give(asyncio=asyncio)
        await stage.run()
        client.closeDiagnostics()
    for key in ("speaker", "mic"):
        levels = [line for line in stage.printed if line.endswith(f" {key} ok")]
        assert len(levels) >= 4, stage.printed


@scenes("diagnostics-network")
async def diagnostics_network(stage: Stage) -> None:
    async with stage.client(has_sound=True) as client:
        client.initDiagnostics(ignore, stage.note)
        await stage.run()
        await stage.until_printed("wss connected ws://")
        await stage.until_printed("userReg registered alice")
        for key in ("tcp", "udp", "host", "srflx"):
            await stage.until_printed(f"{key} ")
        client.closeDiagnostics()


@scenes("devices-change")
async def devices_change(stage: Stage) -> None:
    stage.give(speakerId="vin", microphoneId="mic")
    async with stage.client(has_sound=True):
        await stage.run()
        await stage.until_printed("output device changed")
        await stage.until_printed("input device changed")


@scenes("devices-listen")
async def devices_listen(stage: Stage) -> None:
    assert stage.pulse is not None
    async with stage.client(has_sound=True) as client:
        await stage.run()
        stage.pulse.control("set-default-sink", "vin")
        await stage.until_printed("output is now vin")
        stage.pulse.control("set-default-sink", "vout")
        await stage.until_printed("output is now vout")
        client.registerAudioDeviceChangeCallback(None, None)
