"""The names of aioice and aiortc that are not documented and that the native engine leans on.

When a release of theirs moves one, the test that names it fails, and `_aioice.py` or `_aiortc.py`
is the place to follow. Everything is tried on the real objects.
"""

from __future__ import annotations

import asyncio
import datetime as dt
import inspect

import aioice.ice
import pytest
from aioice import Connection, TransportPolicy
from aioice.ice import CandidatePair, StunProtocol
from aioice.turn import TurnClientUdpProtocol, TurnTransport
from aiortc import RTCCertificate, RTCDtlsTransport
from aiortc.rtcdtlstransport import SRTP_PROFILES, State
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import rsa
from OpenSSL import SSL

from exotel_voice.media._aiortc import DtlsAssociation, SharedCertificate

pytestmark = pytest.mark.media


async def gathered() -> Connection:
    connection = Connection(ice_controlling=True)
    found = await connection.get_component_candidates(component=1, addresses=["127.0.0.1"])
    connection._local_candidates += found
    connection._local_candidates_start = connection._local_candidates_end = True
    return connection


async def joined(one: Connection, other: Connection) -> None:
    other.ice_controlling = False
    for ours, theirs in ((one, other), (other, one)):
        ours.remote_username, ours.remote_password = theirs.local_username, theirs.local_password
        for candidate in theirs.local_candidates:
            await ours.add_remote_candidate(candidate)
    async with asyncio.timeout(5.0):
        await asyncio.gather(one.connect(), other.connect())


async def test_candidates_can_be_gathered_on_chosen_addresses() -> None:
    connection = await gathered()
    assert [item.host for item in connection.local_candidates] == ["127.0.0.1"]
    assert [type(item) for item in connection._protocols] == [StunProtocol]
    assert connection._protocols[0].local_candidate is connection.local_candidates[0]
    await connection.close()


async def test_the_nominated_pair_tells_socket_and_far_address() -> None:
    one, other = await gathered(), await gathered()
    assert 1 not in one._nominated
    await joined(one, other)
    pair = one._nominated[1]
    assert isinstance(pair, CandidatePair)
    assert pair.remote_addr == ("127.0.0.1", other.local_candidates[0].port)
    assert callable(pair.protocol.transport.sendto)
    await one.close()
    assert 1 not in one._nominated
    await other.close()


async def test_a_completed_check_is_told_by_check_complete() -> None:
    told = asyncio.Event()

    class Watched(Connection):
        def check_complete(self, pair: CandidatePair) -> None:
            super().check_complete(pair)
            if self._nominated:
                told.set()

    one, other = Watched(ice_controlling=True), await gathered()
    one._local_candidates += await one.get_component_candidates(1, ["127.0.0.1"])
    one._local_candidates_start = one._local_candidates_end = True
    await joined(one, other)
    assert told.is_set()
    await one.close()
    await other.close()


async def test_packets_come_to_the_datagram_received_of_the_object() -> None:
    one, other = await gathered(), await gathered()
    taken: asyncio.Queue[bytes] = asyncio.Queue()
    stun = one._protocols[0].datagram_received

    def take(data: bytes, addr: tuple[str, int]) -> None:
        taken.put_nowait(data) if data[0] == 128 else stun(data, addr)

    vars(one._protocols[0])["datagram_received"] = take
    await joined(one, other)
    pair = other._nominated[1]
    pair.protocol.transport.sendto(b"\x80rtp", pair.remote_addr)
    async with asyncio.timeout(5.0):
        assert await taken.get() == b"\x80rtp"
    await one.close()
    await other.close()


async def test_the_watch_on_consent_is_a_task_that_runs_query_consent() -> None:
    watches: list[asyncio.Task[None] | None] = []

    class Watched(Connection):
        async def query_consent(self) -> None:
            watches.append(asyncio.current_task())
            await super().query_consent()

    one, other = Watched(ice_controlling=True), await gathered()
    one._local_candidates += await one.get_component_candidates(1, ["127.0.0.1"])
    one._local_candidates_start = one._local_candidates_end = True
    await joined(one, other)
    await asyncio.sleep(0)
    assert watches == [one._query_consent_task]
    await one.close()
    await other.close()


async def test_a_relay_keeps_its_tasks_under_these_names() -> None:
    inner = TurnClientUdpProtocol(
        ("127.0.0.1", 3478), username="", password="", lifetime=600, channel_refresh_time=500
    )
    transport, _ = await asyncio.get_running_loop().create_datagram_endpoint(
        lambda: inner, remote_addr=("127.0.0.1", 3478)
    )
    relay = TurnTransport(inner)
    parts = vars(relay)
    assert parts["_TurnTransport__close_task"] is None
    assert parts["_TurnTransport__send_tasks"] == set()
    relay.sendto(b"audio", ("127.0.0.1", 9))
    relay.close()
    tasks = {parts["_TurnTransport__close_task"], *parts["_TurnTransport__send_tasks"]}
    await asyncio.sleep(0)
    for task in tasks:
        task.cancel()
    await asyncio.wait(tasks)
    assert len(tasks) == 2
    assert transport.is_closing()


