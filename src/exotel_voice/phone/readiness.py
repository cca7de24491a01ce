"""Whether calls can come and go now, in one word and with the reason (guide 5.13)."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import Final, Protocol, runtime_checkable

from exotel_voice.errors import (
    ConnectFailed,
    ExotelVoiceError,
    MediaError,
    MicrophoneDenied,
    RegistrationFailed,
)
from exotel_voice.phone.registration import PhoneState

__all__ = ["InputCheck", "Readiness", "ReadyStatus", "assess", "check_input"]


class ReadyStatus(StrEnum):
    """Where a phone stands, in the words of guide 5.13."""

    MEDIA_PERMISSION_DENIED = "media_permission_denied"
    """There is no microphone, or no permission to use it."""
    NOT_INITIALIZED = "not_initialized"
    """No account has been given."""
    WEBSOCKET_CONNECTION_FAILED = "websocket_connection_failed"
    """The server cannot be reached; the phone goes on trying."""
    UNREGISTERED = "unregistered"
    """The server refuses for now and is asked again, or the phone was told to unregister."""
    TERMINATED = "terminated"
    """The server has refused for good: the credentials are wrong."""
    INITIAL = "initial"
    """The server is connected and has been asked; its reply is not there yet."""
    REGISTERED = "registered"
    """Calls can come."""
    UNKNOWN = "unknown"
    """It cannot be told: the phone is closed, or the sound service hangs."""
    DISCONNECTED = "disconnected"
    """There is no connection: none was wanted yet, or it was lost a moment ago."""
    CONNECTING = "connecting"
    """The connection is being opened."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Readiness:
    """Whether calls can come and go at this moment."""

    is_ready: bool
    """True when the phone is registered and has its microphone, if it is to use one."""
    status: ReadyStatus
    """The same in the words of the guide."""
    state: PhoneState
    """Where the registration stands."""
    is_connected: bool
    """Whether the connection to the SIP server is open."""
    problem: ExotelVoiceError | None
    """The last failure that keeps the phone from being ready."""


@runtime_checkable
class InputCheck(Protocol):
    """An engine that can look whether its input works, without a call."""

    async def check_input(self) -> None:
        """Look, within two seconds.

        Raises:
            MicrophoneDenied: There is no microphone, or it cannot be opened.
            MediaError: It cannot be told.
        """
        ...


_MEDIA_PROBLEMS: Final = {True: ReadyStatus.MEDIA_PERMISSION_DENIED, False: ReadyStatus.UNKNOWN}


async def check_input(engine: object) -> MediaError | None:
    """Look whether an engine's input works; give what keeps it from working."""
    if not isinstance(engine, InputCheck):
        return None
    try:
        await engine.check_input()
    except MediaError as error:
        return error
    return None


def assess(
    state: PhoneState,
    *,
    is_connected: bool,
    last_error: ExotelVoiceError | None,
    media_problem: MediaError | None = None,
) -> Readiness:
    """Find the one word: first the microphone, then the connection, then the registration.

    Args:
        state: Where the registration stands.
        is_connected: Whether the connection is open.
        last_error: The last failure of connection or registration.
        media_problem: What keeps the microphone from working.
    """
    if media_problem is not None:
        status = _MEDIA_PROBLEMS[isinstance(media_problem, MicrophoneDenied)]
    elif state is PhoneState.CLOSED:
        status = ReadyStatus.UNKNOWN
    elif is_connected:
        status = _connected(state, last_error)
    else:
        status = _unconnected(state, last_error)
    return Readiness(
        is_ready=status is ReadyStatus.REGISTERED,
        status=status,
        state=state,
        is_connected=is_connected,
        problem=media_problem or last_error,
    )


def _connected(state: PhoneState, last_error: ExotelVoiceError | None) -> ReadyStatus:
    is_refused = isinstance(last_error, RegistrationFailed)
    if state is PhoneState.REGISTERED:
        return ReadyStatus.REGISTERED
    if state is PhoneState.REGISTERING:
        return ReadyStatus.UNREGISTERED if is_refused else ReadyStatus.INITIAL
    return ReadyStatus.TERMINATED if is_refused else ReadyStatus.UNREGISTERED


def _unconnected(state: PhoneState, last_error: ExotelVoiceError | None) -> ReadyStatus:
    if state is PhoneState.UNREGISTERED:
        is_refused = isinstance(last_error, RegistrationFailed)
        return ReadyStatus.TERMINATED if is_refused else ReadyStatus.DISCONNECTED
    if isinstance(last_error, ConnectFailed):
        return ReadyStatus.WEBSOCKET_CONNECTION_FAILED
    if last_error is None or isinstance(last_error, RegistrationFailed):
        return ReadyStatus.CONNECTING
    return ReadyStatus.DISCONNECTED
