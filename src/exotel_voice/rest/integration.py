"""The integration API of the platform: a phone from an access token and a user's id.

It is what the platform's SDK for CRM pages uses: an application has a token, its users are mapped
to SIP accounts, and a user's outgoing call is placed by the platform, which rings the user's phone
first.
"""

from __future__ import annotations

from types import TracebackType
from typing import Final, Literal, Self

from exotel_voice.phone.account import SipAccount
from exotel_voice.rest.drivers import AsyncDriver, SyncDriver
from exotel_voice.rest.exchange import RetryPolicy
from exotel_voice.rest.integration_plans import (
    BASE_URL,
    IntegrationPlans,
    IntegrationUser,
    PlacedCall,
    token_plan,
)
from exotel_voice.rest.sip_secret import PUBLISHED_KEY

__all__ = ["ExotelIntegrationClient", "SyncExotelIntegrationClient"]

VOIP_HOST: Final = "voip.exotel.in"
"""Takes the WebSocket of phones, at port 443."""
VOIP_DOMAIN: Final = "voip.exotel.com"
"""The part of every account's SIP domain after the account's name."""
TIMEOUT: Final = 30.0
"""Seconds for one try of a request."""


class ExotelIntegrationClient:
    """The token-based API.

        async with ExotelIntegrationClient(access_token) as client:
            account = await client.sip_account("agent-7")
            async with Phone(account) as phone:
                await client.outbound_call("agent-7", "+919900000001")   # the phone rings

    The repr shows no token.

    Args:
        access_token: Of the application; valid for 90 days. See `create_token`.
        base_url: Where the API is.
        timeout: Seconds for one try of a request.
        retries: How often and when a request is repeated; None for the usual. A call is never
            asked for twice.
        proxy: True for the proxy of the environment, the URL of one, or None for none.
        secret_key: With what the API wraps SIP passwords, 32 bytes.

    Raises:
        ConfigError: A setting is wrong.
    """

    def __init__(
        self,
        access_token: str,
        *,
        base_url: str = BASE_URL,
        timeout: float = TIMEOUT,
        retries: RetryPolicy | None = None,
        proxy: bool | str | None = True,
        secret_key: bytes = PUBLISHED_KEY,
    ) -> None:
        self._plans = IntegrationPlans(
            access_token, base_url, retries=retries, secret_key=secret_key
        )
        self._driver = AsyncDriver(self._plans.base_url, timeout=timeout, proxy=proxy)

    @staticmethod
    async def create_token(
        entity_id: str,
        secret: str,
        *,
        entity: Literal["app", "customer"] = "app",
        base_url: str = BASE_URL,
        proxy: bool | str | None = True,
    ) -> str:
        """Make an access token.

        Args:
            entity_id: The id of the application, or of the customer.
            secret: Its secret.
            entity: Which of the two; phones and calls need a token of an `app`.
            base_url: Where the API is.
            proxy: As for the client.

        Raises:
            ApiUnauthorized: The id or the secret is wrong.
            ApiError: The platform refused for another reason, or cannot be reached.
        """
        plan = token_plan(base_url, entity_id, secret, entity)
        driver = AsyncDriver(base_url, timeout=TIMEOUT, proxy=proxy)
        try:
            return await driver.perform(plan)
        finally:
            await driver.aclose()

    async def user(self, user_id: str) -> IntegrationUser:
        """Ask for a user's mapping.

        Raises:
            ApiError: The platform refused, or cannot be reached.
        """
        return await self._driver.perform(self._plans.user(user_id))

    async def sip_account(
        self, user_id: str, *, host: str = VOIP_HOST, domain: str = VOIP_DOMAIN
    ) -> SipAccount:
        """Make the account of a user's phone.

        Args:
            user_id: The user's id in the application.
            host: The server of phones.
            domain: What follows the account's name in the SIP domain.

        Raises:
            ApiError: The platform refused, or cannot be reached.
            ConfigError: What it said makes no account.
        """
        return await self._driver.perform(self._plans.sip_account(user_id, host, domain))

    async def outbound_call(
        self, user: IntegrationUser | str, to: str, *, custom_field: str | None = None
    ) -> PlacedCall:
        """Let the platform ring the user's phone, then call a number and join them.

        Args:
            user: From `user`, or the id, which costs one more request.
            to: The number.
            custom_field: Anything of the application; the call's notifications repeat it.

        Raises:
            ApiOutcomeUnknown: The call may have been placed, or not.
            ApiError: The platform refused, or cannot be reached.
        """
        return await self._driver.perform(self._plans.outbound_call(user, to, custom_field))

    async def aclose(self) -> None:
        """Close the client. Safe to call twice."""
        await self._driver.aclose()

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        await self.aclose()


class SyncExotelIntegrationClient:
    """`ExotelIntegrationClient` for programs without asyncio; arguments and errors are the same.

    Args:
        access_token: Of the application.
        base_url: Where the API is.
        timeout: Seconds for one try of a request.
        retries: How often and when a request is repeated; None for the usual.
        proxy: True for the proxy of the environment, the URL of one, or None for none.
        secret_key: With what the API wraps SIP passwords, 32 bytes.
    """

    def __init__(
        self,
        access_token: str,
        *,
        base_url: str = BASE_URL,
        timeout: float = TIMEOUT,
        retries: RetryPolicy | None = None,
        proxy: bool | str | None = True,
        secret_key: bytes = PUBLISHED_KEY,
    ) -> None:
        self._plans = IntegrationPlans(
            access_token, base_url, retries=retries, secret_key=secret_key
        )
        self._driver = SyncDriver(self._plans.base_url, timeout=timeout, proxy=proxy)

    def user(self, user_id: str) -> IntegrationUser:
        """Ask for a user's mapping, as `ExotelIntegrationClient.user`."""
        return self._driver.perform(self._plans.user(user_id))

    def sip_account(
        self, user_id: str, *, host: str = VOIP_HOST, domain: str = VOIP_DOMAIN
    ) -> SipAccount:
        """Make the account of a user's phone, as `ExotelIntegrationClient.sip_account`."""
        return self._driver.perform(self._plans.sip_account(user_id, host, domain))

    def outbound_call(
        self, user: IntegrationUser | str, to: str, *, custom_field: str | None = None
    ) -> PlacedCall:
        """Place a user's call, as `ExotelIntegrationClient.outbound_call`."""
        return self._driver.perform(self._plans.outbound_call(user, to, custom_field))

    def close(self) -> None:
        """Close the client. Safe to call twice."""
        self._driver.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self.close()
