"""Tests of microphone, speaker, network and calls, for people and for programs (guide 5.11).

Each test works on its own sockets and its own lines to the sound cards: a registration or a call
that goes on meanwhile is not disturbed.
"""

from exotel_voice.diagnostics.call_test import CallTest, CallTestResult
from exotel_voice.diagnostics.network_test import NetworkTarget, NetworkTest
from exotel_voice.diagnostics.quality import QualityClass, mean_opinion_score, quality_class
from exotel_voice.diagnostics.report import DiagnosticsReport, Entry
from exotel_voice.diagnostics.session import DiagnosticsSession
from exotel_voice.diagnostics.sound_test import MicrophoneTest, SpeakerTest
from exotel_voice.diagnostics.verdict import Check, Outcome, Verdict

__all__ = [
    "CallTest",
    "CallTestResult",
    "Check",
    "DiagnosticsReport",
    "DiagnosticsSession",
    "Entry",
    "MicrophoneTest",
    "NetworkTarget",
    "NetworkTest",
    "Outcome",
    "QualityClass",
    "SpeakerTest",
    "Verdict",
    "mean_opinion_score",
    "quality_class",
]
