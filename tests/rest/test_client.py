"""Both clients over real sockets, against the documented replies and against servers that fail."""

from __future__ import annotations

import asyncio
import socket
import threading
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from urllib.parse import parse_qs

import pytest

from exotel_voice.errors import (
    ApiError,
    ApiNotFound,
    ApiOutcomeUnknown,
    ApiRateLimited,
    ApiUnauthorized,
    ApiUnavailable,
    ConfigError,
    DeadlineExceeded,
    InvalidState,
)
from exotel_voice.rest import ApiCallStatus, ExotelClient, RetryPolicy, SyncExotelClient
from exotel_voice.rest.calls import WireFormat
from rest.recorded import QUICK, Answer, account_at, recorded, script, threaded

PARTIES = ("alice", "+919900000001", "0800123456")
OK = Answer(recorded("connect.json"))


@asynccontextmanager
async def raw_server(reply: bytes | None) -> AsyncIterator[tuple[str, list[bytes]]]:
    """A server that reads a request, sends some bytes (None: waits), and closes."""
    received: list[bytes] = []
    done = asyncio.Event()

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        received.append(await reader.readuntil(b"\r\n\r\n"))
        if reply is None:
            await done.wait()
        else:
            writer.write(reply)
            await writer.drain()
        writer.close()
        await asyncio.gather(writer.wait_closed(), return_exceptions=True)

    server = await asyncio.start_server(serve, "127.0.0.1", 0)
    async with server:
        port = server.sockets[0].getsockname()[1]
        yield f"http://127.0.0.1:{port}", received
        done.set()


@pytest.mark.parametrize(("wire_format", "suffix"), [("json", ".json"), ("xml", "")])
async def test_a_call_is_placed_with_the_documented_request(
    wire_format: WireFormat, suffix: str
) -> None:
    async with (
        script(Answer(recorded(f"connect.{wire_format}"))) as server,
        ExotelClient(account_at(server.url), wire_format=wire_format) as client,
    ):
        call = await client.connect_call(*PARTIES, time_limit=60, record=True)
    assert call.status is ApiCallStatus.IN_PROGRESS
    (request,) = server.received
    assert (request.method, request.path) == ("POST", f"/v1/Accounts/acme/Calls/connect{suffix}")
    assert request.headers["content-type"] == "application/x-www-form-urlencoded"
    assert request.headers["authorization"].startswith("Basic ")
    assert request.headers["user-agent"] == "exotel-voice"
    form = parse_qs(request.body.decode())
    assert form["To"] == ["+919900000001"]
    assert (form["TimeLimit"], form["Record"]) == (["60"], ["true"])


async def test_details_are_asked_for_with_legs_and_a_recording_that_stays_valid() -> None:
    async with (
        script(Answer(recorded("details.json"))) as server,
        ExotelClient(account_at(server.url)) as client,
    ):
        call = await client.call_details("b6c/f", with_legs=True, recording_url_valid_for=5)
        for wrong in (4, 61):
            with pytest.raises(ConfigError, match=r"^recording_url_valid_for"):
                await client.call_details("x", recording_url_valid_for=wrong)
        with pytest.raises(ConfigError, match=r"^sid is empty"):
            await client.call_details(" ")
    assert [leg.on_call_for for leg in call.legs] == [21, 8]
    (request,) = server.received
    assert request.path == "/v1/Accounts/acme/Calls/b6c/f.json"
    assert request.query == "details=true&RecordingUrlValidity=5"


async def test_a_flow_is_called() -> None:
    url = "http://my.exotel.com/acme/exoml/start_voice/7"
    async with script(OK) as server, ExotelClient(account_at(server.url)) as client:
        await client.connect_flow("alice", url, "0800123456")
    form = parse_qs(server.received[0].body.decode())
    assert (form["Url"], "To" in form) == ([url], False)


async def test_a_refusal_for_the_rate_is_waited_out() -> None:
    busy = Answer(b"", 429, {"Retry-After": "0"})
    async with script(busy, busy, OK) as server:
        async with ExotelClient(account_at(server.url), retries=QUICK) as client:
            call = await client.connect_call(*PARTIES)
        assert (call.from_, len(server.received)) == ("alice", 3)
    async with script(Answer(b"", 429, {"Retry-After": "99"})) as server:
        async with ExotelClient(account_at(server.url), retries=QUICK) as client:
            with pytest.raises(ApiRateLimited) as raised:
                await client.connect_call(*PARTIES)
        assert (raised.value.retry_after, len(server.received)) == (99.0, 1)


