"""Session timers of both sides: terms, headers and instants (RFC 4028)."""

from __future__ import annotations

import pytest

from exotel_voice.sip.session_timer import SessionTimer
from exotel_voice.sip.wire import Request
from transaction_bench import incoming, outgoing


def timer(*, wish: float = 1800, minimum: float = 90, is_enabled: bool = True) -> SessionTimer:
    return SessionTimer(wish=wish, minimum=minimum, is_enabled=is_enabled)


def invite(
    session_expires: str | None = None, *, min_se: str | None = None, is_known: bool = True
) -> Request:
    changes: dict[str, str] = {}
    if session_expires is not None:
        changes["Session_Expires"] = session_expires
    if min_se is not None:
        changes["Min_SE"] = min_se
    if is_known:
        changes["Supported"] = "100rel, timer"
    return incoming(**changes)


def agreed(session_expires: str, *, now: float = 0.0) -> SessionTimer:
    """Give the timer of a caller whose INVITE was answered with these terms."""
    caller = timer()
    caller.receive_success(
        outgoing().reply(200, headers=[("Session-Expires", session_expires)]), now=now
    )
    return caller


# -- the caller ------------------------------------------------------------------------------------


def test_first_invite_asks_for_the_wish_and_leaves_the_refresher_open() -> None:
    assert timer().request_headers() == [("Session-Expires", "1800")]


def test_minimum_above_the_absolute_one_is_named() -> None:
    assert timer(minimum=300).request_headers() == [("Session-Expires", "1800"), ("Min-SE", "300")]


def test_switched_off_timer_says_nothing_and_takes_nothing() -> None:
    off = timer(is_enabled=False)
    assert off.request_headers() == []
    assert off.refusal_headers(invite("30")) is None
    assert off.accept(invite("1800"), now=0) == []
    off.receive_success(outgoing().reply(200, headers=[("Session-Expires", "1800")]), now=0)
    assert not off.receive_too_brief(outgoing().reply(422, headers=[("Min-SE", "7200")]))
    assert (off.interval, off.refresh_at, off.ends_at) == (None, None, None)


@pytest.mark.parametrize("terms", ["1800;refresher=uac", "1800"])
def test_caller_refreshes_at_half_the_interval_if_it_is_to(terms: str) -> None:
    caller = agreed(terms, now=1000)
    assert caller.is_refresher
    assert caller.refresh_at == 1900
    assert caller.ends_at == 2768
    assert caller.request_headers() == [("Session-Expires", "1800;refresher=uac")]


def test_caller_waits_for_the_far_sides_refresh_if_that_is_to() -> None:
    caller = agreed("600;refresher=uas", now=1000)
    assert not caller.is_refresher
    assert caller.refresh_at is None
    assert caller.ends_at == 1568
    assert caller.request_headers() == [("Session-Expires", "600;refresher=uas")]


def test_short_session_is_given_up_a_third_of_it_early() -> None:
    caller = agreed("90;refresher=uas")
    assert caller.ends_at == 60
    assert agreed("96;refresher=uas").ends_at == 64


def test_each_2xx_counts_anew_and_one_without_terms_ends_the_timer() -> None:
    caller = agreed("1800;refresher=uac")
    caller.receive_success(
        outgoing().reply(200, headers=[("Session-Expires", "1800;refresher=uac")]), now=900
    )
    assert (caller.refresh_at, caller.ends_at) == (1800, 2668)
    caller.receive_success(outgoing().reply(200), now=1800)
    assert (caller.interval, caller.refresh_at, caller.ends_at) == (None, None, None)
    assert not caller.is_refresher


def test_illegal_interval_of_a_peer_cannot_make_a_flood() -> None:
    assert agreed("0;refresher=uac").refresh_at == 5


def test_422_raises_the_interval_for_the_next_try_and_later_ones() -> None:
    caller = timer(wish=90)
    assert caller.receive_too_brief(outgoing().reply(422, headers=[("Min-SE", "600")]))
    assert caller.request_headers() == [("Session-Expires", "600"), ("Min-SE", "600")]
    assert caller.receive_too_brief(outgoing().reply(422, headers=[("Min-SE", "900")]))
    assert caller.request_headers() == [("Session-Expires", "900"), ("Min-SE", "900")]


