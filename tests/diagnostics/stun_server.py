"""A STUN server: tells whoever asks where the question came from (RFC 8489 §6.3.1)."""

from __future__ import annotations

import socket
import threading
from typing import Self

from aioice import stun

__all__ = ["StunServer"]


class StunServer:
    """Answers binding requests on every address of this machine, from a thread.

    Args:
        shift: Added to the port that is told, as an address translator changes it; a client takes
            an answer that equals its own address for no news.
    """

    def __init__(self, *, shift: int = 1) -> None:
        self._shift = shift
        self._socket = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self._socket.bind(("0.0.0.0", 0))  # noqa: S104 - any address of this machine is asked
        self._thread = threading.Thread(target=self._serve, name="STUN server")

    @property
    def url(self) -> str:
        return f"stun:127.0.0.1:{self._socket.getsockname()[1]}"

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        port = self._socket.getsockname()[1]
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as knock:
            knock.sendto(b"", ("127.0.0.1", port))
        self._thread.join()
        self._socket.close()

    def _serve(self) -> None:
        while True:
            data, (host, port) = self._socket.recvfrom(2048)
            if not data:
                return
            request = stun.parse_message(data)
            answer = stun.Message(
                message_method=stun.Method.BINDING,
                message_class=stun.Class.RESPONSE,
                transaction_id=request.transaction_id,
            )
            answer.attributes["XOR-MAPPED-ADDRESS"] = (host, port + self._shift)
            self._socket.sendto(bytes(answer), (host, port))
