"""Two user agents, the wire between them, and one clock: the pair that every test of a call uses.

The wire delivers each message after `delay` seconds of virtual time. It may lose, repeat and delay
messages further, as a `Weather` says, which draws from a seeded source so that a failure repeats.
"""

from __future__ import annotations

import random as chance  # noqa: TID251 - seeded: the same weather every time
from collections.abc import Callable
from dataclasses import dataclass, replace
from heapq import heappop, heappush
from typing import Any, TypeVar

from exotel_voice.sip.agent import DEFAULT_FLOW, UserAgent
from exotel_voice.sip.config import AgentConfig
from exotel_voice.sip.digest import Credentials
from exotel_voice.sip.events import Event, Flow, InviteReceived, SessionId
from exotel_voice.sip.ids import CountingIds
from exotel_voice.sip.timers import TimerSettings

E = TypeVar("E")


def _description(name: str, address: str, port: int) -> bytes:
    lines = ("v=0", f"o={name} 1 1 IN IP4 {address}", "s=-", f"c=IN IP4 {address}", "t=0 0")
    return "\r\n".join([*lines, f"m=audio {port} RTP/AVP 0", ""]).encode()


OFFER = _description("alice", "192.0.2.1", 4000)
ANSWER = _description("bob", "192.0.2.2", 5000)
SECOND_OFFER = OFFER.replace(b"alice 1 1", b"alice 1 2")
SECOND_ANSWER = ANSWER.replace(b"bob 1 1", b"bob 1 2")
HOLD = SECOND_OFFER + b"a=sendonly\r\n"
HELD = SECOND_ANSWER + b"a=recvonly\r\n"

UNRELIABLE = TimerSettings(is_reliable=False)


def config(name: str, **changes: Any) -> AgentConfig:
    """Make the settings of a test's agent."""
    usual = AgentConfig(
        aor=f"sip:{name}@example.com",
        contact_user=name,
        contact_host=f"{name}.invalid",
        user_agent="test",
    )
    return replace(usual, **changes)


def password(name: str) -> Credentials:
    """Give the credentials of a test's account."""
    return Credentials(name, f"{name}-secret")


@dataclass
class Weather:
    """What the wire does to messages besides delivering them."""

    seed: int = 0
    loss: float = 0.0
    repeat: float = 0.0
    spread: float = 0.0

    def __post_init__(self) -> None:
        self._chance = chance.Random(self.seed)  # noqa: S311 - not a secret

    def delays(self) -> list[float]:
        """Draw how much later each copy of a message comes; none for a lost one."""
        if self._chance.random() < self.loss:
            return []
        copies = 2 if self._chance.random() < self.repeat else 1
        return [self._chance.random() * self.spread for _ in range(copies)]


class Party:
    """One user agent, what it has said, and what it has heard."""

    def __init__(self, agent: UserAgent, world: World) -> None:
        self.agent = agent
        self.world = world
        self.heard: list[Event] = []
        self.said: list[bytes] = []

    def run(self) -> None:
        """Put what the agent says on the wire."""
        self.heard.extend(self.agent.events())
        for flow, data in self.agent.messages_to_send():
            self.said.append(data)
            self.world.carry(self, flow, data)

    def take(self, kind: type[E]) -> E:
        """Take the first event out of those heard, which has to be of this kind."""
        self.run()
        assert self.heard, f"nothing was heard, but {kind.__name__} was to come"
        event = self.heard.pop(0)
        assert isinstance(event, kind), f"{kind.__name__} was to come, but {event!r} came"
        return event

    def hears_nothing(self) -> None:
        """Check that there is no further event."""
        self.run()
        assert not self.heard, self.heard

    def take_said(self) -> list[str]:
        """Take the start lines of what was said since the last time."""
        said, self.said = self.said, []
        return [each.split(b"\r\n", 1)[0].decode() for each in said]


class World:
    """Alice and Bob on a wire.

    Args:
        alice: Alice's settings.
        bob: Bob's settings.
        weather: What the wire does; None for a good one.
        delay: Seconds from one to the other.
    """

    def __init__(
        self,
        alice: AgentConfig | None = None,
        bob: AgentConfig | None = None,
        *,
        weather: Weather | None = None,
        delay: float = 0.01,
    ) -> None:
        self.now = 100.0
        self.delay = delay
        self.weather = weather or Weather()
        self.is_cut = False
        self._wire: list[tuple[float, int, Party, bytes]] = []
        self._count = 0
        self.alice = Party(UserAgent(alice or config("alice"), ids=CountingIds("a")), self)
        self.bob = Party(UserAgent(bob or config("bob"), ids=CountingIds("b")), self)
        self.intercept: Callable[[Party, bytes], bytes | None] = lambda _party, data: data
        for party in (self.alice, self.bob):
            party.agent.connection_made(now=self.now)

    @property
    def parties(self) -> tuple[Party, Party]:
        """Both."""
        return (self.alice, self.bob)

    def carry(self, sender: Party, flow: Flow, data: bytes) -> None:
        """Take a message from one side."""
        assert flow == DEFAULT_FLOW
        carried = None if self.is_cut else self.intercept(sender, data)
        if carried is None:
            return
        receiver = self.bob if sender is self.alice else self.alice
        for later in self.weather.delays():
            self._count += 1
            at = self.now + self.delay + later
            heappush(self._wire, (at, self._count, receiver, carried))

    def next_instant(self) -> float | None:
        """Tell when something happens next."""
        instants = [party.agent.next_timer() for party in self.parties]
        if self._wire:
            instants.append(self._wire[0][0])
        return min((at for at in instants if at is not None), default=None)

    def step(self) -> bool:
        """Let the next thing happen; False if there is none."""
        self._run()
        at = self.next_instant()
        if at is None:
            return False
        self.now = max(self.now, at)
        if self._wire and self._wire[0][0] <= self.now:
            _, _, receiver, data = heappop(self._wire)
            receiver.agent.receive_data(data, now=self.now)
        else:
            for party in self.parties:
                party.agent.handle_timer(now=self.now)
        self._run()
        return True

    def settle(self) -> None:
        """Let every message on the wire arrive; timers that fall due meanwhile go off."""
        self._run()
        while self._wire:
            self.step()

    def pass_time(self, seconds: float) -> None:
        """Let time pass, with all that happens in it."""
        end = self.now + seconds
        self._run()
        while (at := self.next_instant()) is not None and at <= end:
            self.step()
        self.now = end

    def run_out(self, limit: float = 100_000.0) -> None:
        """Let everything come to its end."""
        end = self.now + limit
        while self.step():
            assert self.now < end, "it does not come to an end"

    def call(self, *, offer: bytes | None = OFFER, **more: Any) -> tuple[SessionId, SessionId]:
        """Let Alice call Bob, up to the INVITE's arrival; both sessions by their names."""
        agent = self.alice.agent
        ours = agent.invite("sip:bob@example.com", offer=offer, now=self.now, **more)
        self.settle()
        return ours, self.bob.take(InviteReceived).session

    def talk(self) -> tuple[SessionId, SessionId]:
        """Let Alice call Bob and Bob answer; nothing is left to hear."""
        ours, theirs = self.call()
        self.bob.agent.answer(theirs, sdp=ANSWER, now=self.now)
        self.settle()
        for party in self.parties:
            party.heard.clear()
            party.said.clear()
        return ours, theirs

    def _run(self) -> None:
        for party in self.parties:
            party.run()
