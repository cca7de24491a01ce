"""The documents of the platform's HTTP API: one call, or one error, as XML or JSON."""

from __future__ import annotations

import datetime as dt
import json
from typing import Final
from xml.etree import ElementTree as ET

from exotel_voice.sandbox.records import CallRecord

__all__ = ["Format", "call_document", "error_document", "platform_time"]

ERROR_CODES: Final = {
    400: "BAD_REQUEST",
    401: "UNAUTHORIZED",
    403: "FORBIDDEN",
    404: "NOT_FOUND",
    405: "METHOD_NOT_ALLOWED",
    413: "CONTENT_TOO_LARGE",
    429: "TOO_MANY_REQUESTS",
}


class Format:
    """XML, or JSON for a path that ends with `.json`."""

    def __init__(self, *, is_json: bool) -> None:
        self.is_json = is_json
        self.media_type = "application/json" if is_json else "application/xml"

    def render(self, name: str, content: dict[str, object]) -> bytes:
        """Write one named object."""
        if self.is_json:
            return json.dumps({name: content}).encode()
        root = ET.Element("TwilioResponse")
        _fill(ET.SubElement(root, name), content)
        return bytes(ET.tostring(root, encoding="UTF-8", xml_declaration=True))


def _fill(element: ET.Element, content: dict[str, object]) -> None:
    for name, value in content.items():
        child = ET.SubElement(element, name)
        if value is not None:
            child.text = str(value)


def platform_time(moment: dt.datetime | None) -> str | None:
    """Write a time as the platform does, `YYYY-MM-DD HH:MM:SS`; in UTC here."""
    return None if moment is None else f"{moment.astimezone(dt.UTC):%Y-%m-%d %H:%M:%S}"


def call_document(record: CallRecord, *, account_sid: str, form: Format) -> bytes:
    """Describe a call as `Calls/connect` and the call details do."""
    suffix = ".json" if form.is_json else ""
    duration = round(record.duration) if record.ended_at else None
    return form.render(
        "Call",
        {
            "Sid": record.sid,
            "ParentCallSid": None,
            "DateCreated": platform_time(record.created_at),
            "DateUpdated": platform_time(record.updated_at),
            "AccountSid": account_sid,
            "To": record.to,
            "From": record.from_,
            "PhoneNumberSid": record.caller_id,
            "Status": str(record.status),
            "StartTime": platform_time(record.created_at),
            "EndTime": platform_time(record.ended_at),
            "Duration": duration,
            "Price": None,
            "Direction": str(record.direction),
            "AnsweredBy": "human" if record.answered_at else None,
            "ForwardedFrom": None,
            "CallerName": None,
            "Uri": f"/v1/Accounts/{account_sid}/Calls{suffix}/{record.sid}",
            "CustomField": record.custom_field or None,
            "RecordingUrl": None,
        },
    )


def error_document(status: int, message: str, *, form: Format) -> bytes:
    """Describe an error in the platform's form, `RestException`."""
    code = ERROR_CODES.get(status, "ERROR")
    return form.render("RestException", {"Status": status, "Message": message, "Code": code})