def test_422_to_a_refresh_raises_the_agreed_interval() -> None:
    caller = agreed("600;refresher=uac")
    assert caller.receive_too_brief(outgoing().reply(422, headers=[("Min-SE", "900")]))
    assert caller.request_headers() == [
        ("Session-Expires", "900;refresher=uac"),
        ("Min-SE", "900"),
    ]


@pytest.mark.parametrize("min_se", [None, "90", "1800", "soon"])
def test_422_that_says_nothing_new_is_not_tried_again(min_se: str | None) -> None:
    headers = [] if min_se is None else [("Min-SE", min_se)]
    assert not timer().receive_too_brief(outgoing().reply(422, headers=headers))


def test_failed_refresh_is_tried_again_half_way_to_the_end() -> None:
    caller = agreed("90;refresher=uac")
    plans = []
    for now in (46, 58.5):
        caller.refresh_failed(now=now)
        plans.append(caller.refresh_at)
    assert plans == [53, None]
    waiting = agreed("90;refresher=uas")
    waiting.refresh_failed(now=46)
    assert waiting.refresh_at is None


# -- the callee ------------------------------------------------------------------------------------


def test_interval_below_the_minimum_gets_422() -> None:
    assert timer(minimum=120).refusal_headers(invite("119")) == [("Min-SE", "120")]
    assert timer(minimum=120).refusal_headers(invite("120")) is None
    assert timer(minimum=120).refusal_headers(invite()) is None


def test_interval_that_a_proxy_asked_for_gets_no_422() -> None:
    assert timer(minimum=120).refusal_headers(invite("119", is_known=False)) is None


@pytest.mark.parametrize(
    ("terms", "is_known", "headers", "is_ours"),
    [
        ("1800", True, [("Session-Expires", "1800;refresher=uac"), ("Require", "timer")], False),
        (
            "1800;refresher=uac",
            True,
            [("Session-Expires", "1800;refresher=uac"), ("Require", "timer")],
            False,
        ),
        (
            "1800;refresher=uas",
            True,
            [("Session-Expires", "1800;refresher=uas"), ("Require", "timer")],
            True,
        ),
        ("1800", False, [("Session-Expires", "1800;refresher=uas")], True),
        ("1800;refresher=uas", False, [("Session-Expires", "1800;refresher=uas")], True),
        (None, True, [("Session-Expires", "1800;refresher=uac"), ("Require", "timer")], False),
        (None, False, [], False),
    ],
)
def test_callee_names_the_refresher_as_table_2_of_the_rfc_has_it(
    terms: str | None, is_known: bool, headers: list[tuple[str, str]], is_ours: bool
) -> None:
    callee = timer()
    assert callee.accept(invite(terms, is_known=is_known), now=100) == headers
    assert callee.is_refresher is is_ours
    assert callee.refresh_at == (1000 if is_ours else None)
    assert callee.ends_at == (1868 if headers else None)


def test_callee_shortens_the_interval_but_not_below_anybodys_minimum() -> None:
    assert timer(wish=600).accept(invite("1800"), now=0)[0][1] == "600;refresher=uac"
    shortened = timer(wish=600).accept(invite("1800", min_se="900"), now=0)
    assert shortened[0][1] == "900;refresher=uac"
    assert timer(wish=600).accept(invite("300"), now=0)[0][1] == "300;refresher=uac"
    assert timer(wish=600).accept(invite(min_se="900"), now=0)[0][1] == "900;refresher=uac"


def test_refresh_by_the_peer_counts_anew_and_may_turn_the_roles() -> None:
    callee = timer()
    callee.accept(invite("1800;refresher=uas"), now=0)
    assert callee.request_headers() == [("Session-Expires", "1800;refresher=uac")]
    callee.accept(invite("1800;refresher=uac"), now=500)
    assert callee.refresh_at is None
    assert callee.ends_at == 2268


def test_peer_that_drops_the_timer_ends_it() -> None:
    callee = timer()
    callee.accept(invite("1800"), now=0)
    assert callee.accept(invite(is_known=False), now=10) == []
    assert callee.ends_at is None
