"""What the HTTP API tells of a call, typed: `ApiCall`, `ApiLeg`, `ApiCallStatus`."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum

from exotel_voice.errors import ApiError

__all__ = [
    "ApiCall",
    "ApiCallStatus",
    "ApiLeg",
    "call_from",
    "legs_from",
    "moment",
    "number",
    "text",
]


class ApiCallStatus(StrEnum):
    """How far a call or one of its legs has come, in the platform's words."""

    QUEUED = "queued"
    RINGING = "ringing"
    IN_PROGRESS = "in-progress"
    COMPLETED = "completed"
    FAILED = "failed"
    BUSY = "busy"
    NO_ANSWER = "no-answer"
    CANCELED = "canceled"
    UNKNOWN = "unknown"
    """None of these: the platform has learned a new word; `raw` holds it."""

    @classmethod
    def _missing_(cls, value: object) -> ApiCallStatus:
        del value
        return cls.UNKNOWN

    @property
    def is_final(self) -> bool:
        """Whether the call is over."""
        return self in _FINAL


_FINAL = frozenset(
    {
        ApiCallStatus.COMPLETED,
        ApiCallStatus.FAILED,
        ApiCallStatus.BUSY,
        ApiCallStatus.NO_ANSWER,
        ApiCallStatus.CANCELED,
    }
)


@dataclass(frozen=True, slots=True, kw_only=True)
class ApiLeg:
    """One side of a call."""

    status: ApiCallStatus | None
    """How it fared; None when it was not attempted or is not told."""
    on_call_for: int | None
    """Seconds that this side was in the call."""
    answered_by: str
    """`Human`, `Machine`, `NotSure` or `NA`, as the platform spells it; empty when not told."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ApiCall:
    """A call as the HTTP API describes it.

    Times are as the platform writes them, without a time zone: they are in the account's. Those of
    the end, `duration` and `price` follow up to two minutes after the end of the call.
    """

    sid: str
    """The call's id at the platform; INVITEs of the call carry it in X-Exotel-Callsid."""
    status: ApiCallStatus
    from_: str
    """The side that is called first."""
    to: str
    """The side that is called second."""
    caller_id: str
    """The ExoPhone of the call, `PhoneNumberSid` at the platform."""
    account_sid: str
    direction: str
    """`inbound`, `outbound-dial` or `outbound-api`."""
    created_at: dt.datetime | None
    updated_at: dt.datetime | None
    started_at: dt.datetime | None
    ended_at: dt.datetime | None
    duration: int | None
    """Seconds from the begin to the end."""
    conversation_duration: int | None
    """Seconds in which both sides could talk; told with `with_legs` only."""
    price: float | None
    """In the account's currency."""
    answered_by: str
    recording_url: str
    """Where the recording is; empty without one."""
    custom_field: str
    """As given when the call was placed, if the platform repeats it."""
    legs: tuple[ApiLeg, ...]
    """Both sides; told with `with_legs` only."""
    raw: Mapping[str, object] = field(repr=False, compare=False)
    """The document as it came."""

    @property
    def is_over(self) -> bool:
        """Whether the call has ended, in whatever way."""
        return self.status.is_final


def call_from(content: Mapping[str, object]) -> ApiCall:
    """Read the platform's `Call`.

    Raises:
        ApiError: It has no `Sid`.
    """
    sid = text(content, "Sid")
    if not sid:
        raise ApiError("The platform's reply describes a call without a Sid")
    inner = content.get("Details")
    details = inner if isinstance(inner, Mapping) else {}
    return ApiCall(
        sid=sid,
        status=ApiCallStatus(text(content, "Status")),
        from_=text(content, "From"),
        to=text(content, "To"),
        caller_id=text(content, "PhoneNumberSid"),
        account_sid=text(content, "AccountSid"),
        direction=text(content, "Direction"),
        created_at=moment(content, "DateCreated"),
        updated_at=moment(content, "DateUpdated"),
        started_at=moment(content, "StartTime"),
        ended_at=moment(content, "EndTime"),
        duration=number(content, "Duration"),
        conversation_duration=number(details, "ConversationDuration"),
        price=_amount(content, "Price"),
        answered_by=text(content, "AnsweredBy"),
        recording_url=text(content, "PreSignedRecordingUrl") or text(content, "RecordingUrl"),
        custom_field=text(content, "CustomField"),
        legs=_legs_with_statuses(details),
        raw=content,
    )


def legs_from(value: object) -> tuple[ApiLeg, ...]:
    """Read legs: a list of objects, each bare or inside `Leg`, or the `Leg`s of XML."""
    if isinstance(value, Mapping):
        inner = value.get("Leg", [])
        value = inner if isinstance(inner, list) else [inner]
    if not isinstance(value, list):
        return ()
    found = (one.get("Leg", one) if isinstance(one, Mapping) else None for one in value)
    return tuple(_leg(one) for one in found if isinstance(one, Mapping))


def _leg(content: Mapping[str, object]) -> ApiLeg:
    status = text(content, "Status")
    return ApiLeg(
        status=ApiCallStatus(status) if status and status != "null" else None,
        on_call_for=number(content, "OnCallDuration"),
        answered_by=text(content, "AnsweredBy"),
    )


def _legs_with_statuses(details: Mapping[str, object]) -> tuple[ApiLeg, ...]:
    """Join the legs with their statuses, which call details tell apart from them."""
    joined = []
    for index, leg in enumerate(legs_from(details.get("Legs")), 1):
        status = text(details, f"Leg{index}Status")
        told = ApiCallStatus(status) if status and status != "null" else leg.status
        joined.append(ApiLeg(status=told, on_call_for=leg.on_call_for, answered_by=leg.answered_by))
    return tuple(joined)


def text(content: Mapping[str, object], name: str) -> str:
    """Read text; a number is taken as written, what is missing or null is empty."""
    value = content.get(name)
    is_told = isinstance(value, str | int | float) and not isinstance(value, bool)
    return str(value).strip() if is_told else ""


def number(content: Mapping[str, object], name: str) -> int | None:
    """Read a whole number, written as one or as text; None for anything else."""
    amount = _amount(content, name)
    return None if amount is None else int(amount)


def moment(content: Mapping[str, object], name: str) -> dt.datetime | None:
    """Read a time, `YYYY-MM-DD HH:MM:SS`; None for anything else, also the platform's zeros."""
    try:
        return dt.datetime.fromisoformat(text(content, name))
    except ValueError:
        return None


def _amount(content: Mapping[str, object], name: str) -> float | None:
    try:
        amount = float(text(content, name))
    except ValueError:
        return None
    return amount if amount - amount == 0 else None  # neither infinite nor NaN
