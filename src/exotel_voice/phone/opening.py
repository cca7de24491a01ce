"""How a call begins: the first offer and answer, and the INVITE or the 200 that carries them."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING

from exotel_voice.errors import ExotelVoiceError, InvalidState, MediaError
from exotel_voice.phone.details import CallState, EndCause
from exotel_voice.sip.agent import UserAgent
from exotel_voice.sip.ids import CallId

if TYPE_CHECKING:
    from exotel_voice.phone.leg import Leg

__all__ = ["Opening"]


class Opening:
    """The beginning of one call.

    Args:
        leg: The call.
        offer: The caller's offer, for an incoming call that brought one.
    """

    def __init__(self, leg: Leg, offer: bytes | None) -> None:
        self._leg = leg
        self._offer = offer
        self._is_answering = False
        self._preparation: asyncio.Task[None] | None = None

    def prepare(self) -> None:
        """Let the media engine get ready for the answer while it rings."""
        if self._offer is not None:
            self._preparation = self._leg.line.supervisor.start(
                self._leg.media.prepare(self._offer), name=f"get ready for {self._leg.call_id}"
            )

    def end(self) -> None:
        """The call is over: nothing is prepared any more."""
        if self._preparation is not None:
            self._preparation.cancel()

    async def dial(
        self,
        uri: str,
        *,
        headers: Mapping[str, str],
        replaces: str | None,
        reserve_call_id: Callable[[CallId], None],
    ) -> None:
        """Make the offer and send the INVITE.

        Args:
            uri: Whom to call.
            headers: Further headers of the INVITE.
            replaces: The Replaces value, for a call that takes another's place (RFC 3891).
            reserve_call_id: Makes the next Call-ID the one that this call is named after.
        """
        leg = self._leg
        try:
            offer = await leg.media.create_offer()
        except MediaError as error:
            leg.ending.fail(error)
            return
        if leg.is_ended:
            return

        def invite(agent: UserAgent, now: float) -> None:
            reserve_call_id(CallId(leg.call_id))
            session = agent.invite(uri, offer=offer, now=now, headers=headers, replaces=replaces)
            # Bound before the first event of the session comes out.
            leg.session = session
            leg.record.session_id = session
            leg.line.switchboard.bind(session, leg)

        try:
            leg.line.driver.run(invite)
        except ExotelVoiceError as error:
            leg.ending.finish(EndCause.PROTOCOL, 400, error.message, error)

    async def answer(self, headers: Mapping[str, str] | None) -> None:
        """Make the answer, or the offer if there was none, and send the 200.

        Raises:
            InvalidState: The call is not incoming, or is being answered already.
            CallCancelled: The call ended meanwhile.
            MediaError: The offer cannot be taken; it got 488.
        """
        leg = self._leg
        session = leg.require(CallState.INCOMING)
        if self._is_answering:
            raise InvalidState("the call is being answered already", call_id=leg.call_id)
        self._is_answering = True
        try:
            sdp = await self._describe()
        finally:
            self._is_answering = False
        if leg.is_ended:
            raise leg.ending.error_for_waiters()
        leg.line.driver.run(
            lambda agent, now: agent.answer(session, sdp=sdp, now=now, headers=headers)
        )
        leg.connected()

    async def _describe(self) -> bytes:
        media = self._leg.media
        try:
            if self._offer is None:
                return await media.create_offer()
            return await media.create_answer(self._offer)
        except MediaError as error:
            error.call_id = self._leg.call_id
            self._leg.ending.fail(error)
            raise
