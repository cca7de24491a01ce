"""Which transaction a message belongs to, and what the layer settles itself (RFC 3261 §17)."""

from __future__ import annotations

import pytest

from exotel_voice.errors import InvalidState
from exotel_voice.sip.events import TransactionId
from exotel_voice.sip.ids import CountingIds
from exotel_voice.sip.timers import Timer
from exotel_voice.sip.transaction_events import (
    AckArrived,
    CancelArrived,
    Stray,
    StrayKind,
)
from exotel_voice.sip.transactions import TransactionLayer
from exotel_voice.sip.wire import Request, Response, parse
from transaction_bench import LOSSY, RELIABLE, Bench, incoming, outgoing


def strays(bench: Bench) -> list[StrayKind]:
    return [event.kind for event in bench.events if isinstance(event, Stray)]


# -- responses -----------------------------------------------------------------------------------


def test_responses_find_their_requests_by_branch_and_method() -> None:
    bench = Bench()
    first, second = outgoing("OPTIONS"), outgoing("OPTIONS")
    tids = [bench.send(first), bench.send(second)]
    bench.receive(second.reply(200, to_tag="b"))
    bench.receive(first.reply(404, to_tag="b"))
    assert bench.statuses == [200, 404]
    assert tids == [TransactionId("1"), TransactionId("2")]
    assert first.branch == "z9hG4bK1"
    assert second.branch == "z9hG4bK2"


@pytest.mark.parametrize(
    ("old", "new"),
    [
        (b"branch=z9hG4bK1", b"branch=z9hG4bK9"),
        (b"branch=z9hG4bK1", b"rport"),
        (b"client.invalid", b"other.invalid"),
        (b"2 OPTIONS", b"2 INFO"),
        (b"From:", b"Via: SIP/2.0/WSS next.invalid;branch=z9hG4bKx\r\nFrom:"),
    ],
    ids=["branch", "no branch", "sent-by", "method", "two Vias"],
)
def test_response_that_fits_no_request_is_stray(old: bytes, new: bytes) -> None:
    bench = Bench()
    request = outgoing("OPTIONS")
    bench.send(request)
    response = parse(bytes(request.reply(200, to_tag="b")).replace(old, new))
    assert isinstance(response, Response)
    bench.receive(response)
    assert bench.statuses == []
    assert strays(bench) == [StrayKind.RESPONSE]


def test_response_after_the_end_is_stray() -> None:
    bench = Bench(RELIABLE)
    request = outgoing("OPTIONS")
    bench.send(request)
    bench.receive(request.reply(200, to_tag="b"))
    bench.receive(request.reply(200, to_tag="b"))
    assert bench.statuses == [200]
    assert strays(bench) == [StrayKind.RESPONSE]


def test_response_may_come_over_another_connection_after_a_change_of_network() -> None:
    bench = Bench()
    request = outgoing("OPTIONS")
    bench.send(request, flow="old")
    bench.receive(request.reply(200, to_tag="b"), flow="new")
    assert bench.statuses == [200]


# -- requests ------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "other",
    [
        incoming("OPTIONS", branch="z9hG4bKother", Call_ID="other"),
        incoming("OPTIONS", sent_by="elsewhere.invalid", Call_ID="other"),
        incoming("INFO"),
    ],
    ids=["branch", "sent-by", "method"],
)
def test_request_with_another_branch_sender_or_method_is_a_new_one(other: Request) -> None:
    bench = Bench()
    bench.receive(incoming("OPTIONS"))
    bench.receive(other)
    assert len(bench.arrived) == 2


def test_sent_by_is_compared_without_regard_to_case() -> None:
    bench = Bench()
    bench.receive(incoming("OPTIONS"))
    bench.receive(incoming("OPTIONS", sent_by="DF7JAL23LS0D.invalid"))
    assert len(bench.arrived) == 1


def test_response_goes_to_the_connection_of_the_request() -> None:
    bench = Bench()
    bench.receive(incoming("OPTIONS"), flow="b")
    request = bench.arrived[0].request
    bench.layer.send_response(bench.arrived[0].transaction, request.reply(200), now=0)
    assert [flow for flow, _ in bench.layer.drain_messages()] == ["b"]


# -- branches by RFC 2543 ------------------------------------------------------------------------


def test_copies_of_a_request_without_the_magic_cookie_are_found() -> None:
    bench = Bench()
    bench.receive(incoming(branch="1"))
    bench.receive(incoming(branch="1"))
    assert len(bench.arrived) == 1
    bench.receive(incoming(branch="1", CSeq="2 INVITE"))
    assert len(bench.arrived) == 2


def test_ack_without_the_magic_cookie_is_matched_by_the_to_tag_of_the_response() -> None:
    bench = Bench()
    bench.receive(incoming(branch="1"))
    bench.respond(486, tag="ours")
    bench.receive(incoming("ACK", branch="1", to_tag="theirs", CSeq="1 ACK"))
    assert isinstance(bench.events[-1], AckArrived)
    bench.receive(incoming("ACK", branch="1", to_tag="ours", CSeq="1 ACK"))
    bench.run(until=5)
    assert len(bench.layer) == 0


