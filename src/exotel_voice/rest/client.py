"""The platform's HTTP API for calls: `ExotelClient` for asyncio, `SyncExotelClient` without."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from types import TracebackType
from typing import Final, Self, Unpack

from exotel_voice.rest.account import ApiAccount
from exotel_voice.rest.calls import CallPlans, WireFormat
from exotel_voice.rest.connect import ConnectOptions
from exotel_voice.rest.drivers import AsyncDriver, SyncDriver
from exotel_voice.rest.exchange import RetryPolicy
from exotel_voice.rest.results import ApiCall

__all__ = ["ExotelClient", "SyncExotelClient"]

TIMEOUT: Final = 30.0
"""Seconds for one try of a request."""
POLL_EVERY: Final = 2.0
"""Seconds between two questions about a call that is followed."""
FOLLOW_WITHIN: Final = 15_000.0
"""Seconds that a call is followed: the longest call and some ringing."""


class ExotelClient:
    """Places calls and asks about them (guide section 7).

        async with ExotelClient.from_env() as client:
            call = await client.connect_call("alice", "+919900000001", "0804568")
            call = await client.call_details(call.sid)

    A request that failed is sent again only where that cannot place a call twice: when it never
    left, when the platform refused it for its rate (429), and when it only asks. Two tries of one
    call may be minutes apart then; give `retries=RetryPolicy(attempts=1)` to be told at once.

    Args:
        account: Whose API it is.
        timeout: Seconds for one try, from its begin to the end of the reply.
        retries: How often and when a request is repeated; None for the usual.
        wire_format: `json` or `xml`; the results are the same.
        proxy: True for the proxy of the environment, the URL of one, or None for none.

    Raises:
        ConfigError: A setting is wrong.
    """

    def __init__(
        self,
        account: ApiAccount,
        *,
        timeout: float = TIMEOUT,
        retries: RetryPolicy | None = None,
        wire_format: WireFormat = "json",
        proxy: bool | str | None = True,
    ) -> None:
        self._plans = CallPlans(account, policy=retries, wire_format=wire_format)
        self._driver = AsyncDriver(account.base_url, timeout=timeout, proxy=proxy)

    @classmethod
    def from_env(cls, environ: Mapping[str, str] | None = None, **explicit: str) -> Self:
        """Make a client of `EXOTEL_API_KEY`, `EXOTEL_API_TOKEN` and so on.

        Args:
            environ: Where to look; None for the environment of the process.
            **explicit: Fields of `ApiAccount` that stand above the environment.

        Raises:
            ConfigError: A setting is missing or wrong; the message names the variable.
        """
        return cls(ApiAccount.from_env(environ, **explicit))

    async def connect_call(
        self, from_: str, to: str, caller_id: str, **options: Unpack[ConnectOptions]
    ) -> ApiCall:
        """Call one side, then the other, and join them.

        Returns when the platform has taken the request; the first phone rings then or soon.

        Args:
            from_: Who is called first: a phone number, preferably E.164, or a SIP user's id.
            to: Who is called second.
            caller_id: The ExoPhone that both see.
            **options: See `ConnectOptions`.

        Raises:
            ConfigError: A parameter is wrong; nothing was sent.
            ApiRequestInvalid: The platform does not take a parameter.
            ApiUnauthorized: It does not take the credentials.
            ApiRateLimited: Too many requests, also after the repetitions.
            ApiUnavailable: It was not reached; no call was placed.
            ApiOutcomeUnknown: It may have placed the call, or not.
        """
        parties = {"From": from_, "To": to, "CallerId": caller_id}
        return await self._driver.perform(self._plans.connect(parties, options))

    async def connect_flow(
        self, from_: str, flow_url: str, caller_id: str, **options: Unpack[ConnectOptions]
    ) -> ApiCall:
        """Call one side and join it to a flow of the account.

        Args:
            from_: Who is called.
            flow_url: The flow, `http://my.exotel.com/{account}/exoml/start_voice/{app}`.
            caller_id: The ExoPhone that is seen.
            **options: See `ConnectOptions`.

        Raises:
            ConfigError: A parameter is wrong; nothing was sent.
            ApiError: As for `connect_call`.
        """
        parties = {"From": from_, "Url": flow_url, "CallerId": caller_id}
        return await self._driver.perform(self._plans.connect(parties, options))

    async def call_details(
        self, sid: str, *, with_legs: bool = False, recording_url_valid_for: int | None = None
    ) -> ApiCall:
        """Ask about a call.

        Args:
            sid: Its id, from `connect_call`, StatusCallback or X-Exotel-Callsid.
            with_legs: Whether to ask for both sides and `conversation_duration` too.
            recording_url_valid_for: Minutes that the recording's URL is to be valid, 5 to 60.

        Raises:
            ConfigError: A parameter is wrong; nothing was sent.
            ApiNotFound: There is no such call.
            ApiError: The platform refused for another reason, or cannot be reached.
        """
        plan = self._plans.details(
            sid, with_legs=with_legs, recording_url_valid_for=recording_url_valid_for
        )
        return await self._driver.perform(plan)

    async def wait_until_over(
        self,
        sid: str,
        *,
        every: float = POLL_EVERY,
        within: float = FOLLOW_WITHIN,
        on_change: Callable[[ApiCall], object] | None = None,
    ) -> ApiCall:
        """Ask about a call until it is over. StatusCallback tells the same without asking.

        Args:
            sid: Its id.
            every: Seconds between two questions; the account has 200 requests a minute in all.
            within: Seconds after which to give up.
            on_change: Called with the call when its status is another one, also the first time.

        Raises:
            DeadlineExceeded: The call goes on.
            ApiError: The platform refused, or cannot be reached.
        """
        plan = self._plans.until_over(sid, every=every, within=within, on_change=on_change)
        return await self._driver.perform(plan)

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


class SyncExotelClient:
    """`ExotelClient` for programs without asyncio: the same methods, each waits for its result.

        with SyncExotelClient.from_env() as client:
            call = client.connect_call("alice", "+919900000001", "0804568")

    It may be used from several threads.

    Args:
        account: Whose API it is.
        timeout: Seconds for one try, from its begin to the end of the reply.
        retries: How often and when a request is repeated; None for the usual.
        wire_format: `json` or `xml`; the results are the same.
        proxy: True for the proxy of the environment, the URL of one, or None for none.

    Raises:
        ConfigError: A setting is wrong.
    """

    def __init__(
        self,
        account: ApiAccount,
        *,
        timeout: float = TIMEOUT,
        retries: RetryPolicy | None = None,
        wire_format: WireFormat = "json",
        proxy: bool | str | None = True,
    ) -> None:
        self._plans = CallPlans(account, policy=retries, wire_format=wire_format)
        self._driver = SyncDriver(account.base_url, timeout=timeout, proxy=proxy)

    @classmethod
    def from_env(cls, environ: Mapping[str, str] | None = None, **explicit: str) -> Self:
        """Make a client of the environment, as `ExotelClient.from_env`."""
        return cls(ApiAccount.from_env(environ, **explicit))

    def connect_call(
        self, from_: str, to: str, caller_id: str, **options: Unpack[ConnectOptions]
    ) -> ApiCall:
        """Call one side, then the other, and join them, as `ExotelClient.connect_call`."""
        parties = {"From": from_, "To": to, "CallerId": caller_id}
        return self._driver.perform(self._plans.connect(parties, options))

    def connect_flow(
        self, from_: str, flow_url: str, caller_id: str, **options: Unpack[ConnectOptions]
    ) -> ApiCall:
        """Call one side and join it to a flow, as `ExotelClient.connect_flow`."""
        parties = {"From": from_, "Url": flow_url, "CallerId": caller_id}
        return self._driver.perform(self._plans.connect(parties, options))

    def call_details(
        self, sid: str, *, with_legs: bool = False, recording_url_valid_for: int | None = None
    ) -> ApiCall:
        """Ask about a call, as `ExotelClient.call_details`."""
        plan = self._plans.details(
            sid, with_legs=with_legs, recording_url_valid_for=recording_url_valid_for
        )
        return self._driver.perform(plan)

    def wait_until_over(
        self,
        sid: str,
        *,
        every: float = POLL_EVERY,
        within: float = FOLLOW_WITHIN,
        on_change: Callable[[ApiCall], object] | None = None,
    ) -> ApiCall:
        """Ask about a call until it is over, as `ExotelClient.wait_until_over`."""
        plan = self._plans.until_over(sid, every=every, within=within, on_change=on_change)
        return self._driver.perform(plan)

    def close(self) -> None:
        """Close the client; another thread's wait ends with `InvalidState`. Safe to call twice."""
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
