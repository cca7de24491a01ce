"""Digest authentication, the client's side: the RFCs' own examples, reuse, and no loops."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from exotel_voice.errors import ConfigError
from exotel_voice.sip.challenges import (
    ALGORITHMS,
    Challenge,
    DigestInput,
    parse_schemes,
    password_hash,
)
from exotel_voice.sip.digest import Authentication, Credentials, DigestClient
from exotel_voice.sip.ids import CountingIds
from exotel_voice.sip.wire import Response

URI = "sip:example.com"
CREDENTIALS = Credentials("alice", "secret")


def client(credentials: Credentials = CREDENTIALS) -> DigestClient:
    return DigestClient(credentials, CountingIds())


def challenge(
    *parts: str, nonce: str = "n1", realm: str = "example.com", name: str = "WWW-Authenticate"
) -> tuple[str, str]:
    return name, ", ".join([f'Digest realm="{realm}"', f'nonce="{nonce}"', *parts])


def refusal(*challenges: tuple[str, str], status: int = 401) -> Response:
    return Response(status, headers=challenges)


def answered(attempt: Authentication, *challenges: tuple[str, str]) -> dict[str, str]:
    """Answer a 401 and give the parameters of the one header that goes out."""
    headers = attempt.answer(refusal(*challenges))
    assert headers is not None
    ((name, value),) = headers
    assert name == "Authorization"
    return credentials_in(value)


def credentials_in(value: str) -> dict[str, str]:
    ((scheme, parameters),) = parse_schemes(value)
    assert scheme == "digest"
    return parameters


# -- the hash -------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("algorithm", "expected"),
    [
        ("MD5", "8ca523f5e9506fed4657c9700eebdbec"),
        ("SHA-256", "753927fa0e85d155564e2e272a28d1802ca10daf4496794697cf8db5856cb6c1"),
    ],
)
def test_the_first_example_of_rfc_7616_comes_out(algorithm: str, expected: str) -> None:
    secret = password_hash(
        ALGORITHMS[algorithm],
        username="Mufasa",
        realm="http-auth@example.org",
        password="Circle of Life",
    )
    digest = DigestInput(
        algorithm=ALGORITHMS[algorithm],
        nonce="7ypf/xlj9XXwfDPEoM4URrv/xwf94BcCAzFZH4GiTo0v",
        method="GET",
        uri="/dir/index.html",
        qop="auth",
        nc="00000001",
        cnonce="f2/wE4q74E6zIJEtWaHKaf5wv/H5QzzpXusqGemxURZJ",
    )
    assert digest.response(secret) == expected


@pytest.mark.skipif("SHA-512-256" not in ALGORITHMS, reason="OpenSSL without SHA-512/256")
def test_the_second_example_of_rfc_7616_comes_out_as_its_erratum_4897_has_it() -> None:
    algorithm = ALGORITHMS["SHA-512-256"]
    secret = password_hash(
        algorithm, username="Jäsøn Doe", realm="api@example.org", password="Secret, or not?"
    )
    digest = DigestInput(
        algorithm=algorithm,
        nonce="5TsQWLVdgBdmrQ0XsxbDODV+57QdFR34I9HAbC/RVvkK",
        method="GET",
        uri="/doe.json",
        qop="auth",
        nc="00000001",
        cnonce="NTg6RKcb9boFIAS3KrFK9BGeh+iDa/sm6jUMp2wds69v",
    )
    expected = "3798d4131c277846293534c3edc11bd8a5e4cdcbff78b05db9d95eeb1cec68a5"
    assert digest.response(secret) == expected


def test_the_example_of_rfc_2617_comes_out() -> None:
    md5 = ALGORITHMS["MD5"]
    secret = password_hash(
        md5, username="Mufasa", realm="testrealm@host.com", password="Circle Of Life"
    )
    digest = DigestInput(
        algorithm=md5,
        nonce="dcd98b7102dd2f0e8b11d0f600bfb0c093",
        method="GET",
        uri="/dir/index.html",
        qop="auth",
        nc="00000001",
        cnonce="0a4f113b",
    )
    assert digest.response(secret) == "6629fae49393a05397450978507c4ef1"


def test_auth_int_hashes_the_body_too() -> None:
    plain, other = (
        DigestInput(
            algorithm=ALGORITHMS["SHA-256"], nonce="n", method="INVITE", uri=URI, qop="auth-int",
            nc="00000001", cnonce="c", body=body,
        ).response("secret")
        for body in (b"v=0", b"v=1")
    )  # fmt: skip
    assert plain != other


# -- answering ------------------------------------------------------------------------------------


def test_without_a_challenge_nothing_is_sent() -> None:
    assert client().authenticate("REGISTER", URI).headers == []


def test_a_challenge_is_answered_word_for_word() -> None:
    attempt = client().authenticate("REGISTER", URI)
    headers = attempt.answer(refusal(challenge('qop="auth"', "algorithm=MD5", 'opaque="o p"')))
    ((name, value),) = headers or []
    assert name == "Authorization"
    assert value == (
        'Digest username="alice", realm="example.com", nonce="n1", uri="sip:example.com", '
        'response="c00e169d367fc398f0a55a795f953c08", algorithm=MD5, cnonce="cnonce1", '
        'opaque="o p", qop=auth, nc=00000001'
    )
    assert attempt.headers == headers


def test_a_challenge_without_qop_is_answered_as_rfc_2069_wants() -> None:
    parameters = answered(client().authenticate("REGISTER", URI), challenge())
    assert set(parameters) == {"username", "realm", "nonce", "uri", "response"}


def test_auth_is_taken_before_auth_int() -> None:
    parameters = answered(client().authenticate("INVITE", URI), challenge('qop="auth-int,auth"'))
    assert parameters["qop"] == "auth"


def test_auth_int_is_taken_when_there_is_nothing_else() -> None:
    attempt = client().authenticate("INVITE", URI, body=b"v=0")
    assert answered(attempt, challenge('qop="auth-int"'))["qop"] == "auth-int"


def test_the_strongest_known_algorithm_is_answered_wherever_it_stands() -> None:
    parameters = answered(
        client().authenticate("REGISTER", URI),
        challenge("algorithm=MD5", nonce="md5"),
        challenge("algorithm=SHA-256", nonce="sha"),
        challenge("algorithm=SHA-1024", nonce="unknown"),
    )
    assert (parameters["nonce"], parameters["algorithm"]) == ("sha", "SHA-256")


def test_several_challenges_may_stand_in_one_header() -> None:
    _, first = challenge("algorithm=MD5", 'qop="auth,auth-int"', nonce="md5")
    _, second = challenge('qop="auth"', "algorithm=SHA-256", nonce="sha")
    parameters = answered(
        client().authenticate("REGISTER", URI), ("WWW-Authenticate", f"{first}, {second}")
    )
    assert parameters["nonce"] == "sha"


def test_each_realm_gets_its_own_answer_and_a_proxy_its_own_header() -> None:
    attempt = client().authenticate("INVITE", URI)
    headers = attempt.answer(
        refusal(
            challenge(realm="a", nonce="na"),
            challenge(realm="b", nonce="nb"),
            challenge(realm="a", nonce="np", name="Proxy-Authenticate"),
            status=407,
        )
    )
    assert headers is not None
    assert [(name, credentials_in(value)["nonce"]) for name, value in headers] == [
        ("Authorization", "na"),
        ("Authorization", "nb"),
        ("Proxy-Authorization", "np"),
    ]


def test_an_answer_to_the_proxy_goes_along_with_the_later_answer_to_the_server() -> None:
    attempt = client().authenticate("INVITE", URI)
    attempt.answer(refusal(challenge(name="Proxy-Authenticate"), status=407))
    headers = attempt.answer(refusal(challenge(realm="callee")))
    assert headers is not None
    assert [name for name, _ in headers] == ["Proxy-Authorization", "Authorization"]


def test_a_quote_in_the_user_name_is_escaped_and_one_in_the_realm_is_repeated() -> None:
    attempt = client(Credentials('al"ice', "secret")).authenticate("REGISTER", URI)
    headers = attempt.answer(refusal(challenge(realm='the \\"best\\"')))
    assert headers is not None
    assert 'username="al\\"ice"' in headers[0][1]
    assert 'realm="the \\"best\\""' in headers[0][1]


@pytest.mark.parametrize(
    "given",
    [
        ("WWW-Authenticate", 'Basic realm="example.com"'),
        ("WWW-Authenticate", 'Digest realm="example.com"'),
        ("WWW-Authenticate", 'Digest nonce="n"'),
        ("WWW-Authenticate", "Digest"),
        ("WWW-Authenticate", '"'),
        challenge("algorithm=AKAv1-MD5"),
        challenge('qop="auth-magic"'),
    ],
)
def test_a_challenge_that_nobody_can_answer_ends_the_attempt(given: tuple[str, str]) -> None:
    assert client().authenticate("REGISTER", URI).answer(refusal(given)) is None


def test_a_refusal_without_a_challenge_ends_the_attempt() -> None:
    attempt = client().authenticate("REGISTER", URI)
    assert attempt.answer(refusal()) is None
    assert attempt.answer(refusal(challenge(), status=403)) is None


def test_credentials_for_one_realm_are_not_given_to_another() -> None:
    attempt = client(Credentials("alice", "secret", realm="home")).authenticate("REGISTER", URI)
    assert attempt.answer(refusal(challenge(realm="elsewhere"))) is None
    assert attempt.answer(refusal(challenge(realm="home"))) is not None


# -- ends ------------------------------------------------------------------------------------------


def test_a_wrong_password_is_tried_once_and_then_it_is_over() -> None:
    attempt = client().authenticate("REGISTER", URI)
    assert attempt.answer(refusal(challenge(nonce="n1"))) is not None
    assert attempt.answer(refusal(challenge(nonce="n2"))) is None


def test_a_stale_nonce_is_replaced_and_does_not_count_as_a_refusal() -> None:
    attempt = client().authenticate("REGISTER", URI)
    attempt.answer(refusal(challenge('qop="auth"', nonce="n1")))
    parameters = answered(attempt, challenge('qop="auth"', "stale=TRUE", nonce="n2"))
    assert (parameters["nonce"], parameters["nc"]) == ("n2", "00000001")
    assert attempt.answer(refusal(challenge(nonce="n3"))) is None


def test_a_server_for_which_every_nonce_is_stale_makes_no_loop() -> None:
    attempt = client().authenticate("REGISTER", URI)
    tries = 0
    while attempt.answer(refusal(challenge("stale=true", nonce=f"n{tries}"))) is not None:
        tries += 1
        assert tries < 10
    assert tries == 4


# -- reuse -----------------------------------------------------------------------------------------


def test_a_nonce_is_used_again_with_the_next_count_and_a_new_cnonce() -> None:
    agent = client()
    answered(agent.authenticate("REGISTER", URI), challenge('qop="auth"'))
    ((_, value),) = agent.authenticate("REGISTER", URI).headers
    parameters = credentials_in(value)
    assert (parameters["nonce"], parameters["nc"], parameters["cnonce"]) == (
        "n1",
        "00000002",
        "cnonce2",
    )


def test_a_refused_old_nonce_is_answered_anew_even_if_it_is_not_called_stale() -> None:
    agent = client()
    answered(agent.authenticate("REGISTER", URI), challenge(nonce="old"))
    attempt = agent.authenticate("REGISTER", URI)
    assert answered(attempt, challenge(nonce="new"))["nonce"] == "new"
    assert attempt.answer(refusal(challenge(nonce="newer"))) is None


def test_an_answer_for_the_registrar_is_not_sent_to_others_but_one_for_the_proxy_is() -> None:
    agent = client()
    agent.authenticate("REGISTER", URI).answer(refusal(challenge()))
    agent.authenticate("INVITE", "sip:bob@example.com").answer(
        refusal(challenge(name="Proxy-Authenticate"), status=407)
    )
    names = [name for name, _ in agent.authenticate("INVITE", "sip:carol@example.com").headers]
    assert names == ["Proxy-Authorization"]


def test_the_next_nonce_comes_from_the_success() -> None:
    agent = client()
    answered(agent.authenticate("REGISTER", URI), challenge('qop="auth"'))
    info = ("Authentication-Info", 'nextnonce="n2", qop=auth, rspauth="", cnonce="c", nc=00000001')
    agent.receive_success(Response(200, headers=[info]), uri=URI)
    ((_, value),) = agent.authenticate("REGISTER", URI).headers
    assert credentials_in(value)["nonce"] == "n2"
    assert credentials_in(value)["nc"] == "00000001"


def test_a_next_nonce_that_could_be_for_two_realms_is_not_taken() -> None:
    agent = client()
    agent.authenticate("REGISTER", URI).answer(refusal(challenge(realm="a"), challenge(realm="b")))
    info = ("Authentication-Info", 'nextnonce="n2"')
    agent.receive_success(Response(200, headers=[info]), uri=URI)
    nonces = [credentials_in(value)["nonce"] for _, value in agent.authenticate("X", URI).headers]
    assert nonces == ["n1", "n1"]


def test_a_success_without_a_next_nonce_changes_nothing() -> None:
    agent = client()
    answered(agent.authenticate("REGISTER", URI), challenge('qop="auth"'))
    info = ("Authentication-Info", 'rspauth="x"')
    agent.receive_success(Response(200, headers=[info]), uri=URI)
    ((_, value),) = agent.authenticate("REGISTER", URI).headers
    assert credentials_in(value)["nc"] == "00000002"


def test_a_session_keeps_its_key_when_the_nonce_changes() -> None:
    agent = client()
    first = answered(
        agent.authenticate("REGISTER", URI), challenge('qop="auth"', "algorithm=MD5-sess")
    )
    info = ("Authentication-Info", 'nextnonce="n2"')
    agent.receive_success(Response(200, headers=[info]), uri=URI)
    ((_, value),) = agent.authenticate("REGISTER", URI).headers
    second = credentials_in(value)
    assert (second["nonce"], second["cnonce"]) == ("n2", first["cnonce"])
    assert second["algorithm"] == "MD5-sess"


def test_forgetting_ends_reuse() -> None:
    agent = client()
    answered(agent.authenticate("REGISTER", URI), challenge())
    agent.forget()
    assert agent.authenticate("REGISTER", URI).headers == []


def test_the_number_of_remembered_challenges_has_a_bound() -> None:
    agent = client()
    for number in range(100):
        uri = f"sip:user{number}@example.com"
        agent.authenticate("BYE", uri).answer(refusal(challenge()))
    assert agent.authenticate("BYE", "sip:user0@example.com").headers == []
    assert agent.authenticate("BYE", "sip:user99@example.com").headers != []


# -- credentials -----------------------------------------------------------------------------------


def test_the_password_is_not_in_the_repr() -> None:
    assert "secret" not in repr(CREDENTIALS)
    assert "secret" not in str(CREDENTIALS)


@pytest.mark.parametrize(
    ("username", "password"), [("", "x"), ("a\r\nX: y", "x"), ("a\ud800", "x"), ("a", "\udc80")]
)
def test_credentials_that_cannot_be_written_are_refused(username: str, password: str) -> None:
    with pytest.raises(ConfigError):
        Credentials(username, password)


@given(st.text(max_size=200))
def test_no_challenge_raises_or_breaks_out_of_its_header(text: str) -> None:
    line = text.replace("\r", "").replace("\n", "").replace("\0", "")
    wire = line.encode("utf-8", "replace").decode("utf-8", "surrogateescape")
    for value in (wire, f'Digest realm="{wire}", nonce="n"', f"Digest nonce={wire}, realm={wire}"):
        headers = (
            client().authenticate("REGISTER", URI).answer(refusal(("WWW-Authenticate", value)))
        )
        if headers is not None:
            Response(200, headers=headers)
            assert len(parse_schemes(headers[0][1])) == 1


def test_a_challenge_without_an_algorithm_means_md5() -> None:
    found = Challenge.from_parameters({"realm": "r", "nonce": "n"})
    assert found is not None
    assert found.algorithm.name == "MD5"
    assert found.algorithm_text is None