async def test_a_failing_server_is_asked_again_but_gets_no_call_twice() -> None:
    failure = Answer(b"<html>oops</html>", 502)
    async with (
        script(failure, failure, Answer(recorded("details.json"))) as server,
        ExotelClient(account_at(server.url), retries=QUICK) as client,
    ):
        assert (await client.call_details("b6c")).is_over
        assert len(server.received) == 3
    async with (
        script(failure, OK) as server,
        ExotelClient(account_at(server.url), retries=QUICK) as client,
    ):
        with pytest.raises(ApiOutcomeUnknown, match=r"502"):
            await client.connect_call(*PARTIES)
        assert len(server.received) == 1


@pytest.mark.parametrize("reply", [b"", b"HTTP/1.1 200 OK\r\nContent-Length: 99\r\n\r\n{"])
async def test_a_connection_that_breaks_after_the_request_leaves_the_outcome_open(
    reply: bytes,
) -> None:
    async with (
        raw_server(reply) as (url, received),
        ExotelClient(account_at(url), retries=QUICK) as client,
    ):
        with pytest.raises(ApiOutcomeUnknown, match=r"no reply came"):
            await client.connect_call(*PARTIES)
        assert len(received) == 1
        with pytest.raises(ApiUnavailable):
            await client.call_details("b6c")
        assert len(received) == 1 + QUICK.attempts


async def test_a_server_that_does_not_answer_is_given_up() -> None:
    async with (
        raw_server(None) as (url, received),
        ExotelClient(account_at(url), timeout=0.2, retries=QUICK) as client,
    ):
        with pytest.raises(ApiOutcomeUnknown, match=r"ReadTimeout"):
            await client.connect_call(*PARTIES)
        assert len(received) == 1


@asynccontextmanager
async def trickling_server() -> AsyncIterator[str]:
    """A server that sends its reply byte by byte, each soon after the last."""

    serving: set[asyncio.Task[None]] = set()

    async def trickle(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: 9000\r\n\r\n")
        try:
            while True:
                writer.write(b" ")
                await writer.drain()
                await asyncio.sleep(0.03)
        finally:
            writer.transport.abort()

    def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        serving.add(asyncio.create_task(trickle(reader, writer)))

    server = await asyncio.start_server(serve, "127.0.0.1", 0)
    async with server:
        yield f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}"
        for task in serving:
            task.cancel()
        await asyncio.gather(*serving, return_exceptions=True)


async def test_a_reply_that_trickles_is_given_up() -> None:
    async with trickling_server() as url:
        async with ExotelClient(account_at(url), timeout=0.2, retries=QUICK) as client:
            with pytest.raises(ApiOutcomeUnknown, match=r"took too long"):
                await client.connect_call(*PARTIES)
        with (
            SyncExotelClient(account_at(url), timeout=0.2, retries=QUICK) as twin,
            pytest.raises(ApiOutcomeUnknown, match=r"took too long"),
        ):
            await asyncio.to_thread(twin.connect_call, *PARTIES)
        async with ExotelClient(account_at(url), timeout=0.2, retries=QUICK) as client:
            with pytest.raises(ApiUnavailable, match=r"took too long"):
                await client.call_details("b6c")


async def test_a_reply_without_end_is_given_up() -> None:
    head = b"HTTP/1.1 200 OK\r\nContent-Length: 9000000\r\n\r\n"
    async with (
        raw_server(head + b" " * 5_000_000) as (url, _),
        ExotelClient(account_at(url), retries=QUICK) as client,
    ):
        with pytest.raises(ApiOutcomeUnknown, match=r"over \d+ bytes"):
            await client.connect_call(*PARTIES)


@pytest.mark.parametrize(
    ("answer", "kind"),
    [
        (Answer(recorded("unauthorized.json"), 401), ApiUnauthorized),
        (Answer(b"", 404), ApiNotFound),
        (Answer(b"", 302, {"Location": "http://127.0.0.1:1/"}), ApiError),
        (Answer(b"<html>a proxy's page</html>"), ApiError),
    ],
)
async def test_what_the_platform_refuses_is_raised(answer: Answer, kind: type[ApiError]) -> None:
    async with script(answer) as server, ExotelClient(account_at(server.url)) as client:
        with pytest.raises(kind):
            await client.connect_call(*PARTIES)
        assert len(server.received) == 1


