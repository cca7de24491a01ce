"""The registrar, message by message: bindings, lengths, removal, passwords (RFC 3261 §10.3)."""

from __future__ import annotations

import pytest

from exotel_voice.sandbox.accounts import Accounts
from exotel_voice.sandbox.gatekeeper import Gatekeeper
from exotel_voice.sandbox.registrar import Registrar, Reply
from exotel_voice.sandbox.settings import SandboxSettings
from exotel_voice.sip.digest import Credentials, DigestClient
from exotel_voice.sip.ids import CountingIds
from exotel_voice.sip.wire import Request, Response

URI = "sip:sandbox.test"
INSTANCE = '+sip.instance="<urn:uuid:00000000-0000-4000-8000-000000000001>"'


class Desk:
    """A registrar with alice in it, and a phone that knows her password."""

    def __init__(self, settings: SandboxSettings | None = None) -> None:
        accounts = Accounts()
        accounts.add("alice", "secret")
        settings = settings or SandboxSettings()
        gatekeeper = Gatekeeper(settings, accounts, CountingIds())
        self.registrar = Registrar(settings, accounts, gatekeeper)
        self.now = 1000.0
        self.cseq = 0

    def request(self, *headers: tuple[str, str], user: str = "alice", **more: str) -> Request:
        self.cseq += 1
        return Request(
            "REGISTER",
            URI,
            headers=[
                ("Via", "SIP/2.0/WS host.invalid;branch=z9hG4bK1"),
                ("From", f"<sip:{user}@sandbox.test>;tag=1"),
                ("To", f"<sip:{user}@{more.get('domain', 'sandbox.test')}>"),
                ("Call-ID", more.get("call_id", "call1")),
                ("CSeq", f"{more.get('cseq', self.cseq)} REGISTER"),
                *headers,
            ],
        )

    def send(
        self,
        *headers: tuple[str, str],
        password: str = "secret",  # noqa: S107 - the password of a test
        flow: str = "ws-1",
        **more: str,
    ) -> Reply:
        """Send a REGISTER, and once more with the answer to the challenge."""
        client = DigestClient(Credentials("alice", password), CountingIds())
        attempt = client.authenticate("REGISTER", URI)
        reply = self.registrar.handle(self.request(*headers, **more), flow=flow, now=self.now)
        if reply.status != 401:
            return reply
        answer = attempt.answer(Response(401, headers=reply.headers))
        assert answer is not None
        request = self.request(*headers, *answer, **more)
        return self.registrar.handle(request, flow=flow, now=self.now)

    def contacts(self) -> list[str]:
        return [binding.contact for binding in self.registrar.bindings(self.now, "alice")]


def contact(user: str = "a", extra: str = "") -> tuple[str, str]:
    return "Contact", f"<sip:{user}@x.invalid;transport=ws>{extra}"


def test_a_phone_is_challenged_and_then_registered() -> None:
    desk = Desk()
    first = desk.registrar.handle(desk.request(contact()), flow="ws-1", now=desk.now)
    assert first.status == 401
    assert [value.split(",")[-1].strip() for _, value in first.headers] != []
    assert [name for name, _ in first.headers] == ["WWW-Authenticate", "WWW-Authenticate"]
    reply = desk.send(contact(), ("Expires", "60"))
    assert reply.status == 200
    assert reply.headers == (("Contact", "<sip:a@x.invalid;transport=ws>;expires=60"),)
    assert [binding.flow for binding in reply.bound] == ["ws-1"]


def test_the_strongest_digest_is_offered_first_and_md5_last_for_clients_that_read_the_last() -> (
    None
):
    desk = Desk()
    reply = desk.registrar.handle(desk.request(contact()), flow="ws-1", now=desk.now)
    assert "algorithm=SHA-256" in reply.headers[0][1]
    assert "algorithm=MD5" in reply.headers[1][1]


def test_a_wrong_password_is_challenged_again_and_then_forbidden() -> None:
    desk = Desk()
    assert desk.send(contact(), password="wrong").status == 401
    assert desk.send(contact(), password="wrong").status == 403
    assert desk.contacts() == []


def test_a_right_password_after_a_wrong_one_starts_the_count_again() -> None:
    desk = Desk()
    assert desk.send(contact(), password="wrong").status == 401
    assert desk.send(contact()).status == 200
    assert desk.send(contact(), password="wrong").status == 401


def test_wrong_passwords_on_another_connection_do_not_count() -> None:
    desk = Desk()
    assert desk.send(contact(), password="wrong", flow="ws-1").status == 401
    assert desk.send(contact(), password="wrong", flow="ws-2").status == 401


def test_an_unknown_user_gets_404() -> None:
    reply = Desk().send(contact(), user="nobody")
    assert (reply.status, reply.reason) == (404, "Unknown User")


def test_an_unknown_domain_gets_404_and_the_loopback_is_known() -> None:
    assert Desk().send(contact(), domain="elsewhere.example").status == 404
    assert Desk().send(contact(), domain="127.0.0.1").status == 200


def test_nobody_registers_for_another_account() -> None:
    desk = Desk()
    desk.registrar._accounts.add("bob", "other")
    assert desk.send(contact(), user="bob").status == 403


def test_an_account_has_several_phones_the_most_wanted_first() -> None:
    desk = Desk()
    desk.send(contact("a", ";q=0.2"), call_id="1")
    desk.send(contact("b", ";q=0.7"), call_id="2")
    desk.send(contact("c"), call_id="3", flow="ws-2")
    assert [uri.split("@")[0] for uri in desk.contacts()] == ["sip:c", "sip:b", "sip:a"]


