"""The registrar: which phones stand for an account, and until when (RFC 3261 §10.3, RFC 5626).

Pure: requests and the time go in, replies come out. An account may have several bindings. A phone
that gives an instance id keeps its binding over changes of its Contact and of its connection. A
binding goes with its connection, since nothing can be sent to it any more (RFC 5626 §6).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final, NewType

from exotel_voice.errors import MalformedMessage
from exotel_voice.sandbox.accounts import Accounts
from exotel_voice.sandbox.gatekeeper import Gatekeeper, Refusal
from exotel_voice.sandbox.settings import SandboxSettings
from exotel_voice.sip.addresses import Address, Uri
from exotel_voice.sip.events import Flow
from exotel_voice.sip.values import parse_seconds
from exotel_voice.sip.wire import Request

__all__ = ["Binding", "Device", "Registrar", "Reply"]

Device = NewType("Device", str)
"""Names one phone of one account, over its connections."""

MAX_BINDINGS: Final = 20
"""Phones that one account may have registered at one time."""

MAX_CONTACTS: Final = 10
"""Contact values that one REGISTER may have."""

LOCAL_HOSTS: Final = frozenset({"localhost", "127.0.0.1", "[::1]"})


@dataclass(frozen=True, slots=True, kw_only=True)
class Binding:
    """One phone that stands for an account."""

    username: str
    contact: str
    """The Contact URI, as it came."""
    device: Device
    flow: Flow
    """The connection it registered on."""
    q: float
    """The phone's wish to be called before others, 0 to 1 (RFC 3261 §20.10)."""
    expires_at: float
    """When it ends, on the clock of `now`."""
    instance: str | None
    """The instance id, `urn:uuid:...` (RFC 5626 §4.1)."""
    is_outbound: bool
    """Whether the phone keeps several connections apart by reg-id (RFC 5626 §4.2)."""
    agent: str
    """The User-Agent text."""
    call_id: str
    cseq: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Reply:
    """What the registrar answers."""

    status: int
    reason: str | None = None
    headers: tuple[tuple[str, str], ...] = ()
    bound: tuple[Binding, ...] = ()
    """Bindings that this request made or refreshed."""


class _Refused(Exception):
    """The request fails; nothing has changed."""

    def __init__(self, reply: Reply) -> None:
        super().__init__(reply.status)
        self.reply = reply


