"""The wire between gateway and tab: its version, its limits, and text to messages and back."""

from __future__ import annotations

import re
from typing import Any, Final, Literal, get_args, get_origin, get_type_hints

from exotel_voice.gateway import news, requests
from exotel_voice.gateway.codec import BadMessage, decode_object, read_json, to_json
from exotel_voice.gateway.news import News
from exotel_voice.gateway.requests import TabMessage

__all__ = ["MAX_FRAME", "PROTOCOL_VERSION", "SUBPROTOCOL", "decode", "encode", "number_of", "table"]

PROTOCOL_VERSION: Final = 1
"""Grows when an older module could misunderstand a newer gateway."""
SUBPROTOCOL: Final = "exotel-voice.v1"
"""The WebSocket subprotocol (RFC 6455 §1.9)."""
MAX_FRAME: Final = 65_536
"""Longest message of a tab, in characters."""

_SHORT: Final = {news.CallNews: "call", news.SessionNews: "session", news.ErrorNews: "error"}
_BASES: Final = {requests.TabMessage, requests.Request, requests.CallRequest, news.News}


def _type_of(kind: type[Any]) -> str:
    return _SHORT.get(kind) or re.sub(r"(?<!^)(?=[A-Z])", "_", kind.__name__).lower()


def _all_below(base: type[Any], module: Any) -> dict[str, type[Any]]:
    kinds = (getattr(module, name) for name in module.__all__)
    return {
        _type_of(kind): kind
        for kind in kinds
        if isinstance(kind, type) and issubclass(kind, base) and kind not in _BASES
    }


_INCOMING: Final = _all_below(TabMessage, requests)
_OUTGOING: Final = _all_below(News, news)
_TYPES: Final = {kind: name for name, kind in _OUTGOING.items()}


def decode(text: str) -> TabMessage:
    """Read a message of a tab.

    Raises:
        BadMessage: It is none; the text says why and holds nothing of what came.
    """
    values = read_json(text)
    kind = values.get("type")
    if not isinstance(kind, str) or kind not in _INCOMING:
        raise BadMessage("the type of the message is not known")
    found: TabMessage = decode_object(_INCOMING[kind], values)
    return found


def number_of(text: str) -> int | None:
    """Give the request number of a message that cannot be read as a whole, if that can be."""
    try:
        number = read_json(text).get("request")
    except BadMessage:
        return None
    if not isinstance(number, int) or isinstance(number, bool) or not 0 <= number < 2**53:
        return None
    return number


def encode(message: News) -> str:
    """Write a message to a tab."""
    return to_json(_TYPES[type(message)], message)


def table() -> dict[str, dict[str, dict[str, str]]]:
    """Describe every message: direction, type, field, and the field's type in words.

    The browser module's end is compared with it in the tests.
    """
    return {
        direction: {name: _fields(kind) for name, kind in sorted(kinds.items())}
        for direction, kinds in (("to_gateway", _INCOMING), ("to_tab", _OUTGOING))
    }


def _fields(kind: type[Any]) -> dict[str, str]:
    return {name: _words(hint) for name, hint in get_type_hints(kind).items()}


def _words(hint: Any) -> str:
    if get_origin(hint) is Literal:
        return "|".join(get_args(hint))
    return getattr(hint, "__name__", str(hint)) if not get_args(hint) else str(hint)
