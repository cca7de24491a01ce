"""What is sent again and what never is: the plans, driven by hand."""

from __future__ import annotations

import datetime as dt
from email.utils import format_datetime
from typing import Any

import pytest

from exotel_voice.errors import ApiOutcomeUnknown, ApiUnavailable, ConfigError
from exotel_voice.rest.exchange import (
    Outcome,
    Reply,
    RetryPolicy,
    Send,
    Unreached,
    Wait,
    exchange,
    seconds_to_wait,
)

POLICY = RetryPolicy(attempts=3, first_delay=1.0, max_delay=30.0)
LOST = Unreached(reason="ReadTimeout", was_sent=True)
REFUSED = Unreached(reason="ConnectError", was_sent=False)


def answer(status: int, **headers: str) -> Reply:
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    return Reply(status=status, headers=named, body=b"")


def play(method: str, *outcomes: Outcome) -> tuple[Reply, list[float], int]:
    """Drive one plan; give its result, its waits and how often it sent."""
    send = Send(method=method, url="https://api.test/x", headers={})
    plan = exchange(send, POLICY, lambda: 1.0)
    waits: list[float] = []
    sent = 0
    left = list(outcomes)
    outcome: Outcome = None
    while True:
        try:
            step = plan.send(outcome)
        except StopIteration as done:
            assert left == []
            return done.value, waits, sent
        if isinstance(step, Wait):
            waits.append(step.seconds)
            outcome = None
        else:
            assert step == send
            sent += 1
            outcome = left.pop(0)


@pytest.mark.parametrize("method", ["GET", "POST"])
def test_a_success_is_returned_at_once(method: str) -> None:
    reply, waits, sent = play(method, answer(200))
    assert (reply.status, waits, sent) == (200, [], 1)


@pytest.mark.parametrize("method", ["GET", "POST"])
@pytest.mark.parametrize("status", [301, 400, 401, 403, 404, 409])
def test_a_refusal_is_returned_and_never_repeated(method: str, status: int) -> None:
    assert play(method, answer(status))[2] == 1


@pytest.mark.parametrize("method", ["GET", "POST"])
def test_too_many_requests_and_a_connection_that_never_opened_are_tried_again(method: str) -> None:
    reply, waits, sent = play(method, answer(429), REFUSED, answer(200))
    assert (reply.status, sent) == (200, 3)
    assert waits == [1.0, 2.0]


@pytest.mark.parametrize("failure", [answer(500), answer(502), answer(503), LOST])
def test_a_question_is_asked_again_after_a_failure(failure: Outcome) -> None:
    assert play("GET", failure, failure, answer(200))[2] == 3


@pytest.mark.parametrize("failure", [answer(500), answer(502), answer(503, retry_after="1"), LOST])
def test_a_call_that_may_have_been_placed_is_never_placed_again(failure: Outcome) -> None:
    with pytest.raises(ApiOutcomeUnknown) as raised:
        play("POST", failure)
    assert not raised.value.retryable
    assert "list of calls" in raised.value.hint
    with pytest.raises(ApiOutcomeUnknown):
        play("POST", answer(429), failure)


def test_the_tries_end() -> None:
    reply, _, sent = play("GET", answer(503), answer(503), answer(503))
    assert (reply.status, sent) == (503, 3)
    for method in ("GET", "POST"):
        with pytest.raises(ApiUnavailable, match="not reached: ConnectError"):
            play(method, REFUSED, REFUSED, REFUSED)
    with pytest.raises(ApiUnavailable, match="ReadTimeout") as raised:
        play("GET", LOST, LOST, LOST)
    assert not isinstance(raised.value, ApiOutcomeUnknown)


def test_the_server_s_own_time_is_kept() -> None:
    assert play("POST", answer(429, retry_after="7"), answer(200))[1] == [7.0]
    assert play("GET", answer(503, retry_after="0"), answer(200))[1] == [0.0]


def test_a_server_that_wants_longer_than_the_limit_ends_the_tries() -> None:
    assert play("GET", answer(429, retry_after="31"))[2] == 1


def test_retry_after_may_be_a_date_and_may_be_nonsense() -> None:
    soon = dt.datetime.now(dt.UTC) + dt.timedelta(seconds=60)
    told = seconds_to_wait({"retry-after": format_datetime(soon, usegmt=True)})
    assert told == pytest.approx(60, abs=2)
    past = format_datetime(soon - dt.timedelta(hours=1), usegmt=True)
    assert seconds_to_wait({"retry-after": past}) == 0.0
    naive = soon.strftime("%a, %d %b %Y %H:%M:%S -0000")
    assert seconds_to_wait({"retry-after": naive}) == pytest.approx(60, abs=2)
    for nonsense in ("soon", "", "-1", "\N{ARABIC-INDIC DIGIT ONE}"):
        assert seconds_to_wait({"retry-after": nonsense}) is None


def test_delays_grow_to_a_ceiling_and_are_spread() -> None:
    policy = RetryPolicy(attempts=9, first_delay=1.0, max_delay=5.0)
    assert [policy.delay(n, 1.0) for n in (1, 2, 3, 4, 99)] == [1.0, 2.0, 4.0, 5.0, 5.0]
    assert policy.delay(3, 0.0) == 2.0


@pytest.mark.parametrize("wrong", [{"attempts": 0}, {"first_delay": 0.0}, {"max_delay": -1.0}])
def test_a_policy_out_of_range_is_refused(wrong: dict[str, Any]) -> None:
    with pytest.raises(ConfigError):
        RetryPolicy(**wrong)


def test_a_plan_s_repr_shows_no_credentials() -> None:
    send = Send(method="GET", url="u", headers={"Authorization": "Basic c2VjcmV0"}, content=b"x")
    assert "c2VjcmV0" not in repr(send)
