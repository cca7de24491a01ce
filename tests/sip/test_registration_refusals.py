"""What a registration makes of every other response (RFC 3261 §10.2.7, §10.2.8, §22)."""

from __future__ import annotations

import pytest

from exotel_voice.sip.registration_chart import State
from exotel_voice.sip.transaction_events import FailureKind
from exotel_voice.sip.wire import Request, parse
from registration_bench import (
    CHALLENGE,
    INSTANCE,
    OURS,
    REMOVAL_SENT,
    SENT,
    Bench,
    refused,
    registered,
)

# -- challenges ----------------------------------------------------------------------------------


def test_challenge_is_answered_in_a_new_request_and_told_of_once() -> None:
    bench = Bench()
    bench.register()
    bench.reply(401, CHALLENGE)
    assert bench.last.cseq_number == 2
    authorization = bench.last.headers.get("Authorization") or ""
    assert authorization.startswith('Digest username="alice", realm="example.com", nonce="n1"')
    assert 'uri="sip:example.com"' in authorization
    bench.confirm()
    assert bench.take_events() == [SENT, registered()]


def test_next_register_uses_the_nonce_again_with_its_count() -> None:
    bench = Bench()
    bench.register()
    bench.reply(401, CHALLENGE)
    bench.confirm()
    bench.run(until=240)
    assert "nc=00000002" in (bench.last.headers.get("Authorization") or "")


def test_proxy_and_registrar_may_both_challenge() -> None:
    bench = Bench()
    bench.register()
    bench.reply(407, ("Proxy-Authenticate", 'Digest realm="edge", nonce="p1"'))
    bench.reply(401, CHALLENGE)
    assert 'nonce="p1"' in (bench.last.headers.get("Proxy-Authorization") or "")
    assert 'nonce="n1"' in (bench.last.headers.get("Authorization") or "")
    bench.confirm()
    assert bench.state is State.REGISTERED


def test_wrong_password_gets_one_retry_then_a_final_failure() -> None:
    bench = Bench()
    bench.register()
    bench.reply(401, CHALLENGE)
    bench.reply(401, CHALLENGE)
    assert len(bench.sent) == 2
    assert bench.take_events() == [SENT, refused(401, "Unauthorized")]


def test_challenge_without_credentials_is_a_final_failure() -> None:
    bench = Bench(has_password=False)
    bench.register()
    bench.reply(401, CHALLENGE)
    assert bench.take_events() == [SENT, refused(401, "Unauthorized")]


def test_registrar_that_asks_for_no_password_needs_none() -> None:
    bench = Bench(has_password=False)
    bench.register()
    bench.confirm()
    assert bench.take_events() == [SENT, registered()]


def test_retry_after_does_not_make_a_refused_password_worth_another_try() -> None:
    bench = Bench(has_password=False)
    bench.register()
    bench.reply(401, CHALLENGE, ("Retry-After", "5"))
    assert bench.take_events()[-1] == refused(401, "Unauthorized", retry_after=5)


def test_nonce_that_was_only_too_old_is_replaced() -> None:
    bench = Bench()
    bench.register()
    bench.reply(401, CHALLENGE)
    bench.reply(401, ("WWW-Authenticate", 'Digest realm="example.com", nonce="n2", stale=true'))
    assert 'nonce="n2"' in (bench.last.headers.get("Authorization") or "")


def test_realm_that_is_not_utf8_does_not_raise() -> None:
    bench = Bench()
    bench.register()
    plain = bytes(bench.last.reply(401, to_tag="r", headers=[CHALLENGE]))
    response = parse(plain.replace(b'example.com", nonce', b'\xff\xfe", nonce'))
    assert not isinstance(response, Request)
    bench.registration.receive_response(response, now=0)
    assert b'realm="\xff\xfe"' in bytes(bench.last)


# -- 423, 3xx, 439 -------------------------------------------------------------------------------


def test_too_brief_a_time_is_asked_for_again_as_the_registrar_wants_it() -> None:
    bench = Bench()
    bench.register(60)
    bench.reply(423, ("Min-Expires", "900"))
    assert (bench.last.expires, bench.last.cseq_number) == (900, 2)
    bench.confirm(900)
    assert bench.take_events() == [SENT, registered(900)]
    bench.run(until=720)
    assert bench.last.expires == 900


@pytest.mark.parametrize("min_expires", [None, "60", "30", "soon"])
def test_423_that_says_nothing_new_is_a_failure(min_expires: str | None) -> None:
    bench = Bench()
    bench.register(60)
    bench.reply(423, *([("Min-Expires", min_expires)] if min_expires else []))
    assert bench.take_events() == [SENT, refused(423, "Interval Too Brief")]


def test_registrar_that_wants_more_and_more_is_given_up() -> None:
    bench = Bench()
    bench.register(60)
    for step in range(10):
        if bench.state is State.REGISTERING:
            bench.reply(423, ("Min-Expires", str(100 + step)))
    assert len(bench.sent) == 6
    assert bench.take_events()[-1] == refused(423, "Interval Too Brief")


def test_423_to_a_removal_is_a_failure() -> None:
    bench = Bench()
    bench.unregister()
    bench.reply(423, ("Min-Expires", "900"))
    assert bench.take_events()[-1] == refused(423, "Interval Too Brief", is_removal=True)


