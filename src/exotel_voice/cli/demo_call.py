"""The call that `exotel-voice demo --check` makes: what must hold at each step, with its figure."""

from __future__ import annotations

import asyncio
import math
from collections.abc import Awaitable, Callable
from contextlib import suppress
from typing import Any, Final

from exotel_voice.errors import ExotelVoiceError, MediaError
from exotel_voice.media.native import NativeMedia
from exotel_voice.media.pcm import PcmStream
from exotel_voice.phone.call import Call
from exotel_voice.phone.phone import Phone
from exotel_voice.phone.settings import PhoneSettings
from exotel_voice.sandbox.hearing import Hearing
from exotel_voice.sandbox.parties.tones import tone_frames
from exotel_voice.sandbox.process import SandboxProcess

__all__ = ["STEP_LIMIT", "CheckedCall", "Seen"]

STEP_LIMIT: Final = 8.0
"""Seconds that one step may take."""

RATE_HZ: Final = 16000
OUR_TONE_HZ: Final = 1000.0
THEIR_TONE_HZ: Final = 440.0
TOLERANCE_HZ: Final = 2.0

AUDIBLE: Final = 0.05
"""Level from which a tone counts as heard, 0 to 1; ours is sent at 0.177."""

SILENT: Final = 0.003
"""Level below which nothing is heard, 0 to 1."""

INFO_DIGITS: Final = "12#"
RTP_DIGITS: Final = "34*"

Seen = tuple[str, dict[str, Any]]
"""What a step saw: one line for people, and the same figures for programs."""


