"""Taking bindings away, and wishes that cross what is under way (RFC 3261 §10.2.2)."""

from __future__ import annotations

import pytest

from exotel_voice.sip.events import RegistrationEnded
from exotel_voice.sip.registration_chart import State
from registration_bench import (
    CHALLENGE,
    REMOVAL_SENT,
    SENT,
    Bench,
    refused,
    registered,
)

# -- removing ------------------------------------------------------------------------------------


def test_removal_has_expires_0_and_the_same_contact() -> None:
    bench = Bench()
    bench.register()
    contact = bench.last.headers.get("Contact")
    bench.confirm()
    bench.unregister()
    assert bench.last.headers.get("Contact") == contact
    assert bench.last.expires == 0
    bench.reply(200)
    assert bench.take_events()[2:] == [REMOVAL_SENT, RegistrationEnded()]
    assert bench.state is State.UNREGISTERED
    assert bench.registration.next_timer() is None


def test_removal_of_every_binding_names_a_star() -> None:
    bench = Bench()
    bench.unregister(every_binding=True)
    assert bench.last.headers.get("Contact") == "*"
    assert bench.last.headers.get("Expires") == "0"
    bench.reply(200)
    bench.unregister()
    assert bench.last.headers.get("Contact") != "*"


def test_removal_waits_for_its_answered_challenge() -> None:
    bench = Bench()
    bench.register()
    bench.confirm()
    bench.take_events()
    bench.unregister()
    bench.reply(401, CHALLENGE)
    assert bench.take_events() == [REMOVAL_SENT]
    assert bench.state is State.REMOVING
    assert bench.last.expires == 0
    assert 'nonce="n1"' in (bench.last.headers.get("Authorization") or "")
    bench.reply(200)
    assert bench.take_events() == [RegistrationEnded()]


def test_refused_removal_is_told_as_such() -> None:
    bench = Bench()
    bench.unregister()
    bench.reply(403)
    assert bench.take_events() == [REMOVAL_SENT, refused(403, "Forbidden", is_removal=True)]
    assert bench.state is State.UNREGISTERED


# -- wishes that cross ---------------------------------------------------------------------------


def test_unregistering_while_a_register_is_out_waits_for_its_response() -> None:
    bench = Bench()
    bench.register()
    bench.unregister()
    assert len(bench.sent) == 1
    bench.confirm()
    assert bench.last.expires == 0
    assert bench.last.cseq_number == 2
    bench.reply(200)
    assert bench.take_events() == [SENT, REMOVAL_SENT, RegistrationEnded()]


def test_registering_while_a_removal_is_out_waits_for_its_response() -> None:
    bench = Bench()
    bench.register()
    bench.confirm()
    bench.unregister()
    bench.register(120)
    assert len(bench.sent) == 2
    bench.reply(200)
    assert bench.last.expires == 120
    bench.confirm(120)
    assert bench.take_events()[2:] == [
        REMOVAL_SENT, RegistrationEnded(), SENT, registered(120),
    ]  # fmt: skip


def test_last_wish_wins() -> None:
    bench = Bench()
    bench.register()
    bench.unregister()
    bench.register()
    bench.confirm()
    assert len(bench.sent) == 1
    assert bench.take_events() == [SENT, registered()]
    bench.unregister()
    bench.register()
    bench.unregister()
    bench.reply(200)
    assert len(bench.sent) == 2
    assert bench.take_events() == [REMOVAL_SENT, RegistrationEnded()]


def test_removing_all_while_one_removal_is_out_follows_it() -> None:
    bench = Bench()
    bench.unregister()
    bench.unregister(every_binding=True)
    assert len(bench.sent) == 1
    bench.reply(200)
    assert bench.last.headers.get("Contact") == "*"
    bench.register()
    bench.unregister(every_binding=True)
    bench.register()
    bench.reply(200)
    assert bench.last.expires == 300


def test_challenge_to_an_unwanted_register_leads_straight_to_its_removal() -> None:
    bench = Bench()
    bench.register()
    bench.unregister()
    bench.reply(401, CHALLENGE)
    assert bench.last.expires == 0
    assert 'nonce="n1"' in (bench.last.headers.get("Authorization") or "")
    bench.reply(200)
    assert bench.take_events() == [SENT, REMOVAL_SENT, RegistrationEnded()]


@pytest.mark.parametrize(
    ("status", "headers"),
    [
        (200, [("Contact", "<sip:desk@10.0.0.7>")]),
        (302, [("Contact", "<sip:other.example.com>")]),
        (423, [("Min-Expires", "900")]),
        (439, []),
        (500, []),
    ],
)
def test_unwanted_register_is_followed_by_its_removal_whatever_became_of_it(
    status: int, headers: list[tuple[str, str]]
) -> None:
    bench = Bench()
    bench.register()
    bench.unregister()
    bench.reply(status, *headers)
    assert bench.state is State.REMOVING
    assert bench.last.expires == 0
    assert bench.take_events() == [SENT, REMOVAL_SENT]


REPAIRS = pytest.mark.parametrize(
    ("status", "header"),
    [
        (401, CHALLENGE),
        (302, ("Contact", "<sip:other.example.com>")),
        (439, ("Server", "edge")),
    ],
    ids=["challenge", "redirection", "no outbound"],
)


@REPAIRS
@pytest.mark.parametrize("is_taken_back", [False, True])
def test_removal_is_repaired_even_if_registering_is_wanted_after_it(
    status: int, header: tuple[str, str], is_taken_back: bool
) -> None:
    bench = Bench()
    bench.unregister()
    if is_taken_back:
        bench.register()
    bench.reply(status, header)
    assert [request.expires for _, request in bench.sent] == [0, 0]
    bench.reply(200)
    assert RegistrationEnded() in bench.take_events()
    expected = State.REGISTERING if is_taken_back else State.UNREGISTERED
    assert bench.state is expected


@REPAIRS
def test_removal_of_one_gives_way_to_the_removal_of_all(
    status: int, header: tuple[str, str]
) -> None:
    bench = Bench()
    bench.unregister()
    bench.unregister(every_binding=True)
    bench.reply(status, header)
    assert bench.last.headers.get("Contact") == "*"


def test_refused_removal_of_one_does_not_keep_the_removal_of_all_back() -> None:
    bench = Bench()
    bench.unregister()
    bench.unregister(every_binding=True)
    bench.reply(500)
    assert bench.last.headers.get("Contact") == "*"


def test_every_binding_may_be_removed_at_any_time() -> None:
    for wishes in (["register"], ["register", "confirm"], ["unregister", "register"]):
        bench = Bench()
        for wish in wishes:
            getattr(bench, wish)()
        bench.unregister(every_binding=True)
        if bench.last.headers.get("Contact") != "*":
            bench.confirm()
        assert bench.last.headers.get("Contact") == "*", wishes


def test_refused_removal_does_not_keep_the_wanted_register_back() -> None:
    bench = Bench()
    bench.unregister()
    bench.register()
    bench.reply(500)
    assert bench.take_events() == [
        REMOVAL_SENT,
        refused(500, "Server Internal Error", is_final=False, is_removal=True),
        SENT,
    ]
