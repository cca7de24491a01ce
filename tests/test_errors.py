"""The error tree: each class has its own code and a hint that says what to do."""

from __future__ import annotations

import inspect
import re

import pytest

from exotel_voice import errors
from exotel_voice.errors import ExotelVoiceError


def _all_errors() -> list[type[ExotelVoiceError]]:
    found = [
        value
        for value in vars(errors).values()
        if inspect.isclass(value) and issubclass(value, ExotelVoiceError)
    ]
    assert len(found) > 20
    return found


ALL = _all_errors()
BELOW_THE_ROOT = [error for error in ALL if error is not ExotelVoiceError]


def test_every_error_of_the_module_is_exported() -> None:
    assert sorted(error.__name__ for error in ALL) == sorted(errors.__all__)


def test_no_two_errors_share_a_code() -> None:
    codes = [error.code for error in ALL]
    assert sorted(codes) == sorted(set(codes))


@pytest.mark.parametrize("error", ALL)
def test_each_code_is_a_slug(error: type[ExotelVoiceError]) -> None:
    assert re.fullmatch(r"[a-z_]+(\.[a-z_]+)?", error.code)


@pytest.mark.parametrize("error", ALL)
def test_each_class_has_its_own_code_and_hint(error: type[ExotelVoiceError]) -> None:
    own = vars(error)
    assert "code" in own
    assert "default_hint" in own


@pytest.mark.parametrize("error", ALL)
def test_each_hint_is_one_sentence_that_says_what_to_do(error: type[ExotelVoiceError]) -> None:
    hint = error.default_hint
    assert hint[0].isupper()
    assert hint.endswith(".")
    assert len(hint.split()) >= 3


@pytest.mark.parametrize("error", BELOW_THE_ROOT)
def test_each_error_stands_in_the_tree_of_the_module(error: type[ExotelVoiceError]) -> None:
    tree = inspect.getdoc(errors) or ""
    assert re.search(rf"[├└]── {error.__name__}\b", tree)


@pytest.mark.parametrize("error", BELOW_THE_ROOT)
def test_the_tree_draws_each_error_below_its_parent(error: type[ExotelVoiceError]) -> None:
    lines = (inspect.getdoc(errors) or "").splitlines()
    own = next(i for i, line in enumerate(lines) if re.search(rf"── {error.__name__}\b", line))
    depth = lines[own].index("──")
    above = next(
        line
        for line in reversed(lines[:own])
        if re.search(r"\w", line) and re.search(r"[A-Za-z]", line) and _column(line) < depth
    )
    parent = error.__bases__[0].__name__
    assert re.search(rf"\b{parent}\b", above)


def _column(line: str) -> int:
    return line.index("──") if "──" in line else 0


def test_an_error_shows_its_message_and_its_hint() -> None:
    error = errors.ConfigError("host is empty", hint="Give the name of the SIP server.")
    assert str(error) == "host is empty (Give the name of the SIP server.)"
    assert (error.message, error.retryable, error.call_id) == ("host is empty", False, None)


def test_retrying_makes_sense_after_a_lost_connection_but_not_after_a_wrong_setting() -> None:
    assert errors.ConnectionLost("gone").retryable
    assert not errors.ConfigError("wrong").retryable
    assert errors.ConfigError("wrong", retryable=True).retryable


def test_a_refused_registration_says_status_and_reason() -> None:
    error = errors.RegistrationFailed("403 Forbidden", status=403, reason="Forbidden")
    assert (error.status, error.reason, error.retry_after) == (403, "Forbidden", None)
    assert not error.retryable


def test_a_registration_that_may_come_back_is_retryable() -> None:
    error = errors.RegistrationFailed("busy", status=503, reason="Busy", retry_after=5.0)
    assert error.retryable


def test_a_failed_call_says_who_ended_it_and_how() -> None:
    error = errors.CallBusy("bob is busy", status=486, reason="Busy Here", call_id="c1")
    assert (error.status, error.reason, error.is_local) == (486, "Busy Here", False)
    assert error.call_id == "c1"


def test_a_protocol_error_carries_the_reply_for_the_peer() -> None:
    assert errors.MessageTooLarge("too much", status=513).status == 513


def test_a_deadline_is_a_timeout_for_code_that_knows_only_python() -> None:
    with pytest.raises(TimeoutError):
        raise errors.DeadlineExceeded("no reply within 5 s")
