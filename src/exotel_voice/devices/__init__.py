"""Sound cards: what there is, opened streams, and the processing of a microphone's sound.

One sound library is used at a time, `miniaudio` where it is at hand and `sounddevice` otherwise.
Neither is loaded before somebody asks for a sound card.
"""

from exotel_voice.devices.device import AudioDevice, DeviceKind, choose_device
from exotel_voice.devices.monitor import DeviceMonitor, DevicesChanged
from exotel_voice.devices.processing import AudioProcessor, VoiceProcessing
from exotel_voice.devices.system import SoundSystem, list_devices, sound_system

__all__ = [
    "AudioDevice",
    "AudioProcessor",
    "DeviceKind",
    "DeviceMonitor",
    "DevicesChanged",
    "SoundSystem",
    "VoiceProcessing",
    "choose_device",
    "list_devices",
    "sound_system",
]
