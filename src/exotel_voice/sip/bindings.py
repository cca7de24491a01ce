"""REGISTER and what its response says of bindings (RFC 3261 §10.2, RFC 5626 §4.2, RFC 3608)."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from exotel_voice.errors import MalformedMessage
from exotel_voice.sip.addresses import Address, Uri
from exotel_voice.sip.config import ALLOWED_METHODS, AgentConfig
from exotel_voice.sip.headers import Headers
from exotel_voice.sip.message import Request, Response
from exotel_voice.sip.values import parse_seconds

__all__ = ["RegisterMaker", "granted_seconds", "redirect_target"]


@dataclass(frozen=True, slots=True)
class RegisterMaker:
    """Makes the REGISTERs of one series: same Call-ID, rising CSeq (RFC 3261 §10.2)."""

    config: AgentConfig
    """Who registers, and where."""
    call_id: str
    """The Call-ID of the series."""
    from_tag: str
    """The From tag of the series."""

    def make(
        self,
        uri: str,
        *,
        cseq: int,
        contact: str,
        expires: int,
        more: Iterable[tuple[str, str]] = (),
    ) -> Request:
        """Make one REGISTER.

        Args:
            uri: The Request-URI: the registrar.
            cseq: Its number in the series.
            contact: The Contact value; `*` for every binding.
            expires: Seconds to ask for; 0 takes bindings away.
            more: Further headers, such as credentials.
        """
        config = self.config
        fields = [("Max-Forwards", "70"), *(("Route", route) for route in config.routes)]
        fields += [
            ("From", f"{config.from_value};tag={self.from_tag}"),
            ("To", config.from_value),
            ("Call-ID", self.call_id),
            ("CSeq", f"{cseq} REGISTER"),
            ("Contact", contact),
            ("Expires", str(expires)),
        ]
        # RFC 3327 §5.1, RFC 5626 §4.2.1: a registrar uses Path and flows only if we say so.
        wanted = ("path", "outbound") if config.instance_id else ("path",)
        supported = [tag for tag in wanted if tag in config.supported]
        if supported:
            fields.append(("Supported", ", ".join(supported)))
        fields += [("Allow", ", ".join(ALLOWED_METHODS)), ("User-Agent", config.user_agent)]
        # Credentials repeat texts of the server, which need not be UTF-8: taken as they are.
        return Request("REGISTER", uri, headers=Headers.from_wire([*Headers(fields), *more]))

    def contact(self, uri: str, *, is_outbound: bool) -> str:
        """Give the Contact value of our binding.

        Args:
            uri: The Contact URI.
            is_outbound: Whether to number the connection, as RFC 5626 §4.2 has it.
        """
        value = f"<{uri}>"
        if self.config.instance_id:
            if is_outbound:
                value += f";reg-id={self.config.reg_id}"
            value += f';+sip.instance="<{self.config.instance_id}>"'
        return value


def granted_seconds(response: Response, config: AgentConfig, *, asked: int) -> int | None:
    """Tell for how long a 2xx to REGISTER grants our binding (RFC 3261 §10.2.4).

    A registrar that lists no binding at all has granted what its Expires header says, or what was
    asked for.

    Args:
        response: The 2xx.
        config: Whose binding to look for.
        asked: The seconds that were asked for.

    Returns:
        Seconds; None when other bindings are listed but not ours, or ours has none left.
    """
    default = response.expires if response.expires is not None else asked
    contacts = list(_read_addresses(response.headers.values("Contact")))
    if contacts:
        ours = _find_ours(contacts, config)
        if ours is None:
            return None
        expires = parse_seconds(ours.parameters.get("expires"))
        default = default if expires is None else expires
    return default or None


def redirect_target(response: Response, *, but: str) -> str | None:
    """Give the SIP URI that a 3xx prefers, without headers (RFC 3261 §8.1.3.4).

    Args:
        response: The 3xx.
        but: The URI that gave it, which is no new target.
    """
    found: list[tuple[float, str]] = []
    for address in _read_addresses(response.headers.values("Contact")):
        uri = address.uri.partition("?")[0]
        if uri != but and _is_sip(uri):
            found.append((_preference(address), uri))
    return max(found, key=lambda each: each[0])[1] if found else None


def _read_addresses(values: Iterable[str]) -> Iterator[Address]:
    for value in values:
        try:
            yield Address.parse(value)
        except MalformedMessage:
            continue


def _find_ours(contacts: list[Address], config: AgentConfig) -> Address | None:
    """Find our binding among others, though the registrar may have changed its URI.

    First by instance and connection (RFC 5626 §4.2), then by user and host, then by the user part
    alone, which nobody else has.
    """
    instance = f"<{config.instance_id}>"
    same_instance = [
        each
        for each in contacts
        if config.instance_id
        and each.parameters.get("+sip.instance", "") == instance
        and each.parameters.get("reg-id") in {None, str(config.reg_id)}
    ]
    if same_instance:
        return same_instance[0]
    same_user = [each for each in contacts if _user_and_host(each)[0] == config.contact_user]
    exact = [each for each in same_user if _user_and_host(each)[1] == config.contact_host.lower()]
    return next(iter(exact or same_user), None)


def _is_sip(uri: str) -> bool:
    try:
        return Uri.parse(uri).scheme in {"sip", "sips"} and uri.isascii()
    except MalformedMessage:
        return False


def _user_and_host(address: Address) -> tuple[str | None, str]:
    try:
        uri = Uri.parse(address.uri)
    except MalformedMessage:
        return None, ""
    return uri.user, uri.host


def _preference(address: Address) -> float:
    try:
        return float(address.parameters.get("q") or 1.0)
    except ValueError:
        return 0.0
