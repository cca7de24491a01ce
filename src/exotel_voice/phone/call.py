"""`Call`: one phone call, as the application holds it."""

from __future__ import annotations

from collections.abc import Mapping

from exotel_voice.errors import InvalidState
from exotel_voice.phone.call_facts import CallFacts
from exotel_voice.phone.details import CallDetails, CallState
from exotel_voice.phone.dtmf import DtmfChoice
from exotel_voice.phone.events import CallMuted, CallUnmuted

__all__ = ["Call"]


class Call(CallFacts):
    """One call, incoming or outgoing. `Phone.incoming` and `Phone.dial` give it.

    A method that the state of the call forbids raises `InvalidState` and sends nothing.
    """

    __slots__ = ()

    # -- beginning and end -----------------------------------------------------------------------

    async def answer(self, *, headers: Mapping[str, str] | None = None) -> None:
        """Accept an incoming call; returns when the 200 is on its way (RFC 3261 §13.3.1.4).

        `CallConnected` follows, and `MediaConnected` when audio can flow.

        Args:
            headers: Further headers for the 200.

        Raises:
            InvalidState: The call is not incoming, or is being answered already.
            CallCancelled: The caller withdrew the call meanwhile.
            MediaError: The caller's offer cannot be taken; it got 488, or 480 where the engine has
                no microphone or nobody at it for the moment.
        """
        await self._leg.opening.answer(headers)

    async def reject(self, status: int = 486, reason: str | None = None) -> None:
        """Refuse an incoming call (RFC 3261 §13.3.1.3). `CallEnded` follows at once.

        Args:
            status: 400 to 699, for example 486 (busy) or 603 (declined).
            reason: The reason phrase; None for the usual one.

        Raises:
            InvalidState: The call is not incoming, or the status is out of range.
        """
        self._leg.require(CallState.INCOMING)
        if not 400 <= status <= 699:
            raise InvalidState(
                f"a call cannot be refused with status {status}",
                hint="Use a status from 400 to 699.",
                call_id=self.id,
            )
        self._leg.command(
            lambda agent, session, now: agent.reject(session, now=now, status=status, reason=reason)
        )

    async def hang_up(self, *, reason: str | None = None) -> None:
        """End the call in whatever state it is: CANCEL, BYE or 480 (RFC 3261 §9, §15).

        The call is over when this returns; the wire follows, if need be after a reconnection. Does
        nothing on a call that has ended.

        Args:
            reason: Why, for the far side's Reason header (RFC 3326); None for no such header.
        """
        self._leg.ending.hang_up(reason)

    async def answered(self) -> None:
        """Wait until the call is answered.

        Raises:
            CallBusy: The far side is busy.
            CallRejected: The far side declined.
            CallNotAnswered: Nobody answered in time.
            CallCancelled: One side withdrew the call.
            CallFailed: Something else kept it from coming about.
            MediaError: The audio could not be agreed on.
        """
        await self._leg.settled.wait()
        if not self._leg.is_answered:
            raise self._leg.ending.error_for_waiters()

    async def ended(self) -> CallDetails:
        """Wait until the call is over, and give all that is known of it."""
        await self._leg.ended.wait()
        return self.details

    # -- in the call -----------------------------------------------------------------------------

    async def hold(self) -> None:
        """Put the far side on hold; returns when it has confirmed (RFC 6337 §5.3).

        A `resume` that comes before the confirmation replaces this wish; both then return unheld.

        Raises:
            InvalidState: The call is not up, or ended meanwhile.
            RequestRefused: The far side refused; the call goes on as it was.
            MediaUnavailable: The engine can describe nothing now; the call goes on as it was.
        """
        await self._set_hold(wish=True)

    async def resume(self) -> None:
        """Take the far side off hold; returns when it has confirmed.

        Raises:
            InvalidState: The call is not up, or ended meanwhile.
            RequestRefused: The far side refused; the call goes on as it was.
            MediaUnavailable: The engine can describe nothing now; the call goes on as it was.
        """
        await self._set_hold(wish=False)

    async def restart_media(self) -> None:
        """Look for a new path for the audio by one re-INVITE (RFC 8839 §4.4.1.1).

        The phone does this by itself when the audio stops coming. Returns when the far side has
        agreed; `MediaConnected` follows when the new path is in use. A hold stays a hold.

        Raises:
            InvalidState: The call is not up, or ended meanwhile.
            RequestRefused: The far side refused; the call goes on as it was.
            MediaError: The engine cannot make the offer; the call goes on as it was.
        """
        self._leg.require(CallState.ACTIVE, CallState.HELD, CallState.RECONNECTING)
        await self._leg.negotiation.restart()

    async def mute(self) -> None:
        """Send silence. The far side is not told.

        Raises:
            InvalidState: The call has ended.
        """
        await self._set_muted(wish=True)

    async def unmute(self) -> None:
        """Send this side's audio again.

        Raises:
            InvalidState: The call has ended.
        """
        await self._set_muted(wish=False)

    async def send_dtmf(self, digits: str, *, method: DtmfChoice = "info") -> None:
        """Send digits, one after the other; returns when the last one is sent.

        Args:
            digits: 0-9, *, #, A-D; a comma is a pause of half a second.
            method: `info` for SIP INFO (RFC 6086, 240 ms each), `rfc4733` for events beside the
                audio (160 ms each), `auto` for RFC 4733 where the far side agreed to it.

        Raises:
            InvalidState: It is no digit, the call is not up, or RFC 4733 was not agreed.
            RequestRefused: The far side refused an INFO.
        """
        await self._leg.digits.send(digits, method)

    async def transfer(self, target: str) -> None:
        """Ask the far side to call somebody else instead (blind transfer, RFC 5589 §6).

        Returns when it has reached the target; this call is then over. `TransferProgressed` tells
        what happens meanwhile.

        Args:
            target: A name, a number, or a SIP or tel URI.

        Raises:
            InvalidState: The call is not up, or a transfer is going on.
            RequestRefused: The far side refused or did not reach the target; the call goes on.
            ConfigError: The target is no address.
        """
        await self._leg.transfers.ask(self._leg.line.switchboard.resolve(target))

    async def transfer_to(self, other: Call) -> None:
        """Connect the far sides of this call and another (attended transfer, RFC 5589 §7).

        Returns when that has come about; both calls of this side are then over.

        Raises:
            InvalidState: One of the two calls is not up, or they are the same.
            RequestRefused: The far side refused; both calls go on.
        """
        if other is self or other.id == self.id:
            raise InvalidState("a call cannot be transferred to itself", call_id=self.id)
        await self._leg.transfers.ask(other._leg)
        other._leg.ending.hang_up()

    async def accept_transfer(self) -> Call:
        """Follow a `TransferRequested`: call the target, and tell the far side how that goes.

        Returns:
            The new call. The far side usually ends this one when the new one is answered.

        Raises:
            InvalidState: The far side has not asked, or has been answered.
        """
        return Call(self._leg.transfers.accept())

    async def reject_transfer(self, status: int = 603) -> None:
        """Refuse a `TransferRequested`.

        Args:
            status: 400 to 699.

        Raises:
            InvalidState: The far side has not asked, or has been answered.
        """
        self._leg.transfers.reject(status)

    # -- inside ----------------------------------------------------------------------------------

    async def _set_hold(self, *, wish: bool) -> None:
        self._leg.require(CallState.ACTIVE, CallState.HELD, CallState.RECONNECTING)
        await self._leg.negotiation.set_hold(wish)

    async def _set_muted(self, *, wish: bool) -> None:
        leg = self._leg
        if leg.is_ended:
            raise InvalidState("the call has ended", call_id=leg.call_id)
        if leg.is_muted != wish:
            leg.is_muted = wish
            await leg.media.set_muted(wish)
            kind = CallMuted if wish else CallUnmuted
            leg.line.hub.emit(kind(call_id=leg.call_id))
