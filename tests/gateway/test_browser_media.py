"""The media session of a call in a tab, tab by tab, without a gateway."""

from __future__ import annotations

import asyncio
import dataclasses
import re

import pytest

from exotel_voice.errors import InvalidState, MediaError, MediaUnavailable
from exotel_voice.media import browser_custody
from exotel_voice.media.base import (
    NO_STATS,
    Direction,
    MediaConnected,
    MediaEvent,
    MediaFailed,
    MediaInterrupted,
)
from exotel_voice.media.browser import BrowserMedia
from exotel_voice.media.browser_carrier import MediaOrder
from exotel_voice.media.browser_sdp import OriginKeeper
from exotel_voice.media.browser_session import BrowserSession
from exotel_voice.media.silent import SilentMedia, SilentSession


class Carrier:
    """A tab in this process, whose peer connections carry nothing.

    Attributes:
        orders: The operations that it was asked for, in order.
        fault: What it answers instead of doing it.
    """

    def __init__(self, fault: MediaError | InvalidState | None = None) -> None:
        self.orders: list[str] = []
        self.fault = fault
        self.is_dumb = False
        self._engine = SilentMedia()
        self._sessions: dict[str, SilentSession] = {}

    async def carry(self, media: str, order: MediaOrder, *, limit: float) -> str:
        self.orders.append(order.op.value)
        if self.fault is not None:
            raise self.fault
        if self.is_dumb:
            return ""
        session = self._sessions.get(media)
        if session is None:
            session = self._sessions[media] = self._engine.open_session(on_event=lambda _: None)
        async with asyncio.timeout(limit):
            return (await self._do(session, order)).decode()

    async def _do(self, session: SilentSession, order: MediaOrder) -> bytes:
        direction = order.direction or Direction.SENDRECV
        match order.op:
            case "offer":
                return await session.create_offer(direction=direction, ice_restart=True)
            case "prepare" | "answer":
                return await session.create_answer(order.sdp.encode(), direction=direction)
            case "accept_answer":
                await session.accept_answer(order.sdp.encode())
            case "close":
                await session.aclose()
                self._sessions = {}
            case _:
                pass
        return b""

    def dismiss(self, media: str) -> None:
        self.orders.append("close")
        self._sessions.pop(media, None)


class Case:
    """A session, its tabs and the far side."""

    def __init__(self, *tabs: Carrier) -> None:
        self.tabs = list(tabs)
        self.told: list[MediaEvent] = []
        self.engine = BrowserMedia(carriers=lambda: tuple(self.tabs), limit=1.0)
        self.session: BrowserSession = self.engine.open_session(on_event=self.told.append)
        self.far = SilentMedia().open_session(on_event=lambda _: None)

    async def agree(self) -> bytes:
        """Let the far side offer and a tab answer."""
        offer = await self.far.create_offer()
        answer = await self.session.create_answer(offer)
        await self.far.accept_answer(answer)
        return answer


def origin(sdp: bytes) -> tuple[str, int]:
    found = re.search(rb"o=- (\d+) (\d+) ", sdp)
    assert found is not None
    return found[1].decode(), int(found[2])


async def test_the_descriptions_of_all_tabs_have_one_origin_whose_version_grows() -> None:
    one, two = Carrier(), Carrier()
    case = Case(one, two)
    name, version = origin(await case.agree())
    assert version == 1
    for restart in (False, True):
        offer = await case.session.create_offer(ice_restart=restart)
        assert origin(offer)[0] == name
        version = origin(offer)[1]
        await case.session.accept_answer(await case.far.create_answer(offer))
    await case.session.take_over(two, direction=Direction.SENDRECV)
    offer = await case.session.create_offer(ice_restart=True)
    assert origin(offer) == (name, version + 1)
    assert one.orders[-1] != "close"
    await case.session.accept_answer(await case.far.create_answer(offer))
    assert one.orders[-1] == "close"
    assert case.session.carrier is two
    assert two.orders == ["offer", "accept_answer"]


async def test_another_far_end_gets_another_connection_that_is_muted_as_the_one_before() -> None:
    """As when a tab of the far side takes the call over: certificate and ICE session are others."""
    one = Carrier()
    case = Case(one)
    await case.agree()
    await case.session.set_muted(True)
    case.session.connected()
    case.session.told_stats(dataclasses.replace(NO_STATS, packets_received=50))
    one.orders.clear()
    case.far = SilentMedia().open_session(on_event=lambda _: None)
    await case.agree()
    assert one.orders == ["close", "answer", "set_muted"]
    assert case.session.carrier is one
    case.session.told_stats(dataclasses.replace(NO_STATS, packets_received=7))
    assert (await case.session.stats()).packets_received == 57


