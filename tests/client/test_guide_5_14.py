"""Guide 5.14 and the names of today's SDK beside it: devices, volumes, codec, noise."""

from __future__ import annotations

import logging
import queue
from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
import pytest

from client.guide_page import Page, sip_account_info, wait
from devices.conftest import no_sound, pulse, pulse_daemon
from devices.hearing import loudest, typical_frequency, typical_level
from devices.pulse import RATE, Listener, Player, PulseServer
from exotel_voice.client import ExotelWebClient
from exotel_voice.devices import DeviceMonitor
from exotel_voice.sandbox import CallRecord, Sandbox, SandboxThread
from tones import Samples, frequency_of, level_of, tone

__all__ = ["no_sound", "pulse", "pulse_daemon"]

News = queue.SimpleQueue[tuple[Any, ...]]


class SoundPage(Page):
    """A page whose client uses the sound cards of the machine."""

    def __init__(self) -> None:
        super().__init__()
        self.client.close()
        self.client = ExotelWebClient()
        self.news: News = queue.SimpleQueue()

    def told(self, name: str) -> Callable[..., None]:
        """A callback that notes its name and what it was given."""
        return lambda *given: self.news.put((name, *given))

    def change(self, way: str, device: str, **more: bool) -> tuple[Any, ...]:
        """Change a device, and give what was called back."""
        method = getattr(self.client, f"changeAudio{way}Device")
        assert method(device, self.told("success"), self.told("error"), **more)
        return self.news.get(timeout=5)


@pytest.fixture
def sound_page() -> Iterator[SoundPage]:
    one = SoundPage()
    yield one
    one.close()
    assert not DeviceMonitor.shared().is_running


def in_call(
    server: SandboxThread, page: SoundPage, party: str, *, auto: bool = False
) -> CallRecord:
    """Register and take a call from a party of the sandbox."""
    info = sip_account_info(server.account("alice"))
    assert page.client.initWebrtc(
        info,
        page.RegisterEventCallBack,
        page.CallListenerCallback,
        enableAutoAudioDeviceChangeHandling=auto,
    )
    page.client.DoRegister()
    page.until("registered")
    record = server.run(lambda sandbox: sandbox.place_call(to="alice", party=party))
    page.until("incoming")
    assert page.client.getCall().Answer()
    page.until("connected")
    return record


