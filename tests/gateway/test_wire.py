"""Messages to text and back; both ends of the wire know the same ones."""

from __future__ import annotations

import contextlib
import json
import re
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from exotel_voice.gateway import news, requests, wire
from exotel_voice.gateway.codec import BadMessage
from exotel_voice.gateway.faults import Fault

WEB = Path(__file__).resolve().parents[2] / "src" / "exotel_voice" / "web"


def test_a_message_is_written_by_its_fields_without_what_is_absent() -> None:
    text = wire.encode(
        news.Result(request=3, ok=False, error=Fault(code="a", message="b", hint="c"))
    )
    assert json.loads(text) == {
        "type": "result",
        "request": 3,
        "ok": False,
        "error": {"code": "a", "message": "b", "hint": "c"},
    }
    text = wire.encode(news.Tabs(tabs=[]))
    assert json.loads(text) == {"type": "tabs", "tabs": []}


def test_a_request_is_read_with_its_defaults() -> None:
    assert wire.decode('{"type":"reject","request":2.0,"call":"c","reason":null}') == (
        requests.Reject(request=2, call="c", status=486, reason=None)
    )
    assert wire.decode('{"type":"hello","version":1,"tab":"t","media":["m"]}') == (
        requests.Hello(version=1, tab="t", media=("m",))
    )


@pytest.mark.parametrize(
    "text",
    [
        '{"type":"hello","version":1.5,"tab":"t"}',
        '{"type":"hello","version":1,"tab":"t","media":"m"}',
        '{"type":"hello","version":1,"tab":"t","media":[7]}',
        json.dumps({"type": "hello", "version": 1, "tab": "t", "media": ["m"] * 65}),
        json.dumps({"type": "hello", "version": 1, "tab": "t", "page": "p" * 1025}),
        json.dumps({"type": "dial", "request": 1, "target": "t", "headers": dict.fromkeys("a", 1)}),
        '{"type":"attach","request":1,"account":7}',
        '{"type":"attach","request":99999999999999999999}',
        '{"type":"ping","at":1e400}',
        '{"type":"ping","at":true}',
        '{"type":"reject","request":1,"call":"c","reason":"a\\r\\nVia: b"}',
        '{"type":"dial","request":1,"target":"a\\u0000"}',
        '{"type":"dial","request":1,"target":"\\ud800"}',
        '{"type":"dial","request":1,"target":"a","headers":{"X-\\n":"b"}}',
    ],
)
def test_what_is_of_the_wrong_form_is_refused_without_its_value(text: str) -> None:
    with pytest.raises(BadMessage) as refused:
        wire.decode(text)
    assert "pppp" not in str(refused.value)


SCALARS = st.none() | st.booleans() | st.integers() | st.floats() | st.text()
JSON = st.recursive(SCALARS, st.lists, max_leaves=5).map(json.dumps)


@settings(max_examples=50, deadline=None)
@given(st.text() | JSON)
def test_no_text_raises_anything_else(text: str) -> None:
    with contextlib.suppress(BadMessage):
        wire.decode(text)
    wire.number_of(text)


@settings(max_examples=50, deadline=None)
@given(st.sampled_from(sorted(wire.table()["to_gateway"])), st.data())
def test_no_values_of_known_fields_raise_anything_else(kind: str, data: st.DataObject) -> None:
    fields = wire.table()["to_gateway"][kind]
    values: dict[str, Any] = {name: data.draw(SCALARS) for name in fields}
    with contextlib.suppress(BadMessage):
        wire.decode(json.dumps({"type": kind, **values}))


def test_descriptions_and_words_of_browsers_may_have_lines() -> None:
    text = json.dumps(
        {
            "type": "media_reply",
            "reply_to": 1,
            "ok": False,
            "sdp": "v=0\r\n",
            "error": {"code": "media", "message": "two\nlines"},
        }
    )
    assert wire.decode(text) == requests.MediaReply(
        reply_to=1,
        ok=False,
        sdp="v=0\r\n",
        error=requests.TabFault(code="media", message="two\nlines"),
    )


def test_no_repr_shows_a_secret() -> None:
    attach = wire.decode('{"type":"attach","request":1,"account":{"secret":"hush"}}')
    assert "hush" not in repr(attach)
    server = news.IceServer(urls=("turn:a",), username="u", credential="hush")
    assert "hush" not in repr(server)


def test_every_message_is_frozen() -> None:
    for module in (news, requests):
        for name in module.__all__:
            parameters = getattr(getattr(module, name), "__dataclass_params__", None)
            assert parameters is None or parameters.frozen


def test_the_browser_module_sends_and_hears_what_the_gateway_knows() -> None:
    sources = "\n".join(path.read_text(encoding="utf-8") for path in sorted(WEB.glob("*.mjs")))
    table = wire.table()
    words = set(re.findall(r"""["'`]([a-z_]+)["'`]""", sources))
    assert set(table["to_tab"]) - words - {"tabs", "connection", "pong"} == set()
    calls = set(re.findall(r"""(?:request|ask)\(\s*["']([a-z_]+)["']""", sources))
    assert calls - set(table["to_gateway"]) == set()
