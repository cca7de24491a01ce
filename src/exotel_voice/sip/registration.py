"""The registration of one phone with its registrar (RFC 3261 §10.2, RFC 5626 §4.2, RFC 3608).

The binding is refreshed when 80 % of what the registrar granted have passed. After a refusal
nothing is sent until the owner asks again: how long to wait is the phone's business. What may
happen when is in `registration_chart.py`.
"""

from __future__ import annotations

from dataclasses import dataclass
from math import ceil
from typing import Final, Protocol, assert_never

from exotel_voice.errors import ConfigError
from exotel_voice.sip.bindings import RegisterMaker, granted_seconds, redirect_target
from exotel_voice.sip.config import AgentConfig
from exotel_voice.sip.digest import Authentication, DigestClient
from exotel_voice.sip.events import (
    Event,
    Registered,
    RegistrationEnded,
    RegistrationRefused,
    RegistrationSent,
    TransactionId,
)
from exotel_voice.sip.ids import IdSource
from exotel_voice.sip.machine import Machine
from exotel_voice.sip.message import Request, Response
from exotel_voice.sip.registration_chart import CHART, Do, Input, State, Timer
from exotel_voice.sip.timers import Deadlines
from exotel_voice.sip.transaction_events import FailureKind

__all__ = ["Registration", "RegistrationOutlet"]

REFRESH_AFTER: Final = 0.8
"""The part of the granted time after which the binding is refreshed."""
MAX_REPAIRS: Final = 5
"""How often one wish is sent again for 3xx, 423 and 439, so that no server keeps us going."""
TRY_LATER: Final = frozenset({408, 430, 480, 500, 502, 503, 504})
"""Statuses after which the same REGISTER may succeed some time (RFC 3261 §21, RFC 5626 §11.5)."""


@dataclass(frozen=True, slots=True)
class _Outcome:
    """Why the last REGISTER failed."""

    status: int
    reason: str
    retry_after: float | None = None

    @property
    def is_final(self) -> bool:
        """Whether trying again without a change is of no use."""
        if self.status in {401, 407}:
            return True
        # A registrar that took the REGISTER but left our binding out may have room later.
        return self.retry_after is None and self.status not in TRY_LATER and self.status >= 300


_FAILURES: Final = {
    FailureKind.TIMEOUT: _Outcome(408, "Request Timeout"),
    FailureKind.TRANSPORT: _Outcome(503, "Service Unavailable"),
}
"""What stands for no response (RFC 3261 §8.1.3.1)."""


class RegistrationOutlet(Protocol):
    """What a registration needs of the user agent."""

    def send_register(self, request: Request, *, now: float) -> TransactionId | None:
        """Send a REGISTER in a transaction; None when there is no connection."""
        ...

    def register_contact_uri(self) -> str:
        """Give the Contact URI by which this phone is reached over its connection."""
        ...

    def emit(self, event: Event) -> None:
        """Tell the owner."""
        ...


