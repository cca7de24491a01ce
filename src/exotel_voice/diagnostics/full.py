"""All tests after one another, for a person who wants to know whether calls will work here."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from contextlib import aclosing
from dataclasses import asdict, dataclass, field
from typing import Any, Final

from exotel_voice.devices.processing import VoiceProcessing
from exotel_voice.diagnostics.call_test import CallTest, CallTestResult
from exotel_voice.diagnostics.network_test import NetworkResult, NetworkTarget, NetworkTest
from exotel_voice.diagnostics.report import DiagnosticsReport, platform_text
from exotel_voice.diagnostics.sound_test import LevelCurve, MicrophoneTest, SpeakerTest
from exotel_voice.diagnostics.verdict import (
    Check,
    Verdict,
    check_call,
    check_network,
    check_sound,
)
from exotel_voice.errors import ExotelVoiceError
from exotel_voice.media.ice import IceSettings
from exotel_voice.media.microphone import Microphone
from exotel_voice.media.native import NativeMedia
from exotel_voice.media.speaker import Speaker
from exotel_voice.phone.account import SipAccount
from exotel_voice.phone.phone import Phone
from exotel_voice.phone.registration import PhoneState
from exotel_voice.phone.settings import PhoneSettings

__all__ = ["Diagnosis", "DiagnosisPlan", "diagnose"]

_UNPROCESSED: Final = VoiceProcessing(
    echo_cancellation=False, noise_suppression=False, gain_control=False
)


_ORDER: Final = ("speaker", "mic", "wss", "userReg", "tcp", "udp", "host", "srflx", "call")


@dataclass(frozen=True, slots=True, kw_only=True)
class DiagnosisPlan:
    """What is to be tested."""

    account: SipAccount
    """The phone that registers and calls."""
    settings: PhoneSettings = field(default_factory=PhoneSettings)
    """Certificates, proxy and limits."""
    ice: IceSettings = field(default_factory=IceSettings)
    """STUN and TURN servers."""
    microphone: str | None = None
    """Id or name; None for the default."""
    speaker: str | None = None
    """Id or name; None for the default."""
    sound_seconds: float = 2.0
    """How long microphone and speaker are tested; 0 leaves them out."""
    call_target: str = "echo"
    """Whom to call; empty leaves the call out."""
    call_seconds: float = 5.0
    """How long the call is measured, 1 to 60."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Diagnosis:
    """What was found."""

    verdict: Verdict
    """One line for each test, and all of them together."""
    curves: dict[str, LevelCurve]
    """The levels of `speaker` and `mic`, where they were tested."""
    call: CallTestResult | None
    """The test call; None where none was made."""
    report: DiagnosticsReport
    """The troubleshooting log."""

    def as_json(self) -> dict[str, Any]:
        """Give everything in JSON's types."""
        return {
            "verdict": self.verdict.outcome.value,
            "sentence": self.verdict.sentence,
            "checks": [asdict(check) for check in self.verdict.checks],
            "levels": {
                key: {"interval": curve.interval, "levels": list(curve.levels)}
                for key, curve in self.curves.items()
            },
            "call": None if self.call is None else asdict(self.call),
            "report": self.report.text().splitlines(),
        }


async def diagnose(
    plan: DiagnosisPlan, *, on_check: Callable[[Check], None] | None = None
) -> Diagnosis:
    """Test devices, network and registration at once, then make a call.

    Takes about ten seconds less the seconds of the call where the server is not there.

    Args:
        plan: What to test.
        on_check: Called with each line as soon as it is known.
    """
    return await _Run(plan, on_check or (lambda _: None)).run()


class _Run:
    """One run of all tests."""

    def __init__(self, plan: DiagnosisPlan, on_check: Callable[[Check], None]) -> None:
        self._plan = plan
        self._on_check = on_check
        self._report = DiagnosticsReport()
        self._curves: dict[str, LevelCurve] = {}
        self._checks: dict[str, Check] = {}
        self._registering: asyncio.Task[ExotelVoiceError | None] | None = None

    async def run(self) -> Diagnosis:
        plan = self._plan
        self._report.add("browserVersion", "ready", platform_text())
        engine = NativeMedia(ice=plan.ice)
        phone = Phone(plan.account, media=engine, settings=plan.settings)
        call: CallTestResult | None = None
        try:
            async with asyncio.TaskGroup() as group:
                self._registering = group.create_task(_register(phone))
                group.create_task(self._test_sound())
                group.create_task(self._test_network(phone))
            if plan.call_target and phone.state is PhoneState.REGISTERED:
                call = await CallTest(
                    phone, target=plan.call_target, seconds=plan.call_seconds
                ).run()
                self._note(check_call(call))
        finally:
            await phone.aclose()
            await engine.aclose()
        return Diagnosis(
            verdict=Verdict(
                checks=tuple(self._checks[key] for key in _ORDER if key in self._checks)
            ),
            curves=self._curves,
            call=call,
            report=self._report,
        )

    def _note(self, check: Check) -> None:
        self._checks[check.key] = check
        self._report.add(check.key, check.outcome.value, f"{check.value} {check.hint}".strip())
        self._on_check(check)

    async def _test_sound(self) -> None:
        plan = self._plan
        if plan.sound_seconds <= 0:
            for key in ("speaker", "mic"):
                self._note(check_sound(key, None))
            return
        tests = {
            "speaker": SpeakerTest(Speaker(plan.speaker), _ignore),
            "mic": MicrophoneTest(Microphone(plan.microphone, processing=_UNPROCESSED), _ignore),
        }
        for test in tests.values():
            test.start()
        try:
            await asyncio.sleep(plan.sound_seconds)
        finally:
            for test in tests.values():
                test.stop()
        for key, test in tests.items():
            self._curves[key] = test.curve
            self._note(check_sound(key, test.curve))

    async def _test_network(self, phone: Phone) -> None:
        target = NetworkTarget(
            account=self._plan.account,
            is_registered=lambda: phone.state is PhoneState.REGISTERED,
            settings=self._plan.settings,
            ice=self._plan.ice,
        )
        async with aclosing(NetworkTest(target).results()) as results:
            async for result in results:
                is_registration = result.key == "userReg"
                self._note(
                    check_network(await self._registration(phone) if is_registration else result)
                )

    async def _registration(self, phone: Phone) -> NetworkResult:
        """Wait for the REGISTER that this command, unlike the guide's test, sends itself."""
        error = None if self._registering is None else await self._registering
        is_good = error is None and phone.state is PhoneState.REGISTERED
        return NetworkResult(
            key="userReg",
            status="registered" if is_good else "unregistered",
            description=self._plan.account.username,
            problem="" if is_good else (error.message if error else "it was lost again"),
            hint="" if is_good else (error.hint if error else "Look at the network."),
        )


async def _register(phone: Phone) -> ExotelVoiceError | None:
    try:
        await phone.register()
    except ExotelVoiceError as error:
        return error
    return None


def _ignore(key: str, level: float, description: str) -> None:
    """Levels are looked at when the test has ended."""
