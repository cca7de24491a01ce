"""A dialog: what two user agents remember of each other (RFC 3261 §12).

From, To, Contact and the route set are kept as the exact strings of the wire, because they are only
repeated. Which requests a dialog may carry, and when, is for the session to say.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import NamedTuple

from exotel_voice.errors import MalformedMessage
from exotel_voice.sip.addresses import Address, Uri
from exotel_voice.sip.events import Flow
from exotel_voice.sip.headers import Headers
from exotel_voice.sip.message import Request, Response
from exotel_voice.sip.offer import OfferTurn

__all__ = ["Dialog", "DialogId"]

MAX_FORWARDS = "70"
"""Hops that a request may take (RFC 3261 §8.1.1.6)."""


class DialogId(NamedTuple):
    """Names a dialog (RFC 3261 §12)."""

    call_id: str
    local_tag: str
    remote_tag: str
    """Empty for a peer of RFC 2543, which sends none (RFC 3261 §12.1.1)."""


class Dialog:
    """One dialog, early or confirmed.

    Attributes:
        id: Its name.
        flow: The connection on which its next message goes.
        local: The From value of our requests, with tag.
        remote: The To value of our requests, with tag.
        remote_target: Where the far side is reached: its last Contact (RFC 3261 §12.2.1.1).
        route_set: Route values, in the order of our requests, each as it was received.
        local_cseq: Number of our last request.
        remote_cseq: Number of the far side's last request, None before the first.
        remote_rseq: Number of its last reliable provisional response, None before the first.
        turn: Whose turn it is to offer.
    """

    __slots__ = (
        "_strict_router",
        "flow",
        "id",
        "local",
        "local_cseq",
        "remote",
        "remote_cseq",
        "remote_rseq",
        "remote_target",
        "route_set",
        "turn",
    )

    def __init__(self, dialog_id: DialogId, *, local: str, remote: str, flow: Flow) -> None:
        self.id = dialog_id
        self.local = local
        self.remote = remote
        self.flow = flow
        self.remote_target = ""
        self.route_set: tuple[str, ...] = ()
        self._strict_router: str | None = None
        self.local_cseq = 0
        self.remote_cseq: int | None = None
        self.remote_rseq: int | None = None
        self.turn = OfferTurn()

    @classmethod
    def of_client(cls, invite: Request, response: Response, *, flow: Flow) -> Dialog:
        """Make the dialog that a response to our request creates (RFC 3261 §12.1.2).

        Raises:
            MalformedMessage: Its Record-Route is of no use.
        """
        name = DialogId(invite.call_id, invite.from_tag or "", response.to_tag or "")
        local = invite.headers.get("From") or ""
        dialog = cls(name, local=local, remote=response.headers.get("To") or "", flow=flow)
        dialog.local_cseq = invite.cseq_number
        dialog._take_routes(tuple(reversed(response.record_routes)))
        # RFC 3261 §12.1.2: the remote target is the Contact; a response without one leaves us the
        # URI that was called.
        dialog.remote_target = invite.uri
        dialog.refresh_target(response)
        return dialog

    @classmethod
    def of_server(cls, invite: Request, *, local_tag: str, flow: Flow) -> Dialog:
        """Make the dialog that our response to a request creates (RFC 3261 §12.1.1).

        Raises:
            MalformedMessage: It has no Contact of use, or its Record-Route is of none.
        """
        name = DialogId(invite.call_id, local_tag, invite.from_tag or "")
        local = f"{invite.headers.get('To')};tag={local_tag}"
        dialog = cls(name, local=local, remote=invite.headers.get("From") or "", flow=flow)
        dialog.remote_cseq = invite.cseq_number
        dialog._take_routes(invite.record_routes)
        dialog.refresh_target(invite)
        if invite.from_tag is None and invite.headers.get("Contact") is None:
            # RFC 4475 §3.4.1: RFC 2543 knew neither tag nor a Contact that had to be there.
            dialog._take_target(invite.from_uri)
        if not dialog.remote_target:
            raise MalformedMessage("there is no Contact that can be called back")
        return dialog

    def next_cseq(self) -> int:
        """Count up for a new request of ours (RFC 3261 §12.2.1.1)."""
        self.local_cseq += 1
        return self.local_cseq

    def take_cseq(self, request: Request) -> bool:
        """Check and keep the number of the far side's request (RFC 3261 §12.2.2).

        Returns:
            False for a request out of order, which is to be answered 500.
        """
        number = request.cseq_number
        if self.remote_cseq is not None and number <= self.remote_cseq:
            return False
        self.remote_cseq = number
        return True

    def take_rseq(self, number: int) -> bool:
        """Check and keep the number of a reliable provisional response (RFC 3262 §4).

        Returns:
            False for one that came before, or before its turn: it gets no PRACK.
        """
        if self.remote_rseq is not None and number != self.remote_rseq + 1:
            return False
        self.remote_rseq = number
        return True

    def refresh_target(self, message: Request | Response) -> None:
        """Take the Contact of a target refresh (RFC 3261 §12.2.1.2, §12.2.2).

        One that is missing or of no use leaves the target as it is.
        """
        try:
            self._take_target(message.contact_uri)
        except MalformedMessage:
            return

    def _take_target(self, uri: str | None) -> None:
        if uri is not None and uri.isprintable() and Uri.parse(uri).scheme in {"sip", "sips"}:
            self.remote_target = uri

    def confirm(self, response: Response) -> None:
        """Take route set and target from the 2xx, which may differ (RFC 3261 §13.2.2.4).

        Raises:
            MalformedMessage: Its Record-Route is of no use.
        """
        self._take_routes(tuple(reversed(response.record_routes)))
        self.refresh_target(response)

    def request(
        self,
        method: str,
        *,
        headers: Iterable[tuple[str, str]] = (),
        body: bytes = b"",
        cseq: int | None = None,
    ) -> Request:
        """Make a request in the dialog (RFC 3261 §12.2.1.1).

        Args:
            method: Its method.
            headers: Further headers, after those of the dialog.
            body: The body; its Content-Type is to be among `headers`.
            cseq: The number of the INVITE for its ACK; None to count up.
        """
        uri, routes = self._route()
        number = self.next_cseq() if cseq is None else cseq
        fields = Headers.from_wire(
            [
                *(("Route", route) for route in routes),
                ("Max-Forwards", MAX_FORWARDS),
                ("From", self.local),
                ("To", self.remote),
                ("Call-ID", self.id.call_id),
                ("CSeq", f"{number} {method}"),
            ]
        )
        for name, value in headers:
            fields.add(name, value)
        return Request(method, uri, headers=fields, body=body)

    def _route(self) -> tuple[str, tuple[str, ...]]:
        """Give Request-URI and Route values for a loose or a strict first router."""
        if self._strict_router is None:
            return self.remote_target, self.route_set
        # RFC 3261 §12.2.1.1: a strict router gets its own URI as Request-URI, without what is not
        # allowed there, and the remote target comes last.
        routes = (*self.route_set[1:], f"<{self.remote_target}>")
        return _as_request_uri(self._strict_router), routes

    def _take_routes(self, routes: tuple[str, ...]) -> None:
        """Keep the route set, if its first value can be sent to."""
        strict_router: str | None = None
        if routes:
            first = Uri.parse(Address.parse(routes[0]).uri)
            if not first.text.isprintable():
                raise MalformedMessage("a Record-Route cannot be used as a Route")
            strict_router = None if "lr" in first.parameters else first.text
        self.route_set, self._strict_router = routes, strict_router


def _as_request_uri(uri: str) -> str:
    """Take away the parts that a Request-URI may not have (RFC 3261 §19.1.1)."""
    base, *parameters = uri.partition("?")[0].split(";")
    kept = [each for each in parameters if not each.lower().startswith("method=")]
    return ";".join([base, *kept])