class Registrar:
    """Keeps the bindings.

    Args:
        settings: The domain and the bounds of a registration's length.
        accounts: Who may register.
        gatekeeper: Checks passwords.
    """

    def __init__(
        self, settings: SandboxSettings, accounts: Accounts, gatekeeper: Gatekeeper
    ) -> None:
        self._settings = settings
        self._accounts = accounts
        self._gatekeeper = gatekeeper
        self._bindings: list[Binding] = []

    def bindings(self, now: float, username: str | None = None) -> list[Binding]:
        """List the bindings in force, the most wanted first."""
        found = [
            binding
            for binding in self._bindings
            if binding.expires_at > now and username in (None, binding.username)
        ]
        return sorted(found, key=lambda binding: -binding.q)

    def device_on(self, flow: Flow, username: str) -> Device | None:
        """Tell which phone of an account is on a connection."""
        for binding in self._bindings:
            if binding.flow == flow and binding.username == username:
                return binding.device
        return None

    def next_expiry(self) -> float | None:
        """Tell when the next binding ends; None if there is none."""
        return min((binding.expires_at for binding in self._bindings), default=None)

    def expire(self, now: float) -> bool:
        """Drop what has ended; True if something has."""
        kept = [binding for binding in self._bindings if binding.expires_at > now]
        has_changed = len(kept) != len(self._bindings)
        self._bindings = kept
        return has_changed

    def flow_lost(self, flow: Flow) -> None:
        """Drop the bindings of a connection that is gone."""
        self._bindings = [binding for binding in self._bindings if binding.flow != flow]
        self._gatekeeper.flow_lost(flow)

    def clear(self) -> None:
        """Forget every binding."""
        self._bindings.clear()

    def handle(self, request: Request, *, flow: Flow, now: float) -> Reply:
        """Answer a REGISTER, in the order of RFC 3261 §10.3."""
        try:
            username = self._username(request)
            outcome = self._gatekeeper.check(request, username=username, flow=flow, now=now)
            if isinstance(outcome, Refusal):
                return Reply(status=outcome.status, headers=outcome.headers)
            self.expire(now)
            return self._update(request, username, flow=flow, now=now)
        except _Refused as refused:
            return refused.reply
        except MalformedMessage:
            return Reply(status=400)

    def _username(self, request: Request) -> str:
        """Find the account. An unknown one gets 404 at once (RFC 3261 §10.3, step 5).

        Deviates: the RFC has the password checked first. Somebody who is learning gains from the
        true reason, and the sandbox has nothing to hide.
        """
        uri = Uri.parse(request.to_uri)
        if uri.host not in LOCAL_HOSTS | {self._settings.domain.lower()}:
            raise _Refused(Reply(status=404, reason="Unknown Domain"))
        if uri.user is None or uri.user not in self._accounts:
            raise _Refused(Reply(status=404, reason="Unknown User"))
        return uri.user

    def _update(self, request: Request, username: str, *, flow: Flow, now: float) -> Reply:
        contacts = request.headers.values("Contact")
        if len(contacts) > MAX_CONTACTS:
            raise _Refused(Reply(status=400, reason="Too Many Contacts"))
        if "*" in contacts:
            self._remove_all(request, username, contacts)
            return self._ok(username, now)
        changed = [self._read(request, username, text, flow=flow, now=now) for text in contacts]
        kept = list(self._bindings)
        for binding in changed:
            old = next((each for each in kept if _is_same(each, binding)), None)
            if old is not None:
                _check_order(old, binding.call_id, binding.cseq)
                kept.remove(old)
            if binding.expires_at > now:
                kept.append(binding)
        if sum(binding.username == username for binding in kept) > MAX_BINDINGS:
            raise _Refused(Reply(status=403, reason="Too Many Bindings"))
        self._bindings = kept
        bound = [binding for binding in changed if binding.expires_at > now]
        return self._ok(username, now, bound)

    def _remove_all(self, request: Request, username: str, contacts: Sequence[str]) -> None:
        """Take away every binding: `Contact: *` alone and `Expires: 0` (RFC 3261 §10.2.2)."""
        if len(contacts) > 1 or parse_seconds(request.headers.get("Expires")) != 0:
            raise _Refused(Reply(status=400, reason="Contact * Needs Expires 0"))
        for binding in self._bindings:
            if binding.username == username:
                _check_order(binding, request.call_id, request.cseq_number)
        self._bindings = [each for each in self._bindings if each.username != username]

    def _read(
        self, request: Request, username: str, text: str, *, flow: Flow, now: float
    ) -> Binding:
        address = Address.parse(text)
        uri = Uri.parse(address.uri)
        if uri.scheme not in ("sip", "sips"):
            raise _Refused(Reply(status=400, reason="Contact Is Not a SIP URI"))
        instance = (address.parameters.get("+sip.instance") or "").strip("<>") or None
        reg_id = address.parameters.get("reg-id")
        is_outbound = bool(instance and reg_id and "outbound" in request.supported)
        key = f"{instance} {reg_id}" if is_outbound else instance or _place(uri)
        return Binding(
            username=username,
            contact=address.uri,
            device=Device(f"{username} {key}"),
            flow=flow,
            q=_quality(address.parameters.get("q")),
            expires_at=now + self._length(request, address),
            instance=instance,
            is_outbound=is_outbound,
            agent=request.headers.get("User-Agent") or "",
            call_id=request.call_id,
            cseq=request.cseq_number,
        )

    def _length(self, request: Request, address: Address) -> float:
        """Grant seconds: the Contact's wish, else the Expires header's, else the default."""
        wish = parse_seconds(address.parameters.get("expires"))
        if wish is None:
            wish = parse_seconds(request.headers.get("Expires"))
        if wish is None:
            return self._settings.default_expires
        if 0 < wish < self._settings.min_expires:
            headers = (("Min-Expires", f"{self._settings.min_expires:.0f}"),)
            raise _Refused(Reply(status=423, headers=headers))
        return min(float(wish), self._settings.max_expires)

    def _ok(self, username: str, now: float, bound: Sequence[Binding] = ()) -> Reply:
        headers = [("Contact", _contact(each, now)) for each in self.bindings(now, username)]
        if any(binding.is_outbound for binding in bound):
            headers.append(("Require", "outbound"))  # RFC 5626 §6
        return Reply(status=200, headers=tuple(headers), bound=tuple(bound))


def _is_same(one: Binding, other: Binding) -> bool:
    return one.device == other.device


def _place(uri: Uri) -> str:
    """Give what makes two Contact URIs the same place (RFC 3261 §19.1.4)."""
    transport = (uri.parameters.get("transport") or "").lower()
    return f"{uri.scheme}:{uri.user or ''}@{uri.host}:{uri.port or ''};{transport}"


def _check_order(old: Binding, call_id: str, cseq: int) -> None:
    """Refuse a REGISTER that is older than the one in force (RFC 3261 §10.3, steps 6 and 7)."""
    if old.call_id == call_id and cseq <= old.cseq:
        raise _Refused(Reply(status=400, reason="CSeq Out Of Order"))


def _quality(text: str | None) -> float:
    try:
        value = float(text) if text else 1.0
    except ValueError:
        return 1.0
    return value if 0.0 <= value <= 1.0 else 1.0


def _contact(binding: Binding, now: float) -> str:
    parts = [f"<{binding.contact}>;expires={max(1, round(binding.expires_at - now))}"]
    if binding.q != 1.0:
        parts.append(f"q={binding.q:g}")
    if binding.instance:
        parts.append(f'+sip.instance="<{binding.instance}>"')
    return ";".join(parts)
