"""Tells the application's StatusCallback URL how a call fared, and tries again when it must."""

from __future__ import annotations

import asyncio
import logging
from typing import Final

import httpx

from exotel_voice.sandbox.records import CallRecord, LegRecord
from exotel_voice.sandbox.rest_documents import platform_time
from exotel_voice.sandbox.rest_request import StatusCallback

__all__ = ["deliver"]

logger = logging.getLogger(__name__)

ATTEMPTS: Final = 3
"""One try and two more, as the platform does."""

REPLY_WITHIN: Final = 15.0
"""Seconds that the application has for its reply."""


async def deliver(
    record: CallRecord, callback: StatusCallback, *, event: str, retry_after: float = 1.0
) -> bool:
    """Send one message about a call; True when the application took it.

    A reply other than 2xx, or none within 15 seconds, leads to two more tries.

    Args:
        record: The call.
        callback: Where and how.
        event: `terminal` or `answered`.
        retry_after: Seconds before the second try, doubled before the third.
    """
    content = _content(record, callback, event=event)
    async with httpx.AsyncClient(timeout=REPLY_WITHIN, trust_env=False) as client:
        for attempt in range(ATTEMPTS):
            if attempt:
                await asyncio.sleep(retry_after * 2 ** (attempt - 1))
            outcome = await _try(client, callback, content)
            if outcome is None:
                return True
            logger.warning(
                "StatusCallback, try %d of %d: %s", attempt + 1, ATTEMPTS, outcome,
                extra={"call_sid": record.sid},
            )  # fmt: skip
    return False


async def _try(
    client: httpx.AsyncClient, callback: StatusCallback, content: dict[str, object]
) -> str | None:
    """Send once; None when it was taken, else what went wrong."""
    try:
        reply = await client.send(_request(client, callback, content))
    except (httpx.HTTPError, httpx.InvalidURL) as error:
        return type(error).__name__
    return None if reply.is_success else f"status {reply.status_code}"


def _request(
    client: httpx.AsyncClient, callback: StatusCallback, content: dict[str, object]
) -> httpx.Request:
    if callback.method == "GET":
        return client.build_request("GET", callback.url, params=dict(_flat(content)))
    if callback.content_type == "application/json":
        return client.build_request("POST", callback.url, json=content)
    if callback.content_type == "multipart/form-data":
        parts = {name: (None, text) for name, text in _flat(content)}
        return client.build_request("POST", callback.url, files=parts)
    return client.build_request("POST", callback.url, data=dict(_flat(content)))


def _content(record: CallRecord, callback: StatusCallback, *, event: str) -> dict[str, object]:
    """Say what the platform says: little by default, more when events were asked for."""
    content: dict[str, object] = {
        "CallSid": record.sid,
        "DateUpdated": platform_time(record.updated_at),
        "Status": str(record.status),
        "RecordingUrl": "",
    }
    if callback.events:
        content |= {
            "EventType": event,
            "DateCreated": platform_time(record.created_at),
            "To": record.to,
            "From": record.from_,
            "PhoneNumberSid": record.caller_id,
            "StartTime": platform_time(record.created_at),
            "EndTime": platform_time(record.ended_at) or "",
            "Direction": str(record.direction),
            "ConversationDuration": round(record.duration),
            "Legs": [_leg(leg) for leg in record.legs],
        }
    if record.custom_field:
        content["CustomField"] = record.custom_field
    return content


def _leg(leg: LegRecord) -> dict[str, object]:
    return {"OnCallDuration": round(leg.on_call_duration), "Status": str(leg.status)}


def _flat(content: dict[str, object]) -> list[tuple[str, str]]:
    """Write nested values as form fields: `Legs[0][Status]`."""
    fields: list[tuple[str, str]] = []
    for name, value in content.items():
        if isinstance(value, list):
            for index, item in enumerate(value):
                fields += [(f"{name}[{index}][{key}]", str(inner)) for key, inner in item.items()]
        else:
            fields.append((name, str(value)))
    return fields
