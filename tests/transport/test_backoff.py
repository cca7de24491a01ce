from __future__ import annotations

from itertools import islice

import pytest
from hypothesis import given
from hypothesis import strategies as st

from exotel_voice.transport.backoff import backoff_delays


def test_delays_double_from_a_tenth_of_a_second_to_thirty_seconds() -> None:
    delays = list(islice(backoff_delays(lambda: 1.0), 11))
    assert delays == pytest.approx([0.1, 0.2, 0.4, 0.8, 1.6, 3.2, 6.4, 12.8, 25.6, 30.0, 30.0])


@given(st.lists(st.floats(min_value=0.0, max_value=1.0, exclude_max=True), min_size=1))
def test_each_delay_is_drawn_anew_from_zero_to_its_ceiling(fractions: list[float]) -> None:
    drawn = iter(fractions)
    delays = list(islice(backoff_delays(lambda: next(drawn)), len(fractions)))
    ceilings = list(islice(backoff_delays(lambda: 1.0), len(fractions)))
    assert delays == [f * c for f, c in zip(fractions, ceilings, strict=True)]


def test_the_first_delay_does_not_pass_the_limit() -> None:
    assert next(backoff_delays(lambda: 1.0, first=5.0, limit=2.0)) == 2.0
