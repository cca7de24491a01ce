"""The sandbox: a telephone platform on this machine's loopback, for learning and for tests.

    async with Sandbox() as sandbox:
        alice = sandbox.account("alice")               # for a Phone
        call = sandbox.place_call(to="alice", party="echo")
        await call.answered()
        print(call.heard_frequency_hz, call.digits)

It is a real server on real sockets: SIP over ws and wss with digest authentication, an HTTP API
that starts calls, and a status page. Any SIP phone that speaks WebSocket can register to it.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from types import TracebackType
from typing import Final, Self

from exotel_voice.errors import ConfigError
from exotel_voice.media.base import MediaEngine
from exotel_voice.media.native import NativeMedia
from exotel_voice.phone.account import Security, SipAccount
from exotel_voice.phone.ids import RandomIds
from exotel_voice.sandbox.accounts import Accounts
from exotel_voice.sandbox.changes import Changes
from exotel_voice.sandbox.connect import connect
from exotel_voice.sandbox.gatekeeper import Gatekeeper
from exotel_voice.sandbox.house import House
from exotel_voice.sandbox.http_api import ApiCredentials, HttpApi
from exotel_voice.sandbox.parties import PartyKind, built_in_parties
from exotel_voice.sandbox.premises import Premises
from exotel_voice.sandbox.records import CallLog, CallRecord
from exotel_voice.sandbox.registrar import Binding, Registrar
from exotel_voice.sandbox.rest_request import ConnectRequest
from exotel_voice.sandbox.router import Router
from exotel_voice.sandbox.settings import SandboxSettings
from exotel_voice.sandbox.snapshot import snapshot

__all__ = ["Sandbox"]

HOST_NAMES: Final = ("localhost", "127.0.0.1", "[::1]")
"""Values of the Host header that the HTTP side serves."""


class Sandbox:
    """A local telephone platform. Use it once, as an async context manager.

    Args:
        settings: Ports, times and what else can be set; the defaults suit a test.
        media: Makes the audio of the simulated parties; None for real audio. It is closed with the
            sandbox.

    Attributes:
        settings: As given.
        calls: Every call, oldest first; `calls[-1]` is the newest.
        changes: Rings whenever a registration or a call changes.
        faults: What networks and servers do to phones, on demand.
        api: Who may use the HTTP API: `account_sid`, `key` and `token`.
    """

    def __init__(
        self, settings: SandboxSettings | None = None, *, media: MediaEngine | None = None
    ) -> None:
        self.settings = settings or SandboxSettings()
        self.calls = CallLog()
        self.changes = Changes()
        self.api = ApiCredentials(
            self.settings.account_sid, self.settings.api_key, self.settings.api_token
        )
        self._accounts = Accounts()
        self._parties = built_in_parties()
        self._house = self._build(media or NativeMedia())
        self._premises = Premises(self._house)
        self.faults = self._premises.faults

    def _build(self, engine: MediaEngine) -> House:
        gatekeeper = Gatekeeper(self.settings, self._accounts, RandomIds())
        return House(
            settings=self.settings,
            accounts=self._accounts,
            gatekeeper=gatekeeper,
            registrar=Registrar(self.settings, self._accounts, gatekeeper),
            router=Router(
                is_account=self._accounts.__contains__,
                parties=lambda: self._parties,
                phone_numbers=self.settings.phone_numbers,
            ),
            parties=self._parties,
            calls=self.calls,
            changes=self.changes,
            engine=engine,
        )

    async def __aenter__(self) -> Self:
        await self.start()
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        await self.aclose()

    async def start(self) -> None:
        """Listen on all ports.

        Raises:
            ConfigError: A port is in use.
            InvalidState: The sandbox was started before.
        """
        api = HttpApi(self, self.api, hosts=HOST_NAMES)
        await self._premises.open(api.app, before_close=api.close)

    async def aclose(self) -> None:
        """End all calls, close all connections and ports. Safe to call twice; never raises."""
        await self._premises.close()

    # -- addresses ----------------------------------------------------------------------------

    @property
    def ws_url(self) -> str:
        """Where SIP phones connect in clear, `ws://127.0.0.1:port`."""
        return f"ws://{self.settings.url_host}:{self._premises.port('ws')}"

    @property
    def wss_url(self) -> str:
        """Where SIP phones connect over TLS; its certificate is signed by that of `ca_file`."""
        return f"wss://{self.settings.url_host}:{self._premises.port('wss')}"

    @property
    def http_url(self) -> str:
        """The HTTP API and the status page, without a slash at the end."""
        return f"http://{self.settings.url_host}:{self._premises.http_port}"

    @property
    def ca_file(self) -> Path:
        """The certificate (PEM) to trust for wss; deleted when the sandbox closes."""
        return self._premises.ca_file

    # -- accounts and parties -----------------------------------------------------------------

    def account(
        self, username: str, *, password: str | None = None, security: Security = "ws"
    ) -> SipAccount:
        """Give an account for a phone; it is made if it does not exist.

        Args:
            username: Its name.
            password: Its password; None makes one up for a new account and keeps an old one's.
            security: `ws`, or `wss` for TLS (the phone then needs `ca_file`).

        Raises:
            ConfigError: The name or the password cannot be used.
            InvalidState: The sandbox does not run.
        """
        port = self._premises.port(security)
        self._accounts.add(username, password)
        self.changes.announce()
        return SipAccount(
            username=username,
            password=self._accounts.password(username) or "",
            domain=self.settings.domain,
            host=self.settings.url_host,
            port=port,
            security=security,
        )

    def add_party(self, name: str, kind: PartyKind) -> None:
        """Add a party of one's own, or replace one.

        Args:
            name: What is dialled, in small letters.
            kind: How to make it.

        Raises:
            ConfigError: The name is not one that can be dialled.
        """
        if not name or name != name.lower() or not name.replace("-", "").isalnum():
            raise ConfigError(f"{name!r} is not a party's name: small letters, digits and dashes.")
        self._parties[name] = kind

    # -- calls --------------------------------------------------------------------------------

    def place_call(
        self,
        to: str,
        party: str = "echo",
        *,
        caller_id: str | None = None,
        display_name: str = "",
        headers: Mapping[str, str] | None = None,
    ) -> CallRecord:
        """Let a party call an account. Returns at once; the record tells how it fares.

        An account without a registered phone ends the call with 480.

        Args:
            to: The account.
            party: Who calls, for example `echo`, `tone-1000`, `hangup-2`.
            caller_id: The number that the phone shows; the party's name when None.
            display_name: The name that it shows.
            headers: Further headers of the INVITE.

        Raises:
            ConfigError: There is no such account or no such party.
            InvalidState: The sandbox does not run.
        """
        return self._premises.exchange.desk.place(
            to, party, caller_id=caller_id, display_name=display_name, headers=headers
        )

    def connect(self, request: ConnectRequest) -> CallRecord:
        """Call `from_`, then `to`, and join them, as the HTTP API does.

        Raises:
            InvalidState: The sandbox does not run.
        """
        self._premises.port("ws")
        return connect(self._house, request)

    @property
    def registrations(self) -> list[Binding]:
        """The phones that are registered now."""
        if not self._premises.is_open:
            return []
        return self._house.registrar.bindings(self._premises.exchange.switchboard.now)

    async def registered(self, username: str, *, timeout: float = 10.0) -> Binding:
        """Wait until an account has a registered phone, at most `timeout` seconds.

        Raises:
            DeadlineExceeded: None registered in time.
        """
        return await self.changes.until(
            lambda: next((each for each in self.registrations if each.username == username), None),
            what=f"{username} to register",
            timeout=timeout,
        )

    async def unregistered(self, username: str, *, timeout: float = 10.0) -> None:
        """Wait until an account has no registered phone, at most `timeout` seconds.

        Raises:
            DeadlineExceeded: One stays registered.
        """
        await self.changes.until(
            lambda: all(each.username != username for each in self.registrations),
            what=f"{username} to unregister",
            timeout=timeout,
        )

    def snapshot(self) -> dict[str, object]:
        """Describe addresses, registrations and calls in JSON's types; no secrets."""
        addresses = {
            "SIP over ws": self.ws_url,
            "SIP over wss": self.wss_url,
            "SIP domain": self.settings.domain,
            "HTTP API": f"{self.http_url}/v1/Accounts/{self.api.account_sid}",
        }
        return snapshot(self._house, addresses, self._premises.exchange.switchboard.now)
