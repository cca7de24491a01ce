"""A phone that calls the echo, speaks a tone, and tells all that happens to it."""

from __future__ import annotations

import asyncio
import json
import sys
from collections import deque
from dataclasses import fields
from typing import Any

import numpy as np

from exotel_voice.media.audio import Samples
from exotel_voice.phone import Call, Phone, PhoneSettings, SipAccount
from exotel_voice.phone.events import PhoneEvent
from faults.told import obey, tell
from tones import frequency_of, level_of, tone

RATE = 16_000
TONE_HZ = 440.0
WINDOW = 8
"""Frames of 20 ms in which the tone must be alone."""
SILENT = 100.0
GAP = 25
"""Silent frames after which the tone counts as gone; fewer are a busy machine's."""


def report(event: PhoneEvent) -> None:
    """Tell an event, with those of its fields that are plain."""
    plain = {
        field.name: value
        for field in fields(event)
        if isinstance(value := getattr(event, field.name), str | int | float | bool)
    }
    tell(type(event).__name__, **plain)


async def speak(call: Call) -> None:
    """Say the tone for ever."""
    second = tone(TONE_HZ, 1.0, RATE).tobytes()
    while True:
        await call.audio_out.write(second)


class Ear:
    """Tells when the tone begins and ends to come back."""

    def __init__(self) -> None:
        self._is_hearing = False

    def forget(self) -> None:
        """Tell anew that the tone is heard."""
        self._is_hearing = False

    async def listen(self, call: Call) -> None:
        """Listen to the end of the call."""
        heard: deque[Samples] = deque(maxlen=WINDOW)
        silent_frames = 0
        async for frame in call.audio_in():
            heard.append(np.frombuffer(frame, np.int16))
            sound = np.concatenate(tuple(heard))
            is_silent = level_of(sound) < SILENT
            silent_frames = silent_frames + 1 if is_silent else 0
            if self._is_hearing and silent_frames >= GAP:
                self._is_hearing = False
                tell("Unheard")
            elif not self._is_hearing and not is_silent and is_tone(sound):
                self._is_hearing = True
                tell("Heard")


def is_tone(sound: Samples) -> bool:
    """Whether this is what was spoken."""
    return len(sound) == WINDOW * RATE // 50 and abs(frequency_of(sound, RATE) - TONE_HZ) < 15.0


async def run(settings: dict[str, Any]) -> None:
    """Register, call, and obey until the input ends."""
    account = SipAccount(**settings["account"])
    phone = Phone(account, settings=PhoneSettings(proxy=None, **settings.get("phone", {})))
    phone.on(PhoneEvent, report)
    async with phone:
        call = await phone.dial("echo")
        await call.answered()
        ear = Ear()
        talk = [asyncio.create_task(speak(call)), asyncio.create_task(ear.listen(call))]
        try:
            await obey(lambda command: carry_out(command, phone, call, ear))
        finally:
            for task in talk:
                task.cancel()
            await asyncio.wait(talk)


async def carry_out(command: dict[str, Any], phone: Phone, call: Call, ear: Ear) -> None:
    """Do what a test wants of this phone."""
    match command["do"]:
        case "reconnect":
            phone.reconnect()
        case "hold":
            await call.hold()
        case "resume":
            await call.resume()
        case "listen":
            ear.forget()
        case "report":
            stats = await call.stats()
            tell("State", call=call.state.value, phone=phone.state.value, lost=stats.packets_lost)
        case _:
            tell("Unknown", command=command["do"])


if __name__ == "__main__":
    asyncio.run(run(json.loads(sys.argv[1])))
