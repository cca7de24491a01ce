"""Guide 5.11, diagnostics: the snippets, in Python, on real devices and a real network."""

from __future__ import annotations

import queue
import re
import time
from collections.abc import Iterator

import pytest

from client.guide_page import Page, sip_account_info
from devices.conftest import no_sound, pulse, pulse_daemon
from devices.pulse import RATE, Listener, Player, PulseServer
from exotel_voice.client import ExotelWebClient
from exotel_voice.media.silent import SilentMedia
from exotel_voice.phone.settings import PhoneSettings
from exotel_voice.sandbox import SandboxThread
from tones import frequency_of, level_of, tone

__all__ = ["no_sound", "pulse", "pulse_daemon"]

Result = tuple[str, str | float, str]
NETWORK = ["wss", "userReg", "tcp", "udp", "host", "srflx"]


class Diagnosis:
    """A client with a diagnostics session."""

    def __init__(self, client: ExotelWebClient) -> None:
        self.client = client
        self.lines: list[str] = []
        self.results: queue.SimpleQueue[Result] = queue.SimpleQueue()

    def diagnosticsReportCallback(self, logStatus: str, logData: str) -> None:
        assert logStatus == "log"
        self.lines.append(logData)

    def diagnosticsKeyValueCallback(self, key: str, status: str | float, description: str) -> None:
        self.results.put((key, status, description))

    def init(self) -> None:
        assert self.client.initDiagnostics(
            self.diagnosticsReportCallback, self.diagnosticsKeyValueCallback
        )

    def next(self) -> Result:
        return self.results.get(timeout=6)

    def take(self, count: int) -> list[Result]:
        return [self.next() for _ in range(count)]

    def levels(self, seconds: float) -> list[Result]:
        """What comes in so much time."""
        limit = time.monotonic() + seconds
        found = []
        while (left := limit - time.monotonic()) > 0:
            try:
                found.append(self.results.get(timeout=left))
            except queue.Empty:
                break
        return found

    def until_line(self, pattern: str) -> str:
        limit = time.monotonic() + 5.0
        while time.monotonic() < limit:
            for line in tuple(self.lines):
                if re.search(pattern, line):
                    return line
            time.sleep(0.01)
        raise AssertionError(self.lines)


@pytest.fixture
def diagnosis() -> Iterator[Diagnosis]:
    with ExotelWebClient() as client:
        yield Diagnosis(client)


