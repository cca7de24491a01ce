"""Two user agents, any wishes, any weather: they come to a common end, and nothing is left."""

from __future__ import annotations

from hypothesis import given, settings
from hypothesis import strategies as st

from play import HABITS, WISHES, Play
from world import Weather

habits = st.tuples(st.sampled_from(HABITS), st.sampled_from(HABITS))
pauses = st.sampled_from((0.0, 0.005, 0.01, 0.03, 0.5, 3.0, 35.0))
wishes = st.tuples(pauses, st.integers(0, 1), st.sampled_from(WISHES))
histories = st.lists(wishes, min_size=1, max_size=10)
quiet = st.lists(
    wishes.filter(lambda wish: wish[2] not in {"drop", "mend"}), min_size=1, max_size=10
)
storms = st.builds(
    Weather,
    seed=st.integers(0, 10_000),
    loss=st.sampled_from((0.0, 0.1, 0.3)),
    repeat=st.sampled_from((0.0, 0.3)),
    spread=st.sampled_from((0.0, 0.05, 0.7)),
)
steady = settings(derandomize=True, max_examples=50, deadline=None, database=None)


def played(
    habits: tuple[str, str], history: list[tuple[float, int, str]], weather: Weather | None
) -> Play:
    """Play a history."""
    play = Play(habits, weather)
    play.wish(0, "call")
    for pause, who, what in history:
        play.pass_time(pause)
        play.wish(who, what)
    return play


@steady
@given(habits, histories, storms)
def test_after_all_hung_up_nothing_is_left_whatever_the_wire_did(
    habits: tuple[str, str], history: list[tuple[float, int, str]], weather: Weather
) -> None:
    play = played(habits, history, weather)
    play.mend_all()
    play.hang_up_all(play.owners)
    play.run_out()
    play.check_over()


@steady
@given(habits, histories)
def test_after_all_hung_up_nothing_is_left_on_a_wire_that_only_breaks(
    habits: tuple[str, str], history: list[tuple[float, int, str]]
) -> None:
    play = played(habits, history, None)
    play.mend_all()
    play.hang_up_all(play.owners)
    play.run_out()
    play.check_over()


@steady
@given(habits, quiet, storms, st.integers(0, 1))
def test_one_side_that_hangs_up_ends_every_call_of_both(
    habits: tuple[str, str],
    history: list[tuple[float, int, str]],
    weather: Weather,
    who: int,
) -> None:
    play = played(habits, history, weather)
    play.hang_up_all((play.owners[who],))
    # What was still on the wire is hung up when it has come.
    play.pass_time(200)
    play.hang_up_all((play.owners[who],))
    play.run_out()
    play.check_over()


@steady
@given(habits, quiet)
def test_on_a_good_wire_both_know_of_the_same_calls(
    habits: tuple[str, str], history: list[tuple[float, int, str]]
) -> None:
    play = played(habits, history, None)
    play.settle()
    calls = [len(owner.party.agent.sessions) for owner in play.owners]
    assert calls[0] == calls[1]
    play.pass_time(45)
    assert len(play.alice.agent.sessions) == len(play.bob.agent.sessions)