class Registration(Machine[State, Input, Do, Timer]):
    """One phone's binding, kept as its owner wishes.

    Args:
        config: Who registers, and where.
        ids: Where Call-ID and tag come from.
        digest: Answers challenges; None without credentials.
        outlet: The way to the registrar and to the owner.

    Attributes:
        transaction: Names the transaction of the REGISTER that is out, if there is one.
        service_routes: Route values for requests outside a dialog (RFC 3608 §6.1), as the registrar
            gave them.
    """

    __slots__ = (
        "_asked", "_attempt", "_binding_until", "_contacts", "_cseq", "_digest", "_every",
        "_granted", "_home", "_is_outbound", "_is_removal", "_maker", "_outcome", "_outlet",
        "_repairs", "_shortest", "_uri", "_wish", "service_routes", "transaction",
    )  # fmt: skip

    def __init__(
        self,
        config: AgentConfig,
        *,
        ids: IdSource,
        digest: DigestClient | None,
        outlet: RegistrationOutlet,
    ) -> None:
        super().__init__(CHART, Deadlines(), owner="registration")
        self._maker = RegisterMaker(config, ids.call_id(), ids.tag())
        self._digest = digest
        self._outlet = outlet
        self._home = self._uri = config.registrar_uri
        self._wish = self._shortest = self._asked = self._granted = 0
        self._cseq = self._repairs = 0
        self._is_outbound = True
        self._is_removal = self._every = False
        self._attempt: Authentication | None = None
        self._outcome = _FAILURES[FailureKind.TRANSPORT]
        self._binding_until: float | None = None
        self._contacts: tuple[str, ...] = ()
        self.transaction: TransactionId | None = None
        self.service_routes: tuple[str, ...] = ()

    @property
    def is_registered(self) -> bool:
        """Whether the last that the registrar said is that our binding is in force."""
        return self._binding_until is not None

    # -- wishes of the owner ---------------------------------------------------------------------

    def register(self, *, expires_in: float, now: float) -> None:
        """Add the binding, or refresh it now.

        `Registered` follows, or `RegistrationRefused`.

        Args:
            expires_in: Seconds to ask for, at least 1; also for refreshes.
            now: The current time, seconds.

        Raises:
            ConfigError: `expires_in` is less than 1 or not a number of seconds.
        """
        if not 1 <= expires_in < 2**32:
            raise ConfigError("A registration must be asked for with at least 1 second.")
        self._wish = ceil(expires_in)
        self._every = False
        self.take(Input.REGISTER, now=now)

    def unregister(self, *, now: float, every_binding: bool = False) -> None:
        """Take the binding away.

        `RegistrationEnded` follows, or `RegistrationRefused` with `is_removal`.

        Args:
            now: The current time, seconds.
            every_binding: Take away those of other phones too (`Contact: *`).
        """
        # Set before the step, which sends with it.
        self._every = self._every or every_binding
        self.take(Input.UNREGISTER_ALL if every_binding else Input.UNREGISTER, now=now)

    # -- from the network ------------------------------------------------------------------------

    def connection_lost(self, *, now: float) -> None:
        """Take note that the connection is gone; what is out fails by its transaction."""
        self.take(Input.CONNECTION_LOST, now=now)

    def receive_response(self, response: Response, *, now: float) -> None:
        """Take a response to the REGISTER that is out. Provisional ones say nothing."""
        if response.is_provisional:
            return
        self.transaction = None
        self.take(self._read(response), now=now)

    def receive_failure(self, kind: FailureKind, *, now: float) -> None:
        """Take note that no response comes."""
        self.transaction = None
        self._outcome = _FAILURES[kind]
        self.take(Input.REFUSED, now=now)

    # -- time ------------------------------------------------------------------------------------

    def next_timer(self) -> float | None:
        """Tell when `handle_timer` is to be called next, None for never."""
        return self._deadlines.next()

    def handle_timer(self, *, now: float) -> None:
        """Refresh the binding if that is due at `now`."""
        if self._deadlines.pop_due(now=now) is not None:
            self.take_timer(Timer.REFRESH, now=now)

    # -- reading responses -----------------------------------------------------------------------

    def _read(self, response: Response) -> Input:
        """Tell what a final response means, and keep of it what the actions need."""
        self._outcome = _Outcome(response.status, response.reason, response.retry_after)
        if response.is_success:
            return self._read_success(response)
        if response.status in {401, 407}:
            answer = self._attempt.answer(response) if self._attempt is not None else None
            return Input.REFUSED if answer is None else Input.CHALLENGE
        if self._repairs >= MAX_REPAIRS:
            return Input.REFUSED
        repair = self._read_repair(response)
        if repair is not Input.REFUSED:
            self._repairs += 1
            # Credentials are for one request: they count its nonce and name its Request-URI.
            self._attempt = None
        return repair

    def _read_success(self, response: Response) -> Input:
        if self._digest is not None:
            self._digest.receive_success(response, uri=self._uri)
        if self._is_removal:
            return Input.SUCCESS
        granted = granted_seconds(response, self._maker.config, asked=self._asked)
        if granted is None:
            self._outcome = _Outcome(response.status, "Binding Missing")
            return Input.BINDING_MISSING
        self._granted = granted
        self._contacts = tuple(response.headers.values("Contact"))
        self.service_routes = tuple(response.headers.values("Service-Route"))
        return Input.SUCCESS

    def _read_repair(self, response: Response) -> Input:
        status = response.status
        if 300 <= status < 400:
            target = redirect_target(response, but=self._uri)
            if target is None:
                return Input.REFUSED
            # RFC 3261 §21.3.2: only a 301 holds beyond this request.
            self._home = target if status == 301 else self._home
            self._uri = target
            return Input.REDIRECT
        if status == 423 and not self._is_removal:
            shortest = response.min_expires or 0
            is_longer = shortest > self._asked
            self._shortest = max(self._shortest, shortest)
            return Input.TOO_BRIEF if is_longer else Input.REFUSED
        if status == 439 and self._is_outbound and self._maker.config.instance_id:
            self._is_outbound = False
            return Input.NO_OUTBOUND
        return Input.REFUSED

    # -- actions ---------------------------------------------------------------------------------

    def _perform(self, action: Do, now: float) -> None:
        match action:
            case Do.SEND_REGISTER:
                self._send(now, is_removal=False)
            case Do.SEND_REMOVAL:
                self._send(now, is_removal=True)
            case Do.SEND_AGAIN:
                self._transmit(now)
            case Do.KEEP_BINDING:
                self._binding_until = now + self._granted
            case Do.FORGET_BINDING:
                self._binding_until = None
                self._every = False
            case Do.START_REFRESH:
                self._start(Timer.REFRESH, after=REFRESH_AFTER * self._granted, now=now)
            case Do.REPORT_REGISTERED:
                self._report_registered(now)
            case Do.REPORT_ENDED:
                self._outlet.emit(RegistrationEnded())
            case Do.REPORT_REFUSED:
                self._report_refused()
            case _:
                assert_never(action)

    def _send(self, now: float, *, is_removal: bool) -> None:
        self._is_removal = is_removal
        self._repairs = 0
        self._uri = self._home
        self._attempt = None
        self._outlet.emit(RegistrationSent(is_removal=is_removal))
        self._transmit(now)

    def _transmit(self, now: float) -> None:
        self._cseq += 1
        self._asked = 0 if self._is_removal else max(self._wish, self._shortest)
        request = self._maker.make(
            self._uri,
            cseq=self._cseq,
            contact=self._contact(),
            expires=self._asked,
            more=self._credentials(),
        )
        self.transaction = self._outlet.send_register(request, now=now)
        if self.transaction is None:
            self.receive_failure(FailureKind.TRANSPORT, now=now)

    def _credentials(self) -> list[tuple[str, str]]:
        if self._digest is None:
            return []
        if self._attempt is None:
            self._attempt = self._digest.authenticate("REGISTER", self._uri)
        return self._attempt.headers

    def _contact(self) -> str:
        # RFC 3261 §10.2.2: * goes with an Expires of 0 only.
        if self._is_removal and self._every:
            return "*"
        uri = self._outlet.register_contact_uri()
        return self._maker.contact(uri, is_outbound=self._is_outbound)

    def _report_registered(self, now: float) -> None:
        is_refresh = self._binding_until is not None and now < self._binding_until
        self._outlet.emit(
            Registered(
                expires_in=float(self._granted), is_refresh=is_refresh, contacts=self._contacts
            )
        )

    def _report_refused(self) -> None:
        outcome = self._outcome
        self._outlet.emit(
            RegistrationRefused(
                status=outcome.status,
                reason=outcome.reason,
                retry_after=outcome.retry_after,
                is_final=outcome.is_final,
                is_removal=self._is_removal,
            )
        )
