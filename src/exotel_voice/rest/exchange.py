"""One request to an HTTP API, planned without doing any I/O.

A plan is a generator: it yields what is to be done (`Send`, `Wait`), is given what came of it, and
returns its result. The clients of `drivers.py` carry plans out, one with asyncio, one without, so
that what is sent, what is repeated and what is raised stands here once.

What may be repeated: a request that never left, one that was refused for its rate (RFC 6585 §4),
and one that changes nothing, whatever became of it (RFC 9110 §9.2.2). A POST whose reply is lost,
or that a server failed at, may have placed a call: it is never repeated.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Generator, Mapping
from dataclasses import dataclass, field
from email.utils import parsedate_to_datetime
from typing import Final, TypeVar

from exotel_voice.errors import ApiOutcomeUnknown, ApiUnavailable, ConfigError

__all__ = [
    "Outcome",
    "Plan",
    "Reply",
    "RetryPolicy",
    "Send",
    "Step",
    "Unreached",
    "Wait",
    "exchange",
    "seconds_to_wait",
]

T = TypeVar("T")

SAFE_METHODS: Final = frozenset({"GET", "HEAD"})
TOO_MANY_REQUESTS: Final = 429


@dataclass(frozen=True, slots=True, kw_only=True)
class Send:
    """Send a request and give back a `Reply`, or `Unreached`."""

    method: str
    url: str = field(repr=False)
    headers: Mapping[str, str] = field(repr=False)
    content: bytes | None = field(default=None, repr=False)

    @property
    def is_safe(self) -> bool:
        """Whether it changes nothing at the server (RFC 9110 §9.2.1)."""
        return self.method in SAFE_METHODS


@dataclass(frozen=True, slots=True)
class Wait:
    """Let so many seconds pass."""

    seconds: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Reply:
    """What the server said."""

    status: int
    headers: Mapping[str, str] = field(repr=False)
    """By name in lower case."""
    body: bytes = field(repr=False)

    @property
    def is_success(self) -> bool:
        """Whether the status is one of success (RFC 9110 §15.3)."""
        return 200 <= self.status < 300


@dataclass(frozen=True, slots=True, kw_only=True)
class Unreached:
    """No whole reply came."""

    reason: str
    was_sent: bool
    """Whether the server may have got the request."""


Step = Send | Wait
Outcome = Reply | Unreached | None
Plan = Generator[Step, Outcome, T]


@dataclass(frozen=True, slots=True, kw_only=True)
class RetryPolicy:
    """How often and when a request is repeated. Durations are seconds.

    Raises:
        ConfigError: A setting is out of its range.
    """

    attempts: int = 5
    """Tries in all; 1 for none but the first."""
    first_delay: float = 1.0
    """Ceiling of the delay before the second try; it doubles with each further one. The delay is
    drawn between half the ceiling and the ceiling, so that many clients do not come at once."""
    max_delay: float = 30.0
    """Ceiling that never grows, and the longest Retry-After that is waited for: a server that asks
    for more ends the tries (RFC 9110 §10.2.3)."""

    def __post_init__(self) -> None:
        if self.attempts < 1:
            raise ConfigError("attempts must be at least 1")
        if self.first_delay <= 0 or self.max_delay <= 0:
            raise ConfigError("first_delay and max_delay must be more than 0 seconds")

    def delay(self, attempt: int, fraction: float) -> float:
        """Give the delay after a try.

        Args:
            attempt: The number of the try that failed, from 1.
            fraction: A random number from 0.0 to 1.0.
        """
        ceiling = min(self.max_delay, self.first_delay * 2.0 ** min(attempt - 1, 30))
        return float(ceiling * (0.5 + fraction / 2))


def exchange(send: Send, policy: RetryPolicy, fraction: Callable[[], float]) -> Plan[Reply]:
    """Send a request, again where that is safe and may help, and return the last reply.

    Args:
        send: The request.
        policy: How often and when.
        fraction: Draws a random number from 0.0 to 1.0.

    Raises:
        ApiUnavailable: The server was never reached.
        ApiOutcomeUnknown: It may have got a request that changes something, and gave no reply, or
            one that leaves open what it did.
    """
    attempt = 0
    while True:
        attempt += 1
        outcome = yield send
        if isinstance(outcome, Reply) and outcome.is_success:
            return outcome
        delay = _delay(send, outcome, policy, attempt, fraction)
        if attempt >= policy.attempts or delay is None:
            return _conclude(send, outcome)
        yield Wait(delay)


def _delay(
    send: Send,
    outcome: Outcome,
    policy: RetryPolicy,
    attempt: int,
    fraction: Callable[[], float],
) -> float | None:
    """Say how long to wait before another try; None for no other try."""
    if not isinstance(outcome, Reply):
        was_sent = isinstance(outcome, Unreached) and outcome.was_sent
        may_repeat = send.is_safe or not was_sent
        return policy.delay(attempt, fraction()) if may_repeat else None
    is_failure = outcome.status >= 500 and send.is_safe
    if outcome.status != TOO_MANY_REQUESTS and not is_failure:
        return None
    asked = seconds_to_wait(outcome.headers)
    if asked is None:
        return policy.delay(attempt, fraction())
    return asked if asked <= policy.max_delay else None


def _conclude(send: Send, outcome: Outcome) -> Reply:
    if isinstance(outcome, Reply):
        if outcome.status >= 500 and not send.is_safe:
            raise ApiOutcomeUnknown(
                f"The platform failed with status {outcome.status}; it may have begun what was "
                "asked",
                status=outcome.status,
            )
        return outcome
    reason = outcome.reason if isinstance(outcome, Unreached) else "nothing came"
    if isinstance(outcome, Unreached) and outcome.was_sent and not send.is_safe:
        raise ApiOutcomeUnknown(f"The request was sent, but no reply came: {reason}")
    raise ApiUnavailable(f"The platform's HTTP API was not reached: {reason}")


def seconds_to_wait(headers: Mapping[str, str]) -> float | None:
    """Read Retry-After, a number of seconds or a date (RFC 9110 §10.2.3); None without one."""
    text = headers.get("retry-after", "").strip()
    if text.isascii() and text.isdigit():
        return float(text[:9])
    try:
        moment = parsedate_to_datetime(text)
    except ValueError:
        return None
    if moment.tzinfo is None:
        moment = moment.replace(tzinfo=dt.UTC)
    return max(0.0, (moment - dt.datetime.now(dt.UTC)).total_seconds())
