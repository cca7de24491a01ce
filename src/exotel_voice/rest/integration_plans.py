"""What the integration API is asked, and what its replies mean: no I/O.

Replies are `{"Status", "Code", "Error", "Data"}`; errors may come with any status.

Endpoints: https://developer.exotel.com/api/ip-pstn-intermix-webrtc-sdk-integration
"""

from __future__ import annotations

import json
from collections.abc import Callable, Generator, Mapping
from dataclasses import dataclass, field
from typing import Any, Final, Literal, TypeVar
from urllib.parse import quote

from exotel_voice.errors import ApiError, ConfigError
from exotel_voice.phone.account import SipAccount
from exotel_voice.rest.account import check_base_url
from exotel_voice.rest.calls import fraction
from exotel_voice.rest.documents import error_of, read_document
from exotel_voice.rest.exchange import Outcome, Plan, Reply, RetryPolicy, Send, Step, exchange
from exotel_voice.rest.results import text
from exotel_voice.rest.sip_secret import PUBLISHED_KEY, read_sip_secret

__all__ = ["BASE_URL", "IntegrationPlans", "IntegrationUser", "PlacedCall", "token_plan"]

T = TypeVar("T")

BASE_URL: Final = "https://integrationscore.mum1.exotel.com"


@dataclass(frozen=True, slots=True, kw_only=True)
class IntegrationUser:
    """A user of an application, mapped to a SIP account. The repr hides the password."""

    user_id: str
    """The id in the application, `AppUserId`."""
    app_id: str
    customer_id: str
    name: str
    """`ExotelUserName`, for the display."""
    sip_id: str
    """The SIP user, as `sip:alice9f2c`."""
    sip_password: str = field(repr=False)
    email: str = ""
    agent_number: str = ""
    virtual_number: str = ""
    """The ExoPhone of the user's calls."""

    @property
    def sip_username(self) -> str:
        """The user part of `sip_id`."""
        return self.sip_id.removeprefix("sip:").partition("@")[0]


@dataclass(frozen=True, slots=True, kw_only=True)
class PlacedCall:
    """The platform has taken an outgoing call; the user's phone rings next."""

    call_sid: str
    """The call's id; empty when the platform does not say it."""
    raw: Mapping[str, object] = field(repr=False, compare=False)
    """The reply as it came."""


class IntegrationPlans:
    """Makes the plans of one application.

    Args:
        access_token: Of the application; sent as the whole Authorization header.
        base_url: Where the API is.
        retries: How often requests are repeated; None for the usual.
        secret_key: With what SIP passwords are wrapped, 32 bytes.
    """

    def __init__(
        self, access_token: str, base_url: str, *, retries: RetryPolicy | None, secret_key: bytes
    ) -> None:
        if not access_token.strip() or any(ord(one) < 0x20 for one in access_token):
            raise ConfigError("access_token is empty or holds a control character")
        if len(secret_key) != len(PUBLISHED_KEY):
            raise ConfigError(f"secret_key must have {len(PUBLISHED_KEY)} bytes")
        self.base_url = base_url.rstrip("/")
        check_base_url(self.base_url, "base_url")
        self._token = access_token.strip()
        self._policy = retries or RetryPolicy()
        self._key = secret_key

    def user(self, user_id: str) -> Plan[IntegrationUser]:
        """Ask for a user's mapping."""
        _check_user_id(user_id)
        path = f"usermapping?user_id={quote(user_id, safe='')}"
        return self._ask("GET", path, None, self._user)

    def sip_account(self, user_id: str, host: str, domain: str) -> Plan[SipAccount]:
        """Ask for the application's account and the user, and join them to a SIP account."""
        _check_user_id(user_id)

        def plan() -> Generator[Step, Outcome, SipAccount]:
            account_sid = yield from self._ask("GET", "app", None, _account_sid)
            user = yield from self.user(user_id)
            return SipAccount(
                username=user.sip_username,
                password=user.sip_password,
                domain=f"{account_sid}.{domain}",
                host=host,
                display_name=user.name.replace('"', "").replace("\\", ""),
            )

        return plan()

    def outbound_call(
        self, user: IntegrationUser | str, to: str, custom_field: str | None
    ) -> Plan[PlacedCall]:
        """Ask for a call, and before it for the user where only the id is known."""
        if not to.strip():
            raise ConfigError("to is empty")

        def plan() -> Generator[Step, Outcome, PlacedCall]:
            caller = user
            if isinstance(caller, str):
                caller = yield from self.user(caller)
            content = {
                "customer_id": caller.customer_id,
                "app_id": caller.app_id,
                "to": to.strip(),
                "user_id": caller.user_id,
            }
            if custom_field is not None:
                content["custom_field"] = custom_field
            return (yield from self._ask("POST", "call/outbound_call", content, _placed))

        return plan()

    def _user(self, data: object) -> IntegrationUser:
        content = data[0] if isinstance(data, list) and data else data
        if not isinstance(content, Mapping) or not text(content, "SipId"):
            raise ApiError(
                "The platform's reply describes no user with a SIP account",
                hint="Check the user's id, and that the user is mapped with SIP.",
            )
        return IntegrationUser(
            user_id=text(content, "AppUserId"),
            app_id=text(content, "AppID"),
            customer_id=text(content, "customer_id") or text(content, "CustomerId"),
            name=text(content, "ExotelUserName"),
            sip_id=text(content, "SipId"),
            sip_password=read_sip_secret(text(content, "SipSecret"), self._key),
            email=text(content, "Email"),
            agent_number=text(content, "AgentNumber"),
            virtual_number=text(content, "VirtualNumber"),
        )

    def _ask(
        self,
        method: Literal["GET", "POST"],
        path: str,
        content: Mapping[str, str] | None,
        read: Callable[[object], T],
    ) -> Plan[T]:
        send = _request(method, f"{self.base_url}/v2/integrations/{path}", content, self._token)
        return _exchange(send, self._policy, read)


