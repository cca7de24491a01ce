"""The INVITE client transaction, on exact instants (RFC 3261 §17.1.1, RFC 6026 §8.4)."""

from __future__ import annotations

import pytest

from exotel_voice.sip.timers import TimerSettings
from exotel_voice.sip.wire import Response, parse
from transaction_bench import RELIABLE, Bench, outgoing

BRANCH = "Via: SIP/2.0/WSS client.invalid;branch=z9hG4bK1\r\n"
TIMINGS = pytest.mark.parametrize("timers", [RELIABLE, TimerSettings(is_reliable=False)])


def test_invite_goes_out_with_a_via_on_top() -> None:
    bench = Bench()
    bench.send(outgoing())
    assert bench.data == [
        (
            "INVITE sip:bob@biloxi.example.com SIP/2.0\r\n"
            f"{BRANCH}"
            "Max-Forwards: 70\r\n"
            "From: <sip:alice@atlanta.example.com>;tag=9fxced76sl\r\n"
            "To: <sip:bob@biloxi.example.com>\r\n"
            "Call-ID: 3848276298220188511@atlanta.example.com\r\n"
            "CSeq: 2 INVITE\r\n"
            "Content-Length: 0\r\n\r\n"
        ).encode()
    ]


def test_unanswered_invite_is_repeated_at_doubling_pauses_and_fails_after_64_t1() -> None:
    bench = Bench()
    tid = bench.send(outgoing())
    bench.run(until=100)
    assert bench.sent_requests("INVITE") == [0, 0.5, 1.5, 3.5, 7.5, 15.5, 31.5]
    assert bench.failures == ["timeout"]
    assert bench.ended == [tid]
    assert len(set(bench.data)) == 1
    assert bench.layer.next_timer() is None


def test_time_out_comes_at_32_seconds_exactly() -> None:
    bench = Bench(RELIABLE, now=1000.0)
    bench.send(outgoing())
    assert bench.layer.next_timer() == 1032.0
    bench.run(until=1031.999)
    assert bench.failures == []
    bench.run(until=1032)
    assert bench.failures == ["timeout"]


def test_nothing_is_repeated_on_a_reliable_transport() -> None:
    bench = Bench(RELIABLE)
    bench.send(outgoing())
    bench.run(until=31.9)
    assert bench.sent_requests("INVITE") == [0]


@TIMINGS
def test_ringing_may_last_for_ever(timers: TimerSettings) -> None:
    bench = Bench(timers)
    request = outgoing()
    bench.send(request)
    bench.run(until=1)
    bench.receive(request.reply(180, to_tag="b"))
    assert bench.layer.next_timer() is None
    bench.run(until=86400)
    bench.receive(request.reply(180, to_tag="b"))
    assert bench.statuses == [180, 180]
    assert bench.failures == []


@TIMINGS
def test_each_copy_of_a_2xx_is_delivered_until_timer_m(timers: TimerSettings) -> None:
    bench = Bench(timers)
    request = outgoing()
    tid = bench.send(request)
    bench.receive(request.reply(200, to_tag="b"))
    bench.run(until=20)
    bench.receive(request.reply(200, to_tag="b"))
    bench.receive(request.reply(200, to_tag="fork"))
    bench.run(until=31.9)
    assert bench.ended == []
    bench.run(until=32)
    assert bench.ended == [tid]
    assert bench.statuses == [200, 200, 200]
    assert bench.sent_requests("ACK") == []


def test_2xx_after_ringing_is_delivered() -> None:
    bench = Bench(RELIABLE)
    request = outgoing()
    bench.send(request)
    bench.receive(request.reply(180, to_tag="b"))
    bench.receive(request.reply(200, to_tag="b"))
    assert bench.statuses == [180, 200]
    assert bench.layer.next_timer() == 32


def test_what_comes_after_a_2xx_but_another_2xx_is_ignored() -> None:
    bench = Bench()
    request = outgoing()
    bench.send(request)
    for status in (200, 180, 486):
        bench.receive(request.reply(status, to_tag="b"))
    assert bench.statuses == [200]
    assert bench.sent_requests("ACK") == []


