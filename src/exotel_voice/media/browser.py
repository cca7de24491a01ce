"""The engine whose audio is in a browser tab: forwards requests to a tab and awaits its replies."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from exotel_voice.media.base import MediaEvent
from exotel_voice.media.browser_carrier import MediaCarrier
from exotel_voice.media.browser_session import BrowserSession

__all__ = ["BrowserMedia"]


class BrowserMedia:
    """Makes calls whose audio is in a tab.

    Args:
        carriers: Gives the tabs that may be asked, the first choice first.
        limit: Seconds that a tab may take over one request.
    """

    def __init__(
        self, *, carriers: Callable[[], Sequence[MediaCarrier]], limit: float = 5.0
    ) -> None:
        self._carriers = carriers
        self._limit = limit
        self._sessions: dict[str, BrowserSession] = {}

    def open_session(self, *, on_event: Callable[[MediaEvent], None]) -> BrowserSession:
        """Make the audio session of one call. `on_event` is called in the event loop."""
        session = BrowserSession(
            carriers=self._carriers,
            limit=self._limit,
            on_event=on_event,
            on_closed=self._forget,
        )
        self._sessions[session.id] = session
        return session

    def find(self, media: str) -> BrowserSession | None:
        """Give an open session by its id."""
        return self._sessions.get(media)

    async def aclose(self) -> None:
        """Close every session that is still open."""
        for session in tuple(self._sessions.values()):
            await session.aclose()

    def _forget(self, session: BrowserSession) -> None:
        self._sessions.pop(session.id, None)
