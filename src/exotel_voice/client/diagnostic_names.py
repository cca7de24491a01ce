"""The names of guide 5.11: diagnostics of devices and network."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Final

from exotel_voice.client.core import ClientCore
from exotel_voice.devices.processing import VoiceProcessing
from exotel_voice.diagnostics.network_test import NetworkTarget
from exotel_voice.diagnostics.session import DiagnosticsSession
from exotel_voice.media.ice import IceSettings
from exotel_voice.media.microphone import Microphone
from exotel_voice.media.native import NativeMedia
from exotel_voice.media.speaker import Speaker
from exotel_voice.phone.registration import PhoneState
from exotel_voice.phone.settings import PhoneSettings

__all__ = ["DiagnosticNames"]

ReportCallback = Callable[[str, str], object]
KeyValueCallback = Callable[[str, str | float, str], object]

# The test is to show what the microphone hears, not what is made of it.
_UNPROCESSED: Final = VoiceProcessing(
    echo_cancellation=False, noise_suppression=False, gain_control=False
)


class DiagnosticNames(ClientCore):
    """Diagnostics."""

    def __init__(self, **settings: Any) -> None:
        super().__init__(**settings)
        self._diagnostics: DiagnosticsSession | None = None

    def initDiagnostics(
        self,
        diagnosticsReportCallback: ReportCallback | None,
        diagnosticsKeyValueCallback: KeyValueCallback | None,
    ) -> bool:
        """Begin a diagnostics session (guide 5.11); one that was there before ends.

        Three results follow at once: `browserVersion` (the Python, `CPython/3.12.4`), `micInfo` and
        `speakerInfo` (names of devices, or `none`).

        Args:
            diagnosticsReportCallback: Called with `log` and a line of text, which has its time and
                no secrets; the lines together are the troubleshooting log.
            diagnosticsKeyValueCallback: Called with key, status and description of each result.

        Returns:
            True.
        """
        session = DiagnosticsSession(
            lambda *result: self._call_back(
                "diagnosticsKeyValueCallback", diagnosticsKeyValueCallback, *result
            ),
            lambda line: self._call_back(
                "diagnosticsReportCallback", diagnosticsReportCallback, "log", line
            ),
        )
        with self._lock:
            before, self._diagnostics = self._diagnostics, session
        microphone, speaker = self._sound.microphone, self._sound.speaker

        async def begin() -> None:
            if before is not None:
                await before.aclose()
            await session.begin(
                None if microphone is None else microphone.card.wanted,
                None if speaker is None else speaker.card.wanted,
            )

        return self._open_host().spawn(begin, what="initDiagnostics()")

    def closeDiagnostics(self) -> bool:
        """End the session and every test (guide 5.11). False where there is none."""
        with self._lock:
            session, self._diagnostics = self._diagnostics, None
        if session is None:
            return self._refuse("closeDiagnostics", "initDiagnostics has not been called")
        return self._open_host().spawn(session.aclose, what="closeDiagnostics()")

    def startSpeakerDiagnosticsTest(self) -> bool:
        """Play a ring tone (guide 5.11); more than ten times a second its level is told.

        Key `speaker`, status 0 to 1, description `speaker ok` or `speaker error`.
        """
        chosen = self._sound.speaker
        speaker = chosen or Speaker()
        volume = self._sound.volume("ringtone")
        return self._in_session(
            "startSpeakerDiagnosticsTest",
            lambda session: session.start_speaker(speaker, volume=volume),
        )

    def stopSpeakerDiagnosticsTest(self, response: str | None = None) -> bool:
        """End the speaker test (guide 5.11).

        Args:
            response: `yes` or `no`, whether the user heard it; goes into the report.
        """
        return self._in_session(
            "stopSpeakerDiagnosticsTest", lambda session: session.stop_speaker(response)
        )

    def startMicDiagnosticsTest(self) -> bool:
        """Listen to the microphone (guide 5.11); more than ten times a second its level is told.

        Key `mic`, status 0 to 1, description `mic ok` or `mic error`.
        """
        chosen = self._sound.microphone
        wanted = None if chosen is None else chosen.card.wanted
        microphone = Microphone(wanted, processing=_UNPROCESSED)
        return self._in_session(
            "startMicDiagnosticsTest", lambda session: session.start_microphone(microphone)
        )

    def stopMicDiagnosticsTest(self, response: str | None = None) -> bool:
        """End the microphone test (guide 5.11).

        Args:
            response: `yes` or `no`, whether the voice was captured; goes into the report.
        """
        return self._in_session(
            "stopMicDiagnosticsTest", lambda session: session.stop_microphone(response)
        )

    def startNetworkDiagnostics(self) -> bool:
        """Test the network (guide 5.11): `wss`, `userReg`, `tcp`, `udp`, `host`, `srflx`.

        Each comes once, in this order and within five seconds. No REGISTER is sent, and neither the
        registration nor a call is disturbed.

        Returns:
            False, with the reason in the log, before `initWebrtc` or `initDiagnostics`.
        """
        with self._lock:
            phone = self._phone
        if phone is None:
            return self._refuse("startNetworkDiagnostics", "call initWebrtc first")
        engine = self._sound.engine
        target = NetworkTarget(
            account=phone.account,
            is_registered=lambda: phone.state is PhoneState.REGISTERED,
            settings=self._settings or PhoneSettings(),
            ice=engine.ice if isinstance(engine, NativeMedia) else IceSettings(),
        )
        return self._in_session(
            "startNetworkDiagnostics", lambda session: session.start_network(target)
        )

    def stopNetworkDiagnostics(self) -> bool:
        """Stop the network test (guide 5.11); no further result comes."""
        return self._in_session("stopNetworkDiagnostics", DiagnosticsSession.stop_network)

    def _in_session(self, name: str, action: Callable[[DiagnosticsSession], None]) -> bool:
        with self._lock:
            session = self._diagnostics
        if session is None:
            return self._refuse(name, "call initDiagnostics first")

        async def act() -> None:
            action(session)

        return self._open_host().spawn(act, what=f"{name}()")