async def test_the_same_far_end_keeps_its_connection_through_an_ice_restart() -> None:
    one = Carrier()
    case = Case(one)
    await case.agree()
    offer = await case.far.create_offer(ice_restart=True)
    await case.session.create_answer(offer)
    # A certificate that changes alone is for the tab to refuse (RFC 8842 §4).
    await case.session.create_answer(offer.replace(b"sha-256 ", b"sha-256 00:"))
    assert one.orders == ["answer", "answer", "answer"]


@pytest.mark.parametrize("fault", [MediaError("no codec"), InvalidState("no")])
async def test_another_far_end_that_cannot_be_answered_leaves_a_path_to_repair(
    fault: MediaError | InvalidState,
) -> None:
    one = Carrier()
    case = Case(one)
    await case.agree()
    one.fault = fault
    case.far = SilentMedia().open_session(on_event=lambda _: None)
    with pytest.raises(MediaError):
        await case.agree()
    assert kinds(case.told) == [MediaInterrupted]


def test_a_description_that_has_not_changed_keeps_its_version() -> None:
    keeper = OriginKeeper(7)
    sdp = "v=0\no=- 1 1 IN IP4 1.2.3.4\ns=-\nt=0 0\nm=audio 9 UDP/TLS/RTP/SAVPF 0\n"
    first = keeper.stamp(sdp)
    assert first.startswith(b"v=0\r\no=- 7 1 IN IP4 127.0.0.1\r\ns=-\r\n")
    assert keeper.stamp(sdp.replace("1 1", "2 9").replace("\n", "\r\n")) == first
    assert origin(keeper.stamp(sdp + "a=sendonly\n")) == ("7", 2)
    for bad in ("", "v=0", "o=- 1 1 IN IP4 a\nv=0", "v=0\no=- 1 1 IN IP4 1.2.3.4\ns=-\n"):
        with pytest.raises(MediaError):
            keeper.stamp(bad)


async def test_a_prepared_answer_is_used_once_by_its_own_tab() -> None:
    one, two = Carrier(), Carrier()
    case = Case(one, two)
    offer = await case.far.create_offer()
    await case.session.prepare(offer)
    await case.session.create_answer(offer)
    assert one.orders == ["prepare"]
    other = Case(one, two)
    one.orders.clear()
    offer = await other.far.create_offer()
    await other.session.prepare(offer)
    other.session.bind(two)
    await other.session.create_answer(offer)
    assert (one.orders, two.orders) == (["prepare", "close"], ["answer"])


async def test_a_preparation_that_fails_is_made_good_by_an_answer() -> None:
    one = Carrier(MediaUnavailable("late"))
    case = Case(one)
    offer = await case.far.create_offer()
    await case.session.prepare(offer)
    one.fault = None
    await case.session.create_answer(offer)
    assert one.orders == ["prepare", "answer"]
    nobody = Case()
    await nobody.session.prepare(offer)
    with pytest.raises(MediaUnavailable):
        await nobody.session.create_answer(offer)


async def test_the_same_offer_gets_the_same_answer_also_without_a_tab() -> None:
    one = Carrier()
    case = Case(one)
    offer = await case.far.create_offer()
    answer = await case.session.create_answer(offer)
    assert case.session.release(one)
    assert await case.session.create_answer(offer) == answer
    with pytest.raises(MediaUnavailable):
        await case.session.create_answer(offer, direction=Direction.SENDONLY)
    with pytest.raises(MediaUnavailable):
        await case.session.create_offer()


async def test_only_a_tab_that_does_not_reply_is_passed_over() -> None:
    late, able = Carrier(MediaUnavailable("late")), Carrier()
    case = Case(late, able)
    await case.agree()
    assert late.orders == ["answer", "close"]
    assert case.session.carrier is able
    for fault in (MediaError("no"), InvalidState("no")):
        with pytest.raises(MediaError):
            await Case(Carrier(fault), able).agree()
    dumb = Carrier()
    dumb.is_dumb = True
    with pytest.raises(MediaError, match="no description"):
        await Case(dumb, able).agree()


async def test_a_refused_take_over_is_given_back() -> None:
    one, two = Carrier(), Carrier()
    case = Case(one, two)
    await case.agree()
    await case.session.set_muted(True)
    await case.session.take_over(two, direction=Direction.SENDRECV)
    assert two.orders == ["offer", "set_muted"]
    await case.session.create_offer()
    await case.session.rollback()
    case.session.give_back()
    assert case.session.carrier is case.session.last_carrier is one
    assert two.orders[-2:] == ["rollback", "close"]


