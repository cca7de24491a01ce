"""G.711: every code and every sample against the segments that the recommendation draws."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest

from exotel_voice.media.codec import Codec, CodecSettings
from exotel_voice.media.g711 import PCMA, PCMU
from tones import level_of, tone, tone_to_noise_db

CODE = np.arange(256, dtype=np.uint8).tobytes()


def mu_law_of(sample: int) -> int:
    """Compress one sample by walking through the segments (G.711 table 2a)."""
    sign = 0x80 if sample < 0 else 0
    magnitude = min(abs(sample), 32635) + 132
    segment = next(
        number for number in range(7, -1, -1) if magnitude >= 128 << number or not number
    )
    return ~(sign | segment << 4 | (magnitude >> segment + 3) & 15) & 0xFF


def a_law_of(sample: int) -> int:
    """Compress one sample by walking through the segments (G.711 table 1a)."""
    sign = 0 if sample < 0 else 0x80
    magnitude = -sample - 1 if sample < 0 else sample
    segment = next(
        number for number in range(7, -1, -1) if magnitude >= 128 << number or not number
    )
    step = magnitude >> 4 if segment == 0 else magnitude >> segment + 3
    return (sign | segment << 4 | step & 15) ^ 0x55


@pytest.mark.parametrize(("codec", "law"), [(PCMU, mu_law_of), (PCMA, a_law_of)])
def test_every_sample_gets_the_code_of_its_segment(codec: Codec, law: Callable[[int], int]) -> None:
    samples = np.arange(-32768, 32768, dtype=np.int32).astype(np.int16)
    encoded = codec.make_encoder(8000, CodecSettings()).encode(samples)
    assert encoded == bytes(law(int(sample)) for sample in samples)


@pytest.mark.parametrize("codec", [PCMU, PCMA])
def test_every_code_survives_a_round_trip(codec: Codec) -> None:
    samples = codec.make_decoder(8000).decode(CODE)
    again = codec.make_encoder(8000, CodecSettings()).encode(samples)
    # The two zeros of mu-law are one sample.
    expected = CODE.replace(b"\x7f", b"\xff") if codec is PCMU else CODE
    assert again == expected


def test_known_codes_decode_to_the_values_of_the_recommendation() -> None:
    mu = PCMU.make_decoder(8000).decode(b"\xff\x00\x80\xfe\x7e")
    assert mu.tolist() == [0, -32124, 32124, 8, -8]
    a = PCMA.make_decoder(8000).decode(b"\xd5\x55\xaa\x2a")
    assert a.tolist() == [8, -8, 32256, -32256]


@pytest.mark.parametrize("codec", [PCMU, PCMA])
def test_a_tone_keeps_its_level_and_stays_clean(codec: Codec) -> None:
    sent = tone(1000, 1.0, 8000)
    encoder, decoder = codec.make_encoder(8000, CodecSettings()), codec.make_decoder(8000)
    heard = np.concatenate(
        [decoder.decode(encoder.encode(sent[at : at + 160])) for at in range(0, 8000, 160)]
    )
    assert tone_to_noise_db(heard, 1000, 8000) > 36
    assert level_of(heard) == pytest.approx(level_of(sent), rel=0.01)


def test_a_payload_is_as_long_as_its_bytes() -> None:
    assert PCMU.clock_units(bytes(240)) == 240
    assert PCMA.clock_units(b"") == 0
    assert (PCMU.payload_type, PCMA.payload_type) == (0, 8)


def test_a_lost_frame_of_a_tone_goes_on_with_the_tone_and_joins_without_a_click() -> None:
    sent = tone(200, 0.2, 8000)
    encoder, decoder = PCMU.make_encoder(8000, CodecSettings()), PCMU.make_decoder(8000)
    heard = []
    for number, at in enumerate(range(0, len(sent), 160)):
        payload = encoder.encode(sent[at : at + 160])
        heard.append(decoder.conceal(160, None) if number == 5 else decoder.decode(payload))
    whole = np.concatenate(heard).astype(np.int32)
    # Full for 10 ms, then fading: down to 80 % of the level at its end.
    assert level_of(heard[5]) == pytest.approx(level_of(sent), rel=0.15)
    steps = np.abs(np.diff(whole))
    assert steps[780:980].max() < 2.5 * steps[:780].max()


def test_a_long_loss_fades_to_silence_within_60_ms() -> None:
    decoder = PCMU.make_decoder(8000)
    encoder = PCMU.make_encoder(8000, CodecSettings())
    for at in range(0, 800, 160):
        decoder.decode(encoder.encode(tone(300, 0.1, 8000)[at : at + 160]))
    levels = [level_of(decoder.conceal(160, None)) for _ in range(5)]
    assert levels[0] > levels[1] > levels[2] > 0
    assert levels[3:] == [0.0, 0.0]


def test_a_loss_before_any_audio_is_silence() -> None:
    assert not PCMA.make_decoder(8000).conceal(160, None).any()
