"""Finds libopus and opens it through cffi.

PyAV's wheels carry it, under a file name that has a hash in it; then other packages that bundle it
and the system's own are tried.
"""

from __future__ import annotations

import ctypes.util
import importlib.util
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import Any, Final

import cffi

from exotel_voice.errors import MediaError

__all__ = ["Libopus", "load_libopus"]

_DECLARATIONS: Final = """
    typedef struct OpusEncoder OpusEncoder;
    typedef struct OpusDecoder OpusDecoder;
    const char *opus_get_version_string(void);
    OpusEncoder *opus_encoder_create(int32_t rate, int channels, int application, int *error);
    int32_t opus_encode(OpusEncoder *encoder, const int16_t *pcm, int frame_size,
                        unsigned char *data, int32_t max_bytes);
    int opus_encoder_ctl(OpusEncoder *encoder, int request, ...);
    void opus_encoder_destroy(OpusEncoder *encoder);
    OpusDecoder *opus_decoder_create(int32_t rate, int channels, int *error);
    int opus_decode(OpusDecoder *decoder, const unsigned char *data, int32_t size,
                    int16_t *pcm, int frame_size, int decode_fec);
    void opus_decoder_destroy(OpusDecoder *decoder);
"""
_BUNDLING_PACKAGES: Final = ("av", "pyogg")
# Beside the package as wheels are repaired on Linux and Windows, inside it on macOS and elsewhere.
_BUNDLE_FOLDERS: Final = ("../{name}.libs", ".dylibs", "../{name}.dylibs", ".libs", ".", "libs")
_FILE_PATTERNS: Final = ("libopus[-.]*so*", "libopus*.dylib", "libopus*.dll", "opus*.dll")
_SYSTEM_NAMES: Final = ("libopus.so.0", "libopus.0.dylib", "libopus-0.dll", "opus.dll")


class Libopus:
    """The library, open; `lib` and `ffi` as cffi gives them."""

    def __init__(self, ffi: Any, lib: Any, path: str) -> None:
        """Keep what was opened."""
        self.ffi = ffi
        self.lib = lib
        self.path = path
        """Where it was found."""
        self.version: str = ffi.string(lib.opus_get_version_string()).decode()
        """As the library tells, for example `libopus 1.6.1`."""


def _candidates() -> Iterator[str]:
    for name in _BUNDLING_PACKAGES:
        spec = importlib.util.find_spec(name)
        if spec is None or spec.origin is None:
            continue
        package = Path(spec.origin).parent
        for folder in _BUNDLE_FOLDERS:
            for pattern in _FILE_PATTERNS:
                found = (package / folder.format(name=name)).glob(pattern)
                yield from sorted(str(path) for path in found)
    system = ctypes.util.find_library("opus")
    if system is not None:
        yield system
    yield from _SYSTEM_NAMES


@cache
def load_libopus() -> Libopus:
    """Open the first libopus that can be opened.

    Raises:
        MediaError: There is none.
    """
    ffi = cffi.FFI()
    ffi.cdef(_DECLARATIONS)
    for path in _candidates():
        try:
            return Libopus(ffi, ffi.dlopen(path), path)
        except (OSError, AttributeError):
            # Not here, not for this machine, or a library of another kind: try the next.
            continue
    raise MediaError(
        "libopus was not found: calls cannot use Opus",
        hint="Install PyAV from its wheel (pip install av), or libopus (apt install libopus0).",
    )
