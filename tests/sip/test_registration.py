"""A phone's registration: bytes and instants (RFC 3261 §10.2, RFC 5626 §4.2, RFC 3608)."""

from __future__ import annotations

from collections.abc import Sequence

import pytest

from exotel_voice.errors import ConfigError
from exotel_voice.sip.config import AgentConfig
from exotel_voice.sip.digest import Credentials, DigestClient
from exotel_voice.sip.events import (
    Event,
    Registered,
    RegistrationEnded,
    RegistrationRefused,
    RegistrationSent,
    TransactionId,
)
from exotel_voice.sip.ids import CountingIds
from exotel_voice.sip.registration import Registration
from exotel_voice.sip.registration_chart import State
from exotel_voice.sip.transaction_events import FailureKind
from exotel_voice.sip.wire import Request, parse

INSTANCE = "urn:uuid:f81d4fae-7dec-11d0-a765-00a0c91e6bf6"
OURS = "<sip:k3f9@df7jal23ls0d.invalid;transport=ws>"
CHALLENGE = ("WWW-Authenticate", 'Digest realm="example.com", nonce="n1", qop="auth"')


class Bench:
    """One registration, one clock, and a registrar that the test plays."""

    def __init__(self, *, has_password: bool = True, **settings: object) -> None:
        self.now = 0.0
        self.sent: list[tuple[float, Request]] = []
        self.events: list[Event] = []
        self.is_connected = True
        credentials = Credentials("alice", "secret") if has_password else None
        config = AgentConfig(
            **{
                "aor": "sip:alice@example.com",
                "contact_user": "k3f9",
                "contact_host": "df7jal23ls0d.invalid",
                "instance_id": INSTANCE,
                "credentials": credentials,
                "user_agent": "phone/1",
            }
            | settings  # type: ignore[arg-type]
        )
        self.config = config
        ids = CountingIds()
        digest = None if credentials is None else DigestClient(credentials, ids)
        self.registration = Registration(config, ids=ids, digest=digest, outlet=self)

    # -- what the registration needs -------------------------------------------------------------

    def send_register(self, request: Request, *, now: float) -> TransactionId | None:
        if not self.is_connected:
            return None
        message = parse(bytes(_with_via(request)))
        assert isinstance(message, Request)
        self.sent.append((now, message))
        return TransactionId(str(len(self.sent)))

    def register_contact_uri(self) -> str:
        return self.config.contact_uri()

    def emit(self, event: Event) -> None:
        self.events.append(event)

    # -- acting ----------------------------------------------------------------------------------

    def register(self, expires_in: float = 300.0) -> None:
        self.registration.register(expires_in=expires_in, now=self.now)

    def unregister(self, *, every_binding: bool = False) -> None:
        self.registration.unregister(now=self.now, every_binding=every_binding)

    def reply(self, status: int, *headers: tuple[str, str], reason: str | None = None) -> None:
        response = self.last.reply(status, reason=reason, to_tag="registrar", headers=headers)
        self.registration.receive_response(response, now=self.now)

    def confirm(self, seconds: int = 300, *headers: tuple[str, str]) -> None:
        self.reply(200, ("Contact", f"{OURS};expires={seconds}"), *headers)

    def run(self, *, until: float) -> None:
        while (at := self.registration.next_timer()) is not None and at <= until:
            self.now = at
            self.registration.handle_timer(now=at)
        self.now = until

    # -- looking ---------------------------------------------------------------------------------

    @property
    def last(self) -> Request:
        return self.sent[-1][1]

    @property
    def state(self) -> State:
        return self.registration.state

    def take_events(self) -> list[Event]:
        events, self.events = self.events, []
        return events


def _with_via(request: Request) -> Request:
    headers = request.headers.copy()
    headers.prepend("Via", "SIP/2.0/WSS df7jal23ls0d.invalid;branch=z9hG4bK1")
    return Request(request.method, request.uri, headers=headers)


def refused(
    status: int,
    reason: str,
    *,
    retry_after: float | None = None,
    is_final: bool = True,
    is_removal: bool = False,
) -> RegistrationRefused:
    return RegistrationRefused(
        status=status,
        reason=reason,
        retry_after=retry_after,
        is_final=is_final,
        is_removal=is_removal,
    )


SENT = RegistrationSent(is_removal=False)
REMOVAL_SENT = RegistrationSent(is_removal=True)


def registered(
    seconds: float = 300.0, *, is_refresh: bool = False, contacts: Sequence[str] | None = None
) -> Registered:
    given = [f"{OURS};expires={seconds:g}"] if contacts is None else contacts
    return Registered(expires_in=seconds, is_refresh=is_refresh, contacts=tuple(given))


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


# -- wishes that cross -----------------------------------------------------------------------------


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


# -- 423, 3xx, 439 ---------------------------------------------------------------------------------


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


# -- failures --------------------------------------------------------------------------------------


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
