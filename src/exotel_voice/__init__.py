"""Phone calls in Python: a SIP-over-WebSocket and WebRTC phone.

`Phone` is a phone for asyncio, `ExotelWebClient` the same with the names of the integration guide.
What is imported from here is loaded when it is first used, so that a command or a test that needs
little starts at once.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from exotel_voice.client import ExotelWebClient
    from exotel_voice.errors import (
        ApiError,
        ApiNotFound,
        ApiOutcomeUnknown,
        ApiRateLimited,
        ApiRequestInvalid,
        ApiUnauthorized,
        ApiUnavailable,
        AudioDeviceError,
        AudioFileError,
        AuthenticationFailed,
        CallbackInvalid,
        CallBusy,
        CallCancelled,
        CallFailed,
        CallNotAnswered,
        CallRejected,
        ConfigError,
        ConnectFailed,
        ConnectionLost,
        DeadlineExceeded,
        DtlsFailed,
        ExotelVoiceError,
        IceFailed,
        InvalidState,
        MalformedMessage,
        MediaError,
        MediaTimeout,
        MediaUnavailable,
        MessageTooLarge,
        MicrophoneDenied,
        NoCommonCodec,
        ProtocolError,
        RegistrationFailed,
        RequestRefused,
        TransportError,
    )
    from exotel_voice.media.audio import Silence
    from exotel_voice.media.base import MediaStats
    from exotel_voice.media.files import AudioFile
    from exotel_voice.media.microphone import Microphone
    from exotel_voice.media.native import NativeMedia
    from exotel_voice.media.pcm import PcmStream
    from exotel_voice.media.recorder import AudioRecorder
    from exotel_voice.media.silent import SilentMedia
    from exotel_voice.media.speaker import Speaker
    from exotel_voice.phone import events
    from exotel_voice.phone.account import SipAccount
    from exotel_voice.phone.call import Call
    from exotel_voice.phone.details import CallDetails, CallDirection, CallState, EndCause
    from exotel_voice.phone.phone import Phone
    from exotel_voice.phone.readiness import Readiness, ReadyStatus
    from exotel_voice.phone.registration import PhoneState
    from exotel_voice.phone.settings import PhoneSettings

__version__ = "0.1.0"

__all__ = [
    "ApiError",
    "ApiNotFound",
    "ApiOutcomeUnknown",
    "ApiRateLimited",
    "ApiRequestInvalid",
    "ApiUnauthorized",
    "ApiUnavailable",
    "AudioDeviceError",
    "AudioFile",
    "AudioFileError",
    "AudioRecorder",
    "AuthenticationFailed",
    "Call",
    "CallBusy",
    "CallCancelled",
    "CallDetails",
    "CallDirection",
    "CallFailed",
    "CallNotAnswered",
    "CallRejected",
    "CallState",
    "CallbackInvalid",
    "ConfigError",
    "ConnectFailed",
    "ConnectionLost",
    "DeadlineExceeded",
    "DtlsFailed",
    "EndCause",
    "ExotelVoiceError",
    "ExotelWebClient",
    "IceFailed",
    "InvalidState",
    "MalformedMessage",
    "MediaError",
    "MediaStats",
    "MediaTimeout",
    "MediaUnavailable",
    "MessageTooLarge",
    "Microphone",
    "MicrophoneDenied",
    "NativeMedia",
    "NoCommonCodec",
    "PcmStream",
    "Phone",
    "PhoneSettings",
    "PhoneState",
    "ProtocolError",
    "Readiness",
    "ReadyStatus",
    "RegistrationFailed",
    "RequestRefused",
    "Silence",
    "SilentMedia",
    "SipAccount",
    "Speaker",
    "TransportError",
    "__version__",
    "events",
]

_HOMES = {
    "AudioFile": "media.files",
    "AudioRecorder": "media.recorder",
    "Call": "phone.call",
    "CallDetails": "phone.details",
    "CallDirection": "phone.details",
    "CallState": "phone.details",
    "EndCause": "phone.details",
    "ExotelWebClient": "client",
    "MediaStats": "media.base",
    "Microphone": "media.microphone",
    "NativeMedia": "media.native",
    "PcmStream": "media.pcm",
    "Phone": "phone.phone",
    "PhoneSettings": "phone.settings",
    "PhoneState": "phone.registration",
    "Readiness": "phone.readiness",
    "ReadyStatus": "phone.readiness",
    "Silence": "media.audio",
    "SilentMedia": "media.silent",
    "SipAccount": "phone.account",
    "Speaker": "media.speaker",
}


def __getattr__(name: str) -> object:
    """Load a public name from its module."""
    if name == "events":
        return import_module(f"{__name__}.phone.events")
    if name not in __all__:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    value: object = getattr(import_module(f"{__name__}.{_HOMES.get(name, 'errors')}"), name)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return sorted(__all__)
