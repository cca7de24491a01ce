"""A phone's registration: bytes and instants (RFC 3261 §10.2, RFC 5626 §4.2, RFC 3608)."""

from __future__ import annotations

import pytest

from exotel_voice.errors import ConfigError
from exotel_voice.sip.events import Registered
from registration_bench import (
    INSTANCE,
    OURS,
    SENT,
    Bench,
    refused,
    registered,
)

# -- adding --------------------------------------------------------------------------------------


def test_register_goes_out_byte_by_byte() -> None:
    bench = Bench(display_name="Alice", routes=("<sip:edge.example.com;lr>",))
    bench.register()
    assert (
        bytes(bench.last)
        == (
            "REGISTER sip:example.com SIP/2.0\r\n"
            "Via: SIP/2.0/WSS df7jal23ls0d.invalid;branch=z9hG4bK1\r\n"
            "Max-Forwards: 70\r\n"
            "Route: <sip:edge.example.com;lr>\r\n"
            'From: "Alice" <sip:alice@example.com>;tag=tag1\r\n'
            'To: "Alice" <sip:alice@example.com>\r\n'
            "Call-ID: call1\r\n"
            "CSeq: 1 REGISTER\r\n"
            "Contact: <sip:k3f9@df7jal23ls0d.invalid;transport=ws>;reg-id=1;"
            f'+sip.instance="<{INSTANCE}>"\r\n'
            "Expires: 300\r\n"
            "Supported: path, outbound\r\n"
            "Allow: INVITE, ACK, CANCEL, BYE, OPTIONS, INFO, PRACK, UPDATE, REFER, NOTIFY\r\n"
            "User-Agent: phone/1\r\n"
            "Content-Length: 0\r\n\r\n"
        ).encode()
    )
    assert bench.take_events() == [SENT]


def test_phone_without_an_instance_says_nothing_of_outbound() -> None:
    bench = Bench(instance_id=None)
    bench.register()
    assert bench.last.headers.get("Contact") == OURS
    assert bench.last.headers.get("Supported") == "path"


def test_option_tags_that_are_switched_off_are_not_announced() -> None:
    bench = Bench(supported=("timer",))
    bench.register()
    assert "Supported" not in bench.last.headers


def test_confirmation_is_told_with_all_bindings() -> None:
    bench = Bench()
    bench.register()
    other = "<sip:desk@10.0.0.7>;expires=1200"
    bench.reply(200, ("Contact", f"{other}, {OURS};expires=300"))
    assert bench.take_events() == [
        SENT,
        registered(contacts=[other, f"{OURS};expires=300"]),
    ]
    assert bench.registration.is_registered


def test_provisional_response_says_nothing() -> None:
    bench = Bench()
    bench.register()
    bench.reply(100)
    assert bench.take_events() == [SENT]
    bench.confirm()
    assert bench.take_events() == [registered()]


@pytest.mark.parametrize("wrong", [0, 0.5, -1, 2.0**32, float("inf"), float("nan")])
def test_time_that_cannot_be_asked_for_is_refused(wrong: float) -> None:
    bench = Bench()
    with pytest.raises(ConfigError):
        bench.register(wrong)
    assert bench.sent == []


def test_part_of_a_second_is_asked_for_as_a_whole_one() -> None:
    bench = Bench()
    bench.register(59.2)
    assert bench.last.expires == 60


