"""The state of the sandbox in JSON's types, for the status page. It holds no password."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from exotel_voice.sandbox.house import House
from exotel_voice.sandbox.records import CallRecord
from exotel_voice.sandbox.registrar import Binding

__all__ = ["snapshot"]

MAX_SHOWN: Final = 50
"""Calls that the page shows, the newest."""


def snapshot(house: House, addresses: Mapping[str, str], now: float) -> dict[str, object]:
    """Describe the sandbox.

    Args:
        house: The sandbox, from the inside.
        addresses: Name and value of each address to show.
        now: The time on the registrar's clock, seconds.
    """
    bindings = house.registrar.bindings(now)
    return {
        "addresses": dict(addresses),
        "accounts": [
            {
                "username": username,
                "bindings": [
                    _binding(binding, now) for binding in bindings if binding.username == username
                ],
            }
            for username in house.accounts
        ],
        "calls": [_call(record) for record in reversed(house.calls[-MAX_SHOWN:])],
        "parties": [{"name": kind.example, "does": kind.does} for kind in house.parties.values()],
    }


def _binding(binding: Binding, now: float) -> dict[str, object]:
    return {
        "contact": binding.contact,
        "agent": binding.agent,
        "expires_in": round(binding.expires_at - now, 1),
    }


def _call(record: CallRecord) -> dict[str, object]:
    return {
        "sid": record.sid,
        "from": record.from_,
        "to": record.to,
        "direction": str(record.direction),
        "status": str(record.status),
        "is_living": not record.status.is_final,
        "is_answered": record.answered_at is not None,
        "is_held": record.is_held and not record.status.is_final,
        "duration": round(record.duration, 1),
        "digits": record.digits,
        "hears": _hears(record),
        "codec": record.codec,
        "heard_frequency_hz": record.heard_frequency_hz,
        "heard_level": round(record.heard_level, 4),
    }


def _hears(record: CallRecord) -> str:
    frequency = record.heard_frequency_hz
    if frequency is None:
        return record.codec
    level = f"{frequency:.0f} Hz, level {record.heard_level:.2f}"
    return f"{record.codec}, {level}" if record.codec else level
