"""Every error the package raises, in one tree.

    ExotelVoiceError            code · message · hint · call_id · retryable
    ├── ConfigError             a setting is wrong; raised at construction, never later
    ├── InvalidState            you asked for something that this state forbids
    ├── TransportError
    │   ├── ConnectFailed       the socket could not be opened
    │   └── ConnectionLost      the socket was open and is not any more
    ├── ProtocolError           the peer broke the rules; `status` is the reply it gets
    │   ├── MalformedMessage
    │   └── MessageTooLarge
    ├── RegistrationFailed      status · reason · retry_after
    │   └── AuthenticationFailed  the credentials were refused
    ├── CallFailed              status · reason · is_local
    │   ├── CallRejected
    │   ├── CallBusy
    │   ├── CallNotAnswered
    │   └── CallCancelled
    ├── RequestRefused          the far side refused something inside a call, which goes on
    ├── MediaError
    │   ├── NoCommonCodec
    │   ├── IceFailed
    │   ├── DtlsFailed
    │   ├── MediaTimeout
    │   ├── AudioFileError
    │   ├── AudioDeviceError
    │   ├── MicrophoneDenied
    │   └── MediaUnavailable    for the moment; the call goes on
    ├── ApiError                the platform's HTTP API; status · api_code · retry_after
    │   ├── ApiRequestInvalid   it does not take the request as it is
    │   ├── ApiUnauthorized     it does not take the key and the token
    │   ├── ApiNotFound         it does not know what was asked for
    │   ├── ApiRateLimited      too many requests
    │   └── ApiUnavailable      it cannot be reached, or failed
    │       └── ApiOutcomeUnknown  it may have done what was asked, or not
    ├── CallbackInvalid         a web-hook request that is none; `status` is the reply to give
    └── DeadlineExceeded        also a built-in TimeoutError

`code` is a stable slug, the same in Python, JSON and JavaScript. `hint` is one sentence that says
what to do next.
"""

from __future__ import annotations

from typing import ClassVar

__all__ = [
    "ApiError",
    "ApiNotFound",
    "ApiOutcomeUnknown",
    "ApiRateLimited",
    "ApiRequestInvalid",
    "ApiUnauthorized",
    "ApiUnavailable",
    "AudioDeviceError",
    "AudioFileError",
    "AuthenticationFailed",
    "CallBusy",
    "CallCancelled",
    "CallFailed",
    "CallNotAnswered",
    "CallRejected",
    "CallbackInvalid",
    "ConfigError",
    "ConnectFailed",
    "ConnectionLost",
    "DeadlineExceeded",
    "DtlsFailed",
    "ExotelVoiceError",
    "IceFailed",
    "InvalidState",
    "MalformedMessage",
    "MediaError",
    "MediaTimeout",
    "MediaUnavailable",
    "MessageTooLarge",
    "MicrophoneDenied",
    "NoCommonCodec",
    "ProtocolError",
    "RegistrationFailed",
    "RequestRefused",
    "TransportError",
]


class ExotelVoiceError(Exception):
    """Root of every error the package raises.

    Attributes:
        code: A stable slug such as `call.busy`, for programs.
        message: One sentence that says what happened, for people.
        hint: One sentence that says what to do about it.
        call_id: The SIP Call-ID concerned, if there is one (RFC 3261 §8.1.1.4).
        retryable: Whether the same action may succeed later without a change by the user.
    """

    code: ClassVar[str] = "error"
    default_hint: ClassVar[str] = "Look at the log of exotel_voice for what came before."
    default_retryable: ClassVar[bool] = False

    def __init__(
        self,
        message: str,
        *,
        hint: str | None = None,
        call_id: str | None = None,
        retryable: bool | None = None,
    ) -> None:
        super().__init__(message)
        self.message = message
        self.hint = hint or self.default_hint
        self.call_id = call_id
        self.retryable = self.default_retryable if retryable is None else retryable

    def __str__(self) -> str:
        return f"{self.message} ({self.hint})"


class ConfigError(ExotelVoiceError):
    """A setting is missing or wrong. Raised when the object is made, never later."""

    code = "config"
    default_hint = "Correct the setting that the message names."


class InvalidState(ExotelVoiceError):
    """The caller asked for something that the present state forbids. Nothing was sent."""

    code = "state.invalid"
    default_hint = "Look at `state` before the call, or wait for the event that allows it."


class TransportError(ExotelVoiceError):
    """The connection to the SIP server failed."""

    code = "transport"
    default_hint = "Check the network between this machine and the SIP server."
    default_retryable = True


class ConnectFailed(TransportError):
    """The WebSocket could not be opened (RFC 7118 §4)."""

    code = "transport.connect_failed"
    default_hint = "Check host, port and security (ws or wss) of the account."


class ConnectionLost(TransportError):
    """The WebSocket was open and is not any more."""

    code = "transport.connection_lost"
    default_hint = "The phone reconnects by itself; wait for the registered state."


class ProtocolError(ExotelVoiceError):
    """The peer broke the rules of SIP.

    Attributes:
        status: The SIP status code that the peer gets in reply (RFC 3261 §21).
        reply: The whole reply as bytes, when the message came over the wire and can be answered.
    """

    code = "protocol"
    default_hint = "Turn on the message trace and look at what the peer sent."

    def __init__(self, message: str, *, status: int = 400, call_id: str | None = None) -> None:
        super().__init__(message, call_id=call_id)
        self.status = status
        self.reply: bytes | None = None


