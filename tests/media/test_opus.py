"""Opus through libopus: quality, concealment, redundancy, settings, damaged payloads."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from exotel_voice.errors import MediaError
from exotel_voice.media import libopus, opus
from exotel_voice.media.audio import Samples
from exotel_voice.media.codec import CodecSettings
from exotel_voice.media.codecs import available_codecs, find_codec
from exotel_voice.media.opus import OpusDecoder, OpusEncoder, clock_units
from tones import frequency_of, level_of, tone, tone_to_noise_db

LOSSY = CodecSettings(is_lossy_link=True, bitrate=24000, fmtp={"useinbandfec": "1"})


def encode(samples: Samples, rate: int, settings: CodecSettings | None = None) -> list[bytes]:
    encoder = OpusEncoder(rate, settings or CodecSettings())
    count = rate // 50
    return [encoder.encode(samples[at : at + count]) for at in range(0, len(samples), count)]


def decode(payloads: list[bytes], rate: int) -> Samples:
    decoder = OpusDecoder(rate)
    return np.concatenate([decoder.decode(payload).copy() for payload in payloads])


@pytest.mark.parametrize("rate", [8000, 16000, 24000, 48000])
@pytest.mark.parametrize("settings", [CodecSettings(), LOSSY], ids=["celt", "voip"])
def test_a_tone_keeps_frequency_and_level_at_each_rate(rate: int, settings: CodecSettings) -> None:
    sent = tone(1000, 1.0, rate)
    heard = decode(encode(sent, rate, settings), rate)[rate // 5 :]
    assert frequency_of(heard, rate) == pytest.approx(1000, abs=1.0)
    assert level_of(heard) == pytest.approx(level_of(sent), rel=0.1)
    assert tone_to_noise_db(heard, 1000, rate) > 15


def test_the_two_sides_may_work_at_different_rates() -> None:
    heard = decode(encode(tone(700, 1.0, 48000), 48000), 8000)
    assert len(heard) == 8000
    assert frequency_of(heard[1600:], 8000) == pytest.approx(700, abs=1.0)


def test_the_default_is_the_celt_layer_at_32_kb_per_second_in_mono() -> None:
    payloads = encode(tone(300, 1.0, 48000), 48000)[10:]
    assert {payload[0] >> 3 for payload in payloads} <= set(range(16, 32))
    assert not any(payload[0] & 4 for payload in payloads)
    assert sum(map(len, payloads)) * 50 * 8 / len(payloads) == pytest.approx(32000, rel=0.1)


def test_the_far_sides_limits_are_obeyed() -> None:
    sent = tone(300, 1.0, 48000)
    slow = encode(sent, 48000, CodecSettings(fmtp={"maxaveragebitrate": "16000"}))[10:]
    assert sum(map(len, slow)) * 50 * 8 / len(slow) == pytest.approx(16000, rel=0.15)
    constant = encode(sent, 48000, CodecSettings(fmtp={"cbr": "1"}))
    assert {len(payload) for payload in constant} == {80}
    narrow = encode(sent, 48000, CodecSettings(fmtp={"maxplaybackrate": "8000"}))[10:]
    assert {payload[0] >> 3 for payload in narrow} <= {16, 17, 18, 19}


@pytest.mark.parametrize("value", ["", "-1", "abc", "99999999999999999999", "٣", "0"])
def test_a_senseless_parameter_of_the_far_side_harms_nothing(value: str) -> None:
    names = ("maxaveragebitrate", "maxplaybackrate", "useinbandfec", "usedtx", "cbr")
    settings = CodecSettings(fmtp=dict.fromkeys(names, value))
    assert encode(tone(300, 0.1, 16000), 16000, settings)[-1]


def test_silence_is_suppressed_where_the_far_side_wants_it() -> None:
    silence = np.zeros(48000, np.int16)
    settings = CodecSettings(is_lossy_link=True, fmtp={"usedtx": "1"})
    assert sum(len(payload) <= 2 for payload in encode(silence, 48000, settings)) > 20


def without(number: int, payloads: list[bytes], *, uses_redundancy: bool) -> Samples:
    decoder = OpusDecoder(16000)
    heard = []
    for place, payload in enumerate(payloads):
        if place == number:
            following = payloads[place + 1] if uses_redundancy else None
            heard.append(decoder.conceal(320, following).copy())
        else:
            heard.append(decoder.decode(payload).copy())
    return np.concatenate(heard)


def test_a_lost_frame_is_concealed() -> None:
    payloads = encode(tone(400, 0.6, 16000), 16000)
    heard = without(15, payloads, uses_redundancy=False)
    assert len(heard) == 9600
    whole = level_of(heard[3200:4800])
    assert level_of(heard[4800:5120]) > 0.5 * whole


def test_redundancy_gives_back_what_concealment_cannot_know() -> None:
    """A tone begins in the very frame that is lost."""
    sent = np.concatenate([tone(300, 0.3, 16000), tone(900, 0.3, 16000)])
    payloads = encode(sent, 16000, LOSSY)
    lost = slice(15 * 320 + 100, 16 * 320)
    guessed = without(15, payloads, uses_redundancy=False)[lost]
    recovered = without(15, payloads, uses_redundancy=True)[lost]
    assert frequency_of(recovered, 16000) == pytest.approx(900, abs=60)
    assert abs(frequency_of(guessed, 16000) - 900) > 200


@pytest.mark.parametrize(
    ("payload", "units"),
    [
        (b"", 0),
        (b"\xf8", 960),  # CELT fullband 20 ms, one frame
        (b"\xf9ab", 1920),  # two frames
        (b"\xe0", 120),  # 2.5 ms
        (b"\x18", 2880),  # SILK 60 ms
        (b"\xfb\x03", 2880),  # code 3, three frames
        (b"\xfb", 0),  # code 3 without its count
        (b"\x1b\x03", 0),  # 180 ms are too long
    ],
)
def test_the_length_of_a_payload_is_read_from_its_first_bytes(payload: bytes, units: int) -> None:
    assert clock_units(payload) == units


@given(st.binary(max_size=100))
def test_damaged_payloads_never_raise(payload: bytes) -> None:
    decoder = OpusDecoder(8000)
    assert len(decoder.decode(payload)) > 0
    assert len(decoder.conceal(160, payload)) == 160
    clock_units(payload)


def test_lengths_that_opus_lacks_give_no_payload() -> None:
    assert OpusEncoder(48000, CodecSettings()).encode(np.zeros(959, np.int16)) == b""


def test_a_rate_that_opus_lacks_is_refused() -> None:
    with pytest.raises(MediaError, match="encoder"):
        OpusEncoder(44100, CodecSettings())
    with pytest.raises(MediaError, match="decoder"):
        OpusDecoder(44100)


def test_the_library_is_the_one_that_came_with_pyav() -> None:
    found = libopus.load_libopus()
    assert "av" in Path(found.path).parent.name
    assert found.version.startswith("libopus")


@pytest.fixture
def no_libopus(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """A machine on which no library can be opened, as far as the search can see."""
    for name in ("_BUNDLING_PACKAGES", "_SYSTEM_NAMES"):
        monkeypatch.setattr(libopus, name, ())
    monkeypatch.setattr("ctypes.util.find_library", lambda _name: None)
    caches = (libopus.load_libopus, opus.codec, available_codecs)
    for one in caches:
        one.cache_clear()
    yield
    for one in caches:
        one.cache_clear()


@pytest.mark.usefixtures("no_libopus")
def test_without_libopus_opus_is_not_offered_and_the_log_says_why(
    caplog: pytest.LogCaptureFixture,
) -> None:
    assert [codec.name for codec in available_codecs()] == ["G722", "PCMU", "PCMA"]
    assert find_codec("opus") is None
    assert "libopus was not found" in caplog.text
    assert "pip install av" in caplog.text
    with pytest.raises(MediaError, match="libopus was not found"):
        OpusDecoder(8000)


def test_the_systems_library_serves_where_pyav_bundles_none(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(libopus, "_BUNDLING_PACKAGES", ())
    if not list(libopus._candidates()) or sys.platform != "linux":
        pytest.skip("no libopus of the system here")
    libopus.load_libopus.cache_clear()
    try:
        assert "libopus" in libopus.load_libopus().path
    finally:
        libopus.load_libopus.cache_clear()


def test_every_codec_is_found_by_its_name_in_any_case() -> None:
    assert [codec.name for codec in available_codecs()] == ["opus", "G722", "PCMU", "PCMA"]
    found = find_codec("OPUS")
    assert found is not None
    assert (found.clock_rate, found.sdp_channels, found.payload_type) == (48000, 2, None)
    assert find_codec("AMR") is None


def test_rates_and_packet_lengths_are_chosen_to_fit() -> None:
    found = find_codec("opus")
    pcmu = find_codec("PCMU")
    assert found is not None
    assert pcmu is not None
    assert [found.nearest_rate(rate) for rate in (8000, 11025, 44100, 96000)] == [
        8000,
        12000,
        48000,
        48000,
    ]
    assert pcmu.nearest_rate(48000) == 8000
    assert [found.nearest_packet_time(time) for time in (5, 20, 30, 120)] == [10, 20, 20, 60]
    assert pcmu.nearest_packet_time(30) == 30
