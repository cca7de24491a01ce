"""Errors of audio."""

from __future__ import annotations

from exotel_voice.errors.root import ExotelVoiceError

__all__ = [
    "AudioDeviceError",
    "AudioFileError",
    "DtlsFailed",
    "IceFailed",
    "MediaError",
    "MediaTimeout",
    "MediaUnavailable",
    "MicrophoneDenied",
    "NoCommonCodec",
]


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