def test_request_without_any_branch_is_taken() -> None:
    bench = Bench()
    bench.receive(incoming(Via="SIP/2.0/WSS df7jal23ls0d.invalid"))
    bench.receive(incoming(Via="SIP/2.0/WSS df7jal23ls0d.invalid"))
    assert len(bench.arrived) == 1


def test_cancel_without_the_magic_cookie_finds_its_invite() -> None:
    bench = Bench()
    bench.receive(incoming(branch="1"))
    bench.receive(incoming("CANCEL", branch="1"))
    assert isinstance(bench.events[-1], CancelArrived)


# -- CANCEL --------------------------------------------------------------------------------------


def test_cancel_is_answered_200_and_told() -> None:
    bench = Bench(RELIABLE)
    bench.receive(incoming())
    bench.respond(180, tag="ours")
    cancel = incoming("CANCEL")
    bench.receive(cancel)
    assert bench.data[-1] == (
        b"SIP/2.0 200 OK\r\n"
        b"Via: SIP/2.0/WSS df7jal23ls0d.invalid;branch=z9hG4bK74bf9\r\n"
        b"From: <sip:carol@chicago.example.com>;tag=sq8ju\r\n"
        b"To: <sip:alice@atlanta.example.com>;tag=ours\r\n"
        b"Call-ID: 2xTb9vxSit55XU7p8@chicago.example.com\r\n"
        b"CSeq: 1 CANCEL\r\n"
        b"Content-Length: 0\r\n\r\n"
    )
    tid = bench.arrived[0].transaction
    assert bench.events[-1] == CancelArrived(transaction=tid, request=cancel, flow="wire")
    bench.respond(487, tid=tid)
    bench.receive(incoming("ACK", to_tag="ours"))
    assert len(bench.layer) == 0


def test_copy_of_a_cancel_gets_its_200_again_but_is_told_once() -> None:
    bench = Bench(LOSSY)
    bench.receive(incoming())
    bench.receive(incoming("CANCEL"))
    bench.receive(incoming("CANCEL"))
    assert bench.sent_responses(200) == [0, 0]
    assert len([event for event in bench.events if isinstance(event, CancelArrived)]) == 1


@pytest.mark.parametrize("status", [200, 486])
def test_cancel_after_the_final_response_is_answered_200_without_effect(status: int) -> None:
    bench = Bench(RELIABLE)
    bench.receive(incoming())
    bench.respond(status)
    bench.receive(incoming("CANCEL"))
    assert bench.last_line == "SIP/2.0 200 OK"
    assert not [event for event in bench.events if isinstance(event, CancelArrived)]


def test_cancel_of_another_request_is_answered_200_without_effect() -> None:
    bench = Bench(RELIABLE)
    bench.receive(incoming("OPTIONS"))
    bench.receive(incoming("CANCEL"))
    assert bench.sent == [(0, "SIP/2.0 200 OK")]
    assert not [event for event in bench.events if isinstance(event, CancelArrived)]


@pytest.mark.parametrize(
    "cancel",
    [
        {"branch": "z9hG4bKother"},
        {"sent_by": "elsewhere.invalid"},
    ],
)
def test_cancel_that_matches_nothing_is_answered_481(cancel: dict[str, str]) -> None:
    bench = Bench(RELIABLE)
    bench.receive(incoming())
    bench.receive(incoming("CANCEL", **cancel))
    assert bench.last_line == "SIP/2.0 481 Call/Transaction Does Not Exist"
    assert b"To: <sip:alice@atlanta.example.com>;tag=tag1\r\n" in bench.data[-1]


def test_cancelling_what_is_not_an_invite_or_is_gone_does_nothing() -> None:
    bench = Bench(RELIABLE)
    tid = bench.send(outgoing("OPTIONS"))
    assert not bench.cancel(tid)
    assert not bench.cancel(TransactionId("99"))
    assert bench.sent_requests("CANCEL") == []


# -- merged requests -----------------------------------------------------------------------------


def test_request_that_comes_again_by_another_path_gets_482_and_is_not_delivered() -> None:
    bench = Bench(RELIABLE)
    bench.receive(incoming())
    bench.receive(incoming(branch="z9hG4bKother"))
    assert bench.last_line == "SIP/2.0 482 Loop Detected"
    assert len(bench.arrived) == 1
    bench.receive(incoming("ACK", branch="z9hG4bKother", to_tag="tag1"))
    assert len(bench.layer) == 1


def test_request_inside_a_dialog_is_never_taken_for_merged() -> None:
    bench = Bench(RELIABLE)
    bench.receive(incoming("INFO", to_tag="ours"))
    bench.receive(incoming("INFO", to_tag="ours", branch="z9hG4bKother"))
    assert len(bench.arrived) == 2


