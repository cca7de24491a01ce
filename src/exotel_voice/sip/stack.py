"""What the sessions of one user agent share: transactions, timers, books, and the way out.

The stack decides nothing about calls. It sends what a session made, brings back what came for it,
and remembers which dialog belongs to whom.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING

from exotel_voice.errors import InvalidState
from exotel_voice.sip.call import CallTimer
from exotel_voice.sip.config import ALLOWED_METHODS, AgentConfig
from exotel_voice.sip.dialog import Dialog, DialogId
from exotel_voice.sip.digest import DigestClient
from exotel_voice.sip.events import Event, Flow, SessionId, TransactionId
from exotel_voice.sip.exchange import Exchange, Reply, ReplyHandler
from exotel_voice.sip.flows import Flows
from exotel_voice.sip.ids import IdSource
from exotel_voice.sip.machine import Owner
from exotel_voice.sip.message import Request, Response
from exotel_voice.sip.timers import Deadlines
from exotel_voice.sip.transaction_events import (
    RequestArrived,
    RequestFailed,
    ResponseArrived,
    TransactionEnded,
)
from exotel_voice.sip.transactions import TransactionLayer

if TYPE_CHECKING:
    from exotel_voice.sip.session import Session

__all__ = ["Stack"]

HeaderFields = Iterable[tuple[str, str]]


class Stack:
    """The shared part of a user agent.

    Args:
        config: Who the agent is and what it allows.
        ids: Where random values come from.

    Attributes:
        sessions: Every session that is not over, by its id.
        deadlines: The timers of all sessions; the owner of each is a session's id.
        flows: The connections.
        layer: The transactions.
        digest: Answers challenges; None without credentials.
        offers: The session of each INVITE of the far side that waits for its final response.
        service_routes: Route values that the registrar gave (RFC 3608 §6.1).
    """

    __slots__ = (
        "_dialogs", "_events", "_exchanges", "config", "deadlines", "digest", "flows", "ids",
        "layer", "offers", "service_routes", "sessions",
    )  # fmt: skip

    def __init__(self, config: AgentConfig, ids: IdSource) -> None:
        self.config = config
        self.ids = ids
        self.layer = TransactionLayer(
            ids,
            timers=config.timers,
            sent_by=config.contact_host,
            transport=config.transport.upper(),
            max_transactions=config.max_transactions,
        )
        self.flows = Flows(config)
        self.digest = None if config.credentials is None else DigestClient(config.credentials, ids)
        self.service_routes: tuple[str, ...] = ()
        self.deadlines: Deadlines[tuple[Owner, CallTimer]] = Deadlines()
        self.sessions: dict[SessionId, Session] = {}
        self.offers: dict[TransactionId, Session] = {}
        self._dialogs: dict[DialogId, tuple[Session, Dialog]] = {}
        self._exchanges: dict[TransactionId, Exchange] = {}
        self._events: list[Event] = []

    # -- events ----------------------------------------------------------------------------------

    def emit(self, event: Event) -> None:
        """Tell the owner."""
        self._events.append(event)

    def drain_events(self) -> list[Event]:
        """Take the events since the last call, in order."""
        events, self._events = self._events, []
        return events

    # -- books -----------------------------------------------------------------------------------

    def enter_dialog(self, session: Session, dialog: Dialog) -> None:
        """Remember whose a dialog is."""
        self._dialogs[dialog.id] = (session, dialog)

    def leave_dialog(self, dialog: Dialog) -> None:
        """Forget a dialog."""
        self._dialogs.pop(dialog.id, None)

    def find_dialog(self, name: DialogId) -> tuple[Session, Dialog] | None:
        """Tell whose a dialog is."""
        return self._dialogs.get(name)

    def find_session(self, owner: object) -> Session | None:
        """Find the session that owns a timer."""
        return self.sessions.get(SessionId(owner)) if isinstance(owner, str) else None

    def forget(self, session: Session) -> None:
        """Forget a session and all its timers."""
        self.sessions.pop(session.id, None)
        for timer in CallTimer:
            self.deadlines.cancel((session.id, timer))

    @property
    def is_idle(self) -> bool:
        """Whether nothing is left of any call: no session, dialog, transaction or timer."""
        return not (
            self.sessions
            or self._dialogs
            or self._exchanges
            or len(self.layer)
            or len(self.deadlines)
        )

    # -- requests of ours ------------------------------------------------------------------------

    def send(
        self,
        request: Request,
        *,
        flow: Flow,
        handler: ReplyHandler,
        now: float,
        dialog: Dialog | None = None,
    ) -> Exchange:
        """Send a request; its challenges are answered, and `handler` gets every other response.

        Without a connection the handler gets a 503 of our own at once (RFC 3261 §8.1.3.1).

        Args:
            request: The request without Via.
            flow: The connection.
            handler: Called with each response, and with a local one for a failure.
            now: The current time, seconds.
            dialog: The dialog whose CSeq counts on when the request is repeated with credentials.
        """
        exchange = Exchange(self, request, flow=flow, dialog=dialog, handler=handler)
        exchange.send(now=now)
        return exchange

    def open_transaction(self, exchange: Exchange, *, now: float) -> None:
        """Give an exchange its next transaction."""
        transaction = self.layer.send_request(exchange.request, flow=exchange.flow, now=now)
        exchange.transaction = transaction
        self._exchanges[transaction] = exchange

    def receive_response(self, arrived: ResponseArrived, *, now: float) -> None:
        """Hand a response to the exchange it belongs to."""
        exchange = self._exchanges.get(arrived.transaction)
        if exchange is not None:
            exchange.flow = arrived.flow
            exchange.receive(Reply(arrived.response), now=now)

    def receive_failure(self, failed: RequestFailed, *, now: float) -> None:
        """Hand the failure of a transaction to its exchange, as the response that stands for it."""
        exchange = self._exchanges.get(failed.transaction)
        if exchange is not None:
            exchange.fail(failed.kind, now=now)

    def end_transaction(self, ended: TransactionEnded) -> None:
        """Forget a transaction that is gone."""
        self._exchanges.pop(ended.transaction, None)
        self.offers.pop(ended.transaction, None)

    # -- responses of ours -----------------------------------------------------------------------

    def respond(
        self,
        arrived: RequestArrived,
        status: int,
        *,
        now: float,
        reason: str | None = None,
        headers: HeaderFields = (),
        body: bytes = b"",
    ) -> Response | None:
        """Answer a request. Says nothing when its transaction is gone: there is nobody to tell.

        Returns:
            What was sent.
        """
        response = arrived.request.reply(
            status,
            reason=reason,
            to_tag=None if arrived.request.to_tag else self.ids.tag(),
            headers=(*headers, ("Server", self.config.user_agent)),
            body=body,
        )
        return response if self.send_response(arrived.transaction, response, now=now) else None

    def send_response(self, transaction: TransactionId, response: Response, *, now: float) -> bool:
        """Send a response that has been made.

        Returns:
            Whether there was still a transaction to send it in.
        """
        try:
            self.layer.send_response(transaction, response, now=now)
        except InvalidState:
            return False
        return True

    # -- what messages say of this agent ---------------------------------------------------------

    def abilities(self) -> Sequence[tuple[str, str]]:
        """Give Allow and Supported (RFC 3261 §13.2.1, §13.3.1.4)."""
        return (("Allow", ", ".join(self.allowed)), ("Supported", ", ".join(self.config.supported)))

    @property
    def allowed(self) -> tuple[str, ...]:
        """Every method that is answered, by the agent or by its owner."""
        return (*ALLOWED_METHODS, *sorted(self.config.owner_methods - set(ALLOWED_METHODS)))

    def retry_after(self) -> tuple[str, str]:
        """Give a Retry-After of 0 to 10 seconds (RFC 3261 §14.2, RFC 3311 §5.2)."""
        return ("Retry-After", str(int(self.ids.fraction() * 11)))
