"""The names of the HTTP API that programs depend on, and that both twins have the same."""

from __future__ import annotations

import inspect

import pytest

from exotel_voice import rest

TWINS = [
    (rest.ExotelClient, rest.SyncExotelClient),
    (rest.ExotelIntegrationClient, rest.SyncExotelIntegrationClient),
]


def test_every_exported_name_exists() -> None:
    assert [name for name in rest.__all__ if not hasattr(rest, name)] == []


def test_a_call_takes_the_documented_arguments() -> None:
    signature = inspect.signature(rest.ExotelClient.connect_call)
    assert list(signature.parameters) == ["self", "from_", "to", "caller_id", "options"]
    assert signature.parameters["options"].kind is inspect.Parameter.VAR_KEYWORD
    assert next(iter(inspect.signature(rest.ExotelClient.call_details).parameters)) == "self"
    assert "sid" in inspect.signature(rest.ExotelClient.call_details).parameters


@pytest.mark.parametrize(("asynchronous", "plain"), TWINS)
def test_the_twins_differ_in_nothing_but_waiting(asynchronous: type, plain: type) -> None:
    def methods(kind: type) -> dict[str, str]:
        found = inspect.getmembers(kind, inspect.isfunction)
        return {
            name: str(inspect.signature(function))
            for name, function in found
            if not name.startswith("_") and name not in ("aclose", "close", "create_token")
        }

    assert methods(asynchronous) == methods(plain)
    assert inspect.signature(asynchronous) == inspect.signature(plain)
