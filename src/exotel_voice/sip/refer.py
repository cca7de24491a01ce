"""The values of a transfer: Refer-To with its Replaces, and NOTIFY bodies (RFC 3515, RFC 3891)."""

from __future__ import annotations

import re
from dataclasses import dataclass
from urllib.parse import quote

from exotel_voice.errors import ConfigError, MalformedMessage, ProtocolError
from exotel_voice.sip.addresses import Uri, unescape
from exotel_voice.sip.dialog import Dialog
from exotel_voice.sip.message import Request
from exotel_voice.sip.statuses import reason_phrase
from exotel_voice.sip.values import Replaces

__all__ = [
    "FRAGMENT_TYPE",
    "Fragment",
    "Referral",
    "refer_to",
    "replaces_value",
]

FRAGMENT_TYPE = "message/sipfrag;version=2.0"
"""The Content-Type of a NOTIFY's body (RFC 3515 §2.4.5)."""

_STATUS_LINE = re.compile(r"SIP/2\.0[ \t]+([1-6][0-9]{2})(?:[ \t]+([^\r\n]*))?", re.IGNORECASE)


@dataclass(frozen=True, slots=True, kw_only=True)
class Referral:
    """What a REFER asks for."""

    target: str
    """The URI to call, without headers and without a method."""
    replaces: str | None
    """The Replaces value for the INVITE, unescaped (RFC 3891); None for a blind transfer."""
    referred_by: str | None
    """Who asks, as received (RFC 3892)."""

    @classmethod
    def read(cls, request: Request) -> Referral:
        """Read a REFER (RFC 3515 §2.4.2).

        Raises:
            ProtocolError: It does not have one Refer-To that can be called; `status` is the reply.
        """
        address = request.refer_to
        if address is None or len(request.headers.get_all("Refer-To")) != 1:
            raise MalformedMessage("a REFER needs one Refer-To header that can be read")
        try:
            uri = Uri.parse(address.uri)
        except MalformedMessage as error:
            raise MalformedMessage("the Refer-To header cannot be read") from error
        if uri.scheme not in {"sip", "sips", "tel"}:
            raise ProtocolError("only SIP and tel URIs can be called", status=416)
        if (uri.parameters.get("method") or "INVITE").upper() != "INVITE":
            raise ProtocolError("a REFER for another method than INVITE is not taken", status=501)
        return cls(
            target=_without_method(address.uri),
            replaces=_replaces_header(uri),
            referred_by=request.referred_by,
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Fragment:
    """The status line that a NOTIFY carries (RFC 3515 §2.4.5)."""

    status: int
    """The status of the call that the far side makes."""
    reason: str
    """Its reason phrase."""

    @classmethod
    def parse(cls, body: bytes) -> Fragment | None:
        """Read the body of a NOTIFY; None when no status line begins it."""
        text = body.lstrip(b"\r\n").decode("utf-8", "replace")
        match = _STATUS_LINE.match(text)
        if match is None:
            return None
        status = int(match[1])
        return cls(status=status, reason=(match[2] or reason_phrase(status)).strip())

    def __bytes__(self) -> bytes:
        reason = " ".join(self.reason.split())
        return f"SIP/2.0 {self.status} {reason}\r\n".encode()


def refer_to(target: str, *, replaces: str | None = None) -> str:
    """Give the Refer-To value for a transfer (RFC 3515 §2.1, RFC 3891 §6.1).

    Args:
        target: The URI to be called.
        replaces: The Replaces value that the new INVITE is to have, as `replaces_value` gives it.

    Raises:
        ConfigError: The target is no URI.
    """
    try:
        Uri.parse(target)
    except MalformedMessage as error:
        raise ConfigError(f"{target!r} is no URI to transfer a call to.") from error
    if replaces is None:
        return f"<{target}>"
    joint = "&" if "?" in target else "?"
    return f"<{target}{joint}Replaces={quote(replaces, safe='')}>"


def replaces_value(dialog: Dialog) -> str:
    """Give the Replaces value that names a dialog to its far side (RFC 3891 §3).

    There, to-tag is the far side's own tag, and from-tag is ours.
    """
    name = dialog.id
    return str(Replaces(name.call_id, name.remote_tag, name.local_tag))


def _without_method(uri: str) -> str:
    base, *parameters = uri.partition("?")[0].split(";")
    kept = [each for each in parameters if not each.lower().startswith("method=")]
    return ";".join([base, *kept])


def _replaces_header(uri: Uri) -> str | None:
    for each in uri.headers.split("&"):
        name, _, value = each.partition("=")
        if unescape(name).lower() == "replaces":
            text = unescape(value)
            # Read once, so that a value of no use is refused now and not when the INVITE fails.
            return str(Replaces.parse(text))
    return None
