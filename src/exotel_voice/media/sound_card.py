"""What microphone and speaker have in common: lines on sound cards, moved while they run.

A line is opened per call. It moves to another device without a gap: the old one runs until the new
one has given or taken its first block. Where its device vanishes it moves to the default one, and
where nothing is left it stays silent until something is connected.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
from collections.abc import Callable, Coroutine
from functools import partial
from typing import Any, Final

from exotel_voice.devices.blocking import run_blocking, run_in_background, wait_blocking
from exotel_voice.devices.buffer import DriftBuffer
from exotel_voice.devices.device import AudioDevice, DeviceKind, choose_device
from exotel_voice.devices.monitor import DeviceMonitor, DevicesChanged
from exotel_voice.devices.system import CardStream, sound_system
from exotel_voice.errors import AudioDeviceError, ConfigError, MicrophoneDenied

__all__ = ["CardLine", "SoundCard"]

logger = logging.getLogger("exotel_voice.media.sound_card")

RATES_HZ: Final = (8000, 16000, 32000, 48000)
OPEN_LIMIT: Final = 2.0
CHECK_LIMIT: Final = 1.5
MOVE_LIMIT: Final = 3.0
_TURNS_BETWEEN_CHECKS: Final = 125

OnDevice = Callable[[AudioDevice | None], None]


class SoundCard:
    """The device that an application has chosen, one way, and the lines that are open on it."""

    def __init__(self, kind: DeviceKind, device: str | None, sample_rate_hz: int) -> None:
        """Remember the choice. Nothing is opened, and no library loaded.

        Args:
            kind: Microphone or speaker.
            device: Id or name; None for the system's default, also where that changes.
            sample_rate_hz: 8000, 16000, 32000 or 48000.

        Raises:
            ConfigError: The rate is another, or the device is empty text.
        """
        if sample_rate_hz not in RATES_HZ:
            rates = ", ".join(str(rate) for rate in RATES_HZ)
            raise ConfigError(f"sample_rate_hz is {sample_rate_hz}, and must be one of {rates}")
        if device == "":
            raise ConfigError("device is empty, and must be the id or name of a sound device")
        self.kind = kind
        self.sample_rate_hz = sample_rate_hz
        self.follows_default = True
        """Whether open lines follow the system's default, where no device was chosen."""
        self.on_moved: OnDevice | None = None
        """Called in the event loop when lines have moved by themselves, with the new device, or
        None where none is left."""
        self._wanted = None if device == "default" else device
        self._current: AudioDevice | None = None
        self._lines: set[CardLine] = set()
        self._tasks: set[asyncio.Task[None]] = set()
        self._leave: Callable[[], None] | None = None

    @property
    def wanted(self) -> str | None:
        """Id or name of the chosen device; None for the default."""
        return self._wanted

    @property
    def current(self) -> AudioDevice | None:
        """The device that was used last; None before the first line, or where none is left."""
        return self._current

    @property
    def lines(self) -> tuple[CardLine, ...]:
        """The lines that are open."""
        return tuple(self._lines)

    def open_line(self) -> CardLine:
        """Open a line, in the running event loop, which stands still for some milliseconds.

        Raises:
            AudioDeviceError: There is no such device, or it cannot be opened.
        """
        device, buffer, stream = wait_blocking(partial(self._open, self._wanted), limit=OPEN_LIMIT)
        line = CardLine(self, device, buffer, stream)
        self._current = device
        self._lines.add(line)
        if self._leave is None:
            loop = asyncio.get_running_loop()
            self._leave = DeviceMonitor.shared().listen(partial(self._hear, loop))
        return line

    def _open(self, wanted: str | None) -> tuple[AudioDevice, DriftBuffer, CardStream]:
        """Open a stream on a device; may block."""
        device = choose_device(sound_system().devices(), self.kind, wanted)
        buffer = DriftBuffer(self.sample_rate_hz)
        return device, buffer, self.open_stream(device, buffer)

    def open_stream(self, device: AudioDevice, buffer: DriftBuffer) -> CardStream:
        """Join a buffer to a device; may block.

        Raises:
            AudioDeviceError: It cannot be opened.
        """
        system = sound_system()
        if self.kind is DeviceKind.INPUT:
            return system.open_input(device, buffer)
        return system.open_output(device, buffer)

    async def check(self) -> None:
        """Look whether a line can be opened; not where one is open on a device that is there.

        Raises:
            MicrophoneDenied: A microphone cannot be opened.
            AudioDeviceError: The same for a speaker, or the sound service did not answer in time.
        """
        if self._lines and self._current is not None:
            return

        def look() -> AudioDeviceError | None:
            try:
                self._open(self._wanted)[2].close()
            except AudioDeviceError as error:
                return error
            return None

        error = await run_blocking(look, limit=CHECK_LIMIT)
        if error is not None and self.kind is DeviceKind.INPUT:
            raise MicrophoneDenied(error.message, hint=error.hint) from error
        if error is not None:
            raise error

    def forget(self, line: CardLine) -> None:
        """Take note that a line was closed."""
        self._lines.discard(line)
        if not self._lines and self._leave is not None:
            self._leave()
            self._leave = None

    async def change(self, device: str | None, *, force: bool = False) -> AudioDevice:
        """Use another device from now on, in open lines too; these have no gap.

        Args:
            device: Id or name; None or `default` for the system's default.
            force: Open lines anew that are on that device already.

        Raises:
            AudioDeviceError: There is no such device, or it cannot be opened; all stays as it was.
        """
        wanted = None if device == "default" else device
        chosen = await run_blocking(
            lambda: choose_device(sound_system().devices(), self.kind, wanted), limit=OPEN_LIMIT
        )
        before = self._current
        try:
            for line in self.lines:
                if force or line.device.id != chosen.id:
                    await line.move(chosen)
        except AudioDeviceError:
            if before is not None:
                self._start(self._move_all(before, tell=False))
            raise
        self._wanted = wanted
        self._current = chosen
        return chosen

    # -- devices that come and go ----------------------------------------------------------------

    def _hear(self, loop: asyncio.AbstractEventLoop, change: DevicesChanged) -> None:
        """Take a change in the monitor's thread; the loop may have closed meanwhile."""
        try:
            loop.call_soon_threadsafe(self._react, change)
        except RuntimeError:
            logger.debug("a change of devices came after the end of the event loop")

    def _react(self, change: DevicesChanged) -> None:
        current = self._current
        is_gone = current is None or all(
            (device.kind, device.id) != (self.kind, current.id) for device in change.devices
        )
        has_new_default = (
            self._wanted is None
            and self.follows_default
            and change.default(self.kind) not in (None, current)
        )
        if not self._lines or not (is_gone or has_new_default):
            return
        try:
            device = choose_device(change.devices, self.kind, None)
        except AudioDeviceError:
            if current is not None:
                logger.warning("the %s device %s is gone, and no other is left", *_names(self))
                self._current = None
                self._tell(None)
            return
        if is_gone and current is not None:
            logger.warning("the %s device %s is gone: the default is used", *_names(self))
            self._wanted = None
        self._start(self._move_all(device, tell=True))

    async def _move_all(self, device: AudioDevice, *, tell: bool) -> None:
        for line in self.lines:
            try:
                await line.move(device)
            except AudioDeviceError as error:
                logger.warning("%s", error.message)
                return
        self._current = device
        if tell:
            self._tell(device)

    def forget_choice(self) -> None:
        """Use the system's default from now on, because the chosen device is gone."""
        self._wanted = None

    def revive(self, line: CardLine) -> None:
        """Open a line anew whose device has gone quiet, as when the sound service restarts."""
        logger.warning("the %s device %s has gone quiet: it is opened anew", *_names(self))
        self._start(self._revive(line))

    async def _revive(self, line: CardLine) -> None:
        try:
            devices = await run_blocking(lambda: sound_system().devices(), limit=OPEN_LIMIT)
            await line.move(choose_device(devices, self.kind, self._wanted))
        except AudioDeviceError as error:
            logger.warning("%s", error.message)
        else:
            self._current = line.device

    def _tell(self, device: AudioDevice | None) -> None:
        if self.on_moved is not None:
            self.on_moved(device)

    def _start(self, work: Coroutine[Any, Any, None]) -> None:
        task = asyncio.create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)


