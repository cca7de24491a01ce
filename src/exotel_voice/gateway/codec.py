"""JSON to dataclasses and back, by their fields alone: nothing is taken that no field describes.

What a tab sends is checked for types and lengths; unknown fields are left aside, so that a newer
module can talk to an older gateway.
"""

from __future__ import annotations

import json
import math
import re
import types
from collections.abc import Callable, Mapping
from dataclasses import MISSING, dataclass, fields
from enum import Enum
from functools import cache
from typing import (
    Annotated,
    Any,
    Final,
    Literal,
    TypeVar,
    Union,
    cast,
    get_args,
    get_origin,
    get_type_hints,
)

__all__ = ["BadMessage", "Length", "decode_object", "read_json", "to_json"]

T = TypeVar("T")
Reader = Callable[[Any, str], Any]

_UNPAIRED: Final = re.compile("[\ud800-\udfff]")
_CONTROL: Final = re.compile("[\x00-\x1f\x7f]")

MAX_TEXT = 1024
"""Longest text of a field that names no length of its own, in characters."""
MAX_ITEMS = 64
"""Most entries of a list or of a mapping."""


@dataclass(frozen=True, slots=True)
class Length:
    """The longest text that a field takes, in characters."""

    limit: int
    has_lines: bool = False
    """Whether it may hold line ends and other control characters."""


class BadMessage(ValueError):
    """A message is not what it is to be; its text names the field and no value."""


def read_json(text: str) -> dict[str, Any]:
    """Read a JSON object.

    Raises:
        BadMessage: It is none.
    """
    try:
        value = json.loads(text)
    except (ValueError, RecursionError) as error:
        raise BadMessage("the message is not JSON") from error
    if not isinstance(value, dict):
        raise BadMessage("the message is not a JSON object")
    return value


def decode_object(kind: type[T], values: Mapping[str, Any], where: str = "") -> T:
    """Make a dataclass of a JSON object.

    Args:
        kind: The dataclass.
        values: The object; fields that are absent or null take their defaults.
        where: What to call the object in errors.

    Raises:
        BadMessage: A field is missing, or of the wrong type or length.
    """
    found: dict[str, Any] = {}
    for name, (reader, is_needed) in _readers(cast("Any", kind)).items():
        value = values.get(name)
        path = f"{where}.{name}" if where else name
        if value is not None:
            found[name] = reader(value, path)
        elif is_needed:
            raise BadMessage(f"{path} is missing")
    return kind(**found)


def to_json(kind: str, message: Any) -> str:
    """Write a dataclass as a JSON object with a `type`; None is left out."""
    return json.dumps({"type": kind, **_plain(message)}, separators=(",", ":"))


@cache
def _readers(kind: Any) -> dict[str, tuple[Reader, bool]]:
    hints = get_type_hints(kind, include_extras=True)
    return {
        field.name: (
            _reader(hints[field.name]),
            field.default is MISSING and field.default_factory is MISSING,
        )
        for field in fields(kind)
    }


def _reader(hint: Any) -> Reader:
    origin, args = get_origin(hint), get_args(hint)
    if origin is Annotated or origin is Literal:
        return _text(args[1]) if origin is Annotated else _choice(args)
    if origin in {Union, types.UnionType}:
        return _reader(next(each for each in args if each is not type(None)))
    if origin is tuple:
        return _list(_reader(args[0]))
    if origin is Mapping:
        return _mapping(_reader(args[1]))
    simple = {str: _text(Length(MAX_TEXT)), int: _integer, float: _number, bool: _boolean}
    return simple.get(hint) or _nested(hint)


def _text(length: Length) -> Reader:
    limit = length.limit

    def read(value: Any, path: str) -> str:
        if not isinstance(value, str):
            raise BadMessage(f"{path} is not text")
        if len(value) > limit:
            raise BadMessage(f"{path} is longer than {limit} characters")
        if _UNPAIRED.search(value):
            raise BadMessage(f"{path} is not Unicode text")
        if not length.has_lines and _CONTROL.search(value):
            raise BadMessage(f"{path} holds a line end or a control character")
        return value

    return read


def _choice(allowed: tuple[Any, ...]) -> Reader:
    def read(value: Any, path: str) -> Any:
        if not isinstance(value, str) or value not in allowed:
            raise BadMessage(f"{path} is none of {', '.join(allowed)}")
        return value

    return read


def _integer(value: Any, path: str) -> int:
    if isinstance(value, float) and value.is_integer():
        value = int(value)
    if isinstance(value, bool) or not isinstance(value, int) or not 0 <= value < 2**53:
        raise BadMessage(f"{path} is not a whole number from 0")
    return value


def _number(value: Any, path: str) -> float:
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise BadMessage(f"{path} is not a number")
    if not math.isfinite(value) or abs(value) > 2**53:
        raise BadMessage(f"{path} is too large a number")
    return float(value)


def _boolean(value: Any, path: str) -> bool:
    if not isinstance(value, bool):
        raise BadMessage(f"{path} is neither true nor false")
    return value


def _list(item: Reader) -> Reader:
    def read(value: Any, path: str) -> tuple[Any, ...]:
        if not isinstance(value, list) or len(value) > MAX_ITEMS:
            raise BadMessage(f"{path} is not a list of at most {MAX_ITEMS}")
        return tuple(item(each, f"{path}[{at}]") for at, each in enumerate(value))

    return read


def _mapping(item: Reader) -> Reader:
    def read(value: Any, path: str) -> dict[str, Any]:
        if not isinstance(value, dict) or len(value) > MAX_ITEMS:
            raise BadMessage(f"{path} is not an object of at most {MAX_ITEMS} entries")
        names = _text(Length(MAX_TEXT))
        what = f"an entry of {path}"
        return {names(key, what): item(each, what) for key, each in value.items()}

    return read


def _nested(kind: Any) -> Reader:
    def read(value: Any, path: str) -> Any:
        if not isinstance(value, dict):
            raise BadMessage(f"{path} is not an object")
        return decode_object(kind, value, path)

    return read


@cache
def _names(kind: Any) -> tuple[str, ...]:
    return tuple(field.name for field in fields(kind))


def _plain(value: Any) -> Any:
    if isinstance(value, Enum):
        return value.value
    if value is None or isinstance(value, str | int | float):
        return value
    if isinstance(value, Mapping):
        return {key: _plain(each) for key, each in value.items()}
    if isinstance(value, tuple | list):
        return [_plain(each) for each in value]
    return {
        name: _plain(each)
        for name in _names(cast("Any", type(value)))
        if (each := getattr(value, name)) is not None
    }
