"""The phone's registration inside the user agent: made at its first use (RFC 3261 §10.2)."""

from __future__ import annotations

from typing import TYPE_CHECKING

from exotel_voice.sip.events import Event, Flow, TransactionId
from exotel_voice.sip.flows import DEFAULT_FLOW
from exotel_voice.sip.message import Request
from exotel_voice.sip.registration import Registration
from exotel_voice.sip.transaction_events import RequestFailed, ResponseArrived

if TYPE_CHECKING:
    from exotel_voice.sip.stack import Stack

__all__ = ["Registry"]


class Registry:
    """Joins `Registration` to the stack, and is its way out.

    Args:
        stack: What the agent's parts share.
    """

    __slots__ = ("_registration", "_stack")

    def __init__(self, stack: Stack) -> None:
        self._stack = stack
        self._registration: Registration | None = None

    def register(self, *, expires_in: float, now: float) -> None:
        """Add the binding, or refresh it now."""
        self._use().register(expires_in=expires_in, now=now)

    def unregister(self, *, now: float, every_binding: bool) -> None:
        """Take the binding away, or every one."""
        self._use().unregister(now=now, every_binding=every_binding)

    def connection_lost(self, flow: Flow, *, now: float) -> None:
        """Take note that a connection is gone."""
        if self._registration is not None and flow == DEFAULT_FLOW:
            self._registration.connection_lost(now=now)

    def receive_response(self, arrived: ResponseArrived, *, now: float) -> bool:
        """Take a response if it is to the REGISTER that is out, and tell whether it was."""
        registration = self._waiting_for(arrived.transaction)
        if registration is None:
            return False
        registration.receive_response(arrived.response, now=now)
        self._stack.service_routes = registration.service_routes
        return True

    def receive_failure(self, failed: RequestFailed, *, now: float) -> bool:
        """Take a failure if it is of the REGISTER that is out, and tell whether it was."""
        registration = self._waiting_for(failed.transaction)
        if registration is None:
            return False
        registration.receive_failure(failed.kind, now=now)
        return True

    def next_timer(self) -> float | None:
        """Tell when the binding is to be refreshed, None for never."""
        return None if self._registration is None else self._registration.next_timer()

    def handle_timer(self, *, now: float) -> None:
        """Refresh the binding, if that is due."""
        if self._registration is not None:
            self._registration.handle_timer(now=now)

    # -- the outlet of the registration ----------------------------------------------------------

    def send_register(self, request: Request, *, now: float) -> TransactionId | None:
        """Send a REGISTER; None when there is no connection."""
        if not self._stack.flows.is_open(DEFAULT_FLOW):
            return None
        return self._stack.layer.send_request(request, flow=DEFAULT_FLOW, now=now)

    def register_contact_uri(self) -> str:
        """Give the Contact URI by which the phone is reached."""
        return self._stack.config.contact_uri()

    def emit(self, event: Event) -> None:
        """Tell the owner."""
        self._stack.emit(event)

    def _use(self) -> Registration:
        if self._registration is None:
            stack = self._stack
            self._registration = Registration(
                stack.config, ids=stack.ids, digest=stack.digest, outlet=self
            )
        return self._registration

    def _waiting_for(self, transaction: TransactionId) -> Registration | None:
        registration = self._registration
        is_ours = registration is not None and registration.transaction == transaction
        return registration if is_ours else None
