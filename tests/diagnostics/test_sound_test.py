"""Sound tests on the tick of the calls, with inputs and outputs of all kinds."""

from __future__ import annotations

import asyncio

import numpy as np
import pytest

from exotel_voice.diagnostics.page import draw_curve
from exotel_voice.diagnostics.report import DiagnosticsReport
from exotel_voice.diagnostics.sound_test import LevelCurve, MicrophoneTest, SpeakerTest
from exotel_voice.diagnostics.verdict import Check, Outcome, Verdict, check_sound
from exotel_voice.media.audio import Silence
from exotel_voice.media.pcm import PcmSink, PcmStream
from exotel_voice.media.tone import RING_TONE, level_of


class Told(list[tuple[str, float, str]]):
    """Levels as they are told, and a way to wait for them."""

    def __init__(self) -> None:
        super().__init__()
        self._news = asyncio.Event()

    def take(self, key: str, level: float, description: str) -> None:
        self.append((key, level, description))
        self._news.set()

    async def until(self, count: int) -> None:
        async with asyncio.timeout(5):
            while len(self) < count:
                self._news.clear()
                await self._news.wait()


class OneSink(PcmStream):
    """An output whose sink can be read."""

    def __init__(self) -> None:
        super().__init__()
        self.sink = super().open_sink()

    def open_sink(self) -> PcmSink:
        return self.sink


async def test_the_ring_is_played_at_its_volume() -> None:
    told = Told()
    output = OneSink()
    test = SpeakerTest(output, told.take, volume=0.5)
    test.start()
    test.start()
    await told.until(5)
    curve = test.stop()
    assert test.stop() == curve
    heard = np.frombuffer(b"".join([frame async for frame in output.sink.frames()]), np.int16)
    assert np.abs(heard.astype(np.int32)).max() == pytest.approx(0.25 * 32767, rel=0.02)
    assert curve.interval == pytest.approx(0.08)
    assert curve.levels == tuple(level for _, level, _ in told)
    assert {text for _, _, text in told} == {"speaker ok"}


async def test_a_microphone_that_gives_nothing_is_an_error() -> None:
    told = Told()
    test = MicrophoneTest(Silence(), told.take)
    test.start()
    await told.until(20)
    curve = test.stop()
    assert told[0] == ("mic", 0.0, "mic ok")
    assert told[-1] == ("mic", 0.0, "mic error")
    assert "gives no sound" in curve.error
    assert check_sound("mic", curve).outcome is Outcome.WARNING


def test_a_curve_is_judged_by_its_peak() -> None:
    loud = LevelCurve(levels=(0.0, 0.2), interval=0.1, error="")
    quiet = LevelCurve(levels=(0.0, 0.001), interval=0.1, error="")
    assert check_sound("mic", loud).outcome is Outcome.GOOD
    assert "not muted" in check_sound("mic", quiet).hint
    assert check_sound("speaker", None).outcome is Outcome.SKIPPED
    assert LevelCurve(levels=(), interval=0.1, error="").peak == 0.0


def test_the_verdict_is_the_worst_line_that_was_tested() -> None:
    def verdict(*outcomes: Outcome) -> Verdict:
        return Verdict(
            checks=tuple(Check(key="x", title="x", outcome=one, value="") for one in outcomes)
        )

    assert verdict(Outcome.GOOD, Outcome.SKIPPED).outcome is Outcome.GOOD
    assert verdict(Outcome.GOOD, Outcome.WARNING).outcome is Outcome.WARNING
    assert verdict(Outcome.FAILED, Outcome.WARNING).outcome is Outcome.FAILED
    assert verdict().sentence == "Nothing was tested."


def test_levels_become_a_curve() -> None:
    svg = draw_curve((0.0, 0.5, 1.0), 0.5)
    assert 'points="0.0,120.0 300.0,65.0 600.0,10.0"' in svg
    assert ">1.0 s<" in svg
    assert 'points="0.0,120.0"' in draw_curve((0.0,), 0.5)


def test_the_report_is_lines_with_their_time() -> None:
    lines: list[str] = []
    report = DiagnosticsReport(on_line=lines.append)
    report.add("wss", "connected", "ws://host/")
    report.add("mic", 0.5)
    assert report.text().splitlines() == lines
    assert lines[0].endswith("Z wss: connected ws://host/")
    assert lines[1].endswith("Z mic: 0.5")
    assert report.last("wss") == report.entries[0]
    assert report.last("srflx") is None


def test_a_ring_has_sound_and_pause() -> None:
    ring = RING_TONE.period(16000)
    assert len(ring) == 2 * 16000
    assert level_of(ring[:6400]) > 0.2
    assert level_of(ring[-16000:]) == 0.0
    assert level_of(None) == 0.0
