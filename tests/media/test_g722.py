"""G.722 through FFmpeg: quality at 16 kHz, lengths, loss."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from exotel_voice.media import g722
from exotel_voice.media.codec import CodecSettings
from exotel_voice.media.g722 import G722Decoder, G722Encoder
from tones import frequency_of, level_of, tone, tone_to_noise_db


@pytest.mark.parametrize("frequency", [440, 3000, 6000])
def test_a_tone_keeps_frequency_and_level_in_both_bands(frequency: int) -> None:
    sent = tone(frequency, 1.0, 16000)
    encoder, decoder = G722Encoder(16000, CodecSettings()), G722Decoder(16000)
    payloads = [encoder.encode(sent[at : at + 320]) for at in range(0, 16000, 320)]
    heard = np.concatenate([decoder.decode(payload) for payload in payloads])
    assert {len(payload) for payload in payloads} == {160}
    assert len(heard) == 16000
    assert frequency_of(heard[3200:], 16000) == pytest.approx(frequency, abs=1.0)
    assert level_of(heard[3200:]) == pytest.approx(level_of(sent), rel=0.1)
    assert tone_to_noise_db(heard[3200:], frequency, 16000) > 18


def test_it_is_written_in_sdp_with_the_clock_of_8000() -> None:
    codec = g722.codec()
    assert codec is not None
    assert (codec.name, codec.payload_type, codec.clock_rate) == ("G722", 9, 8000)
    assert codec.sample_rates_hz == (16000,)
    assert codec.clock_units(bytes(160)) == 160


def test_a_lost_frame_is_concealed() -> None:
    encoder, decoder = G722Encoder(16000, CodecSettings()), G722Decoder(16000)
    sent = tone(300, 0.4, 16000)
    for at in range(0, 3200, 320):
        decoder.decode(encoder.encode(sent[at : at + 320]))
    assert level_of(decoder.conceal(320, None)) > 0.5 * level_of(sent)


@given(st.binary(min_size=1, max_size=400))
def test_no_payload_makes_it_raise(payload: bytes) -> None:
    assert len(G722Decoder(16000).decode(payload)) == 2 * len(payload)
