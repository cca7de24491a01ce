"""The devices of a machine, how one is chosen, and how changes are noticed."""

from __future__ import annotations

import importlib
import queue
import re
import time

import pytest

from devices.pulse import PulseServer
from exotel_voice.devices import (
    AudioDevice,
    DeviceKind,
    DeviceMonitor,
    DevicesChanged,
    choose_device,
    list_devices,
    sound_system,
)
from exotel_voice.devices.buffer import DriftBuffer
from exotel_voice.errors import AudioDeviceError, ConfigError


def _device(device_id: str, name: str, **more: bool) -> AudioDevice:
    return AudioDevice(
        id=device_id,
        name=name,
        kind=DeviceKind.INPUT,
        is_default=more.get("is_default", False),
        is_monitor=more.get("is_monitor", False),
    )


DEVICES = (
    _device("a.monitor", "Monitor of Speaker", is_default=True, is_monitor=True),
    _device("a", "USB Headset"),
    _device("b", "Desk Microphone", is_default=True),
    _device("c", "USB Camera"),
    _device("d", "Twin"),
    _device("e", "Twin"),
)


@pytest.mark.parametrize(
    ("wanted", "found"),
    [
        (None, "b"),
        ("default", "b"),
        ("c", "c"),
        ("USB Headset", "a"),
        ("usb headset", "a"),
        ("camera", "c"),
        ("a.monitor", "a.monitor"),
    ],
)
def test_a_device_is_chosen_by_id_or_name(wanted: str | None, found: str) -> None:
    assert choose_device(DEVICES, DeviceKind.INPUT, wanted).id == found


@pytest.mark.parametrize(
    ("wanted", "hint"), [("Twin", "d, e"), ("usb", "a, c"), ("radio", "USB Headset \\(a\\)")]
)
def test_a_wrong_name_is_refused_with_what_there_is(wanted: str, hint: str) -> None:
    with pytest.raises(AudioDeviceError, match=hint):
        choose_device(DEVICES, DeviceKind.INPUT, wanted)


def test_where_there_is_no_device_there_is_no_default() -> None:
    with pytest.raises(AudioDeviceError, match="no output device"):
        choose_device(DEVICES, DeviceKind.OUTPUT, None)
    with pytest.raises(AudioDeviceError, match="no input device"):
        choose_device(DEVICES[:1], DeviceKind.INPUT, None)


def test_without_a_default_the_first_device_is_used() -> None:
    assert choose_device(DEVICES[1:2], DeviceKind.INPUT, None).id == "a"


def test_an_unknown_library_is_refused() -> None:
    with pytest.raises(ConfigError, match="miniaudio, sounddevice"):
        sound_system("vinyl")


@pytest.mark.needs("pulseaudio")
@pytest.mark.usefixtures("pulse")
def test_the_devices_of_the_sound_service_are_listed() -> None:
    assert sound_system().name == "miniaudio (PulseAudio)"
    found = {device.id: device for device in list_devices()}
    assert {"vin", "vout", "mic", "vin.monitor", "vout.monitor"} <= set(found)
    assert found["mic"].name == "Desk-Microphone"
    assert found["mic"].kind is DeviceKind.INPUT
    assert [one.id for one in found.values() if one.is_default] == ["vout", "mic"]
    assert found["vout.monitor"].is_monitor
    assert not found["mic"].is_monitor


@pytest.mark.usefixtures("no_sound")
def test_a_machine_without_a_sound_card_has_no_devices() -> None:
    assert list_devices() == ()
    with pytest.raises(AudioDeviceError, match=r"(?s)No sound card can be used|no input device"):
        choose_device(sound_system().devices(), DeviceKind.INPUT, None)


@pytest.mark.needs("pulseaudio")
def test_a_device_that_comes_and_goes_is_noticed_within_two_seconds(pulse: PulseServer) -> None:
    changes: queue.SimpleQueue[DevicesChanged] = queue.SimpleQueue()
    monitor = DeviceMonitor()
    leave = monitor.listen(changes.put)
    assert monitor.is_running
    module = pulse.plug("headset")
    began = time.monotonic()
    added: set[str] = set()
    while "headset-mic" not in added:
        added |= {device.id for device in changes.get(timeout=5).added}
    assert time.monotonic() - began < 2.0
    assert "headset" in added
    began = time.monotonic()
    pulse.unplug(module)
    removed = {device.id for device in changes.get(timeout=5).removed}
    assert time.monotonic() - began < 2.0
    assert {"headset", "headset-mic"} <= removed
    leave()
    leave()
    assert not monitor.is_running


@pytest.mark.needs("pulseaudio")
def test_another_default_is_noticed(pulse: PulseServer) -> None:
    changes: queue.SimpleQueue[DevicesChanged] = queue.SimpleQueue()
    monitor = DeviceMonitor(interval=0.1)
    leave = monitor.listen(changes.put)
    time.sleep(0.2)
    pulse.control("set-default-sink", "vin")
    change = changes.get(timeout=5)
    pulse.control("set-default-sink", "vout")
    leave()
    default = change.default(DeviceKind.OUTPUT)
    assert default is not None
    assert default.id == "vin"
    assert change.default(DeviceKind.INPUT) is None


def test_one_monitor_serves_the_process() -> None:
    assert DeviceMonitor.shared() is DeviceMonitor.shared()
    assert not DeviceMonitor.shared().is_running


@pytest.mark.needs("pulseaudio")
def test_a_device_that_is_gone_cannot_be_opened(pulse: PulseServer) -> None:
    cards = sound_system("miniaudio")
    stranger = _device("nobody", "Nobody")
    with pytest.raises(AudioDeviceError, match="Nobody is not there any more"):
        cards.open_input(stranger, DriftBuffer(16000))
    module = pulse.plug("usb")
    known = {device.id: device for device in cards.devices()}
    pulse.unplug(module)
    for device, opens in ((known["usb"], cards.open_output), (known["usb-mic"], cards.open_input)):
        with pytest.raises(AudioDeviceError, match="cannot be opened"):
            opens(device, DriftBuffer(16000)).close()


@pytest.mark.needs("pulseaudio")
def test_a_sound_service_that_was_restarted_is_found_again(
    pulse: PulseServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    first = PulseServer().start()
    monkeypatch.setenv("PULSE_SERVER", first.address)
    cards = sound_system("miniaudio")
    assert cards.devices()
    first.close()
    monkeypatch.setenv("PULSE_SERVER", pulse.address)
    assert {device.id for device in cards.devices()} >= {"vin", "vout", "mic"}


@pytest.mark.needs("pulseaudio")
@pytest.mark.usefixtures("pulse")
def test_ids_that_are_no_text_become_short_digests() -> None:
    module = importlib.import_module("exotel_voice.devices.miniaudio_system")
    handle = module._ffi.new("ma_device_id *")
    module._ffi.memmove(handle, b"\x01\x00\x02", 3)
    assert re.fullmatch(r"[0-9a-f]{16}", module._text_of(handle))
    module._ffi.memmove(handle, b"hw:0\x00", 5)
    assert module._text_of(handle) == "hw:0"
