"""The client transaction of other requests, on exact instants (RFC 3261 §17.1.2)."""

from __future__ import annotations

import pytest

from transaction_bench import RELIABLE, Bench, outgoing


def test_unanswered_request_is_repeated_up_to_every_t2_and_fails_after_64_t1() -> None:
    bench = Bench()
    tid = bench.send(outgoing("OPTIONS"))
    bench.run(until=100)
    assert bench.sent_requests("OPTIONS") == [
        0, 0.5, 1.5, 3.5, 7.5, 11.5, 15.5, 19.5, 23.5, 27.5, 31.5,
    ]  # fmt: skip
    assert bench.failures == ["timeout"]
    assert bench.ended == [tid]
    assert bench.layer.next_timer() is None


def test_provisional_response_makes_the_pauses_t2_but_does_not_move_the_limit() -> None:
    bench = Bench()
    request = outgoing("OPTIONS")
    bench.send(request)
    bench.run(until=0.6)
    bench.receive(request.reply(100))
    bench.run(until=31.99)
    # The pause that was running ends as it was set; the next ones are T2.
    assert bench.sent_requests("OPTIONS") == [0, 0.5, 1.5, 5.5, 9.5, 13.5, 17.5, 21.5, 25.5, 29.5]
    assert bench.failures == []
    bench.run(until=32)
    assert bench.failures == ["timeout"]


def test_reliable_transport_repeats_nothing_and_fails_after_64_t1() -> None:
    bench = Bench(RELIABLE)
    bench.send(outgoing("OPTIONS"))
    assert bench.layer.next_timer() == 32
    bench.run(until=32)
    assert bench.sent_requests("OPTIONS") == [0]
    assert bench.failures == ["timeout"]


def test_final_response_is_delivered_once_and_copies_are_absorbed_for_t4() -> None:
    bench = Bench()
    request = outgoing("OPTIONS")
    tid = bench.send(request)
    bench.receive(request.reply(100))
    bench.receive(request.reply(183))
    bench.receive(request.reply(200, to_tag="b"))
    bench.receive(request.reply(200, to_tag="b"))
    bench.run(until=4.9)
    bench.receive(request.reply(404, to_tag="b"))
    assert bench.statuses == [100, 183, 200]
    assert bench.ended == []
    bench.run(until=5)
    assert bench.ended == [tid]


@pytest.mark.parametrize("status", [200, 302, 401, 503, 603])
def test_reliable_transport_ends_the_transaction_with_the_final_response(status: int) -> None:
    bench = Bench(RELIABLE)
    request = outgoing("REGISTER")
    tid = bench.send(request)
    bench.receive(request.reply(status, to_tag="b"))
    assert bench.statuses == [status]
    assert bench.ended == [tid]
    assert len(bench.layer) == 0
    assert bench.layer.next_timer() is None


@pytest.mark.parametrize("is_heard", [False, True])
def test_lost_connection_fails_the_request(is_heard: bool) -> None:
    bench = Bench()
    request = outgoing("OPTIONS")
    tid = bench.send(request)
    if is_heard:
        bench.receive(request.reply(100))
    bench.lose()
    assert bench.failures == ["transport"]
    assert bench.ended == [tid]
    assert bench.layer.next_timer() is None


def test_lost_connection_after_the_final_response_is_no_failure() -> None:
    bench = Bench()
    request = outgoing("OPTIONS")
    tid = bench.send(request)
    bench.receive(request.reply(200, to_tag="b"))
    bench.lose()
    assert bench.failures == []
    assert bench.ended == [tid]


def test_timer_that_is_looked_at_too_late_does_not_make_up_for_what_it_missed() -> None:
    bench = Bench()
    bench.send(outgoing("OPTIONS"))
    bench.now = 20.0
    bench.run(until=20.9)
    assert bench.sent_requests("OPTIONS") == [0, 20]
    bench.now = 90.0
    bench.run(until=90)
    assert bench.failures == ["timeout"]
