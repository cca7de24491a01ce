"""Lengths of timers, and the list of what falls due when."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from exotel_voice.errors import ConfigError
from exotel_voice.sip.timers import Deadlines, TimerSettings


def test_lengths_on_an_unreliable_transport_are_those_of_the_rfc() -> None:
    timers = TimerSettings(is_reliable=False)
    assert (timers.limit, timers.absorb, timers.settle, timers.linger) == (32, 32, 5, 32)


def test_waits_for_late_copies_have_no_length_on_a_reliable_transport() -> None:
    timers = TimerSettings()
    assert (timers.limit, timers.absorb, timers.settle, timers.linger) == (32, 0, 0, 0)


def test_timer_d_is_at_least_32_seconds_also_where_t1_is_short() -> None:
    assert TimerSettings(t1=0.01, is_reliable=False).absorb == 32


@pytest.mark.parametrize("wrong", [{"t1": 0.0}, {"t1": -1.0}, {"t1": 5.0}, {"t4": 0.0}])
def test_times_that_make_no_sense_are_refused(wrong: dict[str, float]) -> None:
    with pytest.raises(ConfigError):
        TimerSettings(**wrong)  # type: ignore[arg-type]


def test_what_falls_due_comes_in_the_order_of_time() -> None:
    deadlines: Deadlines[str] = Deadlines()
    deadlines.set("late", 3)
    deadlines.set("early", 1)
    deadlines.set("same, but set later", 1)
    assert deadlines.next() == 1
    assert deadlines.pop_due(now=0.999) is None
    assert [deadlines.pop_due(now=2) for _ in range(3)] == ["early", "same, but set later", None]
    assert deadlines.next() == 3
    assert len(deadlines) == 1


def test_setting_again_replaces_and_cancelling_forgets() -> None:
    deadlines: Deadlines[str] = Deadlines()
    deadlines.set("a", 1)
    deadlines.set("a", 5)
    deadlines.set("b", 2)
    deadlines.cancel("b")
    deadlines.cancel("never set")
    assert "a" in deadlines
    assert "b" not in deadlines
    assert deadlines.at("a") == 5
    assert deadlines.at("b") is None
    assert deadlines.pop_due(now=4) is None
    assert deadlines.pop_due(now=5) == "a"
    assert deadlines.next() is None


def test_ten_thousand_timers_set_again_and_again_leave_nothing_behind() -> None:
    deadlines: Deadlines[int] = Deadlines()
    for instant in range(10_000):
        deadlines.set(instant % 10, float(instant))
    assert len(deadlines) == 10
    assert len(deadlines._heap) < 100
    for key in range(10):
        deadlines.cancel(key)
    assert deadlines._heap == []


@given(st.lists(st.tuples(st.integers(0, 9), st.none() | st.integers(0, 99)), max_size=80))
def test_it_agrees_with_a_plain_dictionary(steps: list[tuple[int, int | None]]) -> None:
    deadlines: Deadlines[int] = Deadlines()
    model: dict[int, float] = {}
    for key, at in steps:
        if at is None:
            deadlines.cancel(key)
            model.pop(key, None)
        else:
            deadlines.set(key, at)
            model[key] = at
        assert deadlines.next() == min(model.values(), default=None)
        assert len(deadlines) == len(model)
    popped = []
    while (key_due := deadlines.pop_due(now=50)) is not None:
        popped.append(key_due)
    assert sorted(popped) == sorted(key for key, at in model.items() if at <= 50)
    assert [model[key] for key in popped] == sorted(model[key] for key in popped)
