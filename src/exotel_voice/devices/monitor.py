"""Noticing that sound devices come, go, or become the default.

Neither sound library tells of that by itself, so one thread per process lists the devices once a
second (1 ms of work) while somebody listens: a device is noticed within two seconds, a second
being the longest wait and the rest for the listing.
"""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable
from dataclasses import dataclass
from typing import ClassVar, Final

from exotel_voice.devices.device import AudioDevice, DeviceKind
from exotel_voice.devices.system import list_devices

__all__ = ["DeviceMonitor", "DevicesChanged"]

logger = logging.getLogger("exotel_voice.devices")

INTERVAL: Final = 1.0
"""Seconds between two lists."""


@dataclass(frozen=True, slots=True, kw_only=True)
class DevicesChanged:
    """The list of devices is another than a second ago."""

    devices: tuple[AudioDevice, ...]
    """What there is now."""
    added: tuple[AudioDevice, ...]
    """What has come."""
    removed: tuple[AudioDevice, ...]
    """What has gone."""
    new_defaults: tuple[AudioDevice, ...]
    """The devices that have become the default of their kind."""

    def default(self, kind: DeviceKind) -> AudioDevice | None:
        """The new default of a kind; None where it is the old one."""
        return next((device for device in self.new_defaults if device.kind is kind), None)


Listener = Callable[[DevicesChanged], None]


class DeviceMonitor:
    """Tells listeners of changes, in a thread of its own; `shared` is the one of the process."""

    _shared: ClassVar[DeviceMonitor | None] = None
    _shared_lock: ClassVar[threading.Lock] = threading.Lock()

    def __init__(
        self,
        list_all: Callable[[], tuple[AudioDevice, ...]] = list_devices,
        *,
        interval: float = INTERVAL,
    ) -> None:
        """Make a monitor that does nothing until somebody listens.

        Args:
            list_all: Lists the devices.
            interval: Seconds between two lists.
        """
        self._list_all = list_all
        self._interval = interval
        self._lock = threading.Lock()
        self._listeners: list[Listener] = []
        self._stop: threading.Event | None = None

    @classmethod
    def shared(cls) -> DeviceMonitor:
        """Give the monitor of this process."""
        with cls._shared_lock:
            if cls._shared is None:
                cls._shared = cls()
            return cls._shared

    @property
    def is_running(self) -> bool:
        """Whether the thread runs, which is so while somebody listens."""
        return self._stop is not None

    def listen(self, listener: Listener) -> Callable[[], None]:
        """Call a function with each change, in the monitor's thread.

        Returns:
            A function that ends it; safe to call more than once.
        """
        with self._lock:
            self._listeners.append(listener)
            if self._stop is None:
                self._stop = threading.Event()
                threading.Thread(
                    target=self._watch,
                    args=(self._stop,),
                    name="exotel_voice devices",
                    daemon=True,
                ).start()

        def leave() -> None:
            with self._lock:
                if listener in self._listeners:
                    self._listeners.remove(listener)
                if not self._listeners and self._stop is not None:
                    self._stop.set()
                    self._stop = None

        return leave

    def _watch(self, stop: threading.Event) -> None:
        known = self._list_all()
        while not stop.wait(self._interval):
            found = self._list_all()
            change = _compare(known, found)
            known = found
            if change is not None:
                logger.info(
                    "sound devices: %d came, %d went, %d became the default",
                    len(change.added),
                    len(change.removed),
                    len(change.new_defaults),
                )
                with self._lock:
                    listeners = tuple(self._listeners) if self._stop is stop else ()
                for listener in listeners:
                    listener(change)


def _compare(
    before: tuple[AudioDevice, ...], now: tuple[AudioDevice, ...]
) -> DevicesChanged | None:
    old = {(device.kind, device.id): device for device in before}
    new = {(device.kind, device.id): device for device in now}
    change = DevicesChanged(
        devices=now,
        added=tuple(device for key, device in new.items() if key not in old),
        removed=tuple(device for key, device in old.items() if key not in new),
        new_defaults=tuple(
            device
            for key, device in new.items()
            if device.is_default and not (key in old and old[key].is_default)
        ),
    )
    return change if change.added or change.removed or change.new_defaults else None
