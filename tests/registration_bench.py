"""A registration on a bench: a clock, and a registrar that the test plays."""

from __future__ import annotations

from collections.abc import Sequence

from exotel_voice.sip.config import AgentConfig
from exotel_voice.sip.digest import Credentials, DigestClient
from exotel_voice.sip.events import (
    Event,
    Registered,
    RegistrationRefused,
    RegistrationSent,
    TransactionId,
)
from exotel_voice.sip.ids import CountingIds
from exotel_voice.sip.registration import Registration
from exotel_voice.sip.registration_chart import State
from exotel_voice.sip.wire import Request, parse

INSTANCE = "urn:uuid:f81d4fae-7dec-11d0-a765-00a0c91e6bf6"
OURS = "<sip:k3f9@df7jal23ls0d.invalid;transport=ws>"
"""The Contact of the phone, without its header parameters."""
CHALLENGE = ("WWW-Authenticate", 'Digest realm="example.com", nonce="n1", qop="auth"')


class Bench:
    """One registration, one clock, and a registrar that the test plays."""

    def __init__(self, *, has_password: bool = True, **settings: object) -> None:
        self.now = 0.0
        self.sent: list[tuple[float, Request]] = []
        self.events: list[Event] = []
        self.is_connected = True
        credentials = Credentials("alice", "secret") if has_password else None
        config = AgentConfig(
            **{
                "aor": "sip:alice@example.com",
                "contact_user": "k3f9",
                "contact_host": "df7jal23ls0d.invalid",
                "instance_id": INSTANCE,
                "credentials": credentials,
                "user_agent": "phone/1",
            }
            | settings  # type: ignore[arg-type]
        )
        self.config = config
        ids = CountingIds()
        digest = None if credentials is None else DigestClient(credentials, ids)
        self.registration = Registration(config, ids=ids, digest=digest, outlet=self)

    # -- what the registration needs -------------------------------------------------------------

    def send_register(self, request: Request, *, now: float) -> TransactionId | None:
        if not self.is_connected:
            return None
        message = parse(bytes(_with_via(request)))
        assert isinstance(message, Request)
        self.sent.append((now, message))
        return TransactionId(str(len(self.sent)))

    def register_contact_uri(self) -> str:
        return self.config.contact_uri()

    def emit(self, event: Event) -> None:
        self.events.append(event)

    # -- acting ----------------------------------------------------------------------------------

    def register(self, expires_in: float = 300.0) -> None:
        self.registration.register(expires_in=expires_in, now=self.now)

    def unregister(self, *, every_binding: bool = False) -> None:
        self.registration.unregister(now=self.now, every_binding=every_binding)

    def reply(self, status: int, *headers: tuple[str, str], reason: str | None = None) -> None:
        response = self.last.reply(status, reason=reason, to_tag="registrar", headers=headers)
        self.registration.receive_response(response, now=self.now)

    def confirm(self, seconds: int = 300, *headers: tuple[str, str]) -> None:
        self.reply(200, ("Contact", f"{OURS};expires={seconds}"), *headers)

    def run(self, *, until: float) -> None:
        while (at := self.registration.next_timer()) is not None and at <= until:
            self.now = at
            self.registration.handle_timer(now=at)
        self.now = until

    # -- looking ---------------------------------------------------------------------------------

    @property
    def last(self) -> Request:
        return self.sent[-1][1]

    @property
    def state(self) -> State:
        return self.registration.state

    def take_events(self) -> list[Event]:
        events, self.events = self.events, []
        return events


def _with_via(request: Request) -> Request:
    headers = request.headers.copy()
    headers.prepend("Via", "SIP/2.0/WSS df7jal23ls0d.invalid;branch=z9hG4bK1")
    return Request(request.method, request.uri, headers=headers)


def refused(
    status: int,
    reason: str,
    *,
    retry_after: float | None = None,
    is_final: bool = True,
    is_removal: bool = False,
) -> RegistrationRefused:
    return RegistrationRefused(
        status=status,
        reason=reason,
        retry_after=retry_after,
        is_final=is_final,
        is_removal=is_removal,
    )


SENT = RegistrationSent(is_removal=False)
REMOVAL_SENT = RegistrationSent(is_removal=True)


def registered(
    seconds: float = 300.0, *, is_refresh: bool = False, contacts: Sequence[str] | None = None
) -> Registered:
    given = [f"{OURS};expires={seconds:g}"] if contacts is None else contacts
    return Registered(expires_in=seconds, is_refresh=is_refresh, contacts=tuple(given))
