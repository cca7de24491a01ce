"""Where another SIP library reads the same grammar, it reads the same things.

Left out is what `sipmessage` reads otherwise: it undoes %-escapes in header parameters, splits
`qop` at its comma, puts equal names together, knows no folding and no bytes beyond UTF-8. Its
pattern for challenges takes exponential time on some, which is why nothing from the network goes
through it.
"""

from __future__ import annotations

import sipmessage
from hypothesis import given
from hypothesis import strategies as st

from exotel_voice.sip.addresses import Address, Uri
from exotel_voice.sip.values import CSeq, Via
from exotel_voice.sip.wire import Request, parse

tokens = st.from_regex(r"[A-Za-z0-9][A-Za-z0-9\-.!*_+~]{0,12}", fullmatch=True)
names = st.from_regex(r"[a-z][a-z0-9]{0,7}", fullmatch=True)
hosts = st.from_regex(r"([a-z][a-z0-9]{0,6}\.){0,2}[a-z]{1,6}|10\.[0-9]{1,2}\.0\.1", fullmatch=True)
ports = st.none() | st.integers(1, 65535)
users = st.none() | st.from_regex(r"[A-Za-z0-9\-_.!~*'()&=+$,;?/]{1,12}", fullmatch=True)
parameters = st.dictionaries(names, st.none() | tokens, max_size=3)
display_names = st.text(
    st.characters(codec="utf-8", exclude_categories=["C", "Z"], exclude_characters='"\\'),
    max_size=9,
)


def written(found: dict[str, str | None]) -> str:
    return "".join(
        f";{name}" if text is None else f";{name}={text}" for name, text in found.items()
    )


def host_port(host: str, port: int | None) -> str:
    return host if port is None else f"{host}:{port}"


@given(users, hosts, ports, parameters)
def test_uris_are_read_alike(
    user: str | None, host: str, port: int | None, found: dict[str, str | None]
) -> None:
    at = "" if user is None else f"{user}@"
    text = f"sip:{at}{host_port(host, port)}{written(found)}"
    theirs, ours = sipmessage.URI.parse(text), Uri.parse(text)
    assert (ours.scheme, ours.user, ours.host, ours.port, dict(ours.parameters)) == (
        theirs.scheme,
        theirs.user,
        theirs.host,
        theirs.port,
        dict(theirs.parameters),
    )


@given(display_names, hosts, parameters)
def test_addresses_are_read_alike(name: str, host: str, found: dict[str, str | None]) -> None:
    text = f'"{name}" <sip:{host}>{written(found)}'
    theirs, ours = sipmessage.Address.parse(text), Address.parse(text)
    assert (ours.display_name, ours.uri) == (theirs.name, str(theirs.uri))
    assert dict(ours.parameters) == dict(theirs.parameters)


@given(st.sampled_from(["WS", "WSS", "UDP"]), hosts, ports, parameters)
def test_vias_are_read_alike(
    transport: str, host: str, port: int | None, found: dict[str, str | None]
) -> None:
    text = f"SIP/2.0/{transport} {host_port(host, port)}{written(found)}"
    theirs, ours = sipmessage.Via.parse(text), Via.parse(text)
    assert (ours.transport, ours.host, ours.port) == (theirs.transport, theirs.host, theirs.port)
    assert dict(ours.parameters) == dict(theirs.parameters)


@given(st.integers(0, 2**31 - 1), tokens)
def test_cseqs_are_read_alike(number: int, method: str) -> None:
    text = f"{number} {method}"
    theirs, ours = sipmessage.CSeq.parse(text), CSeq.parse(text)
    assert (ours.number, ours.method) == (theirs.sequence, theirs.method)


@given(tokens, hosts, st.dictionaries(names, tokens, max_size=4), st.binary(max_size=30))
def test_messages_are_read_and_written_alike(
    method: str, host: str, more: dict[str, str], body: bytes
) -> None:
    ours = Request(method, f"sip:{host}", body=body)
    for name, value in (
        ("Via", f"SIP/2.0/WS {host};branch=z9hG4bK1"),
        ("From", f"<sip:a@{host}>;tag=1"),
        ("To", f"<sip:b@{host}>"),
        ("Call-ID", "c1"),
        ("CSeq", f"1 {method}"),
        *((f"x-{name}", value) for name, value in more.items()),
    ):
        ours.headers.add(name, value)
    theirs = sipmessage.Message.parse(bytes(ours))
    assert isinstance(theirs, sipmessage.Request)
    assert (theirs.method, str(theirs.uri), theirs.body) == (method, f"sip:{host}", body)
    assert theirs.from_address.parameters["tag"] == ours.from_tag
    assert str(theirs.to_address.uri) == ours.to_uri
    assert theirs.via[0].parameters["branch"] == ours.branch
    assert bytes(parse(bytes(theirs))) == bytes(ours)
