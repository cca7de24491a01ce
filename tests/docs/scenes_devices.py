"""Scenes of the pages on audio devices and diagnostics."""

from __future__ import annotations

from docs.stage import Scenes, Stage
from exotel_voice import Microphone, Speaker

__all__ = ["scenes", "sound_scenes"]

scenes = Scenes()
sound_scenes = Scenes()


@sound_scenes("devices-call")
async def devices_call(stage: Stage) -> None:
    assert stage.pulse is not None
    stage.give(account=stage.sandbox.account("alice"))
    await stage.run()
    assert stage.printed == ["Desk-Microphone / Cable-Out"]


@sound_scenes("devices-list")
async def devices_list(stage: Stage) -> None:
    await stage.run()
    assert "output vout Cable-Out True" in stage.printed
    assert "input mic Desk-Microphone True" in stage.printed


@sound_scenes("devices-switch")
async def devices_switch(stage: Stage) -> None:
    microphone, speaker = Microphone(), Speaker()
    stage.give(microphone=microphone, speaker=speaker)
    await stage.run()
    assert speaker.device is not None
    assert speaker.device.id == "vin"
    assert stage.printed == ["There is no input device 'no such thing'"]


@scenes("devices-processing")
async def devices_processing(stage: Stage) -> None:
    await stage.run()
    assert not stage.names["microphone"].processing.noise_suppression


@scenes("diagnose-run")
async def diagnose_run(stage: Stage) -> None:
    stage.give(account=stage.sandbox.account("alice"))
    await stage.run()
    assert "registration good" in stage.printed
    assert stage.printed[-1].startswith(("Everything works", "Calls work"))


@scenes("diagnose-call")
async def diagnose_call(stage: Stage) -> None:
    stage.give(account=stage.sandbox.account("alice"))
    await stage.run()
    assert stage.printed[1].startswith("both ways")
