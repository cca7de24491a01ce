"""How good a call sounds: the score falls with delay and loss, and every score has a class."""

from __future__ import annotations

import pytest

from exotel_voice.diagnostics import QualityClass, mean_opinion_score, quality_class
from exotel_voice.diagnostics.quality import Thresholds, quality_warnings


def score(
    trip: float = 20.0, buffer: float = 40.0, lost: float = 0.0, codec: str = "PCMU"
) -> float:
    return mean_opinion_score(round_trip_ms=trip, buffer_ms=buffer, lost_fraction=lost, codec=codec)


def test_a_perfect_line_has_the_best_score() -> None:
    # ITU-T G.107: with its default values R is 93.2, which is a score of 4.41.
    assert score(0.0, 0.0) == pytest.approx(4.40, abs=0.02)


@pytest.mark.parametrize(
    ("trip", "lost", "expected"),
    [(300.0, 0.0, 4.2), (800.0, 0.0, 2.63), (20.0, 0.02, 4.2), (20.0, 0.1, 3.2), (20.0, 1.0, 1.0)],
)
def test_delay_and_loss_cost_what_the_model_says(trip: float, lost: float, expected: float) -> None:
    assert score(trip, 40.0, lost) == pytest.approx(expected, abs=0.25)


def test_the_score_only_falls() -> None:
    by_delay = [score(trip) for trip in range(0, 2000, 50)]
    by_loss = [score(lost=percent / 100) for percent in range(101)]
    for scores in (by_delay, by_loss):
        assert scores == sorted(scores, reverse=True)
        assert all(1.0 <= one <= 4.5 for one in scores)


@pytest.mark.parametrize("codec", ["opus", "G722", "PCMA", "unheard-of"])
def test_each_codec_has_a_score(codec: str) -> None:
    assert 3.0 < score(lost=0.03, codec=codec) < 4.4


@pytest.mark.parametrize(
    ("value", "name"),
    [
        (4.5, "excellent"), (4.2, "excellent"), (4.1999, "great"), (4.1, "great"),
        (4.05, "good"), (3.7, "good"), (3.65, "fair"), (3.1, "fair"), (3.05, "poor"),
        (2.6, "poor"), (2.5999, "bad"), (1.0, "bad"), (0.0, "bad"),
    ],
)  # fmt: skip
def test_classes_have_no_gap_between_them(value: float, name: str) -> None:
    assert quality_class(value) is QualityClass(name)


def test_each_measure_beyond_its_threshold_is_a_warning() -> None:
    told = quality_warnings(round_trip_ms=401, jitter_ms=31, lost_fraction=0.011, score=3.4)
    assert ["401 ms" in told[0], "31 ms" in told[1], "1.1 %" in told[2], "3.4" in told[3]] == [
        True
    ] * 4
    assert quality_warnings(round_trip_ms=400, jitter_ms=30, lost_fraction=0.01, score=3.5) == ()
    assert quality_warnings(round_trip_ms=None, jitter_ms=0, lost_fraction=0, score=4.4) == ()
    strict = Thresholds(round_trip_ms=10)
    assert quality_warnings(
        round_trip_ms=11, jitter_ms=0, lost_fraction=0, score=4, thresholds=strict
    )