def test_redirection_is_followed_to_the_preferred_target() -> None:
    bench = Bench()
    bench.register()
    bench.reply(
        302,
        ("Contact", "<mailto:carol@example.com>, <sip:b.example.com?x=y>;q=0.5"),
        ("Contact", "<sip:a.example.com>;q=oops, <sip:c.example.com>;q=0.4"),
    )
    assert bench.last.uri == "sip:b.example.com"
    assert bench.last.to_uri == "sip:alice@example.com"
    bench.confirm()
    assert bench.take_events() == [SENT, registered()]
    bench.run(until=240)
    assert bench.last.uri == "sip:example.com"


def test_permanent_redirection_holds_for_refreshes_too() -> None:
    bench = Bench()
    bench.register()
    bench.reply(301, ("Contact", "<sip:new.example.com>"))
    bench.confirm()
    bench.run(until=240)
    assert bench.last.uri == "sip:new.example.com"


def test_credentials_are_made_for_the_new_target() -> None:
    bench = Bench()
    bench.register()
    bench.reply(302, ("Contact", "<sip:b.example.com>"))
    bench.reply(401, CHALLENGE)
    assert 'uri="sip:b.example.com"' in (bench.last.headers.get("Authorization") or "")


@pytest.mark.parametrize(
    "headers",
    [
        [],
        [("Contact", "<sip:example.com>")],
        [("Contact", "<tel:+15551234>")],
        [("Contact", '"<')],
        [("Contact", "<sip:b\u00e9.example.com>")],
    ],
)
def test_redirection_to_nowhere_is_a_failure(headers: list[tuple[str, str]]) -> None:
    bench = Bench()
    bench.register()
    bench.reply(302, *headers)
    assert bench.take_events() == [SENT, refused(302, "Moved Temporarily")]


def test_redirection_in_a_circle_comes_to_an_end() -> None:
    bench = Bench()
    bench.register()
    for step in range(20):
        if bench.state is State.REGISTERING:
            bench.reply(302, ("Contact", f"<sip:{'ab'[step % 2]}.example.com>"))
    assert len(bench.sent) == 6
    assert bench.take_events()[-1] == refused(302, "Moved Temporarily")


def test_edge_that_knows_no_outbound_is_registered_with_without_it() -> None:
    bench = Bench()
    bench.register()
    bench.reply(439)
    assert bench.last.headers.get("Contact") == f'{OURS};+sip.instance="<{INSTANCE}>"'
    bench.confirm()
    bench.run(until=240)
    assert "reg-id" not in (bench.last.headers.get("Contact") or "")
    bench.reply(439)
    assert bench.take_events()[-1] == refused(439, "First Hop Lacks Outbound Support")


# -- failures ------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("status", "is_final"),
    [
        (400, True), (403, True), (404, True), (405, True), (408, False), (420, True),
        (430, False), (480, False), (500, False), (501, True), (503, False), (504, False),
        (505, True), (600, True), (603, True), (300, True),
    ],
)  # fmt: skip
def test_refusal_tells_whether_another_try_makes_sense(status: int, is_final: bool) -> None:
    bench = Bench()
    bench.register()
    bench.reply(status, reason="Because")
    assert bench.take_events() == [SENT, refused(status, "Because", is_final=is_final)]
    assert bench.state is State.UNREGISTERED


def test_retry_after_is_told_and_makes_a_refusal_passing() -> None:
    bench = Bench()
    bench.register()
    bench.reply(403, ("Retry-After", "120 (maintenance)"))
    assert bench.take_events()[-1] == refused(403, "Forbidden", retry_after=120, is_final=False)


@pytest.mark.parametrize(
    ("kind", "status", "reason"),
    [
        (FailureKind.TIMEOUT, 408, "Request Timeout"),
        (FailureKind.TRANSPORT, 503, "Service Unavailable"),
    ],
)
def test_no_response_is_told_as_the_status_that_stands_for_it(
    kind: FailureKind, status: int, reason: str
) -> None:
    bench = Bench()
    bench.register()
    bench.registration.receive_failure(kind, now=32)
    assert bench.take_events() == [SENT, refused(status, reason, is_final=False)]
    assert bench.registration.transaction is None


def test_connection_lost_in_the_midst_fails_both_wishes_once() -> None:
    bench = Bench()
    bench.register()
    bench.unregister()
    bench.is_connected = False
    bench.registration.receive_failure(FailureKind.TRANSPORT, now=1)
    assert bench.take_events() == [
        SENT,
        REMOVAL_SENT,
        refused(503, "Service Unavailable", is_final=False, is_removal=True),
    ]
    assert bench.state is State.UNREGISTERED


def test_registering_without_a_connection_fails_at_once() -> None:
    bench = Bench()
    bench.is_connected = False
    bench.register()
    assert bench.take_events() == [SENT, refused(503, "Service Unavailable", is_final=False)]


def test_timer_that_is_looked_at_too_early_does_nothing() -> None:
    bench = Bench()
    bench.register()
    bench.confirm()
    bench.registration.handle_timer(now=239.9)
    assert len(bench.sent) == 1
