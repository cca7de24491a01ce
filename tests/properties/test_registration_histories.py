"""Whatever the order of wishes, answers and losses, a registration comes to rest as last wished."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from exotel_voice.sip.config import AgentConfig
from exotel_voice.sip.digest import Credentials, DigestClient
from exotel_voice.sip.events import (
    Event,
    Registered,
    RegistrationEnded,
    RegistrationRefused,
    TransactionId,
)
from exotel_voice.sip.ids import CountingIds
from exotel_voice.sip.registration import Registration
from exotel_voice.sip.registration_chart import State
from exotel_voice.sip.transaction_events import FailureKind
from exotel_voice.sip.wire import Request

RESTING = {State.UNREGISTERED, State.REGISTERED}
CONTACT = "<sip:k3f9@h.invalid;transport=ws>"
CONFIG = AgentConfig(
    aor="sip:alice@example.com",
    contact_user="k3f9",
    contact_host="h.invalid",
    instance_id="urn:uuid:f81d4fae-7dec-11d0-a765-00a0c91e6bf6",
)

WISHES = st.sampled_from(["register", "unregister", "unregister all"])
ANSWERS = st.sampled_from(
    ["200", "200 missing", "401", "302", "423", "439", "403", "500", "lost", "timeout", "down"]
)


class World:
    """One registration and a registrar that answers as it is told."""

    def __init__(self) -> None:
        self.now = 0.0
        self.cseqs: list[int] = []
        self.last: Request | None = None
        self.events: list[Event] = []
        ids = CountingIds()
        digest = DigestClient(Credentials("alice", "secret"), ids)
        self.registration = Registration(CONFIG, ids=ids, digest=digest, outlet=self)

    def send_register(self, request: Request, *, now: float) -> TransactionId | None:
        assert self.registration.transaction is None, "two REGISTERs are out at once"
        assert now == self.now
        self.cseqs.append(request.cseq_number)
        self.last = request
        return TransactionId(str(len(self.cseqs)))

    def register_contact_uri(self) -> str:
        return CONFIG.contact_uri()

    def emit(self, event: Event) -> None:
        self.events.append(event)

    def wish(self, wish: str) -> None:
        if wish == "register":
            self.registration.register(expires_in=300, now=self.now)
        else:
            self.registration.unregister(now=self.now, every_binding=wish.endswith("all"))

    def answer(self, answer: str) -> None:
        if answer == "down":
            self.registration.connection_lost(now=self.now)
        elif self.registration.transaction is None or self.last is None:
            at = self.registration.next_timer()
            self.now = self.now if at is None else at
            self.registration.handle_timer(now=self.now)
        elif answer in {"lost", "timeout"}:
            kind = FailureKind.TRANSPORT if answer == "lost" else FailureKind.TIMEOUT
            self.registration.receive_failure(kind, now=self.now)
        else:
            self.reply(self.last, answer)

    def reply(self, request: Request, answer: str) -> None:
        count = len(self.cseqs)
        headers = {
            "200": [("Contact", f"{CONTACT};expires=300")],
            "200 missing": [("Contact", "<sip:other@h.invalid>")],
            "401": [("WWW-Authenticate", f'Digest realm="r", nonce="{count}"')],
            "302": [("Contact", f"<sip:r{count}.example.com>")],
            "423": [("Min-Expires", str(300 + count))],
        }.get(answer, [])
        response = request.reply(int(answer.split(maxsplit=1)[0]), headers=headers)
        self.registration.receive_response(response, now=self.now)


@given(st.lists(st.tuples(st.booleans(), WISHES, ANSWERS), max_size=25), WISHES)
def test_any_history_comes_to_rest_as_last_wished(
    steps: list[tuple[bool, str, str]], last_wish: str
) -> None:
    world = World()
    for is_wish, wish, answer in steps:
        world.wish(wish) if is_wish else world.answer(answer)
        is_out = world.registration.transaction is not None
        assert is_out == (world.registration.state not in RESTING)
        is_registered = world.registration.state is State.REGISTERED
        assert (world.registration.next_timer() is not None) == is_registered
    world.wish(last_wish)
    for _ in range(3):
        if world.registration.transaction is not None:
            world.answer("200")
    expected = State.REGISTERED if last_wish == "register" else State.UNREGISTERED
    assert world.registration.state is expected
    assert world.registration.is_registered == (expected is State.REGISTERED)
    assert world.cseqs == list(range(1, len(world.cseqs) + 1))
    ending = Registered if expected is State.REGISTERED else RegistrationEnded | RegistrationRefused
    assert isinstance(world.events[-1], ending)