def test_refusal_gets_an_ack_on_the_same_branch_and_route_with_the_refusals_to() -> None:
    bench = Bench()
    request = outgoing(
        headers=[("Route", "<sip:p1.example.com;lr>"), ("Route", "<sip:p2.example.com;lr>")]
    )
    bench.send(request)
    bench.receive(request.reply(486, to_tag="b"))
    assert (
        bench.data[-1]
        == (
            "ACK sip:bob@biloxi.example.com SIP/2.0\r\n"
            f"{BRANCH}"
            "Max-Forwards: 70\r\n"
            "Route: <sip:p1.example.com;lr>\r\n"
            "Route: <sip:p2.example.com;lr>\r\n"
            "From: <sip:alice@atlanta.example.com>;tag=9fxced76sl\r\n"
            "To: <sip:bob@biloxi.example.com>;tag=b\r\n"
            "Call-ID: 3848276298220188511@atlanta.example.com\r\n"
            "CSeq: 2 ACK\r\n"
            "Content-Length: 0\r\n\r\n"
        ).encode()
    )


def test_copies_of_a_refusal_get_the_ack_again_for_32_seconds_but_are_told_once() -> None:
    bench = Bench()
    request = outgoing()
    tid = bench.send(request)
    bench.receive(request.reply(180, to_tag="b"))
    bench.receive(request.reply(486, to_tag="b"))
    bench.run(until=10)
    bench.receive(request.reply(486, to_tag="b"))
    bench.run(until=31.9)
    assert bench.ended == []
    bench.run(until=32)
    assert bench.ended == [tid]
    assert bench.statuses == [180, 486]
    assert bench.sent_requests("ACK") == [0, 10]


def test_a_reliable_transport_ends_the_transaction_with_the_refusal() -> None:
    bench = Bench(RELIABLE)
    request = outgoing()
    tid = bench.send(request)
    bench.receive(request.reply(486, to_tag="b"))
    assert bench.ended == [tid]
    assert bench.layer.next_timer() is None
    assert len(bench.layer) == 0


# -- CANCEL ------------------------------------------------------------------------------------


def test_cancel_waits_for_the_first_provisional_response() -> None:
    bench = Bench(RELIABLE)
    request = outgoing(headers=[("Route", "<sip:p1.example.com;lr>")])
    tid = bench.send(request)
    bench.run(until=1)
    assert bench.cancel(tid, headers=[("Reason", 'SIP;cause=200;text="Elsewhere"')])
    assert bench.sent_requests("CANCEL") == []
    bench.run(until=2)
    bench.receive(request.reply(100))
    assert bench.sent_requests("CANCEL") == [2]
    assert (
        bench.data[-1]
        == (
            "CANCEL sip:bob@biloxi.example.com SIP/2.0\r\n"
            f"{BRANCH}"
            "Max-Forwards: 70\r\n"
            "Route: <sip:p1.example.com;lr>\r\n"
            "From: <sip:alice@atlanta.example.com>;tag=9fxced76sl\r\n"
            "To: <sip:bob@biloxi.example.com>\r\n"
            "Call-ID: 3848276298220188511@atlanta.example.com\r\n"
            "CSeq: 2 CANCEL\r\n"
            'Reason: SIP;cause=200;text="Elsewhere"\r\n'
            "Content-Length: 0\r\n\r\n"
        ).encode()
    )


def test_cancel_after_ringing_goes_at_once_and_only_once() -> None:
    bench = Bench(RELIABLE)
    request = outgoing()
    tid = bench.send(request)
    bench.receive(request.reply(180, to_tag="b"))
    assert bench.cancel(tid)
    assert not bench.cancel(tid)
    assert bench.sent_requests("CANCEL") == [0]