async def test_the_end_of_consent_is_an_event() -> None:
    connection = await gathered()
    waiting = asyncio.create_task(connection.get_event())
    await asyncio.sleep(0)
    await connection.close()
    async with asyncio.timeout(5.0):
        assert await waiting is not None
    assert await connection.get_event() is None
    assert aioice.ice.CONSENT_FAILURES * aioice.ice.CONSENT_INTERVAL == 30


def test_servers_are_asked_with_these_arguments() -> None:
    relayed = inspect.signature(aioice.ice.relayed_candidate).parameters
    assert list(relayed) == [
        "component",
        "hide_related_address",
        "protocol_factory",
        "turn_server",
        "turn_username",
        "turn_password",
        "turn_ssl",
        "turn_transport",
    ]
    reflexive = inspect.signature(aioice.ice.server_reflexive_candidate).parameters
    assert list(reflexive) == ["protocol", "stun_server"]
    hosts = inspect.signature(aioice.ice.get_host_addresses).parameters
    assert list(hosts) == ["use_ipv4", "use_ipv6"]
    assert {TransportPolicy.ALL, TransportPolicy.RELAY} == set(TransportPolicy)


async def test_loopback_is_left_out_of_the_addresses_of_this_machine() -> None:
    found = aioice.ice.get_host_addresses(use_ipv4=True, use_ipv6=True)
    assert not {"127.0.0.1", "::1"} & set(found)


class Cable:
    """Carries DTLS packets between two associations, as a `PacketPath`."""

    def __init__(self) -> None:
        self.inbox: asyncio.Queue[bytes] = asyncio.Queue()
        self.other: Cable | None = None

    async def _recv(self) -> bytes:
        return await self.inbox.get()

    async def _send(self, data: bytes) -> None:
        if self.other is not None:
            self.other.inbox.put_nowait(data)


def rsa_certificate() -> SharedCertificate:
    """Make a certificate such as telephony servers have."""
    key = rsa.generate_private_key(public_exponent=65537, key_size=2048)
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "pbx")])
    now = dt.datetime.now(tz=dt.UTC)
    certificate = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(1)
        .not_valid_before(now - dt.timedelta(days=1))
        .not_valid_after(now + dt.timedelta(days=1))
        .sign(key, hashes.SHA256())
    )
    made = SharedCertificate.generateCertificate()
    made._key, made._cert = key, certificate  # type: ignore[assignment]  # aiortc makes ECDSA only
    return made


@pytest.mark.parametrize("rsa_begins", [False, True])
async def test_keys_are_agreed_with_a_far_side_that_has_an_rsa_certificate(
    rsa_begins: bool,
) -> None:
    server, client = rsa_certificate(), SharedCertificate.generateCertificate()
    cables = Cable(), Cable()
    cables[0].other, cables[1].other = cables[1], cables[0]
    ours, theirs = DtlsAssociation(cables[0], client), DtlsAssociation(cables[1], server)
    async with asyncio.timeout(5.0):
        agreed = await asyncio.gather(
            ours.agree((server.fingerprint(),), is_client=not rsa_begins),
            theirs.agree((client.fingerprint(),), is_client=rsa_begins),
        )
    assert all(agreed)
    assert ours.sending_keys is not None
    assert theirs.receiving_keys is not None
    packet = b"\x80\x00\x00\x01" + b"\x00" * 8 + b"audio"
    assert theirs.receiving_keys.unprotect(ours.sending_keys.protect(packet)) == packet
    reader = ours._task
    assert reader is not None
    await ours.stop()
    assert reader.done()
    await theirs.stop()


async def test_the_dtls_transport_has_the_parts_that_are_overridden() -> None:
    certificate = SharedCertificate.generateCertificate()
    association = DtlsAssociation(Cable(), certificate)
    assert association._state == State.NEW
    assert {"_rx_srtp", "_tx_srtp", "_ssl", "_state"} <= set(vars(association))
    assert association._srtp_profiles is SRTP_PROFILES
    for name in ("_validate_peer_identity", "_set_state", "_set_role", "_setup_srtp"):
        assert callable(getattr(RTCDtlsTransport, name))


def test_one_openssl_context_serves_every_association_of_a_certificate() -> None:
    certificate = SharedCertificate.generateCertificate()
    context = certificate._create_ssl_context(SRTP_PROFILES)
    assert isinstance(context, SSL.Context)
    assert certificate._create_ssl_context(SRTP_PROFILES) is context
    assert issubclass(SharedCertificate, RTCCertificate)
    assert certificate._cert.public_key() is not None
