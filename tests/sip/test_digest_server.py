"""Digest authentication, the server's side, alone and with our own client."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from exotel_voice.errors import ConfigError
from exotel_voice.sip.challenges import ALGORITHMS, parse_schemes, write_scheme
from exotel_voice.sip.digest import Authentication, Credentials, DigestClient
from exotel_voice.sip.digest_server import DigestServer, Verdict
from exotel_voice.sip.ids import CountingIds
from exotel_voice.sip.wire import Request, Response

URI = "sip:example.com"
PASSWORDS = {"alice": "secret", "nobody": ""}
EVERY_ALGORITHM = [f"{name}{suffix}" for name in ALGORITHMS for suffix in ("", "-sess")]


def server(*, realm: str = "example.com", nonce_lifetime: float = 300.0) -> DigestServer:
    return DigestServer(realm, CountingIds(), nonce_lifetime=nonce_lifetime)


def client(password: str = PASSWORDS["alice"], username: str = "alice") -> DigestClient:
    return DigestClient(Credentials(username, password), CountingIds())


def challenged(attempt: Authentication, registrar: DigestServer, *, now: float = 0.0) -> Request:
    """Answer a fresh challenge of the server."""
    headers = attempt.answer(Response(401, headers=registrar.challenges(now=now)))
    assert headers is not None
    return Request("REGISTER", URI, headers=headers)


def check(registrar: DigestServer, request: Request, *, now: float = 0.0) -> Verdict:
    return registrar.check(request, PASSWORDS.get, now=now)


def register(agent: DigestClient, registrar: DigestServer, *, now: float = 0.0) -> Request:
    return challenged(agent.authenticate("REGISTER", URI), registrar, now=now)


def changed(request: Request, **parameters: str) -> Request:
    """Give the request with parameters of its answer replaced, or taken out where empty."""
    value = request.headers.get("Authorization")
    assert value is not None
    ((_, found),) = parse_schemes(value)
    new = {name: text for name, text in {**found, **parameters}.items() if text}
    header = write_scheme(new, plain=frozenset({"qop"}))
    return Request("REGISTER", URI, headers=[("Authorization", header)])


def test_the_challenge_has_one_header_for_each_algorithm() -> None:
    assert server().challenges(now=0.0) == [
        (
            "WWW-Authenticate",
            'Digest realm="example.com", nonce="nonce1", algorithm=SHA-256, qop="auth"',
        ),
        (
            "WWW-Authenticate",
            'Digest realm="example.com", nonce="nonce1", algorithm=MD5, qop="auth"',
        ),
    ]


def test_the_right_password_is_accepted() -> None:
    registrar = server()
    verdict = check(registrar, register(client(), registrar))
    assert verdict == Verdict("alice", is_answered=True)
    assert verdict.is_accepted


@pytest.mark.parametrize("algorithm", EVERY_ALGORITHM)
def test_client_and_server_agree_on_every_algorithm_over_many_requests(algorithm: str) -> None:
    registrar = DigestServer("example.com", CountingIds(), algorithms=(algorithm,))
    agent = client()
    assert check(registrar, register(agent, registrar)).is_accepted
    for _ in range(3):
        request = Request("REGISTER", URI, headers=agent.authenticate("REGISTER", URI).headers)
        assert check(registrar, request).is_accepted


def test_a_proxy_uses_its_own_headers() -> None:
    proxy = DigestServer("example.com", CountingIds(), is_proxy=True)
    challenges = proxy.challenges(now=0.0)
    assert {name for name, _ in challenges} == {"Proxy-Authenticate"}
    attempt = client().authenticate("INVITE", URI)
    headers = attempt.answer(Response(407, headers=challenges))
    assert headers is not None
    assert check(proxy, Request("INVITE", URI, headers=headers)).is_accepted


def test_a_request_without_an_answer_is_not_accepted() -> None:
    verdict = check(server(), Request("REGISTER", URI))
    assert verdict == Verdict(None)


def test_an_answer_for_another_realm_counts_as_none() -> None:
    elsewhere = DigestServer("elsewhere", CountingIds())
    verdict = check(server(), register(client(), elsewhere))
    assert not verdict.is_answered


@pytest.mark.parametrize(
    ("username", "password"), [("alice", "wrong"), ("mallory", "secret"), ("mallory", "")]
)
def test_a_wrong_password_and_an_unknown_user_are_refused_alike(
    username: str, password: str
) -> None:
    registrar = server()
    verdict = check(registrar, register(client(password, username), registrar))
    assert verdict == Verdict(None, is_answered=True)


def test_an_empty_password_is_a_password() -> None:
    registrar = server()
    assert check(registrar, register(client("", "nobody"), registrar)).is_accepted


def test_a_recorded_request_is_stale_the_second_time() -> None:
    registrar = server()
    request = register(client(), registrar)
    assert check(registrar, request).is_accepted
    assert check(registrar, request) == Verdict(None, is_stale=True, is_answered=True)


def test_without_qop_a_nonce_serves_once() -> None:
    registrar = server()
    agent = client()
    attempt = agent.authenticate("REGISTER", URI)
    offered = [
        (name, value.replace(', qop="auth"', "")) for name, value in registrar.challenges(now=0.0)
    ]
    headers = attempt.answer(Response(401, headers=offered))
    assert headers is not None
    assert check(registrar, Request("REGISTER", URI, headers=headers)).is_accepted
    again = Request("REGISTER", URI, headers=agent.authenticate("REGISTER", URI).headers)
    assert check(registrar, again).is_stale


def test_an_old_nonce_is_stale_and_the_new_challenge_says_so() -> None:
    registrar = server(nonce_lifetime=10.0)
    agent = client()
    attempt = agent.authenticate("REGISTER", URI)
    request = challenged(attempt, registrar, now=0.0)
    assert check(registrar, request, now=10.0).is_stale
    challenges = registrar.challenges(now=10.0, is_stale=True)
    assert all("stale=true" in value for _, value in challenges)
    headers = attempt.answer(Response(401, headers=challenges))
    assert headers is not None
    assert check(registrar, Request("REGISTER", URI, headers=headers), now=11.0).is_accepted


def test_a_nonce_that_we_never_gave_is_stale_only_for_who_knows_the_password() -> None:
    registrar, other = server(), server()
    for _ in range(2):
        other.challenges(now=0.0)
    assert check(registrar, register(client(), other)).is_stale
    assert not check(registrar, register(client("wrong"), other)).is_stale


def test_the_next_nonce_is_taken_by_the_client() -> None:
    registrar = server()
    agent = client()
    assert check(registrar, register(agent, registrar)).is_accepted
    agent.receive_success(Response(200, headers=[registrar.next_nonce(now=0.0)]), uri=URI)
    request = Request("REGISTER", URI, headers=agent.authenticate("REGISTER", URI).headers)
    assert 'nonce="nonce2"' in (request.headers.get("Authorization") or "")
    assert check(registrar, request).is_accepted


@pytest.mark.parametrize(
    "parameters",
    [
        {"uri": "sip:elsewhere.example"},
        {"algorithm": "MD5-sess"},
        {"algorithm": "unknown"},
        {"qop": "auth-int"},
        {"nc": "1"},
        {"nc": ""},
        {"nc": "0000000g"},
        {"cnonce": ""},
        {"nonce": ""},
        {"response": ""},
        {"response": "ä"},
        {"username": ""},
    ],
)
def test_an_answer_that_was_tampered_with_is_refused(parameters: dict[str, str]) -> None:
    registrar = server()
    request = changed(register(client(), registrar), **parameters)
    assert check(registrar, request) == Verdict(None, is_answered=True)


def test_quotes_in_realm_and_user_name_come_through() -> None:
    registrar = server(realm='the "best" \\ realm')
    agent = client("secret", 'al"i\\ce')
    verdict = registrar.check(register(agent, registrar), lambda _: "secret", now=0.0)
    assert verdict.username == 'al"i\\ce'


def test_the_number_of_nonces_has_a_bound() -> None:
    registrar = DigestServer("example.com", CountingIds(), max_nonces=2)
    first = register(client(), registrar)
    for _ in range(2):
        registrar.challenges(now=0.0)
    assert check(registrar, first).is_stale


def test_an_expired_nonce_does_not_take_room() -> None:
    registrar = DigestServer("example.com", CountingIds(), max_nonces=2, nonce_lifetime=5.0)
    registrar.challenges(now=0.0)
    kept = register(client(), registrar, now=4.0)
    registrar.challenges(now=6.0)
    assert check(registrar, kept, now=7.0).is_accepted


def test_a_server_needs_an_algorithm_that_exists() -> None:
    with pytest.raises(ConfigError):
        DigestServer("example.com", CountingIds(), algorithms=("ROT13",))


@given(st.text(max_size=200))
def test_no_credentials_raise(text: str) -> None:
    line = text.replace("\r", "").replace("\n", "").replace("\0", "")
    wire = line.encode("utf-8", "replace").decode()
    for value in (wire, f'Digest realm="example.com", {wire}'):
        request = Request("REGISTER", URI, headers=[("Authorization", value)])
        assert not check(server(), request).is_accepted