def test_one_request_may_bring_several_contacts() -> None:
    desk = Desk()
    reply = desk.send(("Contact", "<sip:a@x.invalid>;expires=60, <sip:b@x.invalid>;expires=90"))
    assert [value for _, value in reply.headers] == [
        "<sip:a@x.invalid>;expires=60",
        "<sip:b@x.invalid>;expires=90",
    ]


def test_a_request_without_contact_asks_for_the_bindings() -> None:
    desk = Desk()
    desk.send(contact(), ("Expires", "60"))
    desk.now += 20
    reply = desk.send()
    assert reply.headers == (("Contact", "<sip:a@x.invalid;transport=ws>;expires=40"),)
    assert reply.bound == ()


def test_a_binding_ends_when_its_time_is_over() -> None:
    desk = Desk()
    desk.send(contact(), ("Expires", "60"))
    assert desk.registrar.next_expiry() == desk.now + 60
    desk.now += 60
    assert desk.contacts() == []
    assert desk.registrar.expire(desk.now)
    assert desk.registrar.next_expiry() is None


def test_expires_0_takes_one_binding_away() -> None:
    desk = Desk()
    desk.send(contact("a"), call_id="1")
    desk.send(contact("b"), call_id="2")
    reply = desk.send(contact("a", ";expires=0"), call_id="1")
    assert reply.status == 200
    assert [uri.split("@")[0] for uri in desk.contacts()] == ["sip:b"]


def test_contact_star_takes_every_binding_away() -> None:
    desk = Desk()
    desk.send(contact("a"), call_id="1")
    desk.send(contact("b"), call_id="2")
    reply = desk.send(("Contact", "*"), ("Expires", "0"), call_id="3")
    assert (reply.status, reply.headers) == (200, ())
    assert desk.contacts() == []


@pytest.mark.parametrize(
    "headers",
    [
        [("Contact", "*")],
        [("Contact", "*"), ("Expires", "60")],
        [("Contact", "*"), contact(), ("Expires", "0")],
    ],
)
def test_contact_star_with_anything_else_is_refused(headers: list[tuple[str, str]]) -> None:
    desk = Desk()
    desk.send(contact(), call_id="1")
    assert desk.send(*headers, call_id="2").status == 400
    assert len(desk.contacts()) == 1


def test_a_registration_that_is_too_short_gets_423_with_the_least_length() -> None:
    desk = Desk(SandboxSettings(min_expires=60))
    reply = desk.send(contact(), ("Expires", "30"))
    assert (reply.status, reply.headers) == (423, (("Min-Expires", "60"),))
    assert desk.contacts() == []


def test_a_registration_that_is_too_long_is_cut() -> None:
    desk = Desk(SandboxSettings(max_expires=600))
    assert desk.send(contact(), ("Expires", "9999")).headers[0][1].endswith(";expires=600")


def test_a_registration_without_a_length_gets_the_default() -> None:
    assert Desk().send(contact()).headers[0][1].endswith(";expires=300")


def test_the_contact_s_own_length_goes_before_the_expires_header() -> None:
    reply = Desk().send(contact("a", ";expires=50"), ("Expires", "90"))
    assert reply.headers[0][1].endswith(";expires=50")


def test_a_phone_with_an_instance_id_keeps_one_binding_over_connections() -> None:
    desk = Desk()
    before = desk.send(contact("old", f";{INSTANCE}"), call_id="1", flow="ws-1")
    after = desk.send(contact("new", f";{INSTANCE}"), call_id="2", flow="ws-2")
    assert [binding.contact.split("@")[0] for binding in after.bound] == ["sip:new"]
    assert len(desk.contacts()) == 1
    assert before.bound[0].device == after.bound[0].device
    assert INSTANCE in after.headers[0][1]


def test_a_phone_without_an_instance_id_is_known_by_its_contact() -> None:
    desk = Desk()
    before = desk.send(contact(), call_id="1", flow="ws-1")
    after = desk.send(contact(), call_id="2", flow="ws-2")
    assert before.bound[0].device == after.bound[0].device
    assert len(desk.contacts()) == 1


def test_outbound_connections_of_one_phone_are_kept_apart_by_reg_id() -> None:
    desk = Desk()
    supported = ("Supported", "outbound, path")
    first = desk.send(contact("a", f";{INSTANCE};reg-id=1"), supported, call_id="1")
    desk.send(contact("a", f";{INSTANCE};reg-id=2"), supported, call_id="2", flow="ws-2")
    assert len(desk.contacts()) == 2
    assert ("Require", "outbound") in first.headers


def test_a_binding_goes_with_its_connection() -> None:
    desk = Desk()
    reply = desk.send(contact())
    assert desk.registrar.device_on("ws-1", "alice") == reply.bound[0].device
    desk.registrar.flow_lost("ws-1")
    assert desk.contacts() == []
    assert desk.registrar.device_on("ws-1", "alice") is None


def test_an_older_request_of_the_same_call_id_changes_nothing() -> None:
    desk = Desk()
    desk.send(contact(), ("Expires", "60"), cseq="7")
    reply = desk.send(contact(), ("Expires", "0"), cseq="7")
    assert (reply.status, len(desk.contacts())) == (400, 1)


@pytest.mark.parametrize("value", ["<tel:+911234>", "not an address <", "<sip:@@>"])
def test_a_contact_that_cannot_be_called_is_refused(value: str) -> None:
    assert Desk().send(("Contact", value)).status == 400


def test_too_many_phones_and_too_many_contacts_are_refused() -> None:
    desk = Desk()
    many = ", ".join(f"<sip:{number}@x.invalid>" for number in range(11))
    assert desk.send(("Contact", many)).status == 400
    for number in range(20):
        assert desk.send(contact(f"a{number}"), call_id=str(number)).status == 200
    assert desk.send(contact("last"), call_id="last").status == 403
    assert len(desk.contacts()) == 20