class CheckedCall:
    """One call from its registration to its end, with a tone each way."""

    def __init__(self, platform: SandboxProcess) -> None:
        self._platform = platform
        self._received: list[tuple[str, float]] = []
        stream = PcmStream(sample_rate_hz=RATE_HZ)
        self._media = NativeMedia(input=stream, output=stream)
        self._phone = Phone(
            platform.account(),
            media=self._media,
            settings=PhoneSettings(ca_file=platform.ca_file, proxy=None),
            trace=self._note,
        )
        self._call: Call | None = None
        self._sid = ""
        self._hearing = Hearing()
        self._heard = asyncio.Event()
        self._audio: list[asyncio.Task[None]] = []

    def steps(self) -> list[tuple[str, Callable[[], Awaitable[Seen]]]]:
        """The steps in their order."""
        return [
            ("register", self._register),
            ("incoming", self._incoming),
            ("answer", self._answer),
            ("audio from them", self._audio_from_them),
            ("audio to them", self._audio_to_them),
            ("digits by INFO", self._digits_by_info),
            ("digits in RTP", self._digits_in_rtp),
            ("mute", self._mute),
            ("unmute", self._unmute),
            ("hold", self._hold),
            ("resume", self._resume),
            ("statistics", self._statistics),
            ("hang up", self._hang_up),
            ("unregister", self._unregister),
        ]

    async def aclose(self) -> None:
        """Close the phone, its audio and the tasks that carry it."""
        for task in self._audio:
            task.cancel()
        await asyncio.gather(*self._audio, return_exceptions=True)
        await self._phone.aclose()
        await self._media.aclose()

    # -- signalling ------------------------------------------------------------------------------

    async def _register(self) -> Seen:
        await self._phone.register()
        challenged = any(text.startswith("SIP/2.0 401") for text, _ in self._received)
        if not challenged:
            raise MediaError("the platform did not ask for the password")
        account = self._phone.account
        return f"{account.username}@{account.domain}, password checked by digest", {
            "challenged": challenged
        }

    async def _incoming(self) -> Seen:
        coming = asyncio.ensure_future(anext(self._phone.incoming()))
        try:
            self._sid = await self._platform.call_me(f"tone-{THEIR_TONE_HZ:.0f}")
            call = await coming
        finally:
            coming.cancel()
        now = asyncio.get_running_loop().time()
        invite = next(at for text, at in self._received if text.startswith("INVITE"))
        self._call = call
        delay_ms = (now - invite) * 1e3
        return f"from {call.details.remote_id}, {delay_ms:.2f} ms after the INVITE came", {
            "caller": call.details.remote_id,
            "invite_to_event_ms": round(delay_ms, 3),
        }

    async def _answer(self) -> Seen:
        call = self._the_call
        await call.answer()
        self._audio = [
            asyncio.ensure_future(self._speak(call)),
            asyncio.ensure_future(self._listen(call)),
        ]
        while not self._hearing.loudest:
            await self._news()
        codec = (await call.stats()).codec
        return f"{codec} over ICE and DTLS-SRTP, first audio is in", {"codec": codec}

    async def _hang_up(self) -> Seen:
        call = self._the_call
        await call.hang_up()
        details = await call.ended()
        await self._far_side(lambda row: not row["is_living"], "the platform's end of the call")
        return f"after {details.call_duration:.1f} s, and the platform says so too", {
            "duration_s": round(details.call_duration, 2)
        }

    async def _unregister(self) -> Seen:
        await self._phone.unregister()
        await self._platform.until(
            lambda state: not any(row["bindings"] for row in state["accounts"]),
            what="the platform to forget the phone",
            limit=STEP_LIMIT,
        )
        return "the platform has no phone left", {}

    # -- audio -----------------------------------------------------------------------------------

    async def _audio_from_them(self) -> Seen:
        while not _is_tone(self._hearing.frequency_hz, THEIR_TONE_HZ):
            await self._news()
        return _tone_seen(self._hearing.frequency_hz, self._hearing.level)

    async def _audio_to_them(self) -> Seen:
        row = await self._far_side(_hears_our_tone, "our tone at the far side")
        return _tone_seen(row["heard_frequency_hz"], row["heard_level"])

    async def _digits_by_info(self) -> Seen:
        await self._the_call.send_dtmf(INFO_DIGITS, method="info")
        return await self._digits_heard(INFO_DIGITS)

    async def _digits_in_rtp(self) -> Seen:
        await self._the_call.send_dtmf(RTP_DIGITS, method="rfc4733")
        return await self._digits_heard(INFO_DIGITS + RTP_DIGITS)

    async def _mute(self) -> Seen:
        await self._the_call.mute()
        row = await self._far_side(lambda row: row["heard_level"] < SILENT, "silence after mute")
        return _silence_seen(row["heard_level"])

    async def _unmute(self) -> Seen:
        await self._the_call.unmute()
        row = await self._far_side(_hears_our_tone, "our tone after unmute")
        return _tone_seen(row["heard_frequency_hz"], row["heard_level"])

    async def _hold(self) -> Seen:
        call = self._the_call
        await call.hold()
        if not call.is_on_hold:
            raise MediaError("the call is not on hold")
        row = await self._far_side(
            lambda row: row["is_held"] and row["heard_level"] < SILENT, "silence on hold"
        )
        return f"agreed with the far side; {_silence_seen(row['heard_level'])[0]}", {
            "far_level": row["heard_level"]
        }

    async def _resume(self) -> Seen:
        call = self._the_call
        await call.resume()
        if call.is_on_hold:
            raise MediaError("the call is still on hold")
        row = await self._far_side(
            lambda row: not row["is_held"] and _hears_our_tone(row), "our tone after resume"
        )
        return _tone_seen(row["heard_frequency_hz"], row["heard_level"])

    async def _statistics(self) -> Seen:
        stats = await self._the_call.stats()
        text = (
            f"{stats.packets_sent} packets sent, {stats.packets_received} received, "
            f"{stats.packets_lost} lost, jitter {stats.jitter_ms:.1f} ms"
        )
        if not stats.packets_received:
            raise MediaError("no packet came")
        return text, {
            "packets_sent": stats.packets_sent,
            "packets_received": stats.packets_received,
            "packets_lost": stats.packets_lost,
            "jitter_ms": round(stats.jitter_ms, 2),
            "round_trip_ms": stats.round_trip_ms,
        }

    # -- pieces ----------------------------------------------------------------------------------

    @property
    def _the_call(self) -> Call:
        if self._call is None:
            raise MediaError("there is no call")
        return self._call

    def _note(self, direction: str, text: str) -> None:
        if direction == "received":
            self._received.append((text, asyncio.get_running_loop().time()))

    async def _digits_heard(self, digits: str) -> Seen:
        row = await self._far_side(lambda row: row["digits"] == digits, f"the digits {digits}")
        return f"the far side has heard {row['digits']}", {"digits": row["digits"]}

    async def _far_side(self, holds: Callable[[dict[str, Any]], bool], what: str) -> dict[str, Any]:
        def row_of(state: dict[str, Any]) -> dict[str, Any]:
            return next((row for row in state["calls"] if row["sid"] == self._sid), {})

        state = await self._platform.until(
            lambda state: bool(row_of(state)) and holds(row_of(state)), what=what, limit=STEP_LIMIT
        )
        return row_of(state)

    async def _news(self) -> None:
        self._heard.clear()
        await self._heard.wait()

    async def _speak(self, call: Call) -> None:
        with suppress(ExotelVoiceError):  # the call has ended
            for frame in tone_frames(OUR_TONE_HZ, sample_rate_hz=RATE_HZ):
                await call.audio_out.write(frame)

    async def _listen(self, call: Call) -> None:
        async for frame in call.audio_in():
            if self._hearing.listen(frame, RATE_HZ):
                self._heard.set()


def _is_tone(frequency_hz: float | None, wanted_hz: float) -> bool:
    return frequency_hz is not None and abs(frequency_hz - wanted_hz) < TOLERANCE_HZ


def _hears_our_tone(row: dict[str, Any]) -> bool:
    return _is_tone(row["heard_frequency_hz"], OUR_TONE_HZ) and row["heard_level"] > AUDIBLE


def _tone_seen(frequency_hz: float | None, level: float) -> Seen:
    frequency = frequency_hz or 0.0
    level_dbfs = 20 * math.log10(max(level, 1e-5))
    return f"{frequency:.1f} Hz at {level_dbfs:.1f} dBFS", {
        "frequency_hz": round(frequency, 2),
        "level_dbfs": round(level_dbfs, 1),
    }


def _silence_seen(level: float) -> Seen:
    level_dbfs = 20 * math.log10(max(level, 1e-5))
    return f"the far side hears silence ({level_dbfs:.0f} dBFS)", {"far_level": round(level, 5)}
