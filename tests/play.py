"""Two user agents whose owners answer by habit, so that a whole history of calls plays by itself.

The owners want things at any time, in any order; the wire loses, repeats and reorders. What must
hold in the end is for the test to say.
"""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, field

from exotel_voice.errors import InvalidState
from exotel_voice.sip.config import AgentConfig
from exotel_voice.sip.events import (
    AnswerRequested,
    CallEnded,
    Event,
    Flow,
    InviteReceived,
    OfferReceived,
    OfferRequested,
    SessionId,
    TransferRequested,
)
from world import (
    ANSWER,
    HOLD,
    OFFER,
    SECOND_ANSWER,
    SECOND_OFFER,
    UNRELIABLE,
    Party,
    Weather,
    World,
    config,
)

WISHES = (
    "call", "call without offer", "answer", "reject", "hang up", "hold", "update", "digit",
    "transfer", "drop", "mend", "wait",
)  # fmt: skip
HABITS = ("answer", "ring", "early media", "ring and answer", "reject", "nothing")


@dataclass
class Owner:
    """Who owns one of the agents: a habit, and what was heard so far."""

    party: Party
    peer: str
    habit: str
    history: list[Event] = field(default_factory=list)
    is_dropped: bool = False

    @property
    def session(self) -> SessionId:
        """The youngest session; the name of none if there is none."""
        sessions = self.party.agent.sessions
        return sessions[-1] if sessions else SessionId("none")

    def of_session(self, session: SessionId) -> list[Event]:
        """Give the events of one session."""
        return [each for each in self.history if getattr(each, "session", None) == session]


class Play(World):
    """Alice, Bob, their owners, and the weather between them.

    Args:
        habits: Those of Alice and of Bob.
        weather: What the wire does; None for a good one on a reliable transport.
    """

    def __init__(self, habits: tuple[str, str], weather: Weather | None = None) -> None:
        def made(name: str) -> AgentConfig:
            usual = config(name, no_answer_after=40.0, session_expires=90.0)
            return (
                usual
                if weather is None
                else config(name, no_answer_after=40.0, session_expires=90.0, timers=UNRELIABLE)
            )

        super().__init__(made("alice"), made("bob"), weather=weather)
        self.owners = (
            Owner(self.alice, "bob", habits[0]),
            Owner(self.bob, "alice", habits[1]),
        )
        self._dropped_at_all = False

    # -- the wire ----------------------------------------------------------------------------

    def carry(self, sender: Party, flow: Flow, data: bytes) -> None:
        """Carry a message, but not to or from who has no connection."""
        if not any(owner.is_dropped for owner in self.owners):
            super().carry(sender, flow, data)

    def step(self) -> bool:
        """Let the next thing happen, and the owners do what they are used to do about it."""
        went_on = super().step()
        self.react()
        return went_on

    # -- the owners --------------------------------------------------------------------------

    def react(self) -> None:
        """Let the owners take what they heard, until nothing new comes of it."""
        self._run()
        while any(owner.party.heard for owner in self.owners):
            for owner in self.owners:
                heard, owner.party.heard = owner.party.heard, []
                for event in heard:
                    owner.history.append(event)
                    with suppress(InvalidState):
                        self._answer_by_habit(owner, event)
            self._run()

    def wish(self, who: int, what: str) -> None:
        """Let an owner want something; what is not possible then is refused and changes nothing."""
        owner = self.owners[who]
        with suppress(InvalidState):
            self._wishes(owner)[what]()
        self.react()

    def _wishes(self, owner: Owner) -> dict[str, Callable[[], object]]:
        agent, session, now = owner.party.agent, owner.session, self.now
        target = f"sip:{owner.peer}@example.com"
        return {
            "call": lambda: agent.invite(target, offer=OFFER, now=now),
            "call without offer": lambda: agent.invite(target, offer=None, now=now),
            "answer": lambda: agent.answer(session, sdp=ANSWER, now=now),
            "reject": lambda: agent.reject(session, now=now),
            "hang up": lambda: agent.hang_up(session, now=now),
            "hold": lambda: agent.offer(session, sdp=HOLD, now=now),
            "update": lambda: agent.offer(session, sdp=SECOND_OFFER, use_update=True, now=now),
            "digit": lambda: agent.send_digit(session, "5", now=now),
            "transfer": lambda: agent.transfer(session, "sip:carol@example.com", now=now),
            "drop": lambda: self._drop(owner),
            "mend": lambda: self._mend(owner),
            "wait": lambda: None,
        }

    def _drop(self, owner: Owner) -> None:
        owner.is_dropped = True
        self._wire.clear()
        owner.party.agent.connection_lost(now=self.now)

    def _mend(self, owner: Owner) -> None:
        if owner.is_dropped:
            owner.is_dropped = False
            owner.party.agent.connection_made(now=self.now)

    def _answer_by_habit(self, owner: Owner, event: Event) -> None:
        agent, now = owner.party.agent, self.now
        match event:
            case InviteReceived(session=session, offer=offer):
                self._take_call(owner, session, is_delayed=offer is None)
            case AnswerRequested(session=session):
                agent.answer_offer(session, sdp=ANSWER, now=now)
            case OfferReceived(session=session):
                agent.answer_offer(session, sdp=SECOND_ANSWER, now=now)
            case OfferRequested(session=session):
                agent.provide_offer(session, sdp=SECOND_OFFER, now=now)
            case TransferRequested(session=session):
                agent.accept_transfer(session, now=now)
                agent.report_transfer(session, status=200, reason="OK", now=now)
            case _:
                pass

    def _take_call(self, owner: Owner, session: SessionId, *, is_delayed: bool) -> None:
        agent, now, sdp = owner.party.agent, self.now, OFFER if is_delayed else ANSWER
        if "ring" in owner.habit:
            agent.ring(session, now=now)
        if owner.habit == "early media":
            agent.ring(session, status=183, answer=sdp, now=now)
        if "answer" in owner.habit:
            agent.answer(session, sdp=sdp, now=now)
        if owner.habit == "reject":
            agent.reject(session, now=now)

    # -- the end -----------------------------------------------------------------------------

    def mend_all(self) -> None:
        """Give everybody a connection again."""
        for owner in self.owners:
            self._mend(owner)
        self.react()

    def hang_up_all(self, owners: tuple[Owner, ...]) -> None:
        """Let these owners end whatever they have."""
        for owner in owners:
            for session in owner.party.agent.sessions:
                with suppress(InvalidState):
                    owner.party.agent.hang_up(session, now=self.now)
        self.react()

    def check_over(self) -> None:
        """Check that nothing is left of anything, and that each call ended once."""
        for owner in self.owners:
            agent = owner.party.agent
            assert agent.sessions == ()
            assert agent.next_timer() is None
            assert agent.is_idle
            names = {getattr(each, "session", None) for each in owner.history}
            for session in (name for name in names if name is not None):
                events = owner.of_session(session)
                ends = [each for each in events if isinstance(each, CallEnded)]
                assert (len(ends), events[-1]) == (1, ends[0]), events
