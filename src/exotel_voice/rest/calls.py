"""The plans behind `ExotelClient` and its twin: what they send, and what they make of it."""

from __future__ import annotations

import secrets
import time
from collections.abc import Callable, Generator, Mapping
from typing import Any, Final, Literal
from urllib.parse import quote

from exotel_voice.errors import ConfigError, DeadlineExceeded
from exotel_voice.rest.account import ApiAccount
from exotel_voice.rest.connect import connect_form
from exotel_voice.rest.documents import section
from exotel_voice.rest.exchange import Outcome, Plan, RetryPolicy, Send, Step, Wait, exchange
from exotel_voice.rest.results import ApiCall, call_from

__all__ = ["CallPlans", "WireFormat", "fraction"]

WireFormat = Literal["json", "xml"]

FORM: Final = "application/x-www-form-urlencoded"
_BITS: Final = 53


def fraction() -> float:
    """Draw a number from 0.0 up to, not including, 1.0."""
    return secrets.randbits(_BITS) / (1 << _BITS)


class CallPlans:
    """Makes the plans of one account.

    Args:
        account: Whose API it is.
        policy: How often requests are repeated; None for the usual.
        wire_format: What the platform is asked to reply with.
    """

    def __init__(
        self, account: ApiAccount, *, policy: RetryPolicy | None, wire_format: WireFormat
    ) -> None:
        if wire_format not in ("json", "xml"):
            raise ConfigError("wire_format must be json or xml")
        self._account = account
        self._policy = policy or RetryPolicy()
        self._suffix = ".json" if wire_format == "json" else ""

    def connect(self, parties: Mapping[str, str], options: Mapping[str, Any]) -> Plan[ApiCall]:
        """Place a call. The form is checked at once, before anything is sent."""
        send = Send(
            method="POST",
            url=f"{self._account.calls_url}/connect{self._suffix}",
            headers=self._headers() | {"Content-Type": FORM},
            content=connect_form(parties, options),
        )
        return self._call(send)

    def details(
        self, sid: str, *, with_legs: bool = False, recording_url_valid_for: int | None = None
    ) -> Plan[ApiCall]:
        """Ask about a call."""
        if not sid.strip():
            raise ConfigError("sid is empty")
        query = ["details=true"] if with_legs else []
        if recording_url_valid_for is not None:
            if not 5 <= recording_url_valid_for <= 60:
                raise ConfigError("recording_url_valid_for must be 5 to 60 minutes")
            query.append(f"RecordingUrlValidity={recording_url_valid_for}")
        url = f"{self._account.calls_url}/{quote(sid.strip(), safe='')}{self._suffix}"
        url += f"?{'&'.join(query)}" if query else ""
        return self._call(Send(method="GET", url=url, headers=self._headers()))

    def until_over(
        self,
        sid: str,
        *,
        every: float,
        within: float,
        on_change: Callable[[ApiCall], object] | None,
    ) -> Plan[ApiCall]:
        """Ask about a call again and again, until it is over."""
        if every <= 0 or within <= 0:
            raise ConfigError("every and within must be more than 0 seconds")
        return self._follow(sid, every=every, within=within, on_change=on_change)

    def _follow(
        self,
        sid: str,
        *,
        every: float,
        within: float,
        on_change: Callable[[ApiCall], object] | None,
    ) -> Plan[ApiCall]:
        deadline = time.monotonic() + within
        last = None
        while True:
            call = yield from self.details(sid)
            if on_change is not None and call.status is not last:
                on_change(call)
            last = call.status
            if call.is_over:
                return call
            left = deadline - time.monotonic()
            if left <= 0:
                raise DeadlineExceeded(
                    f"The call is {call.status} after {within:g} s",
                    hint="Ask again later, or let StatusCallback tell of its end.",
                )
            yield Wait(min(every, left))

    def _call(self, send: Send) -> Plan[ApiCall]:
        policy = self._policy

        def plan() -> Generator[Step, Outcome, ApiCall]:
            reply = yield from exchange(send, policy, fraction)
            return call_from(section(reply, "Call"))

        return plan()

    def _headers(self) -> dict[str, str]:
        kind = "application/json" if self._suffix else "application/xml"
        return {"Authorization": self._account.authorization, "Accept": kind}
