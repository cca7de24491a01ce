"""Requests of ours outside a dialog: how they are made and sent (RFC 3261 §8.1.1)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Final

from exotel_voice.errors import ConfigError, MalformedMessage
from exotel_voice.sip.addresses import Address, Uri
from exotel_voice.sip.dialog import MAX_FORWARDS
from exotel_voice.sip.events import Flow, ResponseReceived, TransactionId
from exotel_voice.sip.exchange import Exchange, Reply
from exotel_voice.sip.headers import Headers, canonical_name
from exotel_voice.sip.message import Request

if TYPE_CHECKING:
    from exotel_voice.sip.stack import Stack

__all__ = ["OutsideRequests", "invite_request", "outside_request"]

OURS: Final = frozenset({"Via", "Call-ID", "CSeq", "Max-Forwards", "Contact", "Content-Length"})
"""Headers that a request gets here and that its owner may not give."""


def outside_request(
    stack: Stack,
    method: str,
    target: str,
    headers: Mapping[str, str],
    *,
    tag: str,
    more: Sequence[tuple[str, str]] = (),
) -> Request:
    """Make a request outside a dialog (RFC 3261 §8.1.1).

    Args:
        stack: What the agent's parts share.
        method: Its method.
        target: Its Request-URI, a SIP or tel URI.
        headers: Further headers; From and To replace the usual values.
        tag: Our tag.
        more: Headers that go before those of the owner.

    Raises:
        ConfigError: The target is no URI, or a header cannot be written or is not to be given.
    """
    _check_target(target)
    given = {canonical_name(name): value for name, value in headers.items()}
    if not OURS.isdisjoint(given):
        raise ConfigError(f"{', '.join(sorted(OURS & set(given)))}: the agent writes these itself.")
    from_value = _without_tag(given.pop("From", stack.config.from_value))
    to_value = given.pop("To", f"<{target}>")
    routes = stack.config.routes or stack.service_routes
    fields = Headers(
        [
            *(("Route", route) for route in routes),
            ("Max-Forwards", MAX_FORWARDS),
            ("From", f"{from_value};tag={tag}"),
            ("To", to_value),
            ("Call-ID", stack.ids.call_id()),
            ("CSeq", f"1 {method}"),
            *more,
            ("User-Agent", stack.config.user_agent),
            *given.items(),
        ]
    )
    return Request(method, target, headers=fields)


def invite_request(
    stack: Stack,
    tag: str,
    target: str,
    headers: Mapping[str, str],
    *,
    timer: Sequence[tuple[str, str]],
) -> Request:
    """Make the INVITE that opens a session, without its body (RFC 3261 §13.2.1)."""
    more = [("Contact", stack.flows.contact()), *stack.abilities(), *timer]
    return outside_request(stack, "INVITE", target, headers, tag=tag, more=more)


class OutsideRequests:
    """Requests of the owner that belong to no call.

    Args:
        stack: What the agent's parts share.
    """

    __slots__ = ("_count", "_stack")

    def __init__(self, stack: Stack) -> None:
        self._stack = stack
        self._count = 0

    def send(
        self,
        method: str,
        target: str,
        headers: Mapping[str, str],
        body: bytes,
        *,
        flow: Flow,
        now: float,
    ) -> TransactionId:
        """Send one; `ResponseReceived` follows.

        Raises:
            ConfigError: It cannot be written, or opens a session.
        """
        if method in {"INVITE", "ACK", "CANCEL", "BYE"}:
            raise ConfigError(f"{method} is not for `request`: there is a command for it.")
        stack = self._stack
        request = outside_request(stack, method, target, headers, tag=stack.ids.tag())
        request.body = body
        self._count += 1
        name = TransactionId(f"request-{self._count}")

        def report(_exchange: Exchange, reply: Reply, _now: float) -> None:
            if reply.status >= 200:
                stack.emit(ResponseReceived(transaction=name, response=reply.response))

        stack.send(request, flow=flow, handler=report, now=now)
        return name


def _check_target(target: str) -> None:
    try:
        uri = Uri.parse(target)
    except MalformedMessage as error:
        raise ConfigError(f"{target!r} is not a URI that can be called.") from error
    if uri.scheme not in {"sip", "sips", "tel"}:
        raise ConfigError(f"{target!r} is not a SIP or tel URI.")


def _without_tag(value: str) -> str:
    try:
        address = Address.parse(value)
    except MalformedMessage as error:
        raise ConfigError(f"From cannot be {value!r}.") from error
    if address.tag is not None:
        raise ConfigError("The tag of From is not to be given.")
    return value if "<" in value else f"<{value}>"