class MalformedMessage(ProtocolError):
    """The bytes are not a SIP message, or one whose headers cannot be read (RFC 3261 §7)."""

    code = "protocol.malformed"
    default_hint = "Turn on the message trace and show its sender the message that cannot be read."


class MessageTooLarge(ProtocolError):
    """The message passes a limit on its size, its headers or its URI."""

    code = "protocol.too_large"
    default_hint = "Send less, or raise the limit that the message names."


class RegistrationFailed(ExotelVoiceError):
    """The registrar refused the registration for good (RFC 3261 §10.2).

    Attributes:
        status: The SIP status code, for example 403.
        reason: The reason phrase that came with it.
        retry_after: Seconds to wait before another try, if the registrar said so.
    """

    code = "registration.failed"
    default_hint = "Check the user name and the domain of the account."

    def __init__(
        self,
        message: str,
        *,
        status: int,
        reason: str,
        retry_after: float | None = None,
        hint: str | None = None,
    ) -> None:
        super().__init__(message, hint=hint, retryable=retry_after is not None)
        self.status = status
        self.reason = reason
        self.retry_after = retry_after


class AuthenticationFailed(RegistrationFailed):
    """The server refused the credentials, also after one answer to its challenge (RFC 3261 §22)."""

    code = "registration.authentication_failed"
    default_hint = "Check the user name, the authentication user name and the password."


class CallFailed(ExotelVoiceError):
    """The call did not come about, or came to an end that was not asked for.

    Attributes:
        status: The SIP status code of the final response, or the one that stands for the cause
            (408 for a time-out, 503 for a lost connection).
        reason: The reason phrase that came with it.
        is_local: Whether this side ended it.
    """

    code = "call.failed"
    default_hint = "Look at status and reason; the far side or a server between gave them."

    def __init__(
        self,
        message: str,
        *,
        status: int,
        reason: str,
        is_local: bool = False,
        call_id: str | None = None,
        hint: str | None = None,
    ) -> None:
        super().__init__(message, call_id=call_id, hint=hint)
        self.status = status
        self.reason = reason
        self.is_local = is_local


class CallRejected(CallFailed):
    """The far side declined the call (RFC 3261 §21.6.2)."""

    code = "call.rejected"
    default_hint = "The far side does not want this call; do not dial again at once."


class CallBusy(CallFailed):
    """The far side is busy (RFC 3261 §21.4.24)."""

    code = "call.busy"
    default_hint = "Dial again later."
    default_retryable = True


class CallNotAnswered(CallFailed):
    """Nobody answered within the limit (RFC 3261 §21.4.18)."""

    code = "call.not_answered"
    default_hint = "Dial again later, or give a longer limit."
    default_retryable = True


class CallCancelled(CallFailed):
    """The call was withdrawn before it was answered (RFC 3261 §9)."""

    code = "call.cancelled"
    default_hint = "Nothing needs to be done: the caller hung up while it rang."


class RequestRefused(ExotelVoiceError):
    """The far side refused something inside a call: a hold, a digit, a transfer. The call goes on.

    Attributes:
        status: The SIP status code of the refusal; 408 stands for no reply.
        reason: The reason phrase that came with it.
    """

    code = "call.request_refused"
    default_hint = (
        "The far side, or a server between, does not do this; the call goes on as it was."
    )

    def __init__(
        self, message: str, *, status: int, reason: str, call_id: str | None = None
    ) -> None:
        super().__init__(message, call_id=call_id)
        self.status = status
        self.reason = reason


class MediaError(ExotelVoiceError):
    """The audio of the call failed."""

    code = "media"
    default_hint = "Look at the log of exotel_voice.media for the session descriptions."


class NoCommonCodec(MediaError):
    """The two sides have no audio codec in common (RFC 3264 §6)."""

    code = "media.no_common_codec"
    default_hint = "Let the far side offer Opus, G.722, PCMU or PCMA."


class IceFailed(MediaError):
    """No path for audio was found between the two sides (RFC 8445 §8.1.2)."""

    code = "media.ice_failed"
    default_hint = "Open UDP to the media address, or configure a TURN server."


class DtlsFailed(MediaError):
    """The keys for encrypted audio could not be agreed (RFC 5764)."""

    code = "media.dtls_failed"
    default_hint = (
        "The far side's certificate does not match its description; check what changes SDP."
    )


class MediaTimeout(MediaError):
    """No audio packet came for longer than the limit."""

    code = "media.timeout"
    default_hint = "Check the network; the far side may be gone."


class AudioFileError(MediaError):
    """An audio file cannot be read or written."""

    code = "media.audio_file"
    default_hint = "Give the path of a readable audio file, for example a 16-bit WAV."


class AudioDeviceError(MediaError):
    """A sound device is not there, or cannot be used."""

    code = "media.audio_device"
    default_hint = "Connect a sound device, and see what there is with `exotel-voice devices`."


class MicrophoneDenied(MediaError):
    """There is no microphone, or no permission to use it."""

    code = "media.microphone_denied"
    default_hint = "Connect a microphone and allow this program to use it."


class MediaUnavailable(MediaError):
    """No session description can be made for the moment; the call stays as it is.

    The browser tab that has the audio of a call is closed or being loaded again, for example.
    """

    code = "media.unavailable"
    default_hint = "Try again when the audio of the call is back."
    default_retryable = True


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


class DeadlineExceeded(ExotelVoiceError, TimeoutError):
    """Something took longer than its limit."""

    code = "deadline"
    default_hint = "Try again, or give a longer limit."
    default_retryable = True
