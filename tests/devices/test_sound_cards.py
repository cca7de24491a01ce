"""Microphone and speaker on real devices: what goes in at one sink is measured at another."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator

import numpy as np
import pytest

from devices.hearing import typical_frequency, typical_level
from devices.pulse import RATE, Listener, Player, PulseServer
from exotel_voice.devices import DeviceMonitor, VoiceProcessing
from exotel_voice.errors import AudioDeviceError, ConfigError, MicrophoneDenied
from exotel_voice.media.audio import AudioSink, AudioSource
from exotel_voice.media.clock import TICK, MediaClock
from exotel_voice.media.microphone import Microphone
from exotel_voice.media.native import NativeMedia
from exotel_voice.media.pcm import PcmStream
from exotel_voice.media.speaker import Speaker
from native_pair import Pair
from tones import Samples, level_of, tone

PLAIN = VoiceProcessing(echo_cancellation=False, noise_suppression=False, gain_control=False)
CARD = 16000
FRAME = CARD // 50
DRIFT = 0.004  # by so much the clocks of card and call are made up for, and a little more

pytestmark = [pytest.mark.media, pytest.mark.needs("pulseaudio")]


class Ticker:
    """Reads a source, or plays to a sink, every 20 ms as a call does."""

    is_heavy = False

    def __init__(self, source: AudioSource | None = None, sink: AudioSink | None = None) -> None:
        self.heard: list[Samples] = []
        self._source = source
        self._sink = sink
        self._second = tone(1000.0, 1.0, CARD).reshape(-1, FRAME)
        self._at = 0
        self._waiter: tuple[int, asyncio.Future[None]] | None = None
        MediaClock.of_running_loop().join(self)

    def begin(self, now: float, missed: int) -> None:
        del now, missed
        if self._source is not None:
            got = self._source.read(FRAME)
            self.heard.append(np.zeros(FRAME, np.int16) if got is None else got.copy())
        if self._sink is not None:
            self._sink.play(self._second[self._at % 50])
        self._at += 1
        if self._waiter is not None and self._at >= self._waiter[0]:
            if not self._waiter[1].done():
                self._waiter[1].set_result(None)
            self._waiter = None

    def work(self) -> None:
        pass

    def finish(self) -> None:
        pass

    async def run(self, seconds: float) -> Samples:
        """Go on for a while; give what was heard meanwhile."""
        begin = len(self.heard)
        self._waiter = (
            self._at + round(seconds / TICK),
            asyncio.get_running_loop().create_future(),
        )
        await self._waiter[1]
        return np.concatenate(self.heard[begin:] or [np.zeros(0, np.int16)])

    async def run_until_loud(self) -> None:
        """Go on until there is sound: programs that play it take a while to start."""
        async with asyncio.timeout(10):
            while level_of(await self.run(0.2)) < 3000.0:
                pass

    def close(self) -> None:
        MediaClock.of_running_loop().leave(self)
        for end in (self._source, self._sink):
            if end is not None:
                end.close()


@pytest.fixture
async def tickers() -> AsyncIterator[list[Ticker]]:
    made: list[Ticker] = []
    yield made
    for ticker in made:
        ticker.close()
    assert not DeviceMonitor.shared().is_running


def longest_gap(samples: Samples, rate: int, *, below: float = 500.0) -> float:
    """Seconds of the longest stretch that is nearly silent, seen in steps of 5 ms."""
    step = rate // 200
    quiet = [
        level_of(part) < below for part in samples[: len(samples) // step * step].reshape(-1, step)
    ]
    longest = run = 0
    for is_quiet in quiet:
        run = run + 1 if is_quiet else 0
        longest = max(longest, run)
    return longest / 200


async def test_a_tone_at_one_sink_is_heard_by_the_microphone(
    pulse: PulseServer, tickers: list[Ticker]
) -> None:
    microphone = Microphone("Desk-Microphone", processing=PLAIN)
    with Player(pulse, "vin", tone(440.0, 1.0, RATE)):
        tickers.append(ticker := Ticker(source=microphone.open_source()))
        await ticker.run_until_loud()
        heard = await ticker.run(1.0)
    assert typical_frequency(heard, CARD) == pytest.approx(440.0, abs=DRIFT * 440)
    assert typical_level(heard, CARD) == pytest.approx(7071.0, rel=0.05)
    assert microphone.device is not None
    assert microphone.device.id == "mic"


async def test_what_a_speaker_plays_is_heard_at_the_monitor(
    pulse: PulseServer, tickers: list[Ticker]
) -> None:
    speaker = Speaker("vout")
    tickers.append(ticker := Ticker(sink=speaker.open_sink()))
    with Listener(pulse, "vout.monitor") as listener:
        await ticker.run(1.0)
        heard = await asyncio.to_thread(listener.hear, 2.0)
        assert typical_frequency(heard[RATE:], RATE) == pytest.approx(1000.0, abs=DRIFT * 1000)
        loud = typical_level(heard[RATE:], RATE)
        speaker.volume = 0.25
        await ticker.run(0.5)
        await asyncio.to_thread(listener.hear, 0.5)
        quiet = typical_level(await asyncio.to_thread(listener.hear, 0.5), RATE)
    assert quiet == pytest.approx(loud / 4, rel=0.1)


async def test_a_call_goes_from_one_card_to_another(pulse: PulseServer) -> None:
    talker = NativeMedia(input=Microphone("mic", processing=PLAIN), output=PcmStream())
    hearer = NativeMedia(input=PcmStream(), output=Speaker())
    with Player(pulse, "vin", tone(600.0, 1.0, RATE)):
        async with Pair(talker, hearer) as pair:
            await pair.agree()
            await pair.connected()
            with Listener(pulse, "vout.monitor") as listener:
                heard = await asyncio.to_thread(listener.hear, 2.5)
    assert typical_frequency(heard[RATE:], RATE) == pytest.approx(600.0, abs=DRIFT * 600)
    assert typical_level(heard[RATE:], RATE) == pytest.approx(7071.0, rel=0.1)


async def test_a_microphone_is_changed_in_a_call_without_a_gap(
    pulse: PulseServer, tickers: list[Ticker]
) -> None:
    microphone = Microphone("mic", processing=PLAIN)
    with (
        Player(pulse, "vin", tone(440.0, 1.0, RATE)),
        Player(pulse, "vout", tone(880.0, 1.0, RATE)),
    ):
        tickers.append(ticker := Ticker(source=microphone.open_source()))
        await ticker.run_until_loud()
        await ticker.run(0.3)
        before = len(ticker.heard)
        await ticker.run(0.5)
        changing = asyncio.create_task(microphone.change("vout.monitor"))
        await ticker.run(1.5)
        assert (await changing).id == "vout.monitor"
    heard = np.concatenate(ticker.heard[before:])
    assert typical_frequency(heard[-CARD // 2 :], CARD) == pytest.approx(880.0, abs=4.0)
    assert typical_frequency(heard[: CARD // 2], CARD) == pytest.approx(440.0, abs=4.0)
    assert longest_gap(heard, CARD) < 0.1


async def test_a_speaker_is_changed_in_a_call_without_a_gap(
    pulse: PulseServer, tickers: list[Ticker]
) -> None:
    speaker = Speaker("vout")
    tickers.append(ticker := Ticker(sink=speaker.open_sink()))
    with Listener(pulse, "vout.monitor") as old, Listener(pulse, "vin.monitor") as new:
        await ticker.run(1.0)
        await speaker.change("Cable-In")
        await ticker.run(1.0)
        first, second = await asyncio.gather(
            asyncio.to_thread(old.hear, 1.8), asyncio.to_thread(new.hear, 1.8)
        )
    both = first.astype(np.int32) + second
    start = int(np.argmax(np.abs(both) > 3000))
    gap = longest_gap(np.clip(both, -32768, 32767).astype(np.int16)[start:], RATE)
    assert gap < 0.1
    assert level_of(second[-RATE // 4 :]) > 3000
    assert level_of(first[-RATE // 4 :]) < 100


async def test_a_bad_device_is_named_and_the_old_one_stays(
    pulse: PulseServer, tickers: list[Ticker]
) -> None:
    microphone = Microphone("mic", processing=PLAIN)
    with Player(pulse, "vin", tone(440.0, 1.0, RATE)):
        tickers.append(ticker := Ticker(source=microphone.open_source()))
        await ticker.run_until_loud()
        with pytest.raises(AudioDeviceError, match="no input device 'radio'"):
            await microphone.change("radio")
        heard = await ticker.run(0.5)
    assert typical_frequency(heard, CARD) == pytest.approx(440.0, abs=4.0)
    assert microphone.card.wanted == "mic"
    with pytest.raises(MicrophoneDenied, match="radio"):
        Microphone("radio").open_source()
    with pytest.raises(AudioDeviceError, match="radio"):
        Speaker("radio").open_sink()


@pytest.mark.slow
async def test_a_device_that_vanishes_is_replaced_by_the_default(
    pulse: PulseServer, tickers: list[Ticker]
) -> None:
    module = pulse.plug("headset")
    microphone, speaker = Microphone("headset-mic", processing=PLAIN), Speaker("headset")
    moved: asyncio.Queue[str] = asyncio.Queue()
    for card in (microphone.card, speaker.card):
        card.on_moved = lambda device: moved.put_nowait("none" if device is None else device.id)
    tickers.append(ear := Ticker(source=microphone.open_source()))
    tickers.append(Ticker(sink=speaker.open_sink()))
    await ear.run(0.5)
    with Player(pulse, "vin", tone(440.0, 1.0, RATE)):
        began = time.monotonic()
        await asyncio.to_thread(pulse.unplug, module)
        assert {await moved.get(), await moved.get()} == {"mic", "vout"}
        assert time.monotonic() - began < 2.5
        await ear.run_until_loud()
        heard = await ear.run(0.5)
    assert typical_frequency(heard, CARD) == pytest.approx(440.0, abs=4.0)
    assert microphone.card.wanted is None


@pytest.mark.slow
@pytest.mark.parametrize("follows", [True, False])
async def test_a_new_default_is_followed_if_no_device_was_chosen(
    pulse: PulseServer, tickers: list[Ticker], follows: bool
) -> None:
    speaker = Speaker()
    speaker.card.follows_default = follows
    moved: asyncio.Queue[str] = asyncio.Queue()
    speaker.card.on_moved = lambda device: moved.put_nowait("" if device is None else device.id)
    tickers.append(ticker := Ticker(sink=speaker.open_sink()))
    await ticker.run(0.3)
    try:
        await asyncio.to_thread(pulse.control, "set-default-sink", "vin")
        await ticker.run(2.2)
    finally:
        pulse.control("set-default-sink", "vout")
    assert moved.empty() is not follows
    assert speaker.device is not None
    assert speaker.device.id == ("vin" if follows else "vout")


async def test_a_sound_service_that_hangs_does_not_hang_the_call(pulse: PulseServer) -> None:
    microphone = Microphone()
    microphone.open_source().close()
    pulse.pause()
    try:
        began = time.monotonic()
        with pytest.raises(MicrophoneDenied, match="did not answer within 2 s"):
            microphone.open_source()
        assert time.monotonic() - began < 2.5
    finally:
        pulse.resume()


@pytest.mark.usefixtures("no_sound")
async def test_a_machine_without_a_sound_card_says_so() -> None:
    with pytest.raises(MicrophoneDenied) as caught:
        Microphone().open_source()
    assert "exotel-voice devices" in caught.value.hint or "Connect" in caught.value.hint
    with pytest.raises(AudioDeviceError):
        Speaker().open_sink()


@pytest.mark.parametrize(
    "make",
    [
        lambda: Microphone(sample_rate_hz=44100),
        lambda: Speaker(""),
        lambda: Speaker(volume=1.5),
        lambda: VoiceProcessing(noise_level=9),
    ],
)
def test_wrong_settings_are_refused(make: object) -> None:
    assert callable(make)
    with pytest.raises(ConfigError):
        make()
