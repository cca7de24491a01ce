"""Errors of the platform's HTTP API and of its web-hooks."""

from __future__ import annotations

from exotel_voice.errors.root import ExotelVoiceError

__all__ = [
    "ApiError",
    "ApiNotFound",
    "ApiOutcomeUnknown",
    "ApiRateLimited",
    "ApiRequestInvalid",
    "ApiUnauthorized",
    "ApiUnavailable",
    "CallbackInvalid",
]


class ApiError(ExotelVoiceError):
    """The platform's HTTP API refused a request, or gave a reply that cannot be read.

    Attributes:
        status: The HTTP status code (RFC 9110 §15); 0 when no reply came.
        api_code: The platform's own code, for example `UNAUTHORIZED`; empty when it gave none.
        retry_after: Seconds to wait before another try, if the platform said so.
    """

    code = "api"
    default_hint = "Look at status and message; the platform gave them."

    def __init__(
        self,
        message: str,
        *,
        status: int = 0,
        api_code: str = "",
        retry_after: float | None = None,
        hint: str | None = None,
    ) -> None:
        super().__init__(message, hint=hint)
        self.status = status
        self.api_code = api_code
        self.retry_after = retry_after


class ApiRequestInvalid(ApiError):
    """The platform does not take the request as it is (RFC 9110 §15.5.1). Nothing was done."""

    code = "api.request_invalid"
    default_hint = "Correct the parameter that the message names."


class ApiUnauthorized(ApiError):
    """The platform does not take the credentials for this account (RFC 9110 §15.5.2)."""

    code = "api.unauthorized"
    default_hint = "Check the API key, the API token, the account SID and the subdomain."


class ApiNotFound(ApiError):
    """The platform does not know what was asked for (RFC 9110 §15.5.5)."""

    code = "api.not_found"
    default_hint = "Check the id, and that the subdomain is that of the account's region."


class ApiRateLimited(ApiError):
    """Too many requests came in too short a time (RFC 6585 §4). Nothing was done."""

    code = "api.rate_limited"
    default_hint = "Wait `retry_after` seconds; the platform takes 200 requests a minute."
    default_retryable = True


class ApiUnavailable(ApiError):
    """The platform cannot be reached, or failed. Nothing was done that counts."""

    code = "api.unavailable"
    default_hint = "Check the network and the subdomain, and try again later."
    default_retryable = True


class ApiOutcomeUnknown(ApiUnavailable):
    """The platform may have done what was asked, or not: a call may have been placed."""

    code = "api.outcome_unknown"
    default_hint = "Look at the account's list of calls before you place the call again."
    default_retryable = False


class CallbackInvalid(ExotelVoiceError):
    """A request at a web-hook is not a message of the platform.

    Attributes:
        status: The HTTP status code to reply with.
    """

    code = "callback_invalid"
    default_hint = "Reply with `status`, and check who calls this address."

    def __init__(self, message: str, *, status: int = 400) -> None:
        super().__init__(message)
        self.status = status
