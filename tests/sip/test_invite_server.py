"""The INVITE server transaction, on exact instants (RFC 3261 §17.2.1, RFC 6026 §8.5)."""

from __future__ import annotations

import pytest

from exotel_voice.errors import InvalidState
from exotel_voice.sip.timers import TimerSettings
from exotel_voice.sip.transaction_events import AckArrived, FailureKind, TransactionEnded
from transaction_bench import LOSSY, RELIABLE, Bench, incoming

TIMINGS = pytest.mark.parametrize("timers", [RELIABLE, LOSSY], ids=["reliable", "lossy"])


def test_invite_is_answered_100_at_once_and_delivered() -> None:
    bench = Bench()
    invite = incoming()
    bench.receive(invite)
    assert [event.request for event in bench.arrived] == [invite]
    assert bench.data == [
        (
            b"SIP/2.0 100 Trying\r\n"
            b"Via: SIP/2.0/WSS df7jal23ls0d.invalid;branch=z9hG4bK74bf9\r\n"
            b"From: <sip:carol@chicago.example.com>;tag=sq8ju\r\n"
            b"To: <sip:alice@atlanta.example.com>\r\n"
            b"Call-ID: 2xTb9vxSit55XU7p8@chicago.example.com\r\n"
            b"CSeq: 1 INVITE\r\n"
            b"Content-Length: 0\r\n\r\n"
        )
    ]


def test_copy_of_the_invite_gets_the_last_provisional_response_and_is_not_delivered() -> None:
    bench = Bench()
    bench.receive(incoming())
    bench.receive(incoming())
    bench.respond(180)
    bench.receive(incoming())
    assert [line for _, line in bench.sent] == [
        "SIP/2.0 100 Trying",
        "SIP/2.0 100 Trying",
        "SIP/2.0 180 Ringing",
        "SIP/2.0 180 Ringing",
    ]
    assert len(bench.arrived) == 1


def test_invite_may_wait_for_its_answer_for_ever() -> None:
    bench = Bench()
    bench.receive(incoming())
    assert bench.layer.next_timer() is None
    bench.run(until=86400)
    bench.respond(200)
    assert bench.sent_responses(200) == [86400]


def test_refusal_is_repeated_at_doubling_pauses_up_to_t2_until_timer_h() -> None:
    bench = Bench()
    bench.receive(incoming())
    bench.respond(486)
    bench.run(until=100)
    assert bench.sent_responses(486) == [
        0, 0.5, 1.5, 3.5, 7.5, 11.5, 15.5, 19.5, 23.5, 27.5, 31.5,
    ]  # fmt: skip
    assert bench.events[-1] == TransactionEnded(
        transaction=bench.arrived[0].transaction, failure=FailureKind.TIMEOUT
    )
    assert bench.layer.next_timer() is None


def test_refusal_is_not_repeated_on_a_reliable_transport_but_still_waits_for_its_ack() -> None:
    bench = Bench(RELIABLE)
    bench.receive(incoming())
    bench.respond(486)
    assert bench.layer.next_timer() == 32
    bench.run(until=32)
    assert bench.sent_responses(486) == [0]
    assert isinstance(bench.events[-1], TransactionEnded)


def test_ack_stops_the_repetition_and_late_copies_are_absorbed_for_t4() -> None:
    bench = Bench()
    bench.receive(incoming())
    bench.respond(486)
    bench.run(until=1)
    bench.receive(incoming("ACK", to_tag="ours"))
    bench.receive(incoming("ACK", to_tag="ours"))
    bench.receive(incoming())
    bench.run(until=5.9)
    assert bench.sent_responses(486) == [0, 0.5]
    assert bench.ended == []
    bench.run(until=6)
    assert bench.ended == [bench.arrived[0].transaction]
    assert not [event for event in bench.events if isinstance(event, AckArrived)]
    assert bench.events[-1] == TransactionEnded(transaction=bench.arrived[0].transaction)


