"""Errors of connections, of the protocol, of registrations and of calls."""

from __future__ import annotations

from exotel_voice.errors.root import ExotelVoiceError

__all__ = [
    "AuthenticationFailed",
    "CallBusy",
    "CallCancelled",
    "CallFailed",
    "CallNotAnswered",
    "CallRejected",
    "ConnectFailed",
    "ConnectionLost",
    "MalformedMessage",
    "MessageTooLarge",
    "ProtocolError",
    "RegistrationFailed",
    "RequestRefused",
    "TransportError",
]


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
