"""Who may come in, from which page, and with which SIP account."""

from __future__ import annotations

import asyncio
import inspect
import logging
from collections.abc import Awaitable, Callable, Collection, Sequence
from dataclasses import replace
from typing import Any, Final, TypeVar
from urllib.parse import urlsplit

from starlette.requests import HTTPConnection

from exotel_voice.errors import ConfigError
from exotel_voice.gateway.faults import CloseCode, Fault, Refused
from exotel_voice.gateway.requests import AccountChoice
from exotel_voice.phone.account import SipAccount

__all__ = ["Access", "Accounts", "Authenticate"]

logger = logging.getLogger("exotel_voice.gateway")

T = TypeVar("T")
Authenticate = Callable[[HTTPConnection], str | Awaitable[str | None] | None]
"""Names the user behind a connection, or gives None or raises to refuse it."""
_Found = SipAccount | Sequence[SipAccount]
Accounts = Callable[[str], _Found | Awaitable[_Found | None] | None]
"""Gives the SIP account or accounts of a user."""

_DEFAULT_PORTS: Final = {"http": 80, "https": 443, "ws": 80, "wss": 443}


class Access:
    """The doorman of one gateway.

    Args:
        authenticate: Names the user, or refuses.
        accounts: Gives the user's accounts; None where pages bring their own.
        allowed_origins: Origins of pages besides that of the gateway itself; `*` for any.
        sip_hosts: Hosts that a page's own account may be at; empty where pages bring none.
        limit: Seconds that each of the two functions may take.

    Raises:
        ConfigError: An origin is none.
    """

    def __init__(
        self,
        *,
        authenticate: Authenticate,
        accounts: Accounts | None,
        allowed_origins: Collection[str],
        sip_hosts: Collection[str],
        limit: float,
    ) -> None:
        self._authenticate = authenticate
        self._accounts = accounts
        self._origins = frozenset(map(_check_origin, allowed_origins))
        self._sip_hosts = frozenset(host.lower() for host in sip_hosts)
        self._limit = limit

    @property
    def allows_page_credentials(self) -> bool:
        """Whether a page may bring its own account."""
        return bool(self._sip_hosts)

    # -- the page --------------------------------------------------------------------------------

    def check_origin(self, connection: HTTPConnection) -> None:
        """Refuse pages of other sites: their scripts would act with the user's cookies.

        A program that sends no Origin is no page, and has no cookies that it was not given.

        Raises:
            Refused: The origin is neither the gateway's own nor allowed.
        """
        origin = connection.headers.get("origin")
        if origin is None or "*" in self._origins or origin.lower() in self._origins:
            return
        parts = urlsplit(origin)
        own = _host_and_port(connection.headers.get("host", ""), parts.scheme)
        if parts.scheme in _DEFAULT_PORTS and _host_and_port(parts.netloc, parts.scheme) == own:
            return
        raise Refused(
            Fault(
                code="gateway.forbidden_origin",
                message="pages of this origin may not use the gateway",
                hint="Add the page's origin to allowed_origins of VoiceGateway.",
            ),
            close=CloseCode.FORBIDDEN,
        )

    # -- the user --------------------------------------------------------------------------------

    async def identify(self, connection: HTTPConnection) -> str:
        """Ask the application who the user is.

        Raises:
            Refused: It does not know, or failed, or took too long.
        """
        identity = await self._call("authenticate", self._authenticate, connection)
        if isinstance(identity, str) and identity:
            return identity
        raise Refused(
            Fault(
                code="gateway.not_authenticated",
                message="the page is not logged in",
                hint="Log in and load the page again.",
            ),
            close=CloseCode.NOT_AUTHENTICATED,
        )

    # -- the account -----------------------------------------------------------------------------

    async def account(self, identity: str, choice: AccountChoice | None) -> SipAccount:
        """Find the account that a page asks for.

        Raises:
            Refused: There is none, or the page may not bring it.
        """
        if choice is not None and choice.secret:
            return self._own_account(choice)
        accounts = await self._accounts_of(identity)
        name = "" if choice is None else choice.user_name
        for account in accounts:
            if name in {"", account.username, account.auth_username}:
                shown = "" if choice is None else choice.display_name
                return _with_display_name(account, shown)
        raise Refused(
            Fault(
                code="gateway.no_account",
                message="the user has no such SIP account",
                hint="Check userName, and what the application gives as accounts of this user.",
            )
        )

    async def _accounts_of(self, identity: str) -> Sequence[SipAccount]:
        if self._accounts is None:
            return ()
        found = await self._call("accounts", self._accounts, identity)
        if isinstance(found, SipAccount):
            return (found,)
        many = found if isinstance(found, Sequence) else ()
        return [account for account in many if isinstance(account, SipAccount)]

    def _own_account(self, choice: AccountChoice) -> SipAccount:
        if not self.allows_page_credentials:
            raise Refused(
                Fault(
                    code="gateway.page_credentials",
                    message="this gateway takes no SIP password from a page",
                    hint="Leave secret out: the server knows the account of the user.",
                )
            )
        host = (choice.host or choice.domain).lower()
        if host not in self._sip_hosts:
            raise Refused(
                Fault(
                    code="gateway.forbidden_host",
                    message="this gateway does not connect to that SIP host",
                    hint="Add the host to allowed_sip_hosts of VoiceGateway.",
                )
            )
        try:
            return SipAccount(
                username=choice.user_name,
                password=choice.secret,
                domain=choice.domain or host,
                host=host,
                auth_username=choice.auth_user,
                display_name=choice.display_name,
                **_given(choice),
            )
        except ConfigError as error:
            raise Refused(Fault.of(error)) from None

    async def _call(self, name: str, function: Callable[[T], object], argument: T) -> object:
        """Call a function of the application; None when it raises or takes too long.

        A plain function runs in a thread, so that it may ask a database.
        """
        task = asyncio.ensure_future(_run(function, argument))
        try:
            await asyncio.wait({task}, timeout=self._limit)
        finally:
            if not task.done():
                logger.warning("%s took longer than %g s", name, self._limit)
                task.cancel()
        if not task.done() or task.cancelled():
            return None
        error = task.exception()
        if error is not None:
            logger.warning("%s raised %s", name, type(error).__name__)
            logger.debug("%s raised", name, exc_info=error)
            return None
        return task.result()


