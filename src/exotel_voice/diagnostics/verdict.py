"""What all the tests mean together: one line each, with a hint, and one verdict."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import Final

from exotel_voice.diagnostics.call_test import CallTestResult
from exotel_voice.diagnostics.network_test import NetworkResult
from exotel_voice.diagnostics.sound_test import LevelCurve

__all__ = ["Check", "Outcome", "Verdict", "check_call", "check_network", "check_sound"]


class Outcome(StrEnum):
    """How a test went."""

    GOOD = "good"
    """As it should be."""
    WARNING = "warning"
    """Calls work, but something should be looked at."""
    FAILED = "failed"
    """Calls will not work like this."""
    SKIPPED = "skipped"
    """It was not tested."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Check:
    """One line of the table."""

    key: str
    """The guide's key, or `call`."""
    title: str
    """What was tested, in words."""
    outcome: Outcome
    """How it went."""
    value: str
    """What was measured."""
    hint: str = ""
    """What to do about it; empty where nothing needs to be done."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Verdict:
    """All lines together."""

    checks: tuple[Check, ...]
    """The lines, in the order of the tests."""

    @property
    def outcome(self) -> Outcome:
        """The worst of the lines; what was skipped does not count."""
        outcomes = {check.outcome for check in self.checks}
        for outcome in (Outcome.FAILED, Outcome.WARNING, Outcome.GOOD):
            if outcome in outcomes:
                return outcome
        return Outcome.SKIPPED

    @property
    def sentence(self) -> str:
        """The verdict in one sentence."""
        return _SENTENCES[self.outcome]


_SENTENCES: Final = {
    Outcome.GOOD: "Everything works: calls can come and go.",
    Outcome.WARNING: "Calls work, but look at the warnings.",
    Outcome.FAILED: "Calls will not work like this: see the hints.",
    Outcome.SKIPPED: "Nothing was tested.",
}
_TITLES: Final = {
    "wss": "connection to the SIP server",
    "userReg": "registration",
    "tcp": "TCP",
    "udp": "UDP",
    "host": "local address",
    "srflx": "public address",
    "mic": "microphone",
    "speaker": "speaker",
}
_ONE_WAY: Final = {
    "inbound": "nothing is heard of the far side: a firewall may drop UDP that comes in",
    "outbound": "the far side hears nothing: a firewall may drop UDP that goes out",
}


def check_network(result: NetworkResult) -> Check:
    """Judge one result of the network test."""
    title = _TITLES[result.key]
    if result.is_good:
        value = " ".join(filter(None, (result.description, f"({result.note})" * bool(result.note))))
        return Check(key=result.key, title=title, outcome=Outcome.GOOD, value=value)
    if not result.problem:
        return Check(key=result.key, title=title, outcome=Outcome.SKIPPED, value=result.note)
    # Without a public address calls work in most networks, through the far side's.
    outcome = Outcome.WARNING if result.key == "srflx" else Outcome.FAILED
    return Check(
        key=result.key,
        title=title,
        outcome=outcome,
        value=_start(result.problem),
        hint=result.hint,
    )


def check_sound(key: str, curve: LevelCurve | None) -> Check:
    """Judge a microphone or speaker test; None where it was left out."""
    title = _TITLES[key]
    if curve is None:
        return Check(key=key, title=title, outcome=Outcome.SKIPPED, value="left out")
    if curve.error:
        what, hint = _split(curve.error)
        return Check(key=key, title=title, outcome=Outcome.WARNING, value=what, hint=hint)
    value = f"peak {curve.peak:.3f}"
    if curve.is_audible:
        return Check(key=key, title=title, outcome=Outcome.GOOD, value=value)
    hint = "Speak into it, and see that it is not muted in the system's settings."
    return Check(key=key, title=title, outcome=Outcome.WARNING, value=f"{value}, silent", hint=hint)


def check_call(result: CallTestResult) -> Check:
    """Judge a test call."""
    title = f"call to {result.target}"
    if result.error:
        what, hint = _split(result.error)
        return Check(key="call", title=title, outcome=Outcome.FAILED, value=what, hint=hint)
    value = _measures(result)
    if result.one_way:
        hint = _sentence(_ONE_WAY[result.one_way])
        return Check(key="call", title=title, outcome=Outcome.FAILED, value=value, hint=hint)
    if result.warnings:
        hint = "; ".join(map(_sentence, result.warnings))
        return Check(key="call", title=title, outcome=Outcome.WARNING, value=value, hint=hint)
    return Check(key="call", title=title, outcome=Outcome.GOOD, value=value)


def _measures(result: CallTestResult) -> str:
    parts = [
        f"{result.codec} {result.kbit_per_second:.0f} kbit/s",
        "round trip unknown"
        if result.round_trip_ms is None
        else f"round trip {result.round_trip_ms:.0f} ms",
        f"jitter {result.jitter_ms:.1f} ms",
        f"loss {result.lost_fraction * 100:.1f} %",
    ]
    if result.score is not None and result.quality is not None:
        parts.insert(0, f"MOS {result.score:.2f} ({result.quality.value})")
    return ", ".join(parts)


def _split(error: str) -> tuple[str, str]:
    """Part an error's text into what happened and what to do."""
    what, _, hint = error.rpartition(" (")
    return (_start(what), hint.removesuffix(")")) if what else (_start(error), "")


def _start(text: str) -> str:
    return text[:1].upper() + text[1:]


def _sentence(text: str) -> str:
    text = _start(text)
    return text if text.endswith(".") else f"{text}."
