"""What the transaction layer tells its user (the transaction user, TU, of RFC 3261 §17)."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from exotel_voice.sip.events import Flow, TransactionId
from exotel_voice.sip.wire import Request, Response

__all__ = [
    "AckArrived",
    "CancelArrived",
    "FailureKind",
    "RequestArrived",
    "RequestFailed",
    "ResponseArrived",
    "Stray",
    "StrayKind",
    "TransactionEnded",
    "TransactionEvent",
]


class FailureKind(StrEnum):
    """Why a client transaction ended without a final response."""

    TIMEOUT = "timeout"
    """Nobody answered; to be treated as 408 (RFC 3261 §8.1.3.1)."""
    TRANSPORT = "transport"
    """The connection went away; to be treated as 503 (RFC 3261 §8.1.3.1)."""


class StrayKind(StrEnum):
    """What came that belongs to nothing."""

    RESPONSE = "stray_response"
    ACK = "stray_ack"
    OVERLOAD = "too_many_transactions"


@dataclass(frozen=True, slots=True, kw_only=True)
class RequestArrived:
    """A new request, neither ACK nor CANCEL. Follow with `send_response`."""

    transaction: TransactionId
    """Names it in `send_response`."""
    request: Request
    """The request."""
    flow: Flow
    """The connection it came on."""


@dataclass(frozen=True, slots=True, kw_only=True)
class AckArrived:
    """An ACK to a 2xx: it belongs to the dialog (RFC 3261 §13.3.1.4)."""

    request: Request
    """The ACK."""
    flow: Flow
    """The connection it came on."""
    transaction: TransactionId | None
    """Always None for an ACK by RFC 3261; the INVITE's own for one whose branch is the INVITE's."""


@dataclass(frozen=True, slots=True, kw_only=True)
class CancelArrived:
    """A CANCEL for an INVITE without a final response. The CANCEL has been answered 200."""

    transaction: TransactionId
    """The INVITE's transaction: answer it with 487 (RFC 3261 §9.2)."""
    request: Request
    """The CANCEL, with its Reason header if it has one (RFC 3326)."""
    flow: Flow
    """The connection it came on."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ResponseArrived:
    """A response to our request: each provisional one, each 2xx, the first final one."""

    transaction: TransactionId
    """The transaction that `send_request` named."""
    response: Response
    """The response; a 2xx to INVITE may come again, and from several phones (RFC 6026 §7.2)."""
    flow: Flow
    """The connection it came on."""


@dataclass(frozen=True, slots=True, kw_only=True)
class RequestFailed:
    """Our request ended without a final response."""

    transaction: TransactionId
    """The transaction that `send_request` named."""
    kind: FailureKind
    """Why."""


@dataclass(frozen=True, slots=True, kw_only=True)
class TransactionEnded:
    """The transaction is gone. The last event with this id, and it comes exactly once."""

    transaction: TransactionId
    """The transaction's id, of either role."""
    failure: FailureKind | None = None
    """Set when it failed; for an INVITE of the peer, when no ACK to our refusal came (timer H)."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Stray:
    """Something came that belongs to no transaction and needs no reply."""

    kind: StrayKind
    """The cause, to count by."""
    detail: str
    """One sentence; no part of the message that could be secret."""
    flow: Flow
    """The connection it came on."""


TransactionEvent = (
    RequestArrived
    | AckArrived
    | CancelArrived
    | ResponseArrived
    | RequestFailed
    | TransactionEnded
    | Stray
)
