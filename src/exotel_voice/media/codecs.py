"""Which codecs this machine has.

Opus needs libopus and G.722 needs FFmpeg's codec; where one is not at hand it is not offered.
G.711 needs nothing.
"""

from __future__ import annotations

from functools import cache

from exotel_voice.media import g711, g722, opus
from exotel_voice.media.codec import Codec

__all__ = ["available_codecs", "find_codec"]


@cache
def available_codecs() -> tuple[Codec, ...]:
    """The codecs of this machine, in the order of preference: Opus, G.722, PCMU, PCMA."""
    found = (opus.codec(), g722.codec(), g711.PCMU, g711.PCMA)
    return tuple(codec for codec in found if codec is not None)


def find_codec(name: str) -> Codec | None:
    """Find a codec by its encoding name as in SDP, in any case; None where it is not at hand."""
    for codec in available_codecs():
        if codec.name.lower() == name.lower():
            return codec
    return None
