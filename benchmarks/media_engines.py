"""The engines that the media benchmark compares: ours, aiortc's peer connection and libwebrtc.

Each opens pairs of endpoints in this process over real ICE and DTLS on loopback. Every endpoint
sends speech-like sound and decodes what it receives.
"""

from __future__ import annotations

import asyncio
import wave
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import Any, Protocol

import numpy as np
import numpy.typing as npt

from exotel_voice.media.audio import Samples
from exotel_voice.media.base import MediaConnected, MediaEvent, MediaSession

__all__ = ["ENGINES", "Engine", "speech"]

SOURCE_RATE = {"PCMU": 8000, "opus": 48000}


def speech(rate: int, seconds: float = 4.0) -> Samples:
    """Sound with the spectrum and rhythm of a voice: harmonics of a wandering pitch, and noise."""
    at = np.arange(int(rate * seconds)) / rate
    loudness = 0.5 + 0.5 * np.sin(2 * np.pi * 3 * at)
    pitch = 120 + 30 * np.sin(2 * np.pi * 1.25 * at)
    phase = np.cumsum(2 * np.pi * pitch / rate)
    voice = np.zeros_like(at)
    for number in range(1, 20):
        voice += np.sin(number * phase) / number
    noise = np.random.default_rng(1).standard_normal(len(at))
    sound = voice * loudness + 0.05 * noise
    scaled: npt.NDArray[np.int16] = (sound / np.abs(sound).max() * 12000).astype(np.int16)
    return scaled


class Engine(Protocol):
    """One way to carry calls."""

    async def open_pair(self, codec: str) -> None:
        """Connect two more endpoints that send and receive at once."""
        ...

    async def frames_received(self) -> float:
        """How many times 20 ms all endpoints together have decoded."""
        ...

    async def aclose(self) -> None:
        """End all calls."""
        ...


class Discard:
    """An output that counts and drops."""

    def __init__(self, sample_rate_hz: int) -> None:
        self.sample_rate_hz = sample_rate_hz
        self.frames = 0

    def open_sink(self) -> Discard:
        return self

    def play(self, samples: Samples) -> None:
        del samples
        self.frames += 1

    def close(self) -> None:
        """Do nothing: there is nothing to free."""


class Ours:
    """`NativeMedia` of this package."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._media: Any = None
        self._sink: Discard | None = None

    async def open_pair(self, codec: str) -> None:
        if self._media is None:
            self._media = self._make(codec)
        joined = [asyncio.Event(), asyncio.Event()]
        left, right = (self._media.open_session(on_event=_listen(event)) for event in joined)
        await _agree(left, right)
        for event in joined:
            await event.wait()

    def _make(self, codec: str) -> Any:
        from exotel_voice.media.files import AudioFile  # noqa: PLC0415 - measured engines only
        from exotel_voice.media.native import NativeMedia  # noqa: PLC0415

        rate = SOURCE_RATE[codec]
        path = self._folder / "speech.wav"
        with wave.open(str(path), "wb") as file:
            file.setnchannels(1)
            file.setsampwidth(2)
            file.setframerate(rate)
            file.writeframes(speech(rate).tobytes())
        self._sink = Discard(rate)
        return NativeMedia(input=AudioFile(path, loop=True), output=self._sink, codecs=(codec,))

    async def frames_received(self) -> float:
        return self._sink.frames if self._sink is not None else 0

    async def aclose(self) -> None:
        if self._media is not None:
            await self._media.aclose()


def _listen(connected: asyncio.Event) -> Callable[[MediaEvent], None]:
    def on_event(event: MediaEvent) -> None:
        if isinstance(event, MediaConnected):
            connected.set()

    return on_event


async def _agree(left: MediaSession, right: MediaSession) -> None:
    await left.accept_answer(await right.create_answer(await left.create_offer()))


class Aiortc:
    """`RTCPeerConnection` of aiortc."""

    def __init__(self, _folder: Path) -> None:
        self._peers: list[Any] = []
        self._tasks: list[asyncio.Task[None]] = []
        self._frames = 0
        self._sound: list[Any] = []

    async def open_pair(self, codec: str) -> None:
        import aiortc  # noqa: PLC0415 - measured engines only

        if not self._sound:
            self._sound = _aiortc_frames(SOURCE_RATE[codec])
        wanted = [
            one
            for one in aiortc.RTCRtpSender.getCapabilities("audio").codecs
            if one.mimeType.lower() == f"audio/{codec}".lower()
        ]
        configuration = aiortc.RTCConfiguration(iceServers=[])
        left, right = (aiortc.RTCPeerConnection(configuration) for _ in range(2))
        connected = asyncio.Event()
        for peer in (left, right):
            self._peers.append(peer)
            peer.on("track", self._play)
            peer.addTrack(_aiortc_track(self._sound, SOURCE_RATE[codec]))
        left.getTransceivers()[0].setCodecPreferences(wanted)
        left.on("connectionstatechange", lambda: _set_if_connected(left, connected))
        await left.setLocalDescription(await left.createOffer())
        await right.setRemoteDescription(left.localDescription)
        await right.setLocalDescription(await right.createAnswer())
        await left.setRemoteDescription(right.localDescription)
        await connected.wait()

    def _play(self, track: Any) -> None:
        self._tasks.append(asyncio.create_task(self._receive(track)))

    async def _receive(self, track: Any) -> None:
        from aiortc.mediastreams import MediaStreamError  # noqa: PLC0415

        with suppress(MediaStreamError):
            while True:
                await track.recv()
                self._frames += 1

    async def frames_received(self) -> float:
        return self._frames

    async def aclose(self) -> None:
        for peer in self._peers:
            await peer.close()
        await asyncio.gather(*self._tasks, return_exceptions=True)


def _set_if_connected(peer: Any, connected: asyncio.Event) -> None:
    if peer.connectionState == "connected":
        connected.set()


def _aiortc_frames(rate: int) -> list[Any]:
    import av  # noqa: PLC0415 - measured engines only

    sound, count = speech(rate), rate // 50
    frames = []
    for start in range(0, len(sound) - count + 1, count):
        frame = av.AudioFrame.from_ndarray(
            sound[start : start + count].reshape(1, -1), format="s16", layout="mono"
        )
        frame.sample_rate = rate
        frames.append(frame)
    return frames


def _aiortc_track(frames: list[Any], rate: int) -> Any:
    """A track that gives the frames every 20 ms, paced as aiortc's own test track is."""
    from fractions import Fraction  # noqa: PLC0415

    from aiortc.mediastreams import AudioStreamTrack  # noqa: PLC0415

    class Speech(AudioStreamTrack):
        sent = 0
        started = 0.0

        async def recv(self) -> Any:
            loop = asyncio.get_running_loop()
            if not self.sent:
                self.started = loop.time()
            wait = self.started + self.sent * 0.02 - loop.time()
            if wait > 0:
                await asyncio.sleep(wait)
            frame = frames[self.sent % len(frames)]
            frame.pts = self.sent * rate // 50
            frame.time_base = Fraction(1, rate)
            self.sent += 1
            return frame

    return Speech()


