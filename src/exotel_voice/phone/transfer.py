"""Transfers of one call, both roles (RFC 3515, RFC 5589): asking the far side, and being asked."""

from __future__ import annotations

import asyncio
import logging
from typing import TYPE_CHECKING

from exotel_voice.errors import InvalidState, RequestRefused
from exotel_voice.phone import events
from exotel_voice.phone.details import CallState
from exotel_voice.sip import events as sip

if TYPE_CHECKING:
    from exotel_voice.phone.leg import Leg

__all__ = ["TransferDesk"]

logger = logging.getLogger("exotel_voice.phone")


class TransferDesk:
    """The transfers of one call.

    Args:
        leg: The call.
    """

    def __init__(self, leg: Leg) -> None:
        self._leg = leg
        self._result: asyncio.Future[sip.TransferProgressed | None] | None = None
        self._request: sip.TransferRequested | None = None
        self._decision_timer: asyncio.TimerHandle | None = None

    # -- this side asks --------------------------------------------------------------------------

    async def ask(self, target: str | Leg) -> None:
        """Ask the far side to call somebody else, and wait until it has.

        The call ends when that has come about.

        Args:
            target: A URI, or the other call whose place the far side is to take.

        Raises:
            InvalidState: The call is not up, or a transfer is going on.
            RequestRefused: The far side refused, or did not reach the target. The call goes on.
        """
        leg = self._leg
        session = leg.require(CallState.ACTIVE, CallState.HELD)
        if self._result is not None:
            raise InvalidState("a transfer of this call is going on", call_id=leg.call_id)
        driver = leg.line.driver
        self._result = asyncio.get_running_loop().create_future()
        try:
            if isinstance(target, str):
                driver.run(lambda agent, now: agent.transfer(session, target, now=now))
            else:
                other = target.require(CallState.ACTIVE, CallState.HELD)
                driver.run(lambda agent, now: agent.transfer_to(session, other, now=now))
            final = await self._result
        finally:
            self._result = None
        if final is not None and final.status >= 300:
            raise RequestRefused(
                f"the transfer failed: {final.status} {final.reason}",
                status=final.status,
                reason=final.reason,
                call_id=leg.call_id,
            )
        # RFC 5589 §6.1: the one who asked for the transfer ends the call when it has succeeded.
        leg.ending.hang_up()

    # -- the far side asks -----------------------------------------------------------------------

    def accept(self) -> Leg:
        """Follow: call the target, and tell the far side how that goes.

        Raises:
            InvalidState: The far side has not asked, or has been answered.
        """
        request = self._take_request()
        old = self._leg
        old.command(lambda agent, session, now: agent.accept_transfer(session, now=now))
        headers = {"Referred-By": request.referred_by} if request.referred_by else {}
        new = old.line.switchboard.place(request.target, headers=headers, replaces=request.replaces)
        new.observers.append(self._report)
        return new

    def reject(self, status: int) -> None:
        """Refuse.

        Raises:
            InvalidState: The far side has not asked, or has been answered.
        """
        self._take_request()
        self._leg.command(
            lambda agent, session, now: agent.reject_transfer(session, now=now, status=status)
        )

    # -- what happens ----------------------------------------------------------------------------

    def handle(self, event: sip.TransferRequested | sip.TransferProgressed) -> None:
        """Take news of a transfer."""
        if isinstance(event, sip.TransferRequested):
            self._requested(event)
            return
        self._leg.line.hub.emit(
            events.TransferProgressed(
                call_id=self._leg.call_id,
                status=event.status,
                reason=event.reason,
                is_final=event.is_final,
            )
        )
        if event.is_final and self._result is not None and not self._result.done():
            self._result.set_result(event)

    def end(self) -> None:
        """The call is over. For a far side that follows a transfer, hanging up is success."""
        self._stop_timer()
        if self._result is not None and not self._result.done():
            self._result.set_result(None)

    # -- inside ----------------------------------------------------------------------------------

    def _requested(self, event: sip.TransferRequested) -> None:
        line = self._leg.line
        if self._request is not None:
            self._leg.command(
                lambda agent, session, now: agent.reject_transfer(session, now=now, status=491)
            )
            return
        self._request = event
        line.hub.emit(
            events.TransferRequested(
                call_id=self._leg.call_id, target=event.target, referred_by=event.referred_by
            )
        )
        if line.settings.accept_transfers:
            self.accept()
        elif not line.hub.listens(events.TransferRequested):
            self.reject(603)
        else:
            loop = asyncio.get_running_loop()
            limit = line.settings.transfer_decision_limit
            self._decision_timer = loop.call_later(limit, self._too_late)

    def _too_late(self) -> None:
        if self._request is not None and not self._leg.is_ended:
            logger.warning(
                "nobody decided on a transfer: it is refused", extra={"call_id": self._leg.call_id}
            )
            self.reject(603)

    def _report(self, status: int, reason: str) -> None:
        self._leg.command(
            lambda agent, session, now: agent.report_transfer(
                session, status=status, reason=reason, now=now
            )
        )

    def _take_request(self) -> sip.TransferRequested:
        request, self._request = self._request, None
        self._stop_timer()
        if request is None or self._leg.is_ended:
            raise InvalidState("there is no transfer to decide on", call_id=self._leg.call_id)
        return request

    def _stop_timer(self) -> None:
        if self._decision_timer is not None:
            self._decision_timer.cancel()
            self._decision_timer = None
