"""Keeps the session timer of a call: sends the refreshes and ends what nobody refreshes (RFC 4028).

When and with which headers is for `session_timer.py` to say.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from exotel_voice.sip.call import CallInput, CallTimer
from exotel_voice.sip.ending import Ending
from exotel_voice.sip.exchange import Exchange, Reply
from exotel_voice.sip.message import Request, Response
from exotel_voice.sip.session_timer import SessionTimer

if TYPE_CHECKING:
    from exotel_voice.sip.session import Session

__all__ = ["Refresh"]

RETRY_AFTER = 1.0
"""Seconds after which a refresh is tried again when an offer was under way."""


class Refresh:
    """The session timer of one call.

    Args:
        session: The session.

    Attributes:
        timer: What has been agreed.
    """

    __slots__ = ("_session", "timer")

    def __init__(self, session: Session) -> None:
        config = session.stack.config
        self._session = session
        self.timer = SessionTimer(
            wish=config.session_expires,
            minimum=config.min_session_expires,
            is_enabled="timer" in config.supported,
        )

    def request_headers(self) -> list[tuple[str, str]]:
        """Give the headers for an INVITE or UPDATE of ours."""
        return self.timer.request_headers()

    def receive_success(self, response: Response, *, now: float) -> None:
        """Take the terms of a 2xx to an INVITE or UPDATE of ours."""
        self.timer.receive_success(response, now=now)
        self._arm()

    def accept(self, request: Request, *, now: float) -> list[tuple[str, str]]:
        """Agree to the terms of the far side's request, and give the headers of its 2xx."""
        headers = self.timer.accept(request, now=now)
        self._arm()
        return headers

    def fail(self, *, now: float) -> None:
        """Take note that a refresh failed."""
        self.timer.refresh_failed(now=now)
        self._arm()

    def fire(self, timer: CallTimer, *, now: float) -> None:
        """Refresh the session, or end it."""
        if timer is CallTimer.SESSION_REFRESH:
            self._send(now)
        else:
            self._session.happen(CallInput.SESSION_EXPIRED, now=now, ending=Ending.of_timer(timer))

    def _send(self, now: float) -> None:
        session, dialog = self._session, self._session.dialog
        if dialog is None:
            return
        if "UPDATE" in session.peer_allows:
            # RFC 4028 §7.4: an UPDATE without a description touches nothing else.
            headers = [
                ("Contact", session.contact()),
                *session.stack.abilities(),
                *self.request_headers(),
                ("User-Agent", session.stack.config.user_agent),
            ]
            request = dialog.request("UPDATE", headers=headers)
            session.stack.send(
                request, flow=dialog.flow, dialog=dialog, handler=self._receive, now=now
            )
        elif dialog.turn.local is not None and session.local.may_offer("INVITE"):
            session.local.offer(dialog.turn.local, method="INVITE", now=now, is_refresh=True)
        else:
            key = (session.id, CallTimer.SESSION_REFRESH)
            session.stack.deadlines.set(key, now + RETRY_AFTER)

    def _receive(self, _exchange: Exchange, reply: Reply, now: float) -> None:
        if reply.status < 200:
            return
        if reply.status < 300:
            if self._session.dialog is not None:
                self._session.dialog.refresh_target(reply.response)
            self.receive_success(reply.response, now=now)
        elif reply.status == 422 and self.timer.receive_too_brief(reply.response):
            self._send(now)
        else:
            self.fail(now=now)
            self._session.receive_verdict(reply, now=now)

    def _arm(self) -> None:
        session, deadlines = self._session, self._session.stack.deadlines
        for timer, at in (
            (CallTimer.SESSION_REFRESH, self.timer.refresh_at),
            (CallTimer.SESSION_EXPIRES, self.timer.ends_at),
        ):
            if at is None or session.is_over:
                deadlines.cancel((session.id, timer))
            else:
                deadlines.set((session.id, timer), at)
