"""The call object of the guide, sections 5.4 to 5.9: what `getCall()` and the callbacks give."""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable, Coroutine
from typing import Any, Final

from exotel_voice.client.loop_host import LoopHost
from exotel_voice.errors import ExotelVoiceError
from exotel_voice.phone.call import Call
from exotel_voice.phone.details import CallDetails, CallState
from exotel_voice.phone.dtmf import is_digits

__all__ = ["GuideCall", "GuideDetails", "NoCall"]

logger = logging.getLogger("exotel_voice.client")

_TALKING: Final = (CallState.ACTIVE, CallState.HELD, CallState.RECONNECTING)


class GuideDetails(dict[str, Any]):
    """What `callDetails()` gives: a dictionary whose keys can also be read as attributes."""

    def __getattr__(self, name: str) -> Any:
        try:
            return self[name]
        except KeyError:
            raise AttributeError(name) from None


class GuideCall:
    """One call, with the guide's names. Every method returns at once.

    A method answers True when it has been begun, and False, with the reason in the log of
    `exotel_voice.client`, when the state of the call forbids it; then nothing is sent.
    """

    def __init__(
        self, call: Call, host: LoopHost, on_key: Callable[[str], None] | None = None
    ) -> None:
        """Wrap a call.

        Args:
            call: The call.
            host: Where its work runs.
            on_key: Called in the loop with each digit that is sent, to let it be heard here.
        """
        self._call = call
        self._host = host
        self._on_key = on_key
        self._lock = threading.Lock()
        self._has_answered = False
        self._has_hung_up = False
        self._wants_hold = False
        self._wants_mute = False

    def __repr__(self) -> str:
        return f"<GuideCall {self.callId} {self.callDirection} {self.callState}>"

    # -- what is known ---------------------------------------------------------------------------

    def callDetails(self) -> GuideDetails:
        """Give all that is known of the call (guide 5.4), as it stands now.

        Instants are `datetime` in UTC, None until they come; `callDuration` is in seconds.
        """
        return _guide_details(self._call.details)

    @property
    def callId(self) -> str:
        """The SIP Call-ID."""
        return self._call.id

    @property
    def callState(self) -> str:
        """One of incoming, dialing, ringing, active, held, reconnecting, ended."""
        return self._call.state.value

    @property
    def callDirection(self) -> str:
        """`incoming` or `outgoing`."""
        return self._call.direction.value

    def __getattr__(self, name: str) -> Any:
        """Give the rest of `callDetails()`, such as `callStartedTime` and `remoteDisplayName`."""
        if name.startswith("_"):
            raise AttributeError(name)
        return getattr(self.callDetails(), name)

    # -- what can be done ------------------------------------------------------------------------

    def Answer(self) -> bool:
        """Accept an incoming call (guide 5.5); the event `connected` follows."""
        with self._lock:
            if self._call.state is not CallState.INCOMING or self._has_hung_up:
                return self._refuse("Answer", "no call waits for an answer")
            if self._has_answered:
                return self._refuse("Answer", "the call is being answered already")
            self._has_answered = True
        return self._begin("Answer", self._call.answer)

    def Hangup(self) -> bool:
        """End the call, or reject one that rings (guide 5.6); the event `callEnded` follows."""
        with self._lock:
            if self._call.state is CallState.ENDED or self._has_hung_up:
                return self._refuse("Hangup", "the call has ended")
            self._has_hung_up = True
        return self._begin("Hangup", self._end)

    def Mute(self) -> bool:
        """Send silence (guide 5.7). No event follows."""
        return self._set_mute("Mute", lambda _: True)

    def UnMute(self) -> bool:
        """Send the microphone again (guide 5.7)."""
        return self._set_mute("UnMute", lambda _: False)

    def MuteToggle(self) -> bool:
        """Mute, or unmute if muted (guide 5.7)."""
        return self._set_mute("MuteToggle", lambda muted: not muted)

    def Hold(self) -> bool:
        """Put the far side on hold (guide 5.8). No event follows; it is no toggle."""
        return self._set_hold("Hold", lambda _: True)

    def UnHold(self) -> bool:
        """Take the far side off hold (guide 5.8)."""
        return self._set_hold("UnHold", lambda _: False)

    def HoldToggle(self) -> bool:
        """Hold, or resume if on hold (guide 5.8)."""
        return self._set_hold("HoldToggle", lambda held: not held)

    def sendDTMF(self, digit: str | int) -> bool:
        """Send one digit by SIP INFO (guide 5.9).

        Args:
            digit: 0-9, *, #, A-D, or a comma for a pause of half a second.
        """
        text = str(digit)
        if len(text) != 1 or not is_digits(text):
            return self._refuse("sendDTMF", f"{text!r} is no digit: one of 0-9, *, #, A-D")
        if self._call.state not in _TALKING or self._has_hung_up:
            return self._refuse("sendDTMF", "nobody has answered the call, or it has ended")
        return self._begin("sendDTMF", lambda: self._press(text))

    # -- inside ----------------------------------------------------------------------------------

    async def _press(self, digit: str) -> None:
        if self._on_key is not None:
            self._on_key(digit)
        await self._call.send_dtmf(digit)

    async def _end(self) -> None:
        if self._call.state is CallState.INCOMING and not self._has_answered:
            await self._call.reject(486)
        else:
            await self._call.hang_up()

    def _set_mute(self, name: str, choose: Callable[[bool], bool]) -> bool:
        with self._lock:
            if self._call.state not in _TALKING or self._has_hung_up:
                return self._refuse(name, "nobody has answered the call, or it has ended")
            wish = self._wants_mute = choose(self._wants_mute)
        return self._begin(name, self._call.mute if wish else self._call.unmute)

    def _set_hold(self, name: str, choose: Callable[[bool], bool]) -> bool:
        with self._lock:
            if self._call.state not in _TALKING or self._has_hung_up:
                return self._refuse(name, "nobody has answered the call, or it has ended")
            wish = self._wants_hold = choose(self._wants_hold)
        return self._begin(name, self._hold if wish else self._resume)

    async def _hold(self) -> None:
        try:
            await self._call.hold()
        except ExotelVoiceError:
            self._wants_hold = self._call.is_on_hold
            raise

    async def _resume(self) -> None:
        try:
            await self._call.resume()
        except ExotelVoiceError:
            self._wants_hold = self._call.is_on_hold
            raise

    def _begin(self, name: str, work: Callable[[], Coroutine[Any, Any, None]]) -> bool:
        return self._host.spawn(work, what=f"{name}()")

    def _refuse(self, name: str, why: str) -> bool:
        with self._host.scope.entered():
            logger.warning("%s(): %s", name, why, extra={"call_id": self._call.id})
        return False


