"""The names of guide 5.14 and what today's JavaScript SDK adds to them: devices, volumes, codec."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

from exotel_voice.client.core import ClientCore
from exotel_voice.client.device_watch import DeviceWatch
from exotel_voice.errors import AudioDeviceError, ConfigError
from exotel_voice.media.microphone import Microphone
from exotel_voice.media.speaker import Speaker

__all__ = ["DeviceNames"]

OnDevice = Callable[[str], object]
OnDevices = Callable[[list[dict[str, str]]], object]
OnError = Callable[[AudioDeviceError], object]


class DeviceNames(ClientCore):
    """Audio devices before and in calls."""

    def __init__(self, **settings: Any) -> None:
        super().__init__(**settings)
        self._watch: DeviceWatch | None = None

    def registerAudioDeviceChangeCallback(
        self,
        onInput: OnDevice | None,
        onOutput: OnDevice | None,
        onDeviceChange: OnDevices | None = None,
    ) -> None:
        """Be told of other devices (guide 5.14), within two seconds.

        Call it again to be told elsewhere; with None for all, nobody is told.

        Args:
            onInput: Called with the id of the microphone that is now the default or in use, when
                that has changed by itself.
            onOutput: The same for the speaker.
            onDeviceChange: Called whenever a device comes or goes, with all that there are:
                dictionaries of `deviceId`, `kind` (`audioinput`, `audiooutput`) and `label`.
        """
        with self._lock:
            self._stop_watch()
            if onInput is None and onOutput is None and onDeviceChange is None:
                return
            self._open_host()
            self._watch = DeviceWatch(self._sound, self._open_host(), self._tell_device)
            self._watch.listen(onInput, onOutput, onDeviceChange)

    def changeAudioInputDevice(
        self,
        deviceId: str,
        onSuccess: Callable[[], object] | None = None,
        onError: OnError | None = None,
        forceDeviceChange: bool = False,
    ) -> bool:
        """Use another microphone (guide 5.14), before a call or in it, without a gap.

        Args:
            deviceId: Its id, or its name; `default` for the system's default.
            onSuccess: Called without arguments when it is in use.
            onError: Called with the error when it cannot be used; the old one then stays.
            forceDeviceChange: Open the device anew even if it is in use already.

        Returns:
            True: one of the callbacks follows.
        """
        what = "changeAudioInputDevice"
        return self._change(
            what, self._sound.microphone, deviceId, (onSuccess, onError), forceDeviceChange
        )

    def changeAudioOutputDevice(
        self,
        deviceId: str,
        onSuccess: Callable[[], object] | None = None,
        onError: OnError | None = None,
        forceDeviceChange: bool = False,
    ) -> bool:
        """Use another speaker (guide 5.14); see `changeAudioInputDevice`."""
        what = "changeAudioOutputDevice"
        return self._change(
            what, self._sound.speaker, deviceId, (onSuccess, onError), forceDeviceChange
        )

    def _change(
        self,
        what: str,
        end: Microphone | Speaker | None,
        device: str,
        callbacks: tuple[Callable[[], object] | None, OnError | None],
        is_forced: bool,
    ) -> bool:
        on_success, on_error = callbacks

        async def change() -> None:
            try:
                await _require(end).change(device, force=is_forced)
            except AudioDeviceError as error:
                self._refuse(what, str(error))
                self._call_back(f"{what}: onError", on_error, error)
            else:
                self._call_back(f"{what}: onSuccess", on_success)

        return self._open_host().spawn(change, what=f"{what}()")

    # -- beyond the guide ------------------------------------------------------------------------

    def setPreferredCodec(self, name: str) -> bool:
        """Put a codec first in calls from now on: `opus`, `G722`, `PCMU` or `PCMA`.

        Returns:
            False, with the reason in the log, if it cannot be had.
        """
        try:
            self._sound.prefer_codec(str(name))
        except ConfigError as error:
            return self._refuse("setPreferredCodec", str(error))
        return True

    def setAudioOutputVolume(self, name: str, value: float) -> bool:
        """Set how loud a sound of the client's own is; 0 leaves it out.

        The client rings for a call (`ringtone`), tells a key that is sent (`dtmftone`) and the end
        of a call by the far side (`beeptone`), where it plays to a speaker.

        Args:
            name: `ringtone`, `ringbacktone`, `dtmftone` or `beeptone`.
            value: 0 to 1.

        Returns:
            False, with the reason in the log, if one of them is wrong.
        """
        try:
            self._sound.set_volume(name, value)
        except (ConfigError, TypeError) as error:
            return self._refuse("setAudioOutputVolume", str(error))
        return True

    def getAudioOutputVolume(self, name: str) -> float:
        """Tell how loud a sound of the client's own is, 0 to 1; 0 for one that is not known."""
        try:
            return self._sound.volume(name)
        except ConfigError as error:
            self._refuse("getAudioOutputVolume", str(error))
            return 0.0

    def setCallAudioOutputVolume(self, value: float) -> bool:
        """Set how loud the far side is, 0 to 1; also in the present call.

        Returns:
            False, with the reason in the log, if the value is out of range.
        """
        try:
            if self._sound.speaker is None:
                return self._refuse("setCallAudioOutputVolume", "this client plays to no speaker")
            self._sound.speaker.volume = value
        except (ConfigError, TypeError) as error:
            return self._refuse("setCallAudioOutputVolume", str(error))
        return True

    def getCallAudioOutputVolume(self) -> float:
        """Tell how loud the far side is, 0 to 1."""
        speaker = self._sound.speaker
        return 1.0 if speaker is None else speaker.volume

    def setNoiseSuppression(self, enabled: bool) -> bool:
        """Take steady noise out of the microphone's sound, or leave it; also in the present call.

        Returns:
            False, with the reason in the log, if this client uses no microphone.
        """
        microphone = self._sound.microphone
        if microphone is None:
            return self._refuse("setNoiseSuppression", "this client uses no microphone")
        microphone.set_processing(replace(microphone.processing, noise_suppression=bool(enabled)))
        return True

    # -- inside ----------------------------------------------------------------------------------

    def _follow_default(self, wanted: bool) -> None:
        for end in (self._sound.microphone, self._sound.speaker):
            if end is not None:
                end.card.follows_default = wanted

    def _tell_device(self, callback: Callable[..., object] | None, argument: object) -> None:
        self._call_back("an audio device callback", callback, argument)

    def _stop_watch(self) -> None:
        if self._watch is not None:
            self._watch.close()
            self._watch = None


def _require(end: Microphone | Speaker | None) -> Microphone | Speaker:
    if end is None:
        raise AudioDeviceError(
            "The audio of this client uses no sound card",
            hint="Give ExotelWebClient no media, or NativeMedia with Microphone and Speaker.",
        )
    return end
