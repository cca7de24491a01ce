"""What is wrong with a well-formed request, and which response says so (RFC 3261 §8.2).

Only what can be told from the request alone: no dialogs, no transactions, no passwords.
"""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from typing import Final

from exotel_voice.errors import MalformedMessage
from exotel_voice.sip.addresses import Uri
from exotel_voice.sip.message import Request

__all__ = ["KNOWN_METHODS", "SDP", "Refusal", "validate_request"]

KNOWN_METHODS: Final = frozenset(
    {
        "ACK", "BYE", "CANCEL", "INFO", "INVITE", "MESSAGE", "NOTIFY", "OPTIONS", "PRACK",
        "PUBLISH", "REFER", "REGISTER", "SUBSCRIBE", "UPDATE",
    }
)  # fmt: skip
"""The methods that have an RFC; another one gets 501 (RFC 3261 §21.5.2)."""

SDP: Final = "application/sdp"

_SCHEMES: Final = frozenset({"sip", "sips", "tel"})
_WITH_SDP: Final = frozenset({"INVITE", "UPDATE", "PRACK"})
_TAKES_SDP: Final = frozenset({SDP, "application/*", "*/*"})
_EMPTY_BRANCH: Final = "z9hG4bK"


@dataclass(frozen=True, slots=True)
class Refusal:
    """The response that a request gets because of what is wrong with it."""

    status: int
    reason: str | None = None
    """The reason phrase, when it says more than the usual one."""
    headers: tuple[tuple[str, str], ...] = ()
    """Headers that tell the peer what would be right."""


def validate_request(
    request: Request,
    *,
    allowed: Collection[str],
    supported: Collection[str] = (),
    is_relay: bool = False,
) -> Refusal | None:
    """Look for what a server has to refuse, in the order of RFC 3261 §8.2.

    An ACK cannot be answered: for it, a refusal means that it is to be dropped.

    Args:
        request: A request that `parse` gave.
        allowed: The methods that this server takes.
        supported: Option tags of the extensions that it knows, in lower case.
        is_relay: Whether it passes requests on, so that one without hops left has to end here.

    Returns:
        The refusal, or None for a request that is all right.
    """
    refusal = _check_uri(request.uri)
    if refusal is not None:
        return refusal
    if request.method not in allowed and request.method != "ACK":
        status = 405 if request.method in KNOWN_METHODS else 501
        return Refusal(status, headers=(("Allow", ", ".join(allowed)),))
    refusal = _check_headers(request)
    if refusal is None and is_relay and request.max_forwards == 0:
        refusal = Refusal(483)
    if refusal is None:
        refusal = _check_content(request)
    return refusal or _check_extensions(request, supported)


def _check_uri(text: str) -> Refusal | None:
    try:
        uri = Uri.parse(text)
    except MalformedMessage:
        return Refusal(400, "Bad Request-URI")
    if uri.scheme not in _SCHEMES:
        return Refusal(416)
    # Headers have no place in a Request-URI (RFC 3261 §19.1.1).
    return Refusal(400, "Headers in Request-URI") if uri.headers else None


def _check_headers(request: Request) -> Refusal | None:
    if request.cseq_method != request.method:
        return Refusal(400, "CSeq Method Mismatch")
    if request.branch == _EMPTY_BRANCH:
        return Refusal(400, "Empty Branch")
    try:
        contacts = request.contacts
    except MalformedMessage:
        return Refusal(400, "Bad Contact")
    if any(contact.uri == "*" for contact in contacts) and request.method != "REGISTER":
        return Refusal(400, "Bad Contact")
    return None


def _check_content(request: Request) -> Refusal | None:
    if request.method not in _WITH_SDP:
        return None
    encoding = request.headers.get("Content-Encoding") or "identity"
    if request.body and encoding.lower() != "identity":
        return Refusal(415, headers=(("Accept-Encoding", "identity"),))
    if request.body and request.content_type != SDP:
        return Refusal(415, headers=(("Accept", SDP),))
    accepted = request.headers.values("Accept")
    if accepted and not any(
        each.partition(";")[0].strip().lower() in _TAKES_SDP for each in accepted
    ):
        # A body of the answer could only be a description (RFC 3261 §13.2.1).
        return Refusal(406)
    return None


def _check_extensions(request: Request, supported: Collection[str]) -> Refusal | None:
    # CANCEL and ACK are not to be refused for it (RFC 3261 §8.2.2.3).
    if request.method in {"ACK", "CANCEL"}:
        return None
    unknown = [tag for tag in request.headers.values("Require") if tag.lower() not in supported]
    return Refusal(420, headers=(("Unsupported", ", ".join(unknown)),)) if unknown else None
