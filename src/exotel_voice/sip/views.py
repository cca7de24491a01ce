"""What the headers of a message mean, read once and kept.

A view gives what the header means; the header itself stays the exact string that was received. A
view of an optional header that cannot be read is as if the header were not there, but where its
docstring says otherwise.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import TypeVar

from exotel_voice.errors import MalformedMessage
from exotel_voice.sip.addresses import Address
from exotel_voice.sip.headers import Headers
from exotel_voice.sip.values import (
    CSeq,
    RAck,
    Replaces,
    SessionExpires,
    ValueWithParameters,
    Via,
    parse_reason,
    parse_seconds,
)

__all__ = ["HeaderViews"]

T = TypeVar("T")

_CALL_ID = re.compile(r"\S+")


class HeaderViews:
    """Views of the headers of a message.

    Attributes:
        headers: The header fields in order. A change of them is seen by the views.
    """

    __slots__ = ("headers",)

    headers: Headers

    def check(self) -> None:
        """Read the headers that every message must have (RFC 3261 §8.1.1).

        After it, the views of Via, From, To, Call-ID and CSeq do not raise.

        Raises:
            MalformedMessage: One is missing, is there twice or cannot be read.
        """
        for name in ("From", "To", "Call-ID", "CSeq"):
            if len(self.headers.get_all(name)) > 1:
                raise MalformedMessage(f"there is more than one {name} header")
        if not _CALL_ID.fullmatch(self.call_id):
            raise MalformedMessage("the Call-ID header cannot be read")
        _ = (self.vias, self.from_address, self.to_address, self.cseq_number)

    # -- headers that every message has ------------------------------------------------------

    @property
    def vias(self) -> tuple[Via, ...]:
        """All Via values, the top one first.

        Raises:
            MalformedMessage: There is none, or one cannot be read.
        """
        return self.headers.cached("vias", self._read_vias)

    @property
    def branch(self) -> str | None:
        """The branch of the top Via (RFC 3261 §17.1.3)."""
        return self.vias[0].branch

    @property
    def sent_by(self) -> str:
        """Host and port of the top Via (RFC 3261 §17.2.3)."""
        return self.vias[0].sent_by

    @property
    def call_id(self) -> str:
        """The Call-ID.

        Raises:
            MalformedMessage: There is none.
        """
        return self._required("Call-ID")

    @property
    def cseq(self) -> CSeq:
        """Number and method of CSeq.

        Raises:
            MalformedMessage: There is none, or it cannot be read.
        """
        return self.headers.cached("cseq", lambda: CSeq.parse(self._required("CSeq")))

    @property
    def cseq_number(self) -> int:
        """The number in CSeq."""
        return self.cseq.number

    @property
    def cseq_method(self) -> str:
        """The method in CSeq."""
        return self.cseq.method

    @property
    def from_address(self) -> Address:
        """The From header.

        Raises:
            MalformedMessage: There is none, or it cannot be read.
        """
        return self.headers.cached("from", lambda: Address.parse(self._required("From")))

    @property
    def from_uri(self) -> str:
        """The URI in From, as received."""
        return self.from_address.uri

    @property
    def from_tag(self) -> str | None:
        """The tag in From."""
        return self.from_address.tag

    @property
    def from_display_name(self) -> str:
        """The display name in From, unquoted, or an empty string."""
        return self.from_address.display_name

    @property
    def to_address(self) -> Address:
        """The To header.

        Raises:
            MalformedMessage: There is none, or it cannot be read.
        """
        return self.headers.cached("to", lambda: Address.parse(self._required("To")))

    @property
    def to_uri(self) -> str:
        """The URI in To, as received."""
        return self.to_address.uri

    @property
    def to_tag(self) -> str | None:
        """The tag in To; None outside a dialog."""
        return self.to_address.tag

    @property
    def to_display_name(self) -> str:
        """The display name in To, unquoted, or an empty string."""
        return self.to_address.display_name

    # -- routing -----------------------------------------------------------------------------

    @property
    def contacts(self) -> tuple[Address, ...]:
        """All Contact values; `*` is an address whose URI is `*` (RFC 3261 §10.2.2).

        Raises:
            MalformedMessage: One cannot be read.
        """
        return self.headers.cached(
            "contacts", lambda: tuple(map(Address.parse, self.headers.values("Contact")))
        )

    @property
    def contact_uri(self) -> str | None:
        """The URI of the first Contact, as received; None when there is none.

        Raises:
            MalformedMessage: It cannot be read.
        """
        contacts = self.contacts
        return contacts[0].uri if contacts else None

    @property
    def record_routes(self) -> tuple[str, ...]:
        """All Record-Route values in order, each exactly as received."""
        return self._list("Record-Route")

    @property
    def routes(self) -> tuple[str, ...]:
        """All Route values in order, each exactly as received."""
        return self._list("Route")

    @property
    def max_forwards(self) -> int | None:
        """Max-Forwards, or None when there is none (RFC 3261 §20.22)."""
        return self._seconds("Max-Forwards")

    # -- abilities ---------------------------------------------------------------------------

    @property
    def require(self) -> tuple[str, ...]:
        """Option tags in Require, in lower case (RFC 3261 §20.32)."""
        return self._option_tags("Require")

    @property
    def supported(self) -> tuple[str, ...]:
        """Option tags in Supported, in lower case (RFC 3261 §20.37)."""
        return self._option_tags("Supported")

    @property
    def allow(self) -> tuple[str, ...]:
        """Methods in Allow (RFC 3261 §20.5)."""
        return self._list("Allow")

    # -- time --------------------------------------------------------------------------------

    @property
    def expires(self) -> int | None:
        """Expires in seconds (RFC 3261 §20.19)."""
        return self._seconds("Expires")

    @property
    def min_expires(self) -> int | None:
        """Min-Expires in seconds (RFC 3261 §20.23)."""
        return self._seconds("Min-Expires")

    @property
    def retry_after(self) -> int | None:
        """Retry-After in seconds, without its comment and parameters (RFC 3261 §20.33)."""
        return self._seconds("Retry-After")

    @property
    def session_expires(self) -> SessionExpires | None:
        """Session-Expires (RFC 4028 §4)."""
        return self._optional("Session-Expires", SessionExpires.parse)

    @property
    def min_se(self) -> int | None:
        """Min-SE in seconds (RFC 4028 §5)."""
        return self._seconds("Min-SE")

    # -- the body and single extensions ------------------------------------------------------

    @property
    def content_type(self) -> str | None:
        """The media type of the body in lower case, without parameters (RFC 3261 §20.15)."""
        value = self._optional("Content-Type", ValueWithParameters.parse)
        return value.value if value else None

    @property
    def reason_header(self) -> tuple[str, int | None, str] | None:
        """Protocol, cause and text of the first Reason header (RFC 3326)."""
        return self._optional("Reason", parse_reason)

    @property
    def rseq(self) -> int | None:
        """RSeq of a reliable provisional response (RFC 3262 §7.1)."""
        return self._seconds("RSeq")

    @property
    def rack(self) -> RAck | None:
        """RAck of a PRACK (RFC 3262 §7.2)."""
        return self._optional("RAck", RAck.parse)

    @property
    def refer_to(self) -> Address | None:
        """Refer-To (RFC 3515 §2.1)."""
        return self._optional("Refer-To", Address.parse)

    @property
    def referred_by(self) -> str | None:
        """Referred-By as received (RFC 3892 §3)."""
        return self.headers.get("Referred-By")

    @property
    def replaces(self) -> Replaces | None:
        """Replaces (RFC 3891 §6.1).

        Raises:
            MalformedMessage: It cannot be read.
        """
        value = self.headers.get("Replaces")
        return None if value is None else Replaces.parse(value)

    @property
    def event(self) -> ValueWithParameters | None:
        """Event (RFC 6665 §8.2.1)."""
        return self._optional("Event", ValueWithParameters.parse)

    @property
    def subscription_state(self) -> ValueWithParameters | None:
        """Subscription-State (RFC 6665 §8.2.3)."""
        return self._optional("Subscription-State", ValueWithParameters.parse)

    # -- reading -----------------------------------------------------------------------------

    def _required(self, name: str) -> str:
        value = self.headers.get(name)
        if not value:
            raise MalformedMessage(f"there is no {name} header")
        return value

    def _read_vias(self) -> tuple[Via, ...]:
        vias = tuple(map(Via.parse, self.headers.values("Via")))
        if not vias:
            raise MalformedMessage("there is no Via header")
        return vias

    def _list(self, name: str) -> tuple[str, ...]:
        return self.headers.cached(name, lambda: tuple(self.headers.values(name)))

    def _option_tags(self, name: str) -> tuple[str, ...]:
        return self.headers.cached(
            name, lambda: tuple(tag.lower() for tag in self.headers.values(name))
        )

    def _seconds(self, name: str) -> int | None:
        return parse_seconds(self.headers.get(name))

    def _optional(self, name: str, read: Callable[[str], T]) -> T | None:
        def read_if_there() -> T | None:
            value = self.headers.get(name)
            try:
                return None if value is None else read(value)
            except MalformedMessage:
                return None

        return self.headers.cached(name, read_if_there)