@pytest.mark.media
@pytest.mark.needs("pulseaudio")
def test_a_call_uses_microphone_and_speaker_and_changes_both(
    pulse: PulseServer, server: SandboxThread, sound_page: SoundPage
) -> None:
    sound_page.client.setNoiseSuppression(False)
    with Player(pulse, "vin", tone(500.0, 1.0, RATE)):
        in_call(server, sound_page, "tone-1000")
        with Listener(pulse, "vout.monitor") as listener:
            heard = listener.hear(1.5)
        assert typical_frequency(heard[-RATE // 2 :], RATE) == pytest.approx(1000.0, abs=5.0)
        assert sound_page.change("Output", "vin") == ("success",)
        assert sound_page.change("Output", "Cable-Out") == ("success",)
        assert sound_page.change("Input", "vout.monitor") == ("success",)
        assert sound_page.change("Input", "mic", forceDeviceChange=True) == ("success",)
        with Listener(pulse, "vout.monitor") as listener:
            again = listener.hear(1.0)
            loud = typical_level(again[-RATE // 2 :], RATE)
        assert sound_page.client.setCallAudioOutputVolume(0.1)
        with Listener(pulse, "vout.monitor") as listener:
            quiet = typical_level(listener.hear(1.0)[-RATE // 2 :], RATE)
    assert loud > 1000.0
    assert quiet == pytest.approx(loud / 10, rel=0.3)
    assert sound_page.client.getCallAudioOutputVolume() == 0.1


@pytest.mark.needs("pulseaudio")
@pytest.mark.usefixtures("pulse")
def test_the_snippets_of_the_guide_before_a_call(sound_page: SoundPage) -> None:
    exWebClient, news = sound_page.client, sound_page.news
    exWebClient.changeAudioOutputDevice(
        "vout",
        lambda: news.put(("Output device changed successfully",)),
        lambda error: news.put((f"Failed to change output device: {error}",)),
    )
    assert news.get(timeout=5) == ("Output device changed successfully",)
    exWebClient.changeAudioInputDevice(
        "nothing",
        lambda: news.put(("Input device changed successfully",)),
        lambda error: news.put((f"Failed to change input device: {error}",)),
    )
    assert "There is no input device 'nothing'" in news.get(timeout=5)[0]


@pytest.mark.slow
@pytest.mark.needs("pulseaudio")
def test_changes_of_devices_are_told(pulse: PulseServer, sound_page: SoundPage) -> None:
    client, news, told = sound_page.client, sound_page.news, sound_page.told
    client.registerAudioDeviceChangeCallback(told("input"), told("output"), told("devices"))
    module = pulse.plug("headset")
    labels: set[str] = set()
    while "headset-mic" not in labels:
        name, devices = news.get(timeout=5)
        assert name == "devices"
        labels = {device["label"] for device in devices if device["kind"] == "audioinput"}
    assert sound_page.change("Input", "headset-mic") == ("success",)
    pulse.control("set-default-sink", "headset")
    assert news.get(timeout=5) == ("output", "headset")
    pulse.unplug(module)
    left = {news.get(timeout=5)[:1][0] for _ in range(3)}
    assert left == {"input", "output", "devices"}
    client.registerAudioDeviceChangeCallback(None, None)
    pulse.control("set-default-sink", "vout")
    assert news.empty()


@pytest.mark.slow
@pytest.mark.media
@pytest.mark.needs("pulseaudio")
@pytest.mark.parametrize("auto", [True, False])
def test_auto_handling_takes_a_call_to_the_new_default(
    pulse: PulseServer, server: SandboxThread, sound_page: SoundPage, auto: bool
) -> None:
    sound_page.client.registerAudioDeviceChangeCallback(None, sound_page.told("output"))
    in_call(server, sound_page, "tone-1000", auto=auto)
    pulse.control("set-default-sink", "vin")
    try:
        assert sound_page.news.get(timeout=5) == ("output", "vin")
        with Listener(pulse, "vin.monitor") as listener:
            level = typical_level(listener.hear(1.0)[-RATE // 2 :], RATE)
        assert (level > 1000.0) is auto
    finally:
        pulse.control("set-default-sink", "vout")


@pytest.mark.usefixtures("no_sound")
@pytest.mark.media
def test_without_a_sound_card_a_call_goes_on_in_silence(
    server: SandboxThread, sound_page: SoundPage, caplog: pytest.LogCaptureFixture
) -> None:
    in_call(server, sound_page, "tone-1000")
    assert sound_page.client.getCall().callState == "active"
    told = [record.message for record in caplog.records if record.levelno == logging.WARNING]
    assert any("the call has no microphone" in line for line in told)
    assert any("the call has no speaker" in line for line in told)
    assert sound_page.change("Input", "mic")[0] == "error"


def test_a_client_of_other_media_has_no_devices(page: Page) -> None:
    errors: queue.SimpleQueue[Exception] = queue.SimpleQueue()
    assert page.client.changeAudioInputDevice("mic", None, errors.put)
    assert "uses no sound card" in str(errors.get(timeout=5))
    assert not page.client.setNoiseSuppression(True)
    assert not page.client.setCallAudioOutputVolume(0.5)
    assert page.client.getCallAudioOutputVolume() == 1.0
    assert not page.client.setPreferredCodec("PCMU")


def test_volumes_codec_and_noise_are_set_and_wrong_values_refused(sound_page: SoundPage) -> None:
    client = sound_page.client
    for name in ("ringtone", "ringbacktone", "dtmftone", "beeptone"):
        assert client.setAudioOutputVolume(name, 0.25)
        assert client.getAudioOutputVolume(name) == 0.25
    assert not client.setAudioOutputVolume("trumpet", 0.5)
    assert not client.setAudioOutputVolume("ringtone", 7)
    assert client.getAudioOutputVolume("trumpet") == 0.0
    assert client.getAudioOutputVolume("ringtone") == 0.25
    assert not client.setCallAudioOutputVolume(-1)
    assert client.setNoiseSuppression(False)
    assert client.setPreferredCodec("pcmu")
    assert not client.setPreferredCodec("cassette")
    client.SessionListener()


def two_tones(samples: Samples) -> tuple[float, float]:
    """The two strongest frequencies of a key, the lower one first."""
    spectrum = np.abs(np.fft.rfft(samples * np.hanning(len(samples))))
    at = np.fft.rfftfreq(len(samples), 1 / RATE)
    low, high = (at > 600) & (at < 1000), (at > 1100) & (at < 1700)
    return tuple(float(at[band][np.argmax(spectrum[band])]) for band in (low, high))  # type: ignore[return-value]


@pytest.mark.media
@pytest.mark.needs("pulseaudio")
def test_the_client_rings_tells_keys_and_the_end(
    pulse: PulseServer, server: SandboxThread, sound_page: SoundPage
) -> None:
    assert sound_page.init(sip_account_info(server.account("alice")))
    sound_page.client.DoRegister()
    sound_page.until("registered")
    with Listener(pulse, "vout.monitor") as listener:
        record = server.run(lambda sandbox: sandbox.place_call(to="alice", party="echo"))
        sound_page.until("incoming")
        ring = loudest(listener.hear(1.5), RATE)
    assert frequency_of(ring, RATE) == pytest.approx(425.0, abs=40.0)
    assert level_of(ring) > 3000
    call = sound_page.client.getCall()
    assert call.Answer()
    sound_page.until("connected")
    with Listener(pulse, "vout.monitor") as listener:
        listener.hear(0.5)
        assert call.sendDTMF(5)
        low, high = two_tones(loudest(listener.hear(1.0), RATE))
        assert low == pytest.approx(770.0, abs=15.0)
        assert high == pytest.approx(1336.0, abs=15.0)
        server.run(lambda _: record.hang_up())
        sound_page.until("terminated")
        assert level_of(loudest(listener.hear(1.5), RATE)) > 1000
    sound_page.client.setAudioOutputVolume("ringtone", 0)
    server.run(lambda sandbox: sandbox.place_call(to="alice", party="echo").sid)
    sound_page.until("incoming")
    with Listener(pulse, "vout.monitor") as listener:
        assert level_of(listener.hear(1.0)) < 10


@pytest.mark.media
@pytest.mark.usefixtures("no_sound")
def test_the_preferred_codec_is_the_one_of_the_call(
    server: SandboxThread, sound_page: SoundPage
) -> None:
    assert sound_page.client.setPreferredCodec("PCMA")
    record = in_call(server, sound_page, "echo")

    async def until_known(sandbox: Sandbox) -> str:
        return await sandbox.changes.until(lambda: record.codec, what="audio", timeout=5)

    assert wait(server, until_known) == "PCMA"
