"""The second sound library, in the place of the first."""

from __future__ import annotations

import asyncio
import threading
import time

import numpy as np
import pytest

from devices.hearing import loudest, typical_frequency
from devices.pulse import RATE, Listener, Player, PulseServer
from exotel_voice.devices import DeviceKind, choose_device, sound_system, system
from exotel_voice.devices.buffer import DriftBuffer
from exotel_voice.errors import AudioDeviceError
from exotel_voice.media.microphone import Microphone
from tones import Samples, frequency_of, level_of, tone

CARD = 16000
FRAME = CARD // 50

pytestmark = [pytest.mark.media, pytest.mark.needs("pulseaudio", "portaudio")]


@pytest.mark.usefixtures("pulse")
def test_portaudio_lists_its_devices() -> None:
    portaudio = sound_system("sounddevice")
    assert portaudio.name.startswith("sounddevice (PortAudio V19")
    for kind in DeviceKind:
        assert choose_device(portaudio.devices(), kind, None).is_default


def test_portaudio_hears_the_microphone(pulse: PulseServer) -> None:
    portaudio = sound_system("sounddevice")
    buffer = DriftBuffer(CARD)
    with Player(pulse, "vin", tone(440.0, 1.0, RATE)):
        device = choose_device(portaudio.devices(), DeviceKind.INPUT, "pulse")
        stream = portaudio.open_input(device, buffer)
        assert choose_device(portaudio.devices(), DeviceKind.INPUT, "pulse") == device
        heard: list[Samples] = []
        limit = time.monotonic() + 5.0
        while len(heard) < 75 and time.monotonic() < limit:
            got = buffer.read(FRAME)
            if got is None:
                time.sleep(0.01)
            else:
                heard.append(got)
        stream.close()
        stream.close()
    sound = np.concatenate(heard)[-CARD // 2 :]
    assert typical_frequency(sound, CARD) == pytest.approx(440.0, abs=4.0)


def test_portaudio_plays_at_the_speaker(pulse: PulseServer) -> None:
    portaudio = sound_system("sounddevice")
    buffer = DriftBuffer(CARD)
    done = threading.Event()

    def feed() -> None:
        for frame in tone(700.0, 4.0, CARD).reshape(-1, FRAME):
            buffer.write(frame)
            if done.wait(FRAME / CARD):
                return

    feeder = threading.Thread(target=feed)
    feeder.start()
    device = choose_device(portaudio.devices(), DeviceKind.OUTPUT, None)
    with Listener(pulse, "vout.monitor") as listener:
        stream = portaudio.open_output(device, buffer)
        heard = loudest(listener.hear(2.0), RATE)
        stream.close()
    done.set()
    feeder.join()
    assert level_of(heard) > 3000
    assert frequency_of(heard, RATE) == pytest.approx(700.0, abs=20.0)


@pytest.mark.usefixtures("pulse")
async def test_it_serves_where_miniaudio_is_not_at_hand(monkeypatch: pytest.MonkeyPatch) -> None:
    def absent() -> system.SoundSystem:
        raise AudioDeviceError("the library miniaudio cannot be loaded")

    monkeypatch.setitem(system._LOADERS, "miniaudio", absent)
    assert sound_system().name.startswith("sounddevice")
    source = Microphone().open_source()
    await asyncio.sleep(0)
    source.close()


def test_a_device_that_cannot_be_opened_is_named(pulse: PulseServer) -> None:
    portaudio = sound_system("sounddevice")
    device = choose_device(portaudio.devices(), DeviceKind.INPUT, "pulse")
    pulse.control("unload-module", "module-remap-source")
    try:
        with pytest.raises(AudioDeviceError, match="pulse cannot be opened"):
            portaudio.open_input(device, DriftBuffer(1))
    finally:
        pulse.control("load-module", "module-remap-source", "source_name=mic", "master=vin.monitor",
                      "source_properties=device.description=Desk-Microphone")  # fmt: skip
        pulse.control("set-default-source", "mic")