def test_request_with_the_next_cseq_is_not_merged() -> None:
    bench = Bench(RELIABLE)
    bench.receive(incoming())
    bench.receive(incoming(branch="z9hG4bKother", CSeq="2 INVITE"))
    assert len(bench.arrived) == 2


def test_what_is_over_is_not_merged_with() -> None:
    bench = Bench(RELIABLE)
    bench.receive(incoming("OPTIONS"))
    bench.respond(200)
    bench.receive(incoming("OPTIONS", branch="z9hG4bKother"))
    assert len(bench.arrived) == 2


# -- the limit -----------------------------------------------------------------------------------


def test_request_beyond_the_limit_gets_503_with_retry_after() -> None:
    bench = Bench(RELIABLE, max_transactions=1)
    bench.receive(incoming())
    late = incoming("OPTIONS", branch="z9hG4bKlate", Call_ID="late")
    bench.receive(late)
    bench.receive(late)
    assert bench.sent_responses(503) == [0, 0]
    assert b"\r\nRetry-After: 5\r\n" in bench.data[-1]
    # A copy gets the same tag, though there is no transaction to remember it.
    assert bench.data[-1] == bench.data[-2]
    assert strays(bench) == [StrayKind.OVERLOAD, StrayKind.OVERLOAD]
    assert len(bench.arrived) == 1
    assert len(bench.layer) == 1


def test_requests_inside_a_dialog_have_room_beyond_the_limit() -> None:
    bench = Bench(RELIABLE, max_transactions=1)
    bench.receive(incoming())
    bye = incoming("BYE", branch="z9hG4bKbye", to_tag="ours", CSeq="2 BYE")
    bench.receive(bye)
    assert bench.arrived[-1].request == bye
    bench.receive(incoming("BYE", branch="z9hG4bKmore", to_tag="ours", CSeq="3 BYE"))
    assert bench.last_line == "SIP/2.0 503 Service Unavailable"


def test_cancel_passes_beyond_the_limit() -> None:
    bench = Bench(RELIABLE, max_transactions=1)
    bench.receive(incoming())
    bench.receive(incoming("CANCEL"))
    assert isinstance(bench.events[-1], CancelArrived)


def test_room_is_made_when_a_transaction_ends() -> None:
    bench = Bench(RELIABLE, max_transactions=1)
    bench.receive(incoming("OPTIONS"))
    bench.respond(200)
    bench.receive(incoming("OPTIONS", branch="z9hG4bKnext"))
    assert len(bench.arrived) == 2


# -- ACK to a 2xx --------------------------------------------------------------------------------


def test_ack_to_a_2xx_gets_a_branch_of_its_own_and_can_be_sent_again() -> None:
    bench = Bench()
    data = bench.layer.send_ack(outgoing("ACK"), flow="wire")
    assert data.startswith(
        b"ACK sip:bob@biloxi.example.com SIP/2.0\r\n"
        b"Via: SIP/2.0/WSS client.invalid;branch=z9hG4bK1\r\n"
    )
    bench.layer.resend(data, flow="wire")
    assert bench.layer.drain_messages() == [("wire", data), ("wire", data)]
    assert len(bench.layer) == 0


# -- connections -----------------------------------------------------------------------------------


def test_via_names_the_transport_and_host_of_the_connection() -> None:
    layer = TransactionLayer(CountingIds(), timers=RELIABLE, sent_by="host.invalid")
    layer.flow_made("plain", transport="WS")
    layer.flow_made("server", sent_by="sip.example.com:5061")
    for flow in ("plain", "server", "unknown"):
        layer.send_request(outgoing("OPTIONS"), flow=flow, now=0)
    vias = [data.split(b"\r\n")[1] for _, data in layer.drain_messages()]
    assert vias == [
        b"Via: SIP/2.0/WS host.invalid;branch=z9hG4bK1",
        b"Via: SIP/2.0/WSS sip.example.com:5061;branch=z9hG4bK2",
        b"Via: SIP/2.0/WSS host.invalid;branch=z9hG4bK3",
    ]


def test_loss_of_one_connection_leaves_the_others_alone() -> None:
    bench = Bench(RELIABLE)
    bench.send(outgoing("OPTIONS"), flow="a")
    request = outgoing("OPTIONS")
    bench.send(request, flow="b")
    bench.lose("a")
    assert bench.failures == ["transport"]
    bench.receive(request.reply(200), flow="b")
    assert bench.statuses == [200]


def test_loss_of_an_unknown_connection_does_nothing() -> None:
    bench = Bench()
    bench.lose("never heard of")
    assert bench.events == []


def test_answering_a_request_of_ours_is_refused() -> None:
    bench = Bench()
    request = outgoing("OPTIONS")
    tid = bench.send(request)
    with pytest.raises(InvalidState):
        bench.layer.send_response(tid, request.reply(200), now=0)


def test_timer_of_a_transaction_that_is_gone_does_nothing() -> None:
    bench = Bench()
    bench.layer.deadlines.set(("99", Timer.B), 1.0)
    bench.run(until=2)
    assert bench.events == []
    assert bench.layer.next_timer() is None
