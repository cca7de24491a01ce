"""Every torture message of RFC 4475, byte for byte, and what its section demands of a parser.

What a whole user agent does with each is tested with the agent; `outcomes.txt` has both.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from pathlib import Path

import pytest

from exotel_voice.errors import MalformedMessage, ProtocolError
from exotel_voice.sip.addresses import Uri
from exotel_voice.sip.digest_server import DigestServer
from exotel_voice.sip.ids import CountingIds
from exotel_voice.sip.validation import validate_request
from exotel_voice.sip.wire import Request, Response, parse

DATA = Path(__file__).parents[1] / "data" / "rfc4475"
PHONE_METHODS = ("INVITE", "ACK", "CANCEL", "BYE", "OPTIONS", "INFO", "PRACK", "UPDATE")


@dataclass(frozen=True)
class Outcome:
    name: str
    section: str
    parse: str
    agent: str


def read_outcomes() -> list[Outcome]:
    lines = (DATA / "outcomes.txt").read_text(encoding="utf-8").splitlines()
    return [Outcome(*line.split()) for line in lines if line and not line.startswith("#")]


OUTCOMES = read_outcomes()


def load(name: str) -> bytes:
    return (DATA / f"{name}.sip").read_bytes()


def parse_request(name: str) -> Request:
    message = parse(load(name))
    assert isinstance(message, Request)
    return message


def parse_response(name: str) -> Response:
    message = parse(load(name))
    assert isinstance(message, Response)
    return message


def test_the_corpus_is_whole_and_has_the_bytes_of_the_rfc() -> None:
    lines = (DATA / "SHA256SUMS").read_text("utf-8").splitlines()
    sums = {line.split()[1]: line.split()[0] for line in lines}
    found = {
        path.name: hashlib.sha256(path.read_bytes()).hexdigest() for path in DATA.glob("*.sip")
    }
    assert found == sums
    assert sorted(found) == sorted(f"{outcome.name}.sip" for outcome in OUTCOMES)
    assert len(found) == 49


@pytest.mark.parametrize("outcome", OUTCOMES, ids=lambda outcome: outcome.name)
def test_parsing_ends_as_its_section_demands(outcome: Outcome) -> None:
    try:
        parse(load(outcome.name))
    except ProtocolError as error:
        status = error.reply.split(b" ", 2)[1].decode() if error.reply else "drop"
        assert status == outcome.parse
    else:
        assert outcome.parse == "ok"


@pytest.mark.parametrize(
    "outcome",
    [outcome for outcome in OUTCOMES if outcome.parse == "ok" and outcome.agent != "drop"],
    ids=lambda outcome: outcome.name,
)
def test_a_phone_refuses_what_its_section_demands(outcome: Outcome) -> None:
    refusal = validate_request(parse_request(outcome.name), allowed=PHONE_METHODS)
    if outcome.agent in {"invite", "200", "481"}:
        assert refusal is None
    else:
        assert refusal is not None
        assert str(refusal.status) == outcome.agent


@pytest.mark.parametrize(
    "outcome",
    [outcome for outcome in OUTCOMES if outcome.parse == "ok"],
    ids=lambda outcome: outcome.name,
)
def test_a_message_that_parses_is_the_same_after_writing_it(outcome: Outcome) -> None:
    message = parse(load(outcome.name))
    again = parse(bytes(message))
    assert bytes(again) == bytes(message)
    without_length = [each for each in message.headers if each[0] != "Content-Length"]
    assert [each for each in again.headers if each[0] != "Content-Length"] == without_length


def test_wsinv_is_read_through_its_folding_and_its_spaces() -> None:
    request = parse_request("wsinv")
    assert request.uri == "sip:vivekg@chair-dnrc.example.com;unknownparam"
    assert (request.to_uri, request.to_tag) == ("sip:vivekg@chair-dnrc.example.com", "1918181833n")
    assert request.from_display_name == 'J Rosenberg \\"'
    assert (request.from_uri, request.from_tag) == ("sip:jdrosen@example.com", "98asjd8")
    assert request.max_forwards == 68
    assert (request.cseq_number, request.cseq_method) == (9, "INVITE")
    assert [(via.transport, via.sent_by, via.branch) for via in request.vias] == [
        ("UDP", "192.0.2.2", "390skdjuw"),
        ("TCP", "spindle.example.com", "z9hG4bK9ikj8"),
        ("UDP", "192.168.255.111", "z9hG4bK30239"),
    ]
    assert request.headers.get("Subject") == ""
    assert request.headers.get("newfangledheader") == "newfangled value continued newfangled value"
    assert request.headers.get("UnknownHeaderWithUnusualValue") == ";;,,;;,;"
    assert request.routes == ("<sip:services.example.com;lr;unknownwith=value;unknown-no-value>",)
    (contact,) = request.contacts
    assert contact.display_name == 'Quoted string ""'
    assert contact.parameters == {"newparam": "newvalue", "secondparam": None, "q": "0.33"}
    assert len(request.body) == 150


def test_intmeth_keeps_every_character_that_a_token_may_have() -> None:
    request = parse_request("intmeth")
    assert request.method == request.cseq_method == "!interesting-Method0123456789_*+`.%indeed'~"
    assert request.branch == "z9hG4bK-.!%66*_+`'~"
    assert request.to_display_name == "BEL:\x07 NUL:\x00 DEL:\x7f"
    assert request.from_display_name == "token1~` token2'+_ token3*%!.-"
    assert request.from_address.parameters["fromparam''~+*_!.-%"] == "работающий"
    assert request.from_tag == "_token~1'+`*%!-."
    assert request.call_id == "intmeth.word%ZK-!.*_+'@word`~)(><:\\/\"][?}{"
    assert request.headers.get("extensionHeader-!.%*+_`'~") == "\ufeff大停電"
    uri = Uri.parse(request.uri)
    assert (uri.user, uri.host) == (
        "1_unusual.URI~(to-be!sure)&isn't+it$/crazy?,/;;*",
        "example.com",
    )


def test_esc01_escapes_mean_the_character_but_the_text_stays() -> None:
    request = parse_request("esc01")
    assert request.uri == "sip:sips%3Auser%40example.com@example.net"
    assert Uri.parse(request.uri).user == "sips:user@example.com"
    assert Uri.parse(request.to_uri).user == "user"
    assert Uri.parse(request.from_uri).user == "I have spaces"
    assert request.contact_uri == "sip:cal%6Cer@host5.example.net;%6C%72;n%61me=v%61lue%25%34%31"
    contact = Uri.parse(request.contact_uri)
    assert contact.user == "caller"
    # Unescaped once, not twice.
    assert contact.parameters == {"lr": None, "name": "value%41"}


def test_escnull_an_escaped_null_does_not_shorten_the_name() -> None:
    request = parse_request("escnull")
    assert Uri.parse(request.to_uri).user == "null-\0-null"
    assert [Uri.parse(contact.uri).user for contact in request.contacts] == ["\0", "\0\0"]


def test_esc02_percent_is_no_escape_outside_a_uri() -> None:
    request = parse_request("esc02")
    assert request.method == "RE%47IST%45R"
    assert request.to_display_name == request.from_display_name == "%Z%45"
    assert request.branch == "z9hG4bK209%fzsnel234"
    assert [contact.uri for contact in request.contacts] == [
        "sip:alias1@host1.example.com",
        "sip:alias3@host3.example.com",
    ]


def test_lwsdisp_needs_no_blank_before_the_bracket() -> None:
    request = parse_request("lwsdisp")
    assert (request.from_display_name, request.from_uri) == ("caller", "sip:caller@example.com")


def test_longreq_is_read_whole() -> None:
    request = parse_request("longreq")
    assert len(request.vias) == 34
    assert request.branch is None
    assert request.call_id == "longreq.one" + "really" * 20 + "longcallid"
    assert request.to_display_name == "I have a user name of " + "extreme" * 10 + " proportion"
    assert request.from_tag == "12" + "982" * 50 + "424"


def test_dblreq_what_follows_the_body_is_dropped() -> None:
    request = parse_request("dblreq")
    assert request.body == b""
    assert bytes(request).endswith(b"Content-Length: 0\r\n\r\n")


def test_semiuri_parameters_may_be_in_the_user_part() -> None:
    uri = Uri.parse(parse_request("semiuri").uri)
    assert (uri.user, uri.host, uri.parameters) == ("user;par=u@example.net", "example.com", {})


def test_transports_a_via_may_name_any() -> None:
    vias = parse_request("transports").vias
    assert [via.transport for via in vias] == ["UDP", "SCTP", "TLS", "UNKNOWN", "TCP"]


def test_mpart01_a_binary_body_is_not_touched() -> None:
    request = parse_request("mpart01")
    assert request.content_type == "multipart/mixed"
    assert len(request.body) == 553
    assert request.body.endswith(b"--7a9cbec02ceef655--\r\n")
    assert bytes(request) == load("mpart01")


def test_unreason_a_reason_phrase_may_be_in_any_language() -> None:
    response = parse_response("unreason")
    assert response.status == 200
    assert response.reason == "= 2**3 * 5**2 но сто девяносто девять - простое"


def test_noreason_a_reason_phrase_may_be_empty() -> None:
    response = parse_response("noreason")
    assert (response.status, response.reason) == (100, "")


def test_baddn_is_refused_for_its_display_name_too() -> None:
    # The RFC's message lacks the empty line at its end; with it the display name is still wrong.
    with pytest.raises(MalformedMessage, match="address"):
        parse(load("baddn") + b"\r\n")


def test_badvers_the_reply_carries_what_the_request_had() -> None:
    with pytest.raises(MalformedMessage) as caught:
        parse(load("badvers"))
    assert caught.value.status == 505
    assert caught.value.reply == (
        b"SIP/2.0 505 Version Not Supported\r\n"
        b"Via: SIP/7.0/UDP c.example.com;branch=z9hG4bKkdjuw\r\n"
        b"From: A. Bell <sip:a.g.bell@example.com>;tag=qweoiqpe\r\n"
        b"To: T. Watson <sip:t.watson@example.org>;tag=a6167e4764501ccd\r\n"
        b"Call-ID: badvers.31417@c.example.com\r\n"
        b"CSeq: 1 OPTIONS\r\n"
        b"Content-Length: 0\r\n\r\n"
    )


def test_multi01_the_reply_has_each_single_header_once() -> None:
    with pytest.raises(MalformedMessage) as caught:
        parse(load("multi01"))
    assert caught.value.reply is not None
    reply = parse(caught.value.reply)
    assert reply.call_id == "multi01.98asdh@192.0.2.1"
    assert reply.cseq_number == 5


def test_insuf_is_answered_with_what_there_is() -> None:
    with pytest.raises(MalformedMessage) as caught:
        parse(load("insuf"))
    assert caught.value.reply == (
        b"SIP/2.0 400 Bad Request\r\n"
        b"CSeq: 193942 INVITE\r\n"
        b"Via: SIP/2.0/UDP 192.0.2.95;branch=z9hG4bKkdj.insuf\r\n"
        b"Content-Length: 0\r\n\r\n"
    )


def test_bext01_the_refusal_names_the_extensions() -> None:
    refusal = validate_request(parse_request("bext01"), allowed=PHONE_METHODS)
    assert refusal is not None
    assert refusal.headers == (("Unsupported", "nothingSupportsThis, nothingSupportsThisEither"),)


def test_regaut01_an_unknown_scheme_counts_as_no_credentials() -> None:
    server = DigestServer("example.com", CountingIds())
    verdict = server.check(parse_request("regaut01"), lambda _: "secret", now=0.0)
    assert not verdict.is_accepted
    assert not verdict.is_answered


def test_regbadct_a_registrar_refuses_it() -> None:
    refusal = validate_request(parse_request("regbadct"), allowed=("REGISTER",))
    assert refusal is not None
    assert refusal.status == 400


def test_zeromf_ends_at_a_relay() -> None:
    refusal = validate_request(parse_request("zeromf"), allowed=PHONE_METHODS, is_relay=True)
    assert refusal is not None
    assert refusal.status == 483


def test_cparam_a_parameter_belongs_to_the_header_only_outside_brackets() -> None:
    outside, inside = parse_request("cparam01"), parse_request("cparam02")
    assert outside.contacts[0].uri == "sip:+19725552222@gw1.example.net"
    assert outside.contacts[0].parameters == {"unknownparam": None}
    assert inside.contacts[0].uri == "sip:+19725552222@gw1.example.net;unknownparam"
    assert inside.contacts[0].parameters == {}


def test_regescrt_the_escaped_header_stays_in_the_contact() -> None:
    contact = parse_request("regescrt").contacts[0]
    assert contact.uri == "sip:user@example.com?Route=%3Csip:sip.example.com%3E"
    assert Uri.parse(contact.uri).headers == "Route=%3Csip:sip.example.com%3E"


def test_inv2543_has_no_length_and_its_body_is_the_rest() -> None:
    request = parse_request("inv2543")
    assert (request.branch, request.from_tag, request.max_forwards) == (None, None, None)
    assert request.body.startswith(b"v=0\r\n")
    assert request.body.endswith(b"m=audio 49217 RTP/AVP 0\r\n")