async def test_a_tab_that_cannot_take_a_call_over_leaves_it_where_it_was() -> None:
    one, two = Carrier(), Carrier(MediaError("no microphone"))
    case = Case(one, two)
    await case.agree()
    with pytest.raises(MediaError):
        await case.session.take_over(two, direction=Direction.SENDRECV)
    case.session.give_back()
    assert case.session.carrier is one
    assert two.orders == ["offer", "close"]


async def test_a_take_over_whose_direction_changed_asks_the_new_tab_again() -> None:
    one, two = Carrier(), Carrier()
    case = Case(one, two)
    await case.agree()
    await case.session.take_over(two, direction=Direction.SENDRECV)
    await case.session.create_offer(direction=Direction.SENDONLY)
    assert two.orders == ["offer", "offer"]


async def test_both_tabs_of_a_take_over_may_be_gone_before_its_end() -> None:
    one, two = Carrier(), Carrier()
    case = Case(one, two)
    await case.agree()
    await case.session.take_over(two, direction=Direction.SENDRECV)
    offer = await case.session.create_offer()
    assert not case.session.release(one)
    assert case.session.release(two)
    await case.session.accept_answer(await case.far.create_answer(offer))
    case.session.give_back()
    assert case.session.carrier is None
    await case.session.rollback()
    await case.session.set_muted(True)


async def test_an_answer_that_comes_again_is_taken_once() -> None:
    one = Carrier()
    case = Case(one)
    offer = await case.session.create_offer()
    answer = await case.far.create_answer(offer)
    await case.session.accept_answer(answer)
    await case.session.accept_answer(answer)
    assert one.orders == ["offer", "accept_answer"]
    one.fault = MediaUnavailable("late")
    with pytest.raises(MediaUnavailable):
        await case.session.accept_answer(answer + b"a=x\r\n")
    await case.session.rollback()


async def test_digits_need_a_tab_and_an_agreement() -> None:
    one = Carrier()
    case = Case(one)
    with pytest.raises(InvalidState):
        await case.session.send_digits("1")
    able = [case.session.can_send_digits]
    await case.agree()
    able.append(case.session.can_send_digits)
    await case.session.send_digits("1")
    case.session.release(one)
    able.append(case.session.can_send_digits)
    assert able == [False, True, False]


async def test_counts_are_added_up_over_tabs() -> None:
    one, two = Carrier(), Carrier()
    case = Case(one, two)
    await case.agree()
    case.session.connected()
    stats = dataclasses.replace(NO_STATS, packets_received=50, jitter_ms=4.0)
    case.session.told_stats(stats)
    case.session.release(one)
    with pytest.raises(MediaUnavailable):
        await case.session.stats()
    case.session.bind(two)
    with pytest.raises(MediaUnavailable):
        await case.session.stats()
    case.session.told_stats(stats)
    case.session.bind(two)
    total = await case.session.stats()
    assert (total.packets_received, total.jitter_ms, total.codec) == (100, 4.0, "opus")


def kinds(events: list[MediaEvent]) -> list[type[MediaEvent]]:
    return [type(event) for event in events]


async def test_a_report_that_is_old_says_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    case = Case(Carrier())
    await case.agree()
    assert (await case.session.stats()).packets_received == 0
    case.session.told_stats(NO_STATS)
    await case.session.stats()
    monkeypatch.setattr(browser_custody, "STALE", -1.0)
    with pytest.raises(MediaUnavailable):
        await case.session.stats()


async def test_a_path_that_is_lost_interrupts_and_one_never_found_fails() -> None:
    case = Case(Carrier())
    await case.agree()
    case.session.connected()
    case.session.failed(MediaError("lost"))
    case.session.connected()
    assert kinds(case.told) == [MediaConnected, MediaInterrupted, MediaConnected]
    assert case.told[-1] == MediaConnected(codec="opus")
    other = Case(Carrier())
    await other.agree()
    other.session.failed(MediaError("none"))
    other.session.failed(MediaError("none"))
    other.session.connected()
    assert kinds(other.told) == [MediaFailed]
    with pytest.raises(MediaError):
        await other.session.create_offer()


async def test_the_end_closes_every_tab_that_has_to_do_with_the_call() -> None:
    one, two = Carrier(), Carrier()
    case = Case(one, two)
    await case.agree()
    await case.session.take_over(two, direction=Direction.SENDRECV)
    await case.engine.aclose()
    await case.session.aclose()
    assert (one.orders[-1], two.orders[-1]) == ("close", "close")
    assert case.engine.find(case.session.id) is None
    await case.session.prepare(b"")
    await case.session.rollback()
    with pytest.raises(MediaError):
        await case.session.take_over(one, direction=Direction.SENDRECV)


async def test_the_application_has_no_pcm_of_a_call_in_a_tab() -> None:
    session = Case().session
    with pytest.raises(InvalidState):
        session.audio_in()
    with pytest.raises(InvalidState):
        _ = session.audio_out
