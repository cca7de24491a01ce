"""The WebSocket transport against real servers on loopback."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from ssl import SSLContext

import pytest
from websockets.asyncio.server import ServerConnection, serve
from websockets.typing import Subprotocol

from exotel_voice.errors import ConfigError, ConnectFailed, ConnectionLost
from exotel_voice.transport.websocket import (
    MAX_MESSAGE_BYTES,
    WebSocketTransport,
    make_tls_context,
)
from transport.certificates import make_certificate

Handler = Callable[[ServerConnection], Awaitable[None]]
SIP = Subprotocol("sip")


@asynccontextmanager
async def a_server(
    handler: Handler, *, tls: SSLContext | None = None, protocols: tuple[Subprotocol, ...] = (SIP,)
) -> AsyncIterator[int]:
    """Serve on a free port of loopback."""
    async with serve(
        handler,
        "127.0.0.1",
        0,
        subprotocols=protocols or None,
        ssl=tls,
        close_timeout=0.2,
        ping_interval=None,
    ) as server:
        yield next(iter(server.sockets)).getsockname()[1]


async def wait_for_close(socket: ServerConnection) -> None:
    await socket.wait_closed()


async def go_deaf(socket: ServerConnection) -> None:
    socket.transport.pause_reading()
    await socket.wait_closed()


async def echo(socket: ServerConnection) -> None:
    async for message in socket:
        await socket.send(message)


@asynccontextmanager
async def a_plain_server(
    talk: Callable[[asyncio.StreamReader, asyncio.StreamWriter], Awaitable[None]],
) -> AsyncIterator[int]:
    """Serve something that is no WebSocket."""

    async def handle(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await talk(reader, writer)
        writer.close()

    async with await asyncio.start_server(handle, "127.0.0.1", 0) as server:
        yield server.sockets[0].getsockname()[1]


async def failure(transport: WebSocketTransport) -> ConnectFailed:
    with pytest.raises(ConnectFailed) as caught:
        await transport.connect()
    await transport.aclose()
    return caught.value


async def test_a_message_goes_as_text_and_comes_back() -> None:
    async with a_server(echo) as port:
        transport = WebSocketTransport(f"ws://127.0.0.1:{port}/wss")
        await transport.connect()
        await transport.send("OPTIONS sip:größe SIP/2.0\r\n\r\n".encode())
        assert await transport.receive() == "OPTIONS sip:größe SIP/2.0\r\n\r\n".encode()
        await transport.aclose()


async def test_frames_carry_text_if_they_can_and_bytes_if_they_must() -> None:
    kinds: list[type] = []

    async def note(socket: ServerConnection) -> None:
        kinds.extend([type(await socket.recv()), type(await socket.recv())])
        await socket.send(b"binary")
        await socket.send("text")
        await socket.wait_closed()

    async with a_server(note) as port:
        transport = WebSocketTransport(f"ws://127.0.0.1:{port}/")
        await transport.connect()
        await transport.send(b"text")
        await transport.send(b"\xff\xfe")
        assert [await transport.receive(), await transport.receive()] == [b"binary", b"text"]
        await transport.aclose()
    assert kinds == [str, bytes]


async def test_the_request_names_the_subprotocol_and_the_program_and_no_compression() -> None:
    seen: dict[str, str] = {}

    async def note(socket: ServerConnection) -> None:
        assert socket.request is not None
        seen.update(socket.request.headers.raw_items())
        seen["path"] = socket.request.path

    async with a_server(note) as port:
        transport = WebSocketTransport(f"ws://127.0.0.1:{port}/wss")
        await transport.connect()
        with pytest.raises(ConnectionLost):
            await transport.receive()
        await transport.aclose()
    assert seen["Sec-WebSocket-Protocol"] == "sip"
    assert seen["User-Agent"] == "exotel-voice"
    assert seen["path"] == "/wss"
    assert "Sec-WebSocket-Extensions" not in seen


async def test_a_server_that_closes_is_named_with_its_code() -> None:
    async def close(socket: ServerConnection) -> None:
        await socket.close(1001, "going down")

    async with a_server(close) as port:
        transport = WebSocketTransport(f"ws://127.0.0.1:{port}/")
        await transport.connect()
        with pytest.raises(ConnectionLost, match="the server closed it with code 1001 going down"):
            await transport.receive()
        with pytest.raises(ConnectionLost):
            await transport.send(b"x")
        await transport.aclose()


async def test_a_broken_connection_is_told_from_a_closed_one() -> None:
    async def cut(socket: ServerConnection) -> None:
        socket.transport.abort()

    async with a_server(cut) as port:
        transport = WebSocketTransport(f"ws://127.0.0.1:{port}/")
        await transport.connect()
        with pytest.raises(ConnectionLost, match="broke without a closing handshake"):
            await transport.receive()
        await transport.aclose()


async def test_a_server_that_answers_no_ping_counts_as_lost() -> None:
    async with a_server(go_deaf) as port:
        transport = WebSocketTransport(
            f"ws://127.0.0.1:{port}/", ping_interval=0.05, ping_limit=0.05
        )
        await transport.connect()
        with pytest.raises(ConnectionLost, match="keepalive ping timeout"):
            await transport.receive()
        await transport.aclose()


async def test_closing_takes_half_a_second_when_the_server_does_not_answer() -> None:
    async def go_deaf(socket: ServerConnection) -> None:
        socket.transport.pause_reading()
        await socket.wait_closed()

    async with a_server(go_deaf) as port:
        transport = WebSocketTransport(f"ws://127.0.0.1:{port}/")
        await transport.connect()
        async with asyncio.timeout(1.0):
            await transport.aclose()
            await transport.aclose()


async def test_closing_that_is_cancelled_closes_at_once() -> None:
    async with a_server(go_deaf) as port:
        transport = WebSocketTransport(f"ws://127.0.0.1:{port}/")
        await transport.connect()
        assert transport._socket is not None
        stream = transport._socket.transport
        closing = asyncio.create_task(transport.aclose())
        await asyncio.sleep(0)
        assert not stream.is_closing()
        closing.cancel()
        await asyncio.wait([closing])
        assert closing.cancelled()
        assert stream.is_closing()


async def test_a_transport_that_was_never_opened_says_so() -> None:
    transport = WebSocketTransport("ws://127.0.0.1:1/")
    with pytest.raises(ConnectionLost, match="not open"):
        await transport.send(b"x")
    await transport.aclose()


async def test_a_host_that_does_not_resolve_is_named() -> None:
    error = await failure(WebSocketTransport("ws://no-such-host.invalid:80/"))
    assert error.message == "the host name no-such-host.invalid does not resolve"
    assert error.hint


@pytest.mark.parametrize("host", ["127.0.0.1", "localhost"])
async def test_a_closed_port_is_named(host: str) -> None:
    async with a_server(wait_for_close) as port:
        pass
    error = await failure(WebSocketTransport(f"ws://{host}:{port}/"))
    assert error.message == f"nothing accepts connections at ws://{host}:{port}/"


async def test_a_server_that_does_not_answer_is_given_up_after_the_limit() -> None:
    async def say_nothing(reader: asyncio.StreamReader, _: asyncio.StreamWriter) -> None:
        await reader.read()

    async with a_plain_server(say_nothing) as port:
        transport = WebSocketTransport(f"ws://127.0.0.1:{port}/", connect_limit=0.1)
        error = await failure(transport)
    assert error.message == f"ws://127.0.0.1:{port}/ did not answer within 0.1 s"


async def test_a_web_server_that_is_no_websocket_is_named_with_its_status() -> None:
    async def refuse(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        writer.write(b"HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\n\r\n")
        await writer.drain()

    async with a_plain_server(refuse) as port:
        error = await failure(WebSocketTransport(f"ws://127.0.0.1:{port}/wrong"))
    assert error.message == f"ws://127.0.0.1:{port}/wrong is no WebSocket: it answered HTTP 404"
    assert "endpoint" in error.hint


async def test_a_server_that_does_not_speak_http_is_named() -> None:
    async def talk(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(b"220 mail ready\r\n")
        await writer.drain()
        await reader.read(1)

    async with a_plain_server(talk) as port:
        error = await failure(WebSocketTransport(f"ws://127.0.0.1:{port}/"))
    assert error.message.startswith(f"ws://127.0.0.1:{port}/ is no WebSocket")


@pytest.mark.parametrize("protocols", [(), (Subprotocol("chat"),)])
async def test_a_websocket_without_the_subprotocol_sip_is_refused(
    protocols: tuple[Subprotocol, ...],
) -> None:
    async with a_server(wait_for_close, protocols=protocols) as port:
        error = await failure(WebSocketTransport(f"ws://127.0.0.1:{port}/"))
    assert "not with the subprotocol sip" in error.message or "HTTP 400" in error.message


async def test_a_certificate_that_nobody_vouches_for_is_refused(tmp_path: Path) -> None:
    certificate = make_certificate(tmp_path, "localhost")
    async with a_server(wait_for_close, tls=certificate.server_context) as port:
        error = await failure(WebSocketTransport(f"wss://localhost:{port}/"))
    assert error.message.startswith("the TLS certificate of localhost is not trusted")
    assert "ca_file" in error.hint


async def test_a_certificate_of_another_host_is_refused(tmp_path: Path) -> None:
    certificate = make_certificate(tmp_path, "other.example")
    tls = make_tls_context(ca_file=certificate.file)
    async with a_server(wait_for_close, tls=certificate.server_context) as port:
        error = await failure(WebSocketTransport(f"wss://localhost:{port}/", tls=tls))
    assert error.message == "the TLS certificate is not for localhost"


async def test_a_certificate_that_has_expired_is_refused(tmp_path: Path) -> None:
    certificate = make_certificate(tmp_path, "localhost", days=-1)
    tls = make_tls_context(ca_file=certificate.file)
    async with a_server(wait_for_close, tls=certificate.server_context) as port:
        error = await failure(WebSocketTransport(f"wss://localhost:{port}/", tls=tls))
    assert error.message == "the TLS certificate of localhost has expired"


async def test_a_port_without_tls_is_named() -> None:
    async with a_server(wait_for_close) as port:
        error = await failure(WebSocketTransport(f"wss://127.0.0.1:{port}/"))
    assert "does not speak TLS" in error.message or "cut the connection" in error.message


async def test_an_authority_of_ones_own_is_trusted(tmp_path: Path) -> None:
    certificate = make_certificate(tmp_path, "localhost")
    tls = make_tls_context(ca_file=certificate.file)
    async with a_server(echo, tls=certificate.server_context) as port:
        transport = WebSocketTransport(f"wss://localhost:{port}/", tls=tls)
        await transport.connect()
        await transport.send(b"hello")
        assert await transport.receive() == b"hello"
        await transport.aclose()


async def test_the_insecure_switch_takes_any_certificate_and_warns(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    certificate = make_certificate(tmp_path, "other.example")
    with caplog.at_level(logging.WARNING, logger="exotel_voice.transport"):
        tls = make_tls_context(insecure_skip_certificate_check=True)
    assert "not checked" in caplog.text
    async with a_server(echo, tls=certificate.server_context) as port:
        transport = WebSocketTransport(f"wss://localhost:{port}/", tls=tls)
        await transport.connect()
        await transport.aclose()


def test_equal_settings_share_one_tls_context(tmp_path: Path) -> None:
    certificate = make_certificate(tmp_path, "localhost")
    assert make_tls_context() is make_tls_context()
    assert make_tls_context(ca_file=certificate.file) is make_tls_context(
        ca_file=str(certificate.file)
    )


@pytest.mark.parametrize("content", [None, b"no certificate"])
def test_a_certificate_file_that_cannot_be_used_is_a_wrong_setting(
    tmp_path: Path, content: bytes | None
) -> None:
    file = tmp_path / "ca.pem"
    if content is not None:
        file.write_bytes(content)
    with pytest.raises(ConfigError, match=r"ca\.pem"):
        make_tls_context(ca_file=file)


async def test_a_proxy_of_the_environment_is_used(monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[bytes] = []

    async def refuse(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        asked.append(await reader.readuntil(b"\r\n\r\n"))
        writer.write(b"HTTP/1.1 403 Forbidden\r\n\r\n")
        await writer.drain()

    async with a_plain_server(refuse) as port:
        monkeypatch.setenv("https_proxy", f"http://127.0.0.1:{port}")
        monkeypatch.setenv("no_proxy", "")
        error = await failure(WebSocketTransport("ws://voip.example:443/"))
    assert asked[0].startswith(b"CONNECT voip.example:443")
    assert error.message.startswith("the proxy for ws://voip.example:443/ refused")


async def test_frames_are_never_written_to_the_log(caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.DEBUG):
        async with a_server(echo) as port:
            transport = WebSocketTransport(f"ws://127.0.0.1:{port}/")
            await transport.connect()
            await transport.send(b"Authorization: Digest response=secret")
            await transport.receive()
            await transport.aclose()
    ours = [record for record in caplog.records if record.name.startswith("exotel_voice")]
    assert not any("secret" in record.getMessage() for record in ours)


async def test_a_server_that_answers_a_ping_is_alive_and_one_that_is_gone_is_not() -> None:
    async with a_server(echo) as port:
        transport = WebSocketTransport(f"ws://127.0.0.1:{port}", proxy=None)
        assert not await transport.is_alive(limit=1.0)
        await transport.connect()
        assert await transport.is_alive(limit=1.0)
    # The server has closed.
    assert not await transport.is_alive(limit=1.0)
    await transport.aclose()


async def test_a_server_that_reads_nothing_is_not_alive() -> None:
    stopped = asyncio.Event()

    async def read_nothing(socket: ServerConnection) -> None:
        socket.transport.pause_reading()
        await stopped.wait()
        socket.transport.abort()

    async with a_server(read_nothing) as port:
        transport = WebSocketTransport(f"ws://127.0.0.1:{port}", proxy=None)
        await transport.connect()
        assert not await transport.is_alive(limit=0.2)
        stopped.set()
        await transport.aclose()


async def test_a_message_beyond_all_limits_ends_the_connection_with_its_code() -> None:
    async def flood(socket: ServerConnection) -> None:
        await socket.send("x" * (MAX_MESSAGE_BYTES + 1))
        await socket.wait_closed()

    async with a_server(flood) as port:
        transport = WebSocketTransport(f"ws://127.0.0.1:{port}", proxy=None)
        await transport.connect()
        with pytest.raises(ConnectionLost, match="code 1009"):
            await transport.receive()
        await transport.aclose()