class NoCall:
    """What `getCall()` gives when there is no call: false in a condition, and all is refused."""

    def __bool__(self) -> bool:
        return False

    def __getattr__(self, name: str) -> Any:
        """Give None for whatever a call would tell, such as `callId`."""
        if name.startswith("_"):
            raise AttributeError(name)
        return None

    def callDetails(self) -> GuideDetails:
        """Give an empty dictionary."""
        return GuideDetails()

    def _refuse(self, name: str) -> bool:
        logger.warning("%s(): there is no call", name)
        return False

    def Answer(self) -> bool:
        """Refuse."""
        return self._refuse("Answer")

    def Hangup(self) -> bool:
        """Refuse."""
        return self._refuse("Hangup")

    def Mute(self) -> bool:
        """Refuse."""
        return self._refuse("Mute")

    def UnMute(self) -> bool:
        """Refuse."""
        return self._refuse("UnMute")

    def MuteToggle(self) -> bool:
        """Refuse."""
        return self._refuse("MuteToggle")

    def Hold(self) -> bool:
        """Refuse."""
        return self._refuse("Hold")

    def UnHold(self) -> bool:
        """Refuse."""
        return self._refuse("UnHold")

    def HoldToggle(self) -> bool:
        """Refuse."""
        return self._refuse("HoldToggle")

    def sendDTMF(self, digit: str | int) -> bool:
        """Refuse."""
        del digit
        return self._refuse("sendDTMF")


def _guide_details(details: CallDetails) -> GuideDetails:
    return GuideDetails(
        callId=details.call_id,
        remoteId=details.remote_id,
        remoteDisplayName=details.remote_display_name,
        callDirection=details.call_direction.value,
        callState=details.call_state.value,
        callDuration=details.call_duration,
        callStartedTime=details.call_started_time,
        callEstablishedTime=details.call_established_time,
        callEndedTime=details.call_ended_time,
        callAnswerTime=details.call_answer_time,
        callEndReason=details.call_end_reason,
        sessionId=details.session_id,
        callSid=details.call_sid,
        legSid=details.leg_sid,
        sipHeaders={name: ", ".join(values) for name, values in details.sip_headers.items()},
    )
