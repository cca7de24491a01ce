"""The server transaction of other requests, on exact instants (RFC 3261 §17.2.2)."""

from __future__ import annotations

import pytest

from exotel_voice.errors import InvalidState
from transaction_bench import RELIABLE, Bench, incoming


def test_request_is_delivered_once_and_copies_before_a_response_are_discarded() -> None:
    bench = Bench()
    bench.receive(incoming("OPTIONS"))
    bench.receive(incoming("OPTIONS"))
    assert len(bench.arrived) == 1
    assert bench.sent == []
    assert bench.layer.next_timer() is None


def test_copies_get_the_last_response_again_until_timer_j() -> None:
    bench = Bench()
    bench.receive(incoming("OPTIONS"))
    bench.respond(183)
    bench.receive(incoming("OPTIONS"))
    bench.run(until=1)
    bench.respond(183)
    bench.respond(200)
    bench.run(until=10)
    bench.receive(incoming("OPTIONS"))
    bench.run(until=32.9)
    assert bench.sent_responses(183) == [0, 0, 1]
    assert bench.sent_responses(200) == [1, 10]
    assert bench.ended == []
    bench.run(until=33)
    assert bench.ended == [bench.arrived[0].transaction]
    bench.receive(incoming("OPTIONS"))
    assert len(bench.arrived) == 2


def test_reliable_transport_ends_the_transaction_with_the_final_response() -> None:
    bench = Bench(RELIABLE)
    bench.receive(incoming("OPTIONS"))
    bench.respond(200)
    assert bench.ended == [bench.arrived[0].transaction]
    assert len(bench.layer) == 0
    assert bench.layer.next_timer() is None


@pytest.mark.parametrize("second", [180, 200, 500])
def test_response_after_the_final_one_is_refused(second: int) -> None:
    bench = Bench()
    bench.receive(incoming("OPTIONS"))
    bench.respond(200)
    with pytest.raises(InvalidState):
        bench.respond(second)
    assert bench.sent == [(0, "SIP/2.0 200 OK")]


def test_lost_connection_keeps_the_transaction_but_not_its_voice() -> None:
    bench = Bench()
    bench.receive(incoming("OPTIONS"))
    bench.lose()
    bench.respond(200)
    assert bench.sent == []
    bench.run(until=32)
    assert len(bench.layer) == 0
