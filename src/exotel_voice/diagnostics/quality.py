"""How good a call sounds: the E-model of ITU-T G.107 in its short form, classes and warnings."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import Final

__all__ = [
    "QualityClass",
    "Thresholds",
    "mean_opinion_score",
    "quality_class",
    "quality_warnings",
]


class QualityClass(StrEnum):
    """Classes of the mean opinion score. Each begins where the one below ends."""

    EXCELLENT = "excellent"
    """4.2 and more."""
    GREAT = "great"
    """4.1 up to 4.2."""
    GOOD = "good"
    """3.7 up to 4.1."""
    FAIR = "fair"
    """3.1 up to 3.7."""
    POOR = "poor"
    """2.6 up to 3.1."""
    BAD = "bad"
    """Less than 2.6."""


_CLASSES: Final = (
    (4.2, QualityClass.EXCELLENT),
    (4.1, QualityClass.GREAT),
    (3.7, QualityClass.GOOD),
    (3.1, QualityClass.FAIR),
    (2.6, QualityClass.POOR),
)

# Impairment of the codec itself and its resistance to loss (ITU-T G.113), by name in small letters.
_CODECS: Final = {
    "pcmu": (0.0, 25.1),
    "pcma": (0.0, 25.1),
    "g722": (0.0, 20.0),
    "opus": (0.0, 20.0),
}
_BEST: Final = 93.2
_KNEE_MS: Final = 177.3
_PACKET_MS: Final = 20.0


def mean_opinion_score(
    *, round_trip_ms: float, buffer_ms: float, lost_fraction: float, codec: str = "opus"
) -> float:
    """Estimate how people would rate the call, 1 to 4.4.

    Args:
        round_trip_ms: Time to the far side and back.
        buffer_ms: Delay of the jitter buffer.
        lost_fraction: Share of packets that were lost or came too late, 0 to 1.
        codec: Name of the codec.
    """
    delay = round_trip_ms / 2 + buffer_ms + _PACKET_MS
    delay_loss = 0.024 * delay + 0.11 * max(0.0, delay - _KNEE_MS)
    own, resistance = _CODECS.get(codec.lower(), _CODECS["opus"])
    percent = min(1.0, max(0.0, lost_fraction)) * 100
    packet_loss = own + (95.0 - own) * percent / (percent + resistance)
    rating = max(0.0, min(100.0, _BEST - delay_loss - packet_loss))
    score = 1 + 0.035 * rating + 7e-6 * rating * (rating - 60) * (100 - rating)
    return max(1.0, min(4.5, score))


def quality_class(score: float) -> QualityClass:
    """Find the class of a mean opinion score; every score has one."""
    return next((name for least, name in _CLASSES if score >= least), QualityClass.BAD)


@dataclass(frozen=True, slots=True, kw_only=True)
class Thresholds:
    """Beyond which a measure is worth a warning, as the large services have them."""

    round_trip_ms: float = 400.0
    """More than this is heard as hesitation."""
    jitter_ms: float = 30.0
    """More than this costs delay or gaps."""
    lost_fraction: float = 0.01
    """More than this is heard."""
    score: float = 3.5
    """Less than this annoys."""


def quality_warnings(
    *,
    round_trip_ms: float | None,
    jitter_ms: float,
    lost_fraction: float,
    score: float,
    thresholds: Thresholds | None = None,
) -> tuple[str, ...]:
    """Say what is beyond its threshold, each with its figure and what to do."""
    limits = thresholds or Thresholds()
    found = []
    if round_trip_ms is not None and round_trip_ms > limits.round_trip_ms:
        found.append(
            f"the round trip takes {round_trip_ms:.0f} ms: use a server nearer to you, or no VPN"
        )
    if jitter_ms > limits.jitter_ms:
        found.append(f"the jitter is {jitter_ms:.0f} ms: use a cable, or a better Wi-Fi")
    if lost_fraction > limits.lost_fraction:
        found.append(
            f"{lost_fraction * 100:.1f} % of the packets are lost: look for what fills the line"
        )
    if score < limits.score:
        found.append(f"the quality is {score:.1f} of 4.5: callers will complain")
    return tuple(found)
