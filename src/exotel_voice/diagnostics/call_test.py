"""A real call before the real calls: to an echo, for some seconds, with everything measured."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from contextlib import aclosing, suppress
from dataclasses import dataclass
from typing import Final

from exotel_voice.diagnostics.quality import (
    QualityClass,
    mean_opinion_score,
    quality_class,
    quality_warnings,
)
from exotel_voice.errors import ConfigError, ExotelVoiceError
from exotel_voice.media.base import MediaStats
from exotel_voice.media.tone import TonePattern
from exotel_voice.phone.call import Call
from exotel_voice.phone.details import CallState
from exotel_voice.phone.phone import Phone

__all__ = ["CallTest", "CallTestResult"]

SETUP_LIMIT: Final = 8.0
_SILENT: Final = 0.001
_SPOKEN: Final = TonePattern(frequencies=(700.0,), cadence=(0.5, 0.5), level=0.4)

OnSample = Callable[[MediaStats], None]


@dataclass(frozen=True, slots=True, kw_only=True)
class CallTestResult:
    """What a test call has measured."""

    target: str
    """Who was called."""
    setup: float | None
    """Seconds from dialling to the answer; None where nobody answered."""
    seconds: float
    """How long the audio was measured."""
    codec: str
    """The codec, empty where there was no audio."""
    round_trip_ms: float | None
    """Time to the far side and back; None where it did not report."""
    jitter_ms: float
    """Highest jitter."""
    lost_fraction: float
    """Share of the packets that did not come in time, 0 to 1; the worse of both ways."""
    kbit_per_second: float
    """What came in, audio alone."""
    score: float | None
    """Mean opinion score; None where no audio came."""
    one_way: str
    """`inbound` where nothing, or only silence, comes from the far side; `outbound` where it says
    that it hears nothing of us; otherwise empty."""
    levels: tuple[float, ...]
    """Level of what came in, 0 to 1, each half second."""
    error: str = ""
    """Why the call did not come about, with what to do."""

    @property
    def quality(self) -> QualityClass | None:
        """The class of the score."""
        return None if self.score is None else quality_class(self.score)

    @property
    def warnings(self) -> tuple[str, ...]:
        """What is beyond its threshold."""
        if self.score is None:
            return ()
        return quality_warnings(
            round_trip_ms=self.round_trip_ms,
            jitter_ms=self.jitter_ms,
            lost_fraction=self.lost_fraction,
            score=self.score,
        )


class CallTest:
    """Calls somebody who sends back what it hears, and measures.

    The phone needs an engine whose audio the application writes (`PcmStream`, the default), because
    the test speaks: a tone, half of each second. Of another engine's call the numbers are measured
    and the levels taken as they are.

    Args:
        phone: A registered phone.
        target: Whom to call; the sandbox has `echo`.
        seconds: How long to measure, 1 to 60.
        on_sample: Called each half second with the measures so far.

    Raises:
        ConfigError: The seconds are out of range.
    """

    def __init__(
        self,
        phone: Phone,
        *,
        target: str = "echo",
        seconds: float = 5.0,
        on_sample: OnSample | None = None,
    ) -> None:
        if not 1.0 <= seconds <= 60.0:
            raise ConfigError(f"seconds is {seconds}, and must be from 1 to 60")
        self._phone = phone
        self._target = target
        self._seconds = seconds
        self._on_sample = on_sample

    async def run(self) -> CallTestResult:
        """Make the call; a failure is a result, not an exception."""
        loop = asyncio.get_running_loop()
        began = loop.time()
        call: Call | None = None
        try:
            async with asyncio.timeout(SETUP_LIMIT):
                call = await self._phone.dial(self._target)
                await call.answered()
        except TimeoutError:
            return self._failed("nobody answered in time (Check the name of the echo service.)")
        except ExotelVoiceError as error:
            return self._failed(str(error))
        else:
            setup = loop.time() - began
            speaking = asyncio.create_task(_speak(call), name="speak in a test call")
            hearing = asyncio.create_task(_drain(call), name="hear in a test call")
            try:
                samples = await self._measure(call)
            finally:
                for task in (speaking, hearing):
                    task.cancel()
                await asyncio.wait([speaking, hearing])
            return self._judge(setup, samples)
        finally:
            if call is not None:
                await call.hang_up()

    async def _measure(self, call: Call) -> list[MediaStats]:
        """Take the measures each half second, until the time is over or the call is."""
        ended = asyncio.create_task(call.ended(), name="the end of a test call")
        samples: list[MediaStats] = []
        try:
            for _ in range(round(self._seconds * 2)):
                await asyncio.wait([ended], timeout=0.5)
                if ended.done() or call.state is CallState.ENDED:
                    break
                samples.append(await call.stats())
                if self._on_sample is not None:
                    self._on_sample(samples[-1])
        finally:
            ended.cancel()
            await asyncio.wait([ended])
        return samples

    def _failed(self, why: str) -> CallTestResult:
        return CallTestResult(
            target=self._target,
            setup=None,
            seconds=0.0,
            codec="",
            round_trip_ms=None,
            jitter_ms=0.0,
            lost_fraction=0.0,
            kbit_per_second=0.0,
            score=None,
            one_way="",
            levels=(),
            error=why,
        )

    def _judge(self, setup: float, samples: list[MediaStats]) -> CallTestResult:
        if not samples:
            return self._failed(
                "the far side hung up at once (Check the name of the echo service.)"
            )
        last, seconds = samples[-1], len(samples) / 2
        expected = last.packets_received + last.packets_lost
        lost = (last.packets_lost + last.packets_late) / expected if expected else 0.0
        lost = max(lost, last.remote_lost_fraction or 0.0)
        score = None
        if last.packets_received:
            score = mean_opinion_score(
                round_trip_ms=last.round_trip_ms or 0.0,
                buffer_ms=last.buffer_ms,
                lost_fraction=lost,
                codec=last.codec,
            )
        return CallTestResult(
            target=self._target,
            setup=setup,
            seconds=seconds,
            codec=last.codec,
            round_trip_ms=last.round_trip_ms,
            jitter_ms=max(sample.jitter_ms for sample in samples),
            lost_fraction=lost,
            kbit_per_second=last.bytes_received * 8 / 1000 / seconds,
            score=score,
            one_way=_one_way(samples),
            levels=tuple(sample.output_level for sample in samples),
        )


def _one_way(samples: list[MediaStats]) -> str:
    """Say which way no sound comes through; the first second is left to the connection."""
    later = samples[2:] or samples
    if all(sample.output_level < _SILENT for sample in later):
        return "inbound"
    if later[-1].remote_lost_fraction is not None and later[-1].remote_lost_fraction > 0.95:
        return "outbound"
    return ""


async def _speak(call: Call) -> None:
    """Say the tone again and again, where the application gives the audio."""
    with suppress(ExotelVoiceError):
        writer = call.audio_out
        period = _SPOKEN.period(writer.sample_rate_hz).tobytes()
        while True:
            await writer.write(period)


async def _drain(call: Call) -> None:
    """Read what comes in, so that it does not pile up."""
    with suppress(ExotelVoiceError):
        async with aclosing(call.audio_in()) as frames:
            async for _ in frames:
                pass