class CardLine:
    """One open stream on a sound card."""

    def __init__(
        self, card: SoundCard, device: AudioDevice, buffer: DriftBuffer, stream: CardStream
    ) -> None:
        self.device = device
        """Where it is now."""
        self.buffer = buffer
        """What the card writes to, or reads from; another one after a move."""
        self._card = card
        self._stream = stream
        self._moving = asyncio.Lock()
        self._is_closed = False
        self._turns = 0
        self._seen = -1

    def turn(self) -> DriftBuffer:
        """Give the buffer to use in this tick, and look now and then that the card is alive."""
        self._turns += 1
        if self._turns % _TURNS_BETWEEN_CHECKS == 0:
            is_input = self._card.kind is DeviceKind.INPUT
            count = self.buffer.writes if is_input else self.buffer.reads
            is_quiet, self._seen = count == self._seen, count
            if is_quiet and not self._moving.locked() and self._card.current is not None:
                self._card.revive(self)
        return self.buffer

    async def move(self, device: AudioDevice) -> None:
        """Go to another device; the present one is left when that one runs.

        Raises:
            AudioDeviceError: It cannot be opened, or does not run; the line stays where it was.
        """
        async with self._moving:
            if self._is_closed:
                return
            runs = asyncio.get_running_loop().create_future()
            buffer = DriftBuffer(self._card.sample_rate_hz)
            buffer.on_first_use = partial(_announce, runs)
            stream = await run_blocking(
                lambda: self._card.open_stream(device, buffer), limit=OPEN_LIMIT
            )
            try:
                async with asyncio.timeout(MOVE_LIMIT):
                    await runs
            except BaseException as error:
                run_in_background(stream.close)
                if isinstance(error, TimeoutError):
                    message = f"The sound device {device.name} gives no sign of life"
                    raise AudioDeviceError(message) from error
                raise
            self._take(device, buffer, stream)

    def _take(self, device: AudioDevice, buffer: DriftBuffer, stream: CardStream) -> None:
        if self._is_closed:
            run_in_background(stream.close)
            return
        left, old = self.buffer, self._stream
        if self._card.kind is DeviceKind.OUTPUT:
            buffer.write(left.unread())
        self.device, self.buffer, self._stream = device, buffer, stream
        self._seen = -1
        run_in_background(old.close)

    def close(self) -> None:
        """Give the card back. Safe to call more than once."""
        if not self._is_closed:
            self._is_closed = True
            self._card.forget(self)
            run_in_background(self._stream.close)


def _names(card: SoundCard) -> tuple[str, str]:
    return card.kind.value, card.current.name if card.current is not None else "none"


def _announce(future: asyncio.Future[None]) -> None:
    """Say in the thread of a sound card that its first block has passed."""
    # The call may be over and its event loop closed by then.
    with contextlib.suppress(RuntimeError):
        future.get_loop().call_soon_threadsafe(_finish, future)


def _finish(future: asyncio.Future[None]) -> None:
    if not future.done():
        future.set_result(None)
