"""Where a dialled address leads."""

from __future__ import annotations

import pytest

from exotel_voice.sandbox.parties import built_in_parties
from exotel_voice.sandbox.router import AccountTarget, Nobody, PartyTarget, Router, Target

ROUTER = Router(
    is_account={"alice", "late-9", "919900000009"}.__contains__,
    parties=built_in_parties,
    phone_numbers={"+91 99000-00001": "busy"},
)


@pytest.mark.parametrize(
    ("address", "target"),
    [
        ("alice", AccountTarget("alice")),
        ("sip:alice@sandbox.test", AccountTarget("alice")),
        ("<sips:alice@elsewhere.example:5061;transport=ws>", AccountTarget("alice")),
        ("alice@sandbox.test", AccountTarget("alice")),
        ("late-9", AccountTarget("late-9")),
        ("echo", PartyTarget("echo", "echo", "")),
        ("ECHO", PartyTarget("ECHO", "echo", "")),
        ("late-3", PartyTarget("late-3", "late", "3")),
        ("sip:no-answer@sandbox.test", PartyTarget("no-answer", "no-answer", "")),
        ("transfer-tone-1000", PartyTarget("transfer-tone-1000", "transfer", "tone-1000")),
        ("tel:+919900000001", PartyTarget("+919900000001", "busy", "")),
        ("+919900000002", PartyTarget("+919900000002", "echo", "")),
        ("919900000009", AccountTarget("919900000009")),
        ("nobody", Nobody("nobody")),
        ("late3", Nobody("late3")),
        ("sip:@@@", Nobody("")),
        ("", Nobody("")),
    ],
)
def test_an_address_leads_to_its_target(address: str, target: Target) -> None:
    assert ROUTER.find(address) == target


def test_a_number_played_by_a_party_that_does_not_exist_is_nobody() -> None:
    router = Router(
        is_account=lambda _name: False, parties=built_in_parties, phone_numbers={"112": "police"}
    )
    assert router.find("112") == Nobody("112")
