"""One request of ours from the sender's point of view, challenges answered (RFC 3261 §22, §8.1.3).

A request may take several transactions: the server challenges, and it goes again with credentials,
a new CSeq and a new branch. Whoever sent it sees the final outcome only. A time-out reads as 408
and a lost connection as 503, both made here.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from exotel_voice.sip.dialog import Dialog
from exotel_voice.sip.digest import Authentication
from exotel_voice.sip.events import Flow, TransactionId
from exotel_voice.sip.headers import Headers
from exotel_voice.sip.message import Request, Response
from exotel_voice.sip.transaction_events import FailureKind

if TYPE_CHECKING:
    from exotel_voice.sip.stack import Stack

__all__ = ["Exchange", "Reply", "ReplyHandler", "again"]

CREDENTIALS: Final = frozenset({"Authorization", "Proxy-Authorization"})
"""The headers that answer a challenge (RFC 3261 §20.7, §20.28)."""


@dataclass(frozen=True, slots=True)
class Reply:
    """A response, or what stands for the lack of one."""

    response: Response
    """The response; one made here when `failure` says why none came."""
    failure: FailureKind | None = None
    """Why none came (RFC 3261 §8.1.3.1); None for a real one."""

    @property
    def status(self) -> int:
        """The status code."""
        return self.response.status

    @property
    def reason(self) -> str:
        """The reason phrase."""
        return self.response.reason


ReplyHandler = Callable[["Exchange", Reply, float], None]
"""Takes each response of an exchange but answered challenges; the last argument is `now`."""

FAILURE_STATUS: Final = {FailureKind.TIMEOUT: 408, FailureKind.TRANSPORT: 503}
"""What stands for no response (RFC 3261 §8.1.3.1)."""


class Exchange:
    """One request and its repetitions with credentials.

    Attributes:
        request: The request as it was last sent, with credentials; for the ACK.
        transaction: Names its present transaction; None before the first, and without a connection.
        flow: The connection.
    """

    __slots__ = ("_attempt", "_dialog", "_handler", "_stack", "flow", "request", "transaction")

    def __init__(
        self,
        stack: Stack,
        request: Request,
        *,
        flow: Flow,
        dialog: Dialog | None,
        handler: ReplyHandler,
    ) -> None:
        self._stack = stack
        self._dialog = dialog
        self._handler = handler
        self._attempt: Authentication | None = None
        self.request = request
        self.flow = flow
        self.transaction: TransactionId | None = None

    def send(self, *, now: float) -> None:
        """Send the request, or fail at once without a connection."""
        if not self._stack.flows.is_open(self.flow):
            self.fail(FailureKind.TRANSPORT, now=now)
            return
        digest, request = self._stack.digest, self.request
        if digest is not None:
            self._attempt = digest.authenticate(request.method, request.uri, body=request.body)
            self._put_credentials(self._attempt.headers)
        self._stack.open_transaction(self, now=now)

    def receive(self, reply: Reply, *, now: float) -> None:
        """Take a response; a challenge that can be answered is."""
        status = reply.status
        if status in {401, 407} and self._answer(reply.response, now):
            return
        if 200 <= status < 300 and self._stack.digest is not None:
            self._stack.digest.receive_success(reply.response, uri=self.request.uri)
        self._handler(self, reply, now)

    def fail(self, kind: FailureKind, *, now: float) -> None:
        """Take note that no response comes."""
        response = self.request.reply(FAILURE_STATUS[kind])
        self._handler(self, Reply(response, kind), now)

    def cancel(self, *, now: float, headers: Sequence[tuple[str, str]] = ()) -> None:
        """Cancel the INVITE (RFC 3261 §9.1); a challenge that crosses is not answered."""
        self._attempt = None
        if self.transaction is not None:
            self._stack.layer.cancel(self.transaction, now=now, headers=headers)

    def credentials(self) -> list[tuple[str, str]]:
        """Give the credentials of the request, for the ACK to its 2xx (RFC 3261 §13.2.2.4)."""
        return [(name, value) for name, value in self.request.headers if name in CREDENTIALS]

    def _answer(self, response: Response, now: float) -> bool:
        """Send the request again with credentials (RFC 3261 §22.2, §22.3).

        Returns:
            False when there is nothing more to try.
        """
        credentials = None if self._attempt is None else self._attempt.answer(response)
        if credentials is None or not self._stack.flows.is_open(self.flow):
            return False
        cseq = self.request.cseq_number + 1
        if self._dialog is not None:
            cseq = self._dialog.next_cseq()
        self.request = again(self.request, cseq=cseq)
        self._put_credentials(credentials)
        self._stack.open_transaction(self, now=now)
        return True

    def _put_credentials(self, credentials: Sequence[tuple[str, str]]) -> None:
        for name, value in credentials:
            self.request.headers.add(name, value)


def again(request: Request, *, cseq: int) -> Request:
    """Copy a request of ours for another transaction: no Via, no credentials, the next CSeq."""
    headers = Headers.from_wire(
        (name, f"{cseq} {request.method}" if name == "CSeq" else value)
        for name, value in request.headers
        if name != "Via" and name not in CREDENTIALS
    )
    return Request(request.method, request.uri, headers=headers, body=request.body)
