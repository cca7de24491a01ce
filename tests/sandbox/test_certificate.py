"""The certificates that the sandbox makes: a real handshake, and nothing left behind."""

from __future__ import annotations

import asyncio
import ssl
import sys

import pytest

from exotel_voice.sandbox.certificate import LocalCertificate


async def _handshake(server_name: str, context: ssl.SSLContext) -> None:
    certificate = LocalCertificate()
    if context.verify_mode is ssl.CERT_REQUIRED and not context.get_ca_certs():
        context.load_verify_locations(certificate.ca_file)

    async def take(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(await reader.read(1))
        writer.close()

    server = await asyncio.start_server(take, "127.0.0.1", 0, ssl=certificate.server_context())
    try:
        port = server.sockets[0].getsockname()[1]
        reader, writer = await asyncio.open_connection(
            "127.0.0.1", port, ssl=context, server_hostname=server_name
        )
        writer.write(b"x")
        assert await reader.read() == b"x"
        writer.close()
        await writer.wait_closed()
    finally:
        server.close()
        await server.wait_closed()
        certificate.close()


@pytest.mark.parametrize("name", ["localhost", "127.0.0.1", "::1"])
async def test_a_client_that_trusts_the_authority_connects(name: str) -> None:
    await _handshake(name, ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT))


async def test_another_name_is_refused() -> None:
    with pytest.raises(ssl.SSLCertVerificationError):
        await _handshake("example.com", ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT))


async def test_a_client_that_does_not_trust_it_refuses() -> None:
    with pytest.raises(ssl.SSLCertVerificationError):
        await _handshake("localhost", ssl.create_default_context())


def test_the_key_is_for_this_user_only_and_goes_with_the_sandbox() -> None:
    certificate = LocalCertificate("sandbox.test")
    folder = certificate.ca_file.parent
    if sys.platform != "win32":
        assert (folder / "server.key").stat().st_mode & 0o077 == 0
    certificate.close()
    certificate.close()
    assert not folder.exists()
