"""Calls that are up, for tests of what happens in them."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from exotel_voice.phone import Call, Phone, PhoneSettings
from exotel_voice.sip import events as sip
from exotel_voice.sip.events import SessionId
from phone.platform import Platform, a_phone, a_platform
from phone.scripted_media import ScriptedMedia, ScriptedSession

__all__ = ["an_answered_call"]


@asynccontextmanager
async def an_answered_call(
    settings: PhoneSettings | None = None,
) -> AsyncIterator[tuple[Platform, Phone, Call, SessionId, ScriptedSession]]:
    """Run a phone in a call that it took; its audio has forgotten what it was asked so far."""
    media = ScriptedMedia()
    async with a_platform() as platform, a_phone(platform, media=media, settings=settings) as phone:
        session = platform.call()
        call = await anext(phone.incoming())
        await call.answer()
        await platform.event(sip.CallAnswered)
        await asyncio.sleep(1)
        media.sessions[0].asked.clear()
        yield platform, phone, call, session, media.sessions[0]