# -- what was granted ----------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("headers", "granted"),
    [
        ([("Contact", f"{OURS};expires=120")], 120),
        ([("Contact", f"{OURS};expires=120"), ("Expires", "60")], 120),
        ([("Contact", OURS), ("Expires", "60")], 60),
        ([("Contact", OURS)], 300),
        ([("Contact", f"{OURS};expires=soon")], 300),
        ([("Expires", "60")], 60),
        ([], 300),
        ([("Contact", f"<sip:desk@10.0.0.7>;expires=9, {OURS};expires=120")], 120),
        ([("Contact", "<sip:k3f9@192.0.2.1:5060;alias=x>;expires=120")], 120),
        (
            [
                (
                    "Contact",
                    f'<sip:edge@192.0.2.1>;expires=120;reg-id=1;+sip.instance="<{INSTANCE}>"',
                )
            ],
            120,
        ),
        (
            [
                ("Contact", f'<sip:a@h>;expires=9;reg-id=2;+sip.instance="<{INSTANCE}>"'),
                ("Contact", f'<sip:b@h>;expires=120;reg-id=1;+sip.instance="<{INSTANCE}>"'),
            ],
            120,
        ),
        ([("Contact", f'"<broken, {OURS};expires=120'), ("Contact", f"{OURS};expires=7")], 7),
    ],
)
def test_granted_time_is_read_from_our_own_binding(
    headers: list[tuple[str, str]], granted: int
) -> None:
    bench = Bench()
    bench.register()
    bench.reply(200, *headers)
    event = bench.take_events()[-1]
    assert isinstance(event, Registered)
    assert event.expires_in == granted
    assert bench.registration.next_timer() == 0.8 * granted


@pytest.mark.parametrize(
    "contact", ["<sip:desk@10.0.0.7>;expires=300", f"{OURS};expires=0", "<mailto:x@y>", "<sip:>"]
)
def test_confirmation_without_our_binding_is_a_failure_that_may_pass(contact: str) -> None:
    bench = Bench()
    bench.register()
    bench.reply(200, ("Contact", contact))
    assert bench.take_events() == [SENT, refused(200, "Binding Missing", is_final=False)]
    assert not bench.registration.is_registered
    assert bench.registration.next_timer() is None


def test_service_route_is_kept_until_the_next_confirmation() -> None:
    bench = Bench()
    bench.register()
    bench.confirm(300, ("Service-Route", "<sip:a.example.com;lr>, <sip:b.example.com;lr>"))
    routes = [bench.registration.service_routes]
    bench.register()
    bench.confirm(300)
    routes.append(bench.registration.service_routes)
    assert routes == [("<sip:a.example.com;lr>", "<sip:b.example.com;lr>"), ()]


# -- refreshing ----------------------------------------------------------------------------------


def test_binding_is_refreshed_at_four_fifths_of_what_was_granted() -> None:
    bench = Bench()
    bench.now = 1000.0
    bench.register(600)
    bench.run(until=1000.25)
    bench.confirm(100)
    assert bench.registration.next_timer() == 1080.25
    bench.run(until=1080.25)
    assert [at for at, _ in bench.sent] == [1000, 1080.25]
    assert (bench.last.cseq_number, bench.last.call_id, bench.last.from_tag) == (2, "call1", "tag1")
    assert bench.last.expires == 600
    bench.confirm(100)
    assert bench.take_events() == [
        SENT, registered(100), SENT, registered(100, is_refresh=True),
    ]  # fmt: skip
    assert bench.registration.next_timer() == 1160.25


def test_registering_again_refreshes_at_once() -> None:
    bench = Bench()
    bench.register()
    bench.confirm()
    bench.run(until=10)
    bench.register(100)
    assert bench.last.expires == 100
    bench.confirm(100)
    assert bench.take_events()[-1] == registered(100, is_refresh=True)
    assert bench.registration.next_timer() == 90


def test_registering_while_a_register_is_out_sends_nothing() -> None:
    bench = Bench()
    bench.register()
    bench.register()
    assert len(bench.sent) == 1


def test_refused_refresh_ends_the_registration_and_the_refreshing() -> None:
    bench = Bench()
    bench.register()
    bench.confirm()
    bench.run(until=240)
    bench.reply(503, ("Retry-After", "7"))
    assert bench.take_events()[-1] == refused(
        503, "Service Unavailable", retry_after=7, is_final=False
    )
    assert not bench.registration.is_registered
    assert bench.registration.next_timer() is None


def test_lost_connection_stops_the_refreshing_and_the_next_register_is_no_refresh() -> None:
    bench = Bench()
    bench.register()
    bench.confirm()
    bench.take_events()
    bench.registration.connection_lost(now=5)
    assert not bench.registration.is_registered
    assert bench.registration.next_timer() is None
    assert bench.take_events() == []
    bench.register()
    assert (bench.last.cseq_number, bench.last.call_id) == (2, "call1")
    bench.confirm()
    assert bench.take_events() == [SENT, registered()]