def test_cancelled_invite_ends_with_487_and_nothing_tells_of_the_cancels_own_response() -> None:
    bench = Bench(RELIABLE)
    request = outgoing()
    tid = bench.send(request)
    bench.receive(request.reply(180, to_tag="b"))
    bench.cancel(tid)
    bench.receive(bench.last_request("CANCEL").reply(200, to_tag="b"))
    bench.receive(request.reply(180, to_tag="b"))
    bench.receive(request.reply(487, to_tag="b"))
    assert bench.statuses == [180, 180, 487]
    assert bench.ended == [tid]
    assert len(bench.layer) == 0


def test_200_that_crosses_the_cancel_is_delivered() -> None:
    bench = Bench(RELIABLE)
    request = outgoing()
    tid = bench.send(request)
    bench.receive(request.reply(180, to_tag="b"))
    bench.cancel(tid)
    bench.receive(request.reply(200, to_tag="b"))
    assert bench.statuses == [180, 200]


@pytest.mark.parametrize("status", [200, 486])
def test_no_cancel_goes_out_when_the_first_response_is_final(status: int) -> None:
    bench = Bench()
    request = outgoing()
    tid = bench.send(request)
    bench.cancel(tid)
    bench.receive(request.reply(status, to_tag="b"))
    assert bench.sent_requests("CANCEL") == []
    assert bench.statuses == [status]
    assert not bench.cancel(tid)


def test_invite_waiting_to_be_cancelled_is_still_repeated_and_times_out() -> None:
    bench = Bench()
    tid = bench.send(outgoing())
    bench.cancel(tid)
    bench.run(until=100)
    assert bench.sent_requests("INVITE") == [0, 0.5, 1.5, 3.5, 7.5, 15.5, 31.5]
    assert bench.failures == ["timeout"]


def test_cancelled_invite_without_a_final_response_is_given_up_after_64_t1() -> None:
    bench = Bench()
    request = outgoing()
    tid = bench.send(request)
    bench.receive(request.reply(180, to_tag="b"))
    bench.run(until=10)
    bench.cancel(tid)
    bench.run(until=100)
    assert bench.failures == ["timeout"]
    assert bench.ended == [tid]
    # The CANCEL itself is repeated as any request that is not an INVITE.
    assert bench.sent_requests("CANCEL") == [
        10, 10.5, 11.5, 13.5, 17.5, 21.5, 25.5, 29.5, 33.5, 37.5, 41.5,
    ]  # fmt: skip
    assert len(bench.layer) == 0


# -- the connection ------------------------------------------------------------------------------


@pytest.mark.parametrize("heard", [[], [180]])
@pytest.mark.parametrize("is_cancelled", [False, True])
def test_lost_connection_fails_the_invite(heard: list[int], is_cancelled: bool) -> None:
    bench = Bench()
    request = outgoing()
    tid = bench.send(request)
    for status in heard:
        bench.receive(request.reply(status, to_tag="b"))
    if is_cancelled:
        bench.cancel(tid)
    bench.lose()
    assert bench.failures == ["transport"]
    assert bench.ended == [tid]
    assert len(bench.layer) == 0
    assert bench.layer.next_timer() is None


def test_lost_connection_after_a_refusal_is_no_second_failure() -> None:
    bench = Bench()
    request = outgoing()
    tid = bench.send(request)
    bench.receive(request.reply(486, to_tag="b"))
    bench.lose()
    assert bench.failures == []
    assert bench.ended == [tid]


def test_lost_connection_after_a_2xx_leaves_room_for_its_copies() -> None:
    bench = Bench()
    request = outgoing()
    bench.send(request)
    bench.receive(request.reply(200, to_tag="b"))
    bench.lose()
    assert bench.failures == []
    bench.receive(request.reply(200, to_tag="b"))
    assert bench.statuses == [200, 200]


def test_bytes_of_a_peer_that_are_not_utf8_do_not_stop_the_ack() -> None:
    bench = Bench()
    request = outgoing()
    bench.send(request)
    data = bytes(request.reply(486, to_tag="b")).replace(b"To: <", b'To: "\xff\xfe" <')
    response = parse(data)
    assert isinstance(response, Response)
    bench.receive(response)
    assert b'To: "\xff\xfe" <sip:bob@biloxi.example.com>;tag=b\r\n' in bench.data[-1]
