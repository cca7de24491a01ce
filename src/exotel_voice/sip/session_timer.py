"""The session timer of a call: who refreshes it, when, and when it is given up (RFC 4028).

The timer decides about instants and headers. Its session sends the refresh (an UPDATE, or a
re-INVITE where the peer does not allow that) at `refresh_at`, and the BYE at `ends_at`.
"""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import Final

from exotel_voice.sip.message import Request, Response
from exotel_voice.sip.values import SessionExpires

__all__ = ["REFRESHERS", "SessionTimer"]

ABSOLUTE_MINIMUM: Final = 90
"""The shortest interval that Session-Expires and Min-SE may name, seconds (RFC 4028 §4, §5)."""
SHORTEST_HONOURED: Final = 10
"""What a shorter illegal interval of a peer is read as, seconds, so that it cannot make a flood."""
LONGEST_MARGIN: Final = 32.0
"""How long before its end a session is given up at the earliest, seconds (RFC 4028 §10)."""

# RFC 4028 §9, table 2: by whether the peer supports timers and whom its request names as refresher.
# A request that names none leaves the choice to us, and the peer is chosen.
REFRESHERS: Final[Mapping[tuple[bool, str | None], str]] = MappingProxyType(
    {
        (False, None): "uas",
        (False, "uac"): "uas",
        (False, "uas"): "uas",
        (True, None): "uac",
        (True, "uac"): "uac",
        (True, "uas"): "uas",
    }
)


class SessionTimer:
    """The session timer of one call, whichever side calls.

    Args:
        wish: The interval to ask for, seconds, at least 90.
        minimum: The shortest interval to take, seconds, at least 90.
        is_enabled: False leaves everything about session timers out of the messages.

    Attributes:
        interval: The agreed interval, seconds; None while none is agreed.
        is_refresher: Whether the refreshes are ours to send.
        refresh_at: When the next refresh is due; None when none is, or when it is the peer's.
        ends_at: When the session is to be ended with BYE, if nobody refreshes it; None for never.
    """

    __slots__ = (
        "_is_enabled", "_minimum", "_peer_minimum", "_wish", "ends_at", "interval", "is_refresher",
        "refresh_at",
    )  # fmt: skip

    def __init__(self, *, wish: float, minimum: float, is_enabled: bool = True) -> None:
        self._wish = int(wish)
        self._minimum = int(minimum)
        self._peer_minimum = 0
        self._is_enabled = is_enabled
        self.interval: int | None = None
        self.is_refresher = False
        self.refresh_at: float | None = None
        self.ends_at: float | None = None

    # -- our requests ------------------------------------------------------------------------------

    def request_headers(self) -> list[tuple[str, str]]:
        """Give the headers for our INVITE, re-INVITE or UPDATE (RFC 4028 §7.1, §7.4).

        Once a timer is agreed, the request names the side that refreshes now, so that it stays so.
        `Supported: timer` is for the caller to add to every request.
        """
        if not self._is_enabled:
            return []
        shortest = max(self._peer_minimum, self._minimum)
        seconds = max(self.interval or self._wish, shortest)
        refresher = None
        if self.interval is not None:
            refresher = "uac" if self.is_refresher else "uas"
        headers = [("Session-Expires", str(SessionExpires(seconds, refresher)))]
        if shortest > ABSOLUTE_MINIMUM:
            headers.append(("Min-SE", str(shortest)))
        return headers

    def receive_success(self, response: Response, *, now: float) -> None:
        """Take the terms of a 2xx to our INVITE, re-INVITE or UPDATE (RFC 4028 §7.2).

        The interval counts anew. A 2xx without Session-Expires ends the timer.
        """
        terms = response.session_expires
        if not self._is_enabled or terms is None:
            self.stop()
            return
        self._agree(terms.seconds, is_refresher=terms.refresher != "uas", now=now)

    def receive_too_brief(self, response: Response) -> bool:
        """Take the Min-SE of a 422 (RFC 4028 §7.3).

        Returns:
            Whether the request is worth another try, with new `request_headers`.
        """
        minimum = response.min_se or 0
        if not self._is_enabled or minimum <= max(self._peer_minimum, self.interval or self._wish):
            return False
        self._peer_minimum = minimum
        self.interval = None if self.interval is None else max(self.interval, minimum)
        return True

    def refresh_failed(self, *, now: float) -> None:
        """Plan another refresh after one that failed: half-way to the end, if there is time."""
        if self.ends_at is None or not self.is_refresher:
            return
        pause = (self.ends_at - now) / 2
        self.refresh_at = now + pause if pause >= 1 else None

    # -- requests of the peer ----------------------------------------------------------------------

    def refusal_headers(self, request: Request) -> list[tuple[str, str]] | None:
        """Give the headers of the 422 that a request is to get (RFC 4028 §9).

        Returns:
            None when it is to get none: its interval is long enough, or a proxy on the way asked
            for a timer that the peer itself does not know.
        """
        terms = request.session_expires
        if not self._is_enabled or terms is None or "timer" not in request.supported:
            return None
        return [("Min-SE", str(self._minimum))] if terms.seconds < self._minimum else None

    def accept(self, request: Request, *, now: float) -> list[tuple[str, str]]:
        """Agree to a timer in the 2xx to the peer's INVITE, re-INVITE or UPDATE (RFC 4028 §9).

        The interval counts anew. The peer's is shortened to ours, but not below anybody's minimum.
        A peer that does not know timers gets one all the same if a proxy asked for it, refreshed
        by us.

        Returns:
            The headers for the 2xx; none when there is no timer.
        """
        terms, is_known = request.session_expires, "timer" in request.supported
        if not self._is_enabled or (terms is None and not is_known):
            self.stop()
            return []
        shortest = max(self._minimum, request.min_se or 0)
        wanted = max(self.interval or self._wish, shortest)
        seconds = wanted if terms is None else min(wanted, terms.seconds)
        refresher = REFRESHERS[is_known, terms.refresher if terms is not None else None]
        self._agree(seconds, is_refresher=refresher == "uas", now=now)
        headers = [("Session-Expires", str(SessionExpires(seconds, refresher)))]
        # RFC 4028 §9: a peer that has to refresh must know it.
        return [*headers, ("Require", "timer")] if is_known else headers

    # -- time --------------------------------------------------------------------------------------

    def stop(self) -> None:
        """Have no timer, until one is agreed again."""
        self.interval = self.refresh_at = self.ends_at = None
        self.is_refresher = False

    def _agree(self, seconds: int, *, is_refresher: bool, now: float) -> None:
        self.interval = max(seconds, SHORTEST_HONOURED)
        self.is_refresher = is_refresher
        # RFC 4028 §7.2, §10: refresh at half the interval; BYE 32 seconds or a third of it early.
        self.refresh_at = now + self.interval / 2 if is_refresher else None
        self.ends_at = now + self.interval - min(LONGEST_MARGIN, self.interval / 3)
