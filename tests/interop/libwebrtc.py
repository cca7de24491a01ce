"""A far end made of libwebrtc, Chrome's engine, by the `wrtc` wheel: speaks a tone, keeps sound."""

from __future__ import annotations

import asyncio
from typing import Any, Literal, Self

import numpy as np

from tones import Samples, frequency_of, level_of, tone

__all__ = ["RATE", "Libwebrtc"]

RATE = 48000
LIMIT = 5.0
_KEPT_CHUNKS = 60  # of 10 ms


class Libwebrtc:
    """One `RTCPeerConnection`; its types are left open, because the wheel is not everywhere."""

    def __init__(self, *, has_rsa_certificate: bool = False, speaks: float = 0.0) -> None:
        self._has_rsa = has_rsa_certificate
        self._speaks = speaks
        self._peer: Any = None
        self._generator: Any = None
        self._processor: Any = None
        self._sender: Any = None
        self._speaking: asyncio.Task[None] | None = None
        self._gathered = asyncio.Event()
        self._connected = asyncio.Event()
        self._playing = asyncio.Event()

    async def __aenter__(self) -> Self:
        import webrtc  # noqa: PLC0415 - only where the tests that need it run

        certificates = None
        if self._has_rsa:
            keys = webrtc.RsaHashedKeyGenParams(
                "RSASSA-PKCS1-v1_5",
                modulus_length=2048,
                public_exponent=bytes([1, 0, 1]),
                hash="SHA-256",
            )
            certificates = [await webrtc.RTCPeerConnection.generate_certificate(keys)]
        self._peer = peer = webrtc.RTCPeerConnection(
            webrtc.RTCConfiguration(certificates=certificates)
        )
        self._generator = webrtc.MediaStreamTrackGenerator("audio")
        self._sender = peer.add_track(self._generator)
        peer.on("icecandidate", self._take_candidate)
        peer.on("track", self._take_track)
        peer.on("connectionstatechange", self._take_state)
        self._speaking = asyncio.create_task(self._speak())
        return self

    async def __aexit__(self, *_: object) -> None:
        if self._speaking is not None:
            self._speaking.cancel()
            await asyncio.wait([self._speaking])
        if self._processor is not None:
            self._processor.cancel()
        self._generator.stop()
        self._peer.close()

    def _take_candidate(self, event: Any) -> None:
        if event.candidate is None:
            self._gathered.set()

    def _take_track(self, event: Any) -> None:
        import wrtc  # noqa: PLC0415 - see above

        self._processor = wrtc.MediaStreamTrackProcessor(event.track._native_obj, _KEPT_CHUNKS)
        self._playing.set()

    def _take_state(self, _event: Any) -> None:
        if self._peer.connection_state == "connected":
            self._connected.set()

    async def _speak(self) -> None:
        loop = asyncio.get_running_loop()
        count = RATE // 100
        sound = tone(self._speaks, 1.0, RATE) if self._speaks else np.zeros(RATE, np.int16)
        chunks = [sound[at : at + count].tobytes() for at in range(0, RATE, count)]
        began, number = loop.time(), 0
        while True:
            number += 1
            await asyncio.sleep(max(0.0, began + number * 0.01 - loop.time()))
            self._generator._generator.writeAudio(chunks[number % 100], RATE, 1, count)

    async def offer(self) -> bytes:
        """Make an offer with every candidate in it."""
        await self._peer.set_local_description(await self._peer.create_offer())
        return await self._local()

    async def answer(self, offer: bytes) -> bytes:
        """Take an offer and make the answer with every candidate in it."""
        await self._take("offer", offer)
        await self._peer.set_local_description(await self._peer.create_answer())
        return await self._local()

    async def accept(self, answer: bytes) -> None:
        """Take an answer."""
        await self._take("answer", answer)

    async def _take(self, kind: Literal["offer", "answer"], sdp: bytes) -> None:
        import webrtc  # noqa: PLC0415 - see above

        made = webrtc.RTCSessionDescriptionInit(type=kind, sdp=sdp.decode())
        await self._peer.set_remote_description(made)

    async def _local(self) -> bytes:
        async with asyncio.timeout(LIMIT):
            await self._gathered.wait()
        return str(self._peer.local_description.sdp).encode()

    def set_direction(self, direction: str) -> None:
        """Hold or resume, with the next offer."""
        self._peer.get_transceivers()[0].direction = direction

    async def connected(self) -> None:
        """Wait until it says that it is connected."""
        async with asyncio.timeout(LIMIT):
            await self._connected.wait()

    async def hear(self, seconds: float = 0.5, skip: float = 0.4) -> tuple[float, float]:
        """Listen anew; give frequency in hertz and level of what came after `skip` seconds."""
        async with asyncio.timeout(LIMIT):
            await self._playing.wait()
        heard: list[Samples] = []
        rate = RATE
        while self._processor.read() is not None:
            continue
        async with asyncio.timeout(LIMIT):
            while len(heard) < (seconds + skip) * 100:
                chunk = self._processor.read()
                if chunk is None:
                    await asyncio.sleep(0.01)
                else:
                    samples: Samples = np.frombuffer(chunk[0], np.int16)[:: chunk[3]]
                    heard.append(samples)
                    rate = chunk[2]
        samples = np.concatenate(heard[int(skip * 100) :])
        level = level_of(samples)
        return frequency_of(samples, rate) if level > 1.0 else 0.0, level

    def press(self, digits: str) -> None:
        """Send digits as telephone-event."""
        self._sender.dtmf.insert_dtmf(digits, duration=100, inter_tone_gap=70)
