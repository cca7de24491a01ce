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

# The imports stand in the order of the tree, and so do the names in the reference.
from exotel_voice.errors.root import (  # noqa: I001
    ExotelVoiceError,
    ConfigError,
    InvalidState,
)
from exotel_voice.errors.calls import (
    TransportError,
    ConnectFailed,
    ConnectionLost,
    ProtocolError,
    MalformedMessage,
    MessageTooLarge,
    RegistrationFailed,
    AuthenticationFailed,
    CallFailed,
    CallRejected,
    CallBusy,
    CallNotAnswered,
    CallCancelled,
    RequestRefused,
)
from exotel_voice.errors.media import (
    MediaError,
    NoCommonCodec,
    IceFailed,
    DtlsFailed,
    MediaTimeout,
    AudioFileError,
    AudioDeviceError,
    MicrophoneDenied,
    MediaUnavailable,
)
from exotel_voice.errors.api import (
    ApiError,
    ApiRequestInvalid,
    ApiUnauthorized,
    ApiNotFound,
    ApiRateLimited,
    ApiUnavailable,
    ApiOutcomeUnknown,
    CallbackInvalid,
)
from exotel_voice.errors.root import (
    DeadlineExceeded,
)

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