@pytest.mark.needs("pulseaudio")
@pytest.mark.usefixtures("pulse")
def test_three_results_come_at_once(diagnosis: Diagnosis) -> None:
    began = time.monotonic()
    diagnosis.init()
    browser, microphone, speaker = diagnosis.take(3)
    assert time.monotonic() - began < 1.0
    assert browser[:2] == ("browserVersion", "ready")
    assert re.fullmatch(r"\w+/3\.\d+\.\d+\S*", browser[2])
    assert microphone == ("micInfo", "ready", "Desk-Microphone")
    assert speaker == ("speakerInfo", "ready", "Cable-Out")
    line = diagnosis.until_line("speakerInfo")
    assert re.match(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z speakerInfo: ready Cable-Out", line)


@pytest.mark.media
@pytest.mark.needs("pulseaudio")
def test_the_speaker_test_plays_and_tells_levels(pulse: PulseServer, diagnosis: Diagnosis) -> None:
    diagnosis.init()
    diagnosis.take(3)
    assert diagnosis.client.startSpeakerDiagnosticsTest()
    with Listener(pulse, "vout.monitor") as listener:
        heard = listener.hear(2.5)
    told = diagnosis.levels(1.0)
    assert diagnosis.client.stopSpeakerDiagnosticsTest("yes")
    diagnosis.until_line("speaker test: user response yes")
    ring = max((heard[at : at + RATE // 5] for at in range(0, len(heard), RATE // 5)), key=level_of)
    assert frequency_of(ring, RATE) == pytest.approx(425.0, abs=40.0)
    assert level_of(ring) > 3000
    assert len(told) > 25
    assert {(key, text) for key, _, text in told} == {("speaker", "speaker ok")}
    assert max(float(level) for _, level, _ in told) > 0.1
    assert all(0.0 <= float(level) <= 1.0 for _, level, _ in told)
    while not diagnosis.results.empty():
        diagnosis.next()
    assert diagnosis.levels(0.3) == []


@pytest.mark.media
@pytest.mark.needs("pulseaudio")
def test_the_microphone_test_tells_how_loud_it_is(pulse: PulseServer, diagnosis: Diagnosis) -> None:
    diagnosis.init()
    diagnosis.take(3)
    with Player(pulse, "vin", tone(300.0, 1.0, RATE, amplitude=16384.0)):
        assert diagnosis.client.startMicDiagnosticsTest()
        told = diagnosis.levels(1.5)
        assert diagnosis.client.stopMicDiagnosticsTest("no")
        diagnosis.until_line("mic test: user response no")
    assert len(told) >= 15
    assert {(key, text) for key, _, text in told} == {("mic", "mic ok")}
    assert float(told[-1][1]) == pytest.approx(0.354, abs=0.05)
    assert "peak 0.3" in diagnosis.until_line("mic test: stopped")


@pytest.mark.usefixtures("no_sound")
def test_without_devices_both_tests_tell_an_error(diagnosis: Diagnosis) -> None:
    diagnosis.init()
    assert diagnosis.take(3)[1:] == [("micInfo", "ready", "none"), ("speakerInfo", "ready", "none")]
    for name, key in (("Speaker", "speaker"), ("Mic", "mic")):
        assert getattr(diagnosis.client, f"start{name}DiagnosticsTest")()
        told = diagnosis.levels(1.0)
        assert getattr(diagnosis.client, f"stop{name}DiagnosticsTest")()
        assert len(told) >= 10
        assert set(told) == {(key, 0.0, f"{key} error")}
        while not diagnosis.results.empty():
            diagnosis.next()
    diagnosis.until_line("mic test: started .*no input device")
    assert not any("user response" in line for line in diagnosis.lines)


def test_the_network_test_in_the_order_of_the_guide(
    server: SandboxThread, registered: Page
) -> None:
    account = server.account("alice")
    diagnosis = Diagnosis(registered.client)
    diagnosis.init()
    diagnosis.take(3)
    states = list(registered.states)
    began = time.monotonic()
    assert registered.client.startNetworkDiagnostics()
    found = diagnosis.take(6)
    assert time.monotonic() - began < 5.0
    assert [key for key, _, _ in found] == NETWORK
    told = {key: (status, text) for key, status, text in found}
    assert told["wss"] == ("connected", account.url)
    assert told["userReg"] == ("registered", "alice")
    assert told["tcp"][0] == "connected"
    assert re.fullmatch(r"candidate:1 1 tcp \d+ 127\.0\.0\.1 9 typ host tcptype active",
                        told["tcp"][1])  # fmt: skip
    for key in ("udp", "host"):
        assert told[key][0] == "connected"
        assert re.fullmatch(r"candidate:\w+ 1 udp \d+ \S+ \d+ typ host", told[key][1])
    assert told["srflx"] == ("disconnected", "")
    diagnosis.until_line("srflx: disconnected no STUN or TURN server is configured")
    assert registered.states == states
    assert diagnosis.levels(0.3) == []
    assert account.password not in "".join(diagnosis.lines)


def test_a_dead_server_is_disconnected(server: SandboxThread, page: Page) -> None:
    info = sip_account_info(server.account("alice"), domain="127.0.0.1:1")
    assert page.init(info)
    diagnosis = Diagnosis(page.client)
    diagnosis.init()
    diagnosis.take(3)
    assert page.client.startNetworkDiagnostics()
    found = {key: status for key, status, _ in diagnosis.take(6)}
    assert found["wss"] == "disconnected"
    assert found["userReg"] == "unregistered"
    assert found["tcp"] == "disconnected"
    diagnosis.until_line("wss: disconnected .*nothing accepts connections")


def test_the_network_test_can_be_stopped(server: SandboxThread) -> None:
    settings = PhoneSettings(connect_limit=4.0)
    with ExotelWebClient(media=SilentMedia(), settings=settings) as client:
        # An address of the documentation (RFC 5737 §3), which nothing answers at.
        info = sip_account_info(server.account("alice"), domain="192.0.2.1:443")
        assert client.initWebrtc(info)
        diagnosis = Diagnosis(client)
        diagnosis.init()
        diagnosis.take(3)
        assert client.startNetworkDiagnostics()
        assert client.startNetworkDiagnostics()
        assert client.stopNetworkDiagnostics()
        assert diagnosis.levels(0.5) == []


def test_without_a_session_or_an_account_the_names_refuse(page: Page) -> None:
    client = page.client
    for name in ("startSpeakerDiagnosticsTest", "stopMicDiagnosticsTest", "closeDiagnostics",
                 "startNetworkDiagnostics", "stopNetworkDiagnostics"):  # fmt: skip
        assert getattr(client, name)() is False
    assert client.initDiagnostics(None, None)
    assert client.startNetworkDiagnostics() is False
    assert client.initDiagnostics(None, None)
    assert client.closeDiagnostics()
    assert client.startMicDiagnosticsTest() is False
