"""A test call to the sandbox's echo, and what it says of calls with something wrong."""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest

from exotel_voice.diagnostics import CallTest, CallTestResult, Outcome, QualityClass
from exotel_voice.diagnostics.call_test import _one_way
from exotel_voice.diagnostics.verdict import check_call
from exotel_voice.errors import ConfigError
from exotel_voice.media.audio import Silence
from exotel_voice.media.base import NO_STATS, MediaStats
from exotel_voice.media.native import NativeMedia
from exotel_voice.phone.phone import Phone
from exotel_voice.sandbox import Sandbox

pytestmark = pytest.mark.media


@pytest.fixture
async def sandbox() -> AsyncIterator[Sandbox]:
    async with Sandbox() as one:
        yield one


@pytest.fixture
async def phone(sandbox: Sandbox) -> AsyncIterator[Phone]:
    async with Phone(sandbox.account("alice")) as one:
        yield one


@pytest.mark.slow
async def test_the_echo_is_measured(sandbox: Sandbox, phone: Phone) -> None:
    seen: list[MediaStats] = []
    result = await CallTest(phone, seconds=6.0, on_sample=seen.append).run()
    assert result.error == ""
    assert result.setup is not None
    assert 0.0 < result.setup < 2.0
    assert result.seconds == 6.0
    assert len(seen) == len(result.levels) == 12
    assert result.codec == "opus"
    assert result.round_trip_ms is not None
    assert result.round_trip_ms < 100
    assert result.lost_fraction < 0.2
    assert 5 < result.kbit_per_second < 64
    assert result.one_way == ""
    assert max(result.levels) > 0.05
    assert result.quality is not None
    if result.lost_fraction == 0.0:
        assert result.quality in (QualityClass.EXCELLENT, QualityClass.GREAT)
    assert not phone.calls
    assert sandbox.calls[-1].to == "echo"


async def test_a_busy_echo_is_an_error_with_a_hint(phone: Phone) -> None:
    result = await CallTest(phone, target="busy", seconds=1.0).run()
    assert "486 Busy Here" in result.error
    check = check_call(result)
    assert check.outcome is Outcome.FAILED
    assert check.hint == "Dial again later."
    assert result.warnings == ()


async def test_a_far_side_that_hangs_up_at_once_is_an_error(phone: Phone) -> None:
    result = await CallTest(phone, target="hangup-0", seconds=3.0).run()
    assert result.error or result.seconds < 3.0


async def test_silence_from_the_far_side_is_one_way_audio(sandbox: Sandbox) -> None:
    media = NativeMedia(input=Silence(), output=Silence())
    async with Phone(sandbox.account("alice"), media=media) as phone:
        result = await CallTest(phone, seconds=2.5).run()
    await media.aclose()
    assert result.one_way == "inbound"
    check = check_call(result)
    assert check.outcome is Outcome.FAILED
    assert "Nothing is heard of the far side" in check.hint


def _stats(**values: float) -> MediaStats:
    names = {name: getattr(NO_STATS, name) for name in NO_STATS.__slots__}
    return MediaStats(**{**names, **values})


def test_a_far_side_that_reports_our_packets_lost_hears_nothing() -> None:
    samples = [_stats(output_level=0.1, remote_lost_fraction=1.0)] * 6
    assert _one_way(samples) == "outbound"
    assert _one_way([_stats(output_level=0.1, remote_lost_fraction=0.0)] * 6) == ""


def test_a_poor_line_is_a_warning() -> None:
    result = CallTestResult(
        target="echo",
        setup=0.1,
        seconds=5.0,
        codec="PCMU",
        round_trip_ms=None,
        jitter_ms=45.0,
        lost_fraction=0.05,
        kbit_per_second=64.0,
        score=3.4,
        one_way="",
        levels=(0.1,),
    )
    check = check_call(result)
    assert check.outcome is Outcome.WARNING
    assert "MOS 3.40 (fair), PCMU 64 kbit/s, round trip unknown" in check.value
    assert "45 ms" in check.hint


@pytest.mark.parametrize("seconds", [0.5, 61.0])
async def test_the_seconds_have_limits(phone: Phone, seconds: float) -> None:
    with pytest.raises(ConfigError, match="from 1 to 60"):
        CallTest(phone, seconds=seconds)