def _free_port() -> int:
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        return int(listener.getsockname()[1])


async def test_a_server_that_is_not_there_is_tried_and_named_unavailable() -> None:
    url = f"http://127.0.0.1:{_free_port()}"
    async with ExotelClient(account_at(url), retries=QUICK) as client:
        with pytest.raises(ApiUnavailable, match=r"was not reached: Connect") as raised:
            await client.connect_call(*PARTIES)
    assert not isinstance(raised.value, ApiOutcomeUnknown)
    assert raised.value.retryable


async def test_a_call_is_followed_until_it_is_over() -> None:
    on = Answer(recorded("connect.json"))
    async with (
        script(on, on, Answer(recorded("details.json"))) as server,
        ExotelClient(account_at(server.url)) as client,
    ):
        seen: list[ApiCallStatus] = []
        call = await client.wait_until_over(
            "c57", every=0.001, on_change=lambda told: seen.append(told.status)
        )
    assert call.is_over
    assert seen == [ApiCallStatus.IN_PROGRESS, ApiCallStatus.COMPLETED]
    assert len(server.received) == 3


async def test_a_call_that_goes_on_too_long_is_left() -> None:
    async with script(OK) as server, ExotelClient(account_at(server.url)) as client:
        with pytest.raises(DeadlineExceeded, match=r"in-progress"):
            await client.wait_until_over("c57", every=0.01, within=0.03)
        for every, within in ((0.0, 1.0), (1.0, -1.0)):
            with pytest.raises(ConfigError):
                await client.wait_until_over("c57", every=every, within=within)


async def test_a_closed_client_says_so() -> None:
    client = ExotelClient(account_at("http://127.0.0.1:1"))
    await client.aclose()
    await client.aclose()
    with pytest.raises(InvalidState):
        await client.call_details("c57")


def test_a_format_that_does_not_exist_is_refused() -> None:
    with pytest.raises(ConfigError, match=r"^wire_format"):
        SyncExotelClient(account_at("http://127.0.0.1:1"), wire_format="csv")  # type: ignore[arg-type]


# -- without asyncio -----------------------------------------------------------------------------


def test_the_twin_does_the_same_without_asyncio() -> None:
    url = "http://my.exotel.com/acme/exoml/start_voice/7"
    details = Answer(recorded("details.json"))
    failure = Answer(b"", 500)
    with (
        threaded(Answer(b"", 429), OK, OK, failure, details, OK, details) as server,
        SyncExotelClient(account_at(server.url), retries=QUICK) as client,
    ):
        assert client.connect_call(*PARTIES).status is ApiCallStatus.IN_PROGRESS
        client.connect_flow("alice", url, "0800123456")
        assert client.call_details("b6c", with_legs=True).duration == 17
        assert client.wait_until_over("b6c", every=0.001).is_over
        assert [one.method for one in server.received] == ["POST"] * 3 + ["GET"] * 4


def test_the_twin_repeats_no_call_either() -> None:
    with (
        threaded(Answer(b"", 500), OK) as server,
        SyncExotelClient(account_at(server.url), retries=QUICK) as client,
    ):
        with pytest.raises(ApiOutcomeUnknown):
            client.connect_call(*PARTIES)
        assert len(server.received) == 1


def test_the_twin_says_what_is_not_there() -> None:
    with SyncExotelClient(
        account_at(f"http://127.0.0.1:{_free_port()}"), retries=RetryPolicy(attempts=1)
    ) as client, pytest.raises(ApiUnavailable):  # fmt: skip
        client.call_details("b6c")


def test_closing_the_twin_ends_another_thread_s_wait() -> None:
    ended: list[BaseException] = []
    asked = threading.Event()
    with threaded(OK) as server:
        client = SyncExotelClient(account_at(server.url))

        def follow() -> None:
            try:
                client.wait_until_over("c57", every=3600.0, on_change=lambda _: asked.set())
            except InvalidState as error:
                ended.append(error)

        thread = threading.Thread(target=follow)
        thread.start()
        assert asked.wait(5)
        client.close()
        thread.join(5)
    assert len(ended) == 1