class Libwebrtc:
    """Chrome's engine, by the `wrtc` wheel."""

    def __init__(self, _folder: Path) -> None:
        self._peers: list[Any] = []
        self._generators: list[Any] = []
        self._processors: list[Any] = []
        self._feeding: asyncio.Task[None] | None = None
        self._samples_per_frame = 1

    async def open_pair(self, codec: str) -> None:
        import webrtc  # noqa: PLC0415 - measured engines only

        self._samples_per_frame = SOURCE_RATE[codec] // 50
        if self._feeding is None:
            self._feeding = asyncio.create_task(self._feed(SOURCE_RATE[codec]))
        left, right = webrtc.RTCPeerConnection(), webrtc.RTCPeerConnection()
        connected = [asyncio.Event(), asyncio.Event()]
        gathered = [asyncio.Event(), asyncio.Event()]
        for index, peer in enumerate((left, right)):
            self._peers.append(peer)
            generator = webrtc.MediaStreamTrackGenerator("audio")
            self._generators.append(generator)
            peer.add_track(generator)
            peer.on("icecandidate", _all_gathered(gathered[index]))
            peer.on("track", self._play)
            peer.on("connectionstatechange", _webrtc_state(peer, connected[index]))
        await left.set_local_description(await left.create_offer())
        await gathered[0].wait()
        only = _only_codec(_local_sdp(left), codec)
        kind = webrtc.RTCSessionDescriptionInit
        await right.set_remote_description(kind(type="offer", sdp=only))
        await right.set_local_description(await right.create_answer())
        await gathered[1].wait()
        await left.set_remote_description(kind(type="answer", sdp=_local_sdp(right)))
        for event in connected:
            await event.wait()

    def _play(self, event: Any) -> None:
        """Have the track decoded; the queue is not read, which costs this engine nothing."""
        import wrtc  # noqa: PLC0415

        self._processors.append(wrtc.MediaStreamTrackProcessor(event.track._native_obj, 10))  # noqa: SLF001 - the cheapest way to take the sound

    async def _feed(self, rate: int) -> None:
        """Write 20 ms to every track, without the detour over Python's streams."""
        loop = asyncio.get_running_loop()
        count, sound = rate // 50, speech(rate)
        frames = [
            sound[at : at + count].tobytes() for at in range(0, len(sound) - count + 1, count)
        ]
        started, number = loop.time(), 0
        while True:
            number += 1
            await asyncio.sleep(max(0.0, started + number * 0.02 - loop.time()))
            data = frames[number % len(frames)]
            for generator in self._generators:
                generator._generator.writeAudio(data, rate, 1, count)  # noqa: SLF001 - see above

    async def frames_received(self) -> float:
        samples = 0
        for peer in self._peers:
            for report in (await peer.get_stats()).values():
                samples += getattr(report, "total_samples_received", None) or 0
        return samples / self._samples_per_frame

    async def aclose(self) -> None:
        if self._feeding is not None:
            self._feeding.cancel()
        for peer in self._peers:
            peer.close()


def _all_gathered(gathered: asyncio.Event) -> Callable[[Any], None]:
    def on_candidate(event: Any) -> None:
        if event.candidate is None:
            gathered.set()

    return on_candidate


def _webrtc_state(peer: Any, connected: asyncio.Event) -> Callable[[Any], None]:
    def on_state(_event: Any) -> None:
        if peer.connection_state == "connected":
            connected.set()

    return on_state


def _only_codec(sdp: str, codec: str) -> str:
    """Leave one codec in an offer."""
    number = {"PCMU": "0", "opus": "111"}[codec]
    lines = []
    for line in sdp.splitlines():
        if line.startswith("m=audio"):
            lines.append(" ".join([*line.split(" ")[:3], number]))
            continue
        is_format = line.startswith(("a=rtpmap:", "a=fmtp:", "a=rtcp-fb:"))
        if is_format and line.split(":", 1)[1].split(" ")[0] != number:
            continue
        lines.append(line)
    return "\r\n".join(lines) + "\r\n"


ENGINES: dict[str, Callable[[Path], Engine]] = {
    "ours": Ours,
    "aiortc": Aiortc,
    "libwebrtc": Libwebrtc,
}


def _local_sdp(peer: Any) -> str:
    """What one libwebrtc peer says of itself."""
    return str(peer.local_description.sdp)
