"""One diagnostics session of the guide (5.11): what its names start, stop and report."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from contextlib import aclosing
from typing import Final

from exotel_voice.devices.blocking import run_blocking
from exotel_voice.devices.device import AudioDevice, DeviceKind, choose_device
from exotel_voice.devices.system import list_devices
from exotel_voice.diagnostics.network_test import NetworkResult, NetworkTarget, NetworkTest
from exotel_voice.diagnostics.report import DiagnosticsReport, platform_text
from exotel_voice.diagnostics.sound_test import LevelCurve, MicrophoneTest, SpeakerTest
from exotel_voice.errors import AudioDeviceError
from exotel_voice.media.audio import AudioInput, AudioOutput

__all__ = ["DiagnosticsSession"]

LIST_LIMIT: Final = 1.5

KeyValue = Callable[[str, str | float, str], None]


class DiagnosticsSession:
    """The tests of one phone. All methods are to be called in one event loop.

    Args:
        on_key_value: Called with each result: key, status, description.
        on_line: Called with each line of the report as it is written.
    """

    def __init__(self, on_key_value: KeyValue, on_line: Callable[[str], None]) -> None:
        self.report = DiagnosticsReport(on_line=on_line)
        """What was found so far."""
        self.curves: dict[str, LevelCurve] = {}
        """The levels of the sound tests that have ended, by `speaker` and `mic`."""
        self._on_key_value = on_key_value
        self._speaker: SpeakerTest | None = None
        self._microphone: MicrophoneTest | None = None
        self._network: asyncio.Task[None] | None = None

    async def begin(self, microphone: str | None, speaker: str | None) -> None:
        """Tell `browserVersion`, `micInfo` and `speakerInfo`, in this order.

        Args:
            microphone: Id or name of the chosen one; None for the default.
            speaker: The same for the speaker.
        """
        self._tell("browserVersion", "ready", platform_text())
        try:
            devices = await run_blocking(list_devices, limit=LIST_LIMIT)
        except AudioDeviceError:
            devices = ()
        self._tell("micInfo", "ready", _name(devices, DeviceKind.INPUT, microphone))
        self._tell("speakerInfo", "ready", _name(devices, DeviceKind.OUTPUT, speaker))

    # -- sound -----------------------------------------------------------------------------------

    def start_speaker(self, output: AudioOutput, *, volume: float = 1.0) -> None:
        """Play the ring tone and tell its level, until `stop_speaker`."""
        self.stop_speaker()
        self._speaker = SpeakerTest(output, self._on_key_value, volume=volume)
        self._begin_sound("speaker", self._speaker)

    def stop_speaker(self, response: str | None = None) -> None:
        """End the speaker test; what the user said goes into the report."""
        test, self._speaker = self._speaker, None
        self._end_sound("speaker", test, response)

    def start_microphone(self, source: AudioInput) -> None:
        """Listen and tell the level, until `stop_microphone`."""
        self.stop_microphone()
        self._microphone = MicrophoneTest(source, self._on_key_value)
        self._begin_sound("mic", self._microphone)

    def stop_microphone(self, response: str | None = None) -> None:
        """End the microphone test; what the user said goes into the report."""
        test, self._microphone = self._microphone, None
        self._end_sound("mic", test, response)

    def _begin_sound(self, key: str, test: SpeakerTest | MicrophoneTest) -> None:
        test.start()
        self.report.add(f"{key} test", "started", test.curve.error)

    def _end_sound(
        self, key: str, test: SpeakerTest | MicrophoneTest | None, response: str | None
    ) -> None:
        if test is not None:
            curve = self.curves[key] = test.stop()
            self.report.add(f"{key} test", "stopped", curve.error or f"peak {curve.peak:.3f}")
        if response is not None:
            self.report.add(f"{key} test", "user response", response)

    # -- network ---------------------------------------------------------------------------------

    def start_network(self, target: NetworkTarget) -> None:
        """Test the network; the six results follow. Nothing happens while a test runs."""
        if self._network is None or self._network.done():
            self._network = asyncio.create_task(self._test(target), name="network diagnostics")

    def stop_network(self) -> None:
        """Stop the network test; no further result comes."""
        if self._network is not None:
            self._network.cancel()

    async def _test(self, target: NetworkTarget) -> None:
        async with aclosing(NetworkTest(target).results()) as results:
            async for result in results:
                self._take(result)

    def _take(self, result: NetworkResult) -> None:
        self._tell(result.key, result.status, result.description, result.problem or result.note)

    # -- end -------------------------------------------------------------------------------------

    async def aclose(self) -> None:
        """Stop every test. Safe to call more than once."""
        self.stop_speaker()
        self.stop_microphone()
        network, self._network = self._network, None
        if network is not None:
            network.cancel()
            await asyncio.wait([network])

    def _tell(self, key: str, status: str, description: str, more: str = "") -> None:
        self.report.add(key, status, " ".join(filter(None, (description, more))))
        self._on_key_value(key, status, description)


def _name(devices: tuple[AudioDevice, ...], kind: DeviceKind, wanted: str | None) -> str:
    try:
        return choose_device(devices, kind, wanted).name
    except AudioDeviceError:
        return "none"
