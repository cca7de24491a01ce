"""What may be asked of `Calls/connect`, checked, and written as the platform's form.

Parameters: https://developer.exotel.com/api/make-a-call-api and guide section 7.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any, Final, Literal, TypedDict
from urllib.parse import urlencode, urlsplit

from exotel_voice.errors import ConfigError

__all__ = ["CallbackEvent", "ConnectOptions", "connect_form"]

CallbackEvent = Literal["terminal", "answered"]

MAX_TIME_LIMIT: Final = 14_400
"""Longest call, seconds: four hours."""
MAX_CUSTOM_FIELD: Final = 128
"""Longest `custom_field`, characters."""
MAX_NAME: Final = 128
"""Longest number or user name, characters."""


class ConnectOptions(TypedDict, total=False):
    """The options of a call; each is left to the platform when it is not given."""

    call_type: Literal["trans", "promo"]
    """`trans` for a transactional call."""
    time_limit: int
    """Seconds after which the call is cut, 1 to 14400."""
    time_out: int
    """Seconds that each side may ring, 1 to 14400; the platform has a lower limit of its own."""
    wait_url: str
    """A WAV file that the first side hears while the second one rings."""
    record: bool
    """Whether the conversation is recorded."""
    recording_channels: Literal["single", "dual"]
    """One channel for both sides, or one for each; with `record` only."""
    recording_format: Literal["mp3", "mp3-hq"]
    """The usual quality or a high one; with `record` only."""
    stream_url: str
    """A WebSocket (`wss`) that gets the audio while the call goes on."""
    stream_begin: str
    """When that begins: `at Leg1Connect` or `at Leg2Connect`."""
    custom_field: str
    """Anything of the application, 128 characters at most; StatusCallback repeats it."""
    start_playback_to: Literal["Callee", "Both"]
    """Who hears `start_playback`."""
    start_playback: str
    """Audio that is played before the conversation, a URL."""
    status_callback: str
    """Where the platform tells how the call fared; see `exotel_voice.rest.status_callback`."""
    status_callback_events: Iterable[CallbackEvent]
    """`terminal`, `answered`, or both; without them one short message comes at the end."""
    status_callback_content_type: Literal["multipart/form-data", "application/json"]
    """The form of those messages; the platform's default is multipart/form-data."""
    max_retries: int
    """How often the platform calls the first side again when it does not answer."""
    extra: Mapping[str, str]
    """Parameters that the platform has learned since, under the platform's own names."""


_TEXTS: Final = {
    "call_type": "CallType",
    "recording_channels": "RecordingChannels",
    "recording_format": "RecordingFormat",
    "stream_begin": "StreamBegin",
    "custom_field": "CustomField",
    "start_playback_to": "StartPlaybackToNew",
    "status_callback_content_type": "StatusCallbackContentType",
}
_URLS: Final = {
    "wait_url": ("WaitUrl", ("http", "https")),
    "stream_url": ("StreamUrl", ("ws", "wss", "http", "https")),
    "start_playback": ("StartPlaybackValueNew", ("http", "https")),
    "status_callback": ("StatusCallback", ("http", "https")),
}
_NUMBERS: Final = {
    "time_limit": ("TimeLimit", 1, MAX_TIME_LIMIT),
    "time_out": ("TimeOut", 1, MAX_TIME_LIMIT),
    "max_retries": ("MaxRetries", 0, 10),
}
_CHOICES: Final = {
    "call_type": ("trans", "promo"),
    "recording_channels": ("single", "dual"),
    "recording_format": ("mp3", "mp3-hq"),
    "start_playback_to": ("Callee", "Both"),
    "status_callback_content_type": (
        "multipart/form-data",
        "application/json",
        "application/x-www-form-urlencoded",
    ),
}


def connect_form(parties: Mapping[str, str], options: Mapping[str, Any]) -> bytes:
    """Write the form of a call.

    Args:
        parties: `From`, `CallerId`, and `To` or `Url`.
        options: As in `ConnectOptions`; None counts as not given.

    Raises:
        ConfigError: A parameter is empty, too long, out of range or unknown; the message names it.
    """
    fields = [(name, _party(name, value)) for name, value in parties.items()]
    for name, value in options.items():
        if value is not None:
            fields += _fields(name, value)
    return urlencode(fields).encode()


def _fields(name: str, value: Any) -> list[tuple[str, str]]:
    if name in _NUMBERS:
        return [_number(name, value)]
    if name in _URLS:
        return [(_URLS[name][0], _url(name, value))]
    if name in _TEXTS:
        return [(_TEXTS[name], _text(name, value))]
    match name:
        case "record":
            return [("Record", "true" if value else "false")]
        case "status_callback_events":
            return _events(value)
        case "extra":
            return [(str(key), str(one)) for key, one in dict(value).items()]
        case _:
            raise ConfigError(
                f"{name} is no option of a call",
                hint="See ConnectOptions; `extra` takes parameters under the platform's names.",
            )


def _party(name: str, value: object) -> str:
    told = {"From": "from_", "To": "to", "CallerId": "caller_id", "Url": "flow_url"}[name]
    if not isinstance(value, str) or not value.strip():
        raise ConfigError(f"{told} is empty")
    if name == "Url":
        return _url(told, value)
    if len(value) > MAX_NAME or any(ord(one) < 0x20 or one in '<>"' for one in value):
        raise ConfigError(f"{told} is neither a phone number nor a user name")
    return value.strip()


def _number(name: str, value: object) -> tuple[str, str]:
    field, least, most = _NUMBERS[name]
    if isinstance(value, bool) or not isinstance(value, int) or not least <= value <= most:
        raise ConfigError(f"{name} must be a whole number from {least} to {most}")
    return field, str(value)


def _text(name: str, value: object) -> str:
    if not isinstance(value, str) or not value:
        raise ConfigError(f"{name} is empty")
    choices = _CHOICES.get(name)
    if choices and value not in choices:
        raise ConfigError(f"{name} must be one of {', '.join(choices)}")
    if len(value) > MAX_CUSTOM_FIELD:
        raise ConfigError(f"{name} is longer than {MAX_CUSTOM_FIELD} characters")
    return value


def _url(name: str, value: object) -> str:
    schemes = _URLS[name][1] if name in _URLS else ("http", "https")
    try:
        parts = urlsplit(value) if isinstance(value, str) else None
        is_usable = parts is not None and parts.scheme in schemes and bool(parts.hostname)
    except ValueError:
        is_usable = False
    if not is_usable:
        raise ConfigError(f"{name} is not a URL with {' or '.join(schemes)}")
    return str(value)


def _events(value: Iterable[str]) -> list[tuple[str, str]]:
    events = [value] if isinstance(value, str) else list(value)
    if any(event not in ("terminal", "answered") for event in events):
        raise ConfigError("status_callback_events may hold terminal and answered")
    return [(f"StatusCallbackEvents[{index}]", event) for index, event in enumerate(events)]