async def _run(function: Callable[[T], object], argument: T) -> object:
    is_async = inspect.iscoroutinefunction(function) or inspect.iscoroutinefunction(
        getattr(function, "__call__", None)  # noqa: B004 - an object may be called too
    )
    result = function(argument) if is_async else await asyncio.to_thread(function, argument)
    return await result if inspect.isawaitable(result) else result


def _given(choice: AccountChoice) -> dict[str, Any]:
    """Give the fields that have defaults of their own, where the page set them."""
    values = {"port": choice.port, "security": choice.security, "endpoint": choice.endpoint}
    return {name: value for name, value in values.items() if value}


def _with_display_name(account: SipAccount, display_name: str) -> SipAccount:
    """Let a page choose the name that is shown where the application gave none."""
    if account.display_name or not display_name:
        return account
    try:
        return replace(account, display_name=display_name)
    except ConfigError:
        return account


def _check_origin(origin: str) -> str:
    parts = urlsplit(origin)
    if origin != "*" and (parts.scheme not in _DEFAULT_PORTS or not parts.netloc or parts.path):
        raise ConfigError(
            f"{origin!r} in allowed_origins is no origin", hint="Write https://host or with a port."
        )
    return origin.lower()


def _host_and_port(netloc: str, scheme: str) -> tuple[str, int | None]:
    host, colon, digits = netloc.lower().rpartition(":")
    if colon and digits.isdigit():
        return host, int(digits)
    return netloc.lower(), _DEFAULT_PORTS.get(scheme)
