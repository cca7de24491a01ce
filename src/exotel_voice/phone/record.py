"""What is known of a call, as it grows: the mutable side of `CallDetails`."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Final

from exotel_voice.errors import ExotelVoiceError
from exotel_voice.phone.details import CallDetails, CallDirection, CallState, EndCause

__all__ = ["CallRecord"]

CALL_SID_HEADER: Final = "X-Exotel-Callsid"
LEG_SID_HEADERS: Final = ("LegSid", "X-Exotel-LegSid")


class CallRecord:
    """The facts of one call. Instants are in UTC; the duration is by the loop's clock.

    Args:
        call_id: Names the call in its phone.
        direction: Who called.
        remote_uri: The far side's URI.
        remote_display_name: The name that the far side gives itself; may be empty.
        headers: What came with the INVITE, names without regard to case; empty for an outgoing
            call.
    """

    def __init__(
        self,
        call_id: str,
        direction: CallDirection,
        *,
        remote_uri: str,
        remote_display_name: str = "",
        headers: Mapping[str, tuple[str, ...]] | None = None,
    ) -> None:
        self.call_id = call_id
        self.session_id = ""
        self.direction = direction
        self.remote_uri = remote_uri
        self.remote_id = user_part(remote_uri)
        self.remote_display_name = remote_display_name
        self.headers: Mapping[str, tuple[str, ...]] = headers or {}
        self.started_at = datetime.now(UTC)
        self.answered_at: datetime | None = None
        self.established_at: datetime | None = None
        self.ended_at: datetime | None = None
        self.end_cause: EndCause | None = None
        self.end_status: int | None = None
        self.end_reason = ""
        self.error: ExotelVoiceError | None = None
        self._clock = asyncio.get_running_loop().time
        self._talking_since: float | None = None
        self._talking_until: float | None = None

    def take_headers(self, headers: Mapping[str, tuple[str, ...]]) -> None:
        """Keep the headers of the response that answered an outgoing call."""
        self.headers = headers

    def answered(self) -> None:
        """Take note of the answer."""
        if self.answered_at is None:
            self.answered_at = datetime.now(UTC)
            self._talking_since = self._clock()

    def established(self) -> None:
        """Take note that audio can flow."""
        if self.established_at is None:
            self.established_at = datetime.now(UTC)

    def over(
        self, cause: EndCause, status: int, reason: str, error: ExotelVoiceError | None
    ) -> None:
        """Take note of the end."""
        self.ended_at = datetime.now(UTC)
        self._talking_until = self._clock()
        self.end_cause = cause
        self.end_status = status
        self.end_reason = reason
        self.error = error

    def details(self, state: CallState) -> CallDetails:
        """Give the facts as they stand now."""
        return CallDetails(
            call_id=self.call_id,
            session_id=self.session_id,
            call_state=state,
            call_direction=self.direction,
            remote_id=self.remote_id,
            remote_uri=self.remote_uri,
            remote_display_name=self.remote_display_name,
            call_started_time=self.started_at,
            call_answer_time=self.answered_at,
            call_established_time=self.established_at,
            call_ended_time=self.ended_at,
            call_duration=self._duration(),
            call_end_cause=self.end_cause,
            call_end_status=self.end_status,
            call_end_reason=self.end_reason,
            call_sid=self._header(CALL_SID_HEADER),
            leg_sid=next(filter(None, map(self._header, LEG_SID_HEADERS)), ""),
            sip_headers=self.headers,
            error=self.error,
        )

    def _duration(self) -> float:
        if self._talking_since is None:
            return 0.0
        until = self._clock() if self._talking_until is None else self._talking_until
        return until - self._talking_since

    def _header(self, name: str) -> str:
        values = self.headers.get(name)
        return values[0].strip() if values else ""


def user_part(uri: str) -> str:
    """Give what comes before the `@` of a SIP URI, or the number of a tel URI (RFC 3966)."""
    _, _, rest = uri.partition(":")
    user, at, host = rest.partition("@")
    if at:
        return user.partition(";")[0].partition(":")[0]
    return rest.partition(";")[0] if uri.lower().startswith("tel:") else host or rest
