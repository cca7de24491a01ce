"""A private PulseAudio daemon whose cards are null sinks: real devices without hardware.

`vin` has a microphone, `mic`, that hears what is played there; `vout` is the default speaker.
"""

from __future__ import annotations

import os
import signal
import subprocess
import tempfile
from contextlib import suppress
from pathlib import Path
from typing import Self

import numpy as np

from tones import Samples

__all__ = ["RATE", "Listener", "Player", "PulseServer"]

RATE = 48000
_RAW = ("--raw", "--format=s16le", f"--rate={RATE}", "--channels=1", "--latency-msec=20")
_MICROPHONE = "source_properties=device.description=Desk-Microphone"
_CARDS = (
    "module-native-protocol-unix socket={socket} auth-anonymous=1",
    f"module-null-sink sink_name=vin rate={RATE} sink_properties=device.description=Cable-In",
    f"module-null-sink sink_name=vout rate={RATE} sink_properties=device.description=Cable-Out",
    "module-remap-source source_name=mic master=vin.monitor {microphone}",
)


class PulseServer:
    """The daemon; start it once, it is killed at the end."""

    def __init__(self) -> None:
        self._folder = tempfile.TemporaryDirectory()
        self.socket = Path(self._folder.name) / "pulse"
        home = Path(self._folder.name) / "home"
        home.mkdir(mode=0o700)
        self.environment = {
            **os.environ,
            "HOME": str(home),
            "XDG_RUNTIME_DIR": str(home),
            "PULSE_SERVER": self.address,
        }
        self._helpers: list[subprocess.Popen[bytes]] = []
        self._process: subprocess.Popen[str] | None = None

    @property
    def address(self) -> str:
        """What clients find in `PULSE_SERVER`."""
        return f"unix:{self.socket}"

    def start(self) -> Self:
        """Start it, and wait until it takes commands."""
        modules = [
            part
            for card in _CARDS
            for part in ("-L", card.format(socket=self.socket, microphone=_MICROPHONE))
        ]
        self._process = subprocess.Popen(  # noqa: S603
            ["pulseaudio", "-n", "--daemonize=no", "--exit-idle-time=-1", "--use-pid-file=no",  # noqa: S607
             "--realtime=no", "--high-priority=no", "-vv", *modules],
            env=self.environment,
            stdin=subprocess.DEVNULL,
            stderr=subprocess.PIPE,
            stdout=subprocess.DEVNULL,
            text=True,
        )  # fmt: skip
        assert self._process.stderr is not None
        for line in self._process.stderr:
            if "startup complete" in line.lower():
                break
        self._drain = subprocess.Popen(["cat"], stdin=self._process.stderr,  # noqa: S607
                                       stdout=subprocess.DEVNULL)  # fmt: skip
        self.control("set-default-sink", "vout")
        self.control("set-default-source", "mic")
        self.keep_awake("vin.monitor", "vout.monitor")
        return self

    def keep_awake(self, *sources: str) -> None:
        """Read sources all the time; a null sink that nobody hears works in steps of 2 s."""
        for source in sources:
            self._helpers.append(
                subprocess.Popen(  # noqa: S603
                    ["parec", "-d", source, *_RAW],  # noqa: S607
                    env=self.environment,
                    stdout=subprocess.DEVNULL,
                    stderr=subprocess.DEVNULL,
                )
            )

    def control(self, *arguments: str) -> str:
        """Run `pactl`, and give what it prints."""
        done = subprocess.run(  # noqa: S603
            ["pactl", *arguments],  # noqa: S607
            env=self.environment,
            check=True,
            capture_output=True,
            text=True,
            timeout=10,
        )
        return done.stdout.strip()

    def plug(self, name: str) -> str:
        """Connect another microphone and speaker, and give what `unplug` takes."""
        sink = self.control("load-module", "module-null-sink", f"sink_name={name}", f"rate={RATE}",
                            f"sink_properties=device.description={name}")  # fmt: skip
        self.keep_awake(f"{name}.monitor")
        self.control(
            "load-module", "module-remap-source", f"source_name={name}-mic",
            f"master={name}.monitor", f"source_properties=device.description={name}-mic",
        )  # fmt: skip
        return sink

    def unplug(self, module: str) -> None:
        """Take a card away, microphone and all."""
        self.control("unload-module", module)

    def pause(self) -> None:
        """Let the daemon hang: it answers nobody."""
        assert self._process is not None
        self._process.send_signal(signal.SIGSTOP)

    def resume(self) -> None:
        """Let it go on."""
        assert self._process is not None
        self._process.send_signal(signal.SIGCONT)

    def close(self) -> None:
        """Kill everything."""
        for helper in self._helpers:
            helper.kill()
            helper.wait()
        if self._process is not None:
            self._process.kill()
            self._process.wait()
            self._drain.wait()
            if self._process.stderr is not None:
                self._process.stderr.close()
        with suppress(OSError):
            self._folder.cleanup()


class Player:
    """Plays a sound at a sink, again and again, until it is closed."""

    def __init__(self, server: PulseServer, sink: str, samples: Samples) -> None:
        self._file = tempfile.NamedTemporaryFile(suffix=".raw")  # noqa: SIM115 - closed below
        self._file.write(np.tile(samples, 60 * RATE // len(samples) + 1).tobytes())
        self._file.flush()
        self._process = subprocess.Popen(  # noqa: S603
            ["pacat", "--playback", "-d", sink, *_RAW, self._file.name],  # noqa: S607
            env=server.environment,
            stderr=subprocess.DEVNULL,
        )

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._process.kill()
        self._process.wait()
        self._file.close()


class Listener:
    """Records what a source gives."""

    def __init__(self, server: PulseServer, source: str) -> None:
        self._process = subprocess.Popen(  # noqa: S603
            ["parec", "-d", source, *_RAW],  # noqa: S607
            env=server.environment,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
        )

    def hear(self, seconds: float) -> Samples:
        """Wait for so much sound, and give it."""
        assert self._process.stdout is not None
        data = self._process.stdout.read(2 * round(seconds * RATE))
        return np.frombuffer(data, np.int16)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._process.kill()
        self._process.wait()
        if self._process.stdout is not None:
            self._process.stdout.close()