def test_ack_ends_a_refused_invite_at_once_on_a_reliable_transport() -> None:
    bench = Bench(RELIABLE)
    bench.receive(incoming())
    bench.respond(486)
    bench.receive(incoming("ACK", to_tag="ours"))
    assert len(bench.layer) == 0
    assert bench.layer.next_timer() is None


def test_copy_of_a_refused_invite_gets_the_refusal_again() -> None:
    bench = Bench(RELIABLE)
    bench.receive(incoming())
    bench.respond(486)
    bench.receive(incoming())
    assert bench.sent_responses(486) == [0, 0]


@TIMINGS
def test_copies_of_an_accepted_invite_are_absorbed_until_timer_l(timers: TimerSettings) -> None:
    bench = Bench(timers)
    bench.receive(incoming())
    bench.respond(200)
    bench.receive(incoming())
    bench.run(until=31.9)
    bench.receive(incoming())
    assert bench.sent_responses(200) == [0]
    bench.run(until=32)
    assert bench.ended == [bench.arrived[0].transaction]
    assert len(bench.arrived) == 1


def test_user_repeats_the_2xx_through_the_transaction() -> None:
    bench = Bench(RELIABLE)
    bench.receive(incoming())
    bench.respond(200)
    bench.run(until=0.5)
    bench.respond(200)
    assert bench.sent_responses(200) == [0, 0.5]


@pytest.mark.parametrize(("first", "second"), [(200, 486), (200, 180), (486, 200), (486, 486)])
def test_another_response_after_a_final_one_is_refused(first: int, second: int) -> None:
    bench = Bench()
    bench.receive(incoming())
    bench.respond(first)
    before = list(bench.data)
    with pytest.raises(InvalidState):
        bench.respond(second)
    assert bench.data == before


def test_response_to_a_transaction_that_is_gone_is_refused() -> None:
    bench = Bench(RELIABLE)
    bench.receive(incoming())
    bench.respond(200)
    bench.run(until=32)
    with pytest.raises(InvalidState):
        bench.respond(200)


def test_ack_to_a_2xx_has_a_branch_of_its_own_and_goes_to_the_dialog() -> None:
    bench = Bench()
    bench.receive(incoming())
    bench.respond(200)
    ack = incoming("ACK", branch="z9hG4bKother", to_tag="ours")
    bench.receive(ack)
    assert bench.events[-1] == AckArrived(request=ack, flow="wire", transaction=None)


def test_ack_to_a_2xx_with_the_branch_of_the_invite_goes_to_the_dialog_too() -> None:
    bench = Bench()
    bench.receive(incoming())
    bench.respond(200)
    ack = incoming("ACK", to_tag="ours")
    bench.receive(ack)
    tid = bench.arrived[0].transaction
    assert bench.events[-1] == AckArrived(request=ack, flow="wire", transaction=tid)


def test_ack_before_any_final_response_is_ignored() -> None:
    bench = Bench()
    bench.receive(incoming())
    bench.receive(incoming("ACK", to_tag="ours"))
    bench.respond(486)
    assert bench.sent_responses(486) == [0]
    assert bench.layer.next_timer() == 0.5


def test_lost_connection_silences_the_transaction_and_a_new_one_lets_it_speak() -> None:
    bench = Bench()
    bench.receive(incoming())
    bench.lose()
    bench.respond(180)
    assert bench.sent_responses(180) == []
    bench.layer.flow_made("wire")
    bench.respond(200)
    assert bench.sent_responses(200) == [0]
    bench.run(until=32)
    assert bench.ended == [bench.arrived[0].transaction]


def test_silent_transaction_still_comes_to_its_end() -> None:
    bench = Bench()
    bench.receive(incoming())
    bench.lose()
    bench.respond(486)
    bench.run(until=32)
    assert bench.sent_responses(486) == []
    assert len(bench.layer) == 0