def _check_user_id(user_id: str) -> None:
    if not user_id.strip():
        raise ConfigError("user_id is empty")


def _request(
    method: Literal["GET", "POST"], url: str, content: Mapping[str, str] | None, token: str | None
) -> Send:
    headers = {"Content-Type": "application/json", "Accept": "application/json"}
    if token is not None:
        headers["Authorization"] = token
    body = None if content is None else json.dumps(content).encode()
    return Send(method=method, url=url, headers=headers, content=body)


def _exchange(
    send: Send, policy: RetryPolicy, read: Callable[[object], T]
) -> Generator[Step, Outcome, T]:
    reply = yield from exchange(send, policy, fraction)
    return read(_data(reply))


def _data(reply: Reply) -> object:
    """Take `Data` out of a reply; raise what it says otherwise."""
    if not reply.is_success:
        raise error_of(reply)
    try:
        document = read_document(reply.body)
    except (ValueError, RecursionError):
        document = {}
    code = document.get("Code")
    has_failed = str(document.get("Status", "")).lower() in ("failed", "failure", "error")
    if isinstance(code, int) and code >= 400:
        raise error_of(Reply(status=code, headers=reply.headers, body=reply.body))
    if has_failed:
        raise ApiError(error_of(reply).message, status=reply.status)
    return document.get("Data", document)


def _account_sid(data: object) -> str:
    sid = text(data, "ExotelAccountSid") if isinstance(data, Mapping) else ""
    if not sid:
        raise ApiError(
            "The platform's reply names no account of the application",
            hint="Take a token that was made for the entity `app`.",
        )
    return sid


def _placed(data: object) -> PlacedCall:
    content: Mapping[str, Any] = data if isinstance(data, Mapping) else {"Data": data}
    sid = text(content, "CallSid") or text(content, "call_sid") or text(content, "Sid")
    return PlacedCall(call_sid=sid, raw=content)


def _token_of(data: object) -> str:
    if not isinstance(data, str) or not data.strip():
        raise ApiError("The platform's reply holds no token")
    return data.strip()


def token_plan(base_url: str, entity_id: str, secret: str, entity: str) -> Plan[str]:
    """Ask for an access token."""
    check_base_url(base_url, "base_url")
    if not entity_id.strip() or not secret.strip():
        raise ConfigError("entity_id or secret is empty")
    content = {"Id": entity_id, "Secret": secret, "Entity": entity}
    url = f"{base_url.rstrip('/')}/v2/integrations/token"
    return _exchange(_request("POST", url, content, None), RetryPolicy(), _token_of)
