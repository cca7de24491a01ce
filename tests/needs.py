"""What some tests need beside Python: servers, browsers and npm packages, and how to get them.

A test says what it needs with `@pytest.mark.needs("kamailio", "chromium")`. Where one is absent the
test is left out and the run says why; with `CI=true` its absence is a failure.
"""

from __future__ import annotations

import importlib.util
import shutil
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

__all__ = ["NEEDS", "Need", "missing"]

INTEROP = Path(__file__).parent / "interop"
PEERS = INTEROP / "node_modules" / ".peers"
WEB_TOOLS = Path(__file__).parent / "web" / "node_modules"


@dataclass(frozen=True, slots=True, kw_only=True)
class Need:
    """One thing that tests need."""

    is_present: Callable[[], bool]
    """Whether it is there."""
    packages: tuple[str, ...] = ()
    """The Debian packages that bring it."""
    how: str = ""
    """How to get it where there is no Debian package."""

    @property
    def remedy(self) -> str:
        """One phrase that says what to do."""
        return self.how or f"apt-get install {' '.join(self.packages)}"


def _command(*names: str) -> Callable[[], bool]:
    return lambda: any(shutil.which(name, path=_search_path()) for name in names)


def _search_path() -> str:
    import os  # noqa: PLC0415 - only this function reads the environment

    return os.pathsep.join([os.environ.get("PATH", ""), "/usr/sbin", "/usr/local/sbin"])


def _kamailio_module(name: str) -> Callable[[], bool]:
    def is_present() -> bool:
        folders = [
            *Path("/usr/lib").glob("*/kamailio/modules"),
            Path("/usr/lib64/kamailio/modules"),
        ]
        return any((folder / f"{name}.so").exists() for folder in folders)

    return is_present


def _library(pattern: str) -> Callable[[], bool]:
    return lambda: any(True for _ in Path("/usr/lib").glob(f"**/{pattern}"))


def _is_root() -> bool:
    import os  # noqa: PLC0415 - only this function and the one above ask the system

    return hasattr(os, "geteuid") and os.geteuid() == 0


def _python(name: str) -> Callable[[], bool]:
    return lambda: importlib.util.find_spec(name) is not None


NEEDS: dict[str, Need] = {
    "kamailio": Need(
        is_present=lambda: all(
            probe()
            for probe in (
                _command("kamailio"),
                _kamailio_module("websocket"),
                _kamailio_module("tls"),
                _kamailio_module("rtpengine"),
            )
        ),
        packages=(
            "kamailio",
            "kamailio-websocket-modules",
            "kamailio-tls-modules",
            "kamailio-extra-modules",
        ),
    ),
    "rtpengine": Need(is_present=_command("rtpengine"), packages=("rtpengine-daemon",)),
    "coturn": Need(is_present=_command("turnserver"), packages=("coturn",)),
    "namespaces": Need(
        is_present=lambda: _command("ip")() and _command("nft")() and _is_root(),
        packages=("iproute2", "nftables"),
        how="as root, apt-get install iproute2 nftables",
    ),
    "libopus": Need(is_present=_library("libopus.so.0"), packages=("libopus0",)),
    "chromium": Need(is_present=_command("chromium"), packages=("chromium",)),
    "firefox": Need(is_present=_command("firefox-esr"), packages=("firefox-esr",)),
    "node": Need(is_present=_command("node"), packages=("nodejs",)),
    "npm": Need(is_present=_command("npm"), packages=("npm",)),
    "jssip": Need(
        is_present=(PEERS / "jssip.js").exists, how="npm ci && npm run bundle in tests/interop"
    ),
    "sip.js": Need(
        is_present=(PEERS / "sip.js").exists, how="npm ci && npm run bundle in tests/interop"
    ),
    "web-tools": Need(
        is_present=lambda: all((WEB_TOOLS / name).exists() for name in ("typescript", "ws")),
        how="npm ci in tests/web",
    ),
    "playwright": Need(is_present=_python("playwright"), how="pip install playwright"),
    "pulseaudio": Need(
        is_present=lambda: _command("pulseaudio")() and _command("pactl")(),
        packages=("pulseaudio", "pulseaudio-utils"),
    ),
    "portaudio": Need(
        is_present=lambda: (
            _library("libportaudio.so.2")() and _library("libasound_module_pcm_pulse.so")()
        ),
        packages=("libportaudio2", "libasound2-plugins"),
    ),
    "wrtc": Need(is_present=_python("wrtc"), how="pip install wrtc (Linux on x86-64 only)"),
}


def missing(names: tuple[str, ...]) -> list[str]:
    """Of the needs named, those that are absent."""
    return [name for name in names if not NEEDS[name].is_present()]
