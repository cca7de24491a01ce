"""Call flows as scripts: what one user agent is told, says, hears and does, message by message.

A script is lines; what the first character means:

    #   a comment
    =   a setting of the agent: `= aor sip:alice@example.com`
    !   a command of the owner: `! invite sip:bob@example.com alice`, see `Flow.command`
    ~   so many seconds pass
    <   one line of a message that comes; an empty line of the script ends the message
    >   one line of a message that has to go out, to the byte
    *   an event that has to come: its class, then `field=value` for what matters

At each command, incoming message and end, nothing may be left unread: neither message nor event.
"""

from __future__ import annotations

import shlex
from collections.abc import Callable, Iterator
from itertools import groupby
from typing import Any

from exotel_voice.sip.digest import Credentials
from exotel_voice.sip.events import Event, SessionId
from raw_peer import RawPeer

Command = Callable[..., object]

ALICE = ("alice", "client.atlanta.example.com", "192.0.2.101", 49172)
BOB = ("bob", "client.biloxi.example.com", "192.0.2.201", 3456)
BOB_MOVED = ("bob", "client.chicago.example.com", "192.0.2.100", 47172)
SDP = {"alice": ALICE, "bob": BOB, "bob-moved": BOB_MOVED}


def sdp(name: str) -> bytes:
    """Give one of the descriptions of RFC 3665."""
    user, host, address, port = SDP[name]
    lines = (
        "v=0",
        f"o={user} 2890844526 2890844526 IN IP4 {host}",
        "s=-",
        f"c=IN IP4 {address}",
        "t=0 0",
        f"m=audio {port} RTP/AVP 0",
        "a=rtpmap:0 PCMU/8000",
        "",
    )
    return "\r\n".join(lines).encode()


def steps(text: str) -> Iterator[tuple[str, list[str]]]:
    """Take a script apart: the sign of each step, and its lines without the sign."""
    for sign, lines in groupby(text.splitlines(), key=lambda line: line[:1]):
        found = [line[2:] for line in lines]
        if sign in {"<", ">"}:
            yield sign, found
        elif sign and sign != "#":
            yield from ((sign, [line]) for line in found)


def message(lines: list[str]) -> bytes:
    """Give the bytes of a message; without a body its header lines end with an empty one."""
    head = [*lines, ""] if "" in lines else [*lines, "", ""]
    return "\r\n".join(head).encode()


class FlowScript:
    """Plays one script.

    Args:
        text: The script.
    """

    def __init__(self, text: str) -> None:
        self._steps = list(steps(text))
        settings: dict[str, Any] = {}
        for sign, (line, *_) in self._steps:
            if sign == "=":
                name, _, value = line.partition(" ")
                settings[name] = (value,) if name == "routes" else value
        if "password" in settings:
            user = settings["aor"].removeprefix("sip:").partition("@")[0]
            settings["credentials"] = Credentials(user, settings.pop("password"))
        self.peer = RawPeer(**settings)

    def play(self) -> None:
        """Go through the script; an assertion fails where the agent does not keep to it."""
        for sign, lines in self._steps:
            self.step(sign, lines)
        self._expect_nothing("the end")

    def step(self, sign: str, lines: list[str]) -> None:
        """Go one step."""
        peer = self.peer
        if sign == "!":
            self._expect_nothing(lines[0])
            name, *arguments = shlex.split(lines[0])
            self.command(name)(*arguments)
            peer.run()
        elif sign == "~":
            peer.pass_time(float(lines[0]))
        elif sign == "<":
            self._expect_nothing(lines[0])
            peer.send(message(lines))
        elif sign == ">":
            sent, wanted = peer.bytes_sent(), message(lines)
            assert sent == wanted, f"sent:\n{sent.decode()}\nwanted:\n{wanted.decode()}"
        elif sign == "*":
            self._expect(lines[0])

    def command(self, name: str) -> Command:
        """Find what a command does; a description is named as in `SDP`."""
        agent, peer = self.peer.agent, self.peer
        commands: dict[str, Command] = {
            "register": lambda s: agent.register(now=peer.now, expires_in=float(s)),
            "unregister": lambda: agent.unregister(now=peer.now),
            "unregister-all": lambda: agent.unregister(now=peer.now, every_binding=True),
            "request": lambda method, uri: agent.request(method, uri, now=peer.now),
            "invite": self._invite,
            "ring": lambda: agent.ring(self._session, now=peer.now),
            "answer": lambda d: agent.answer(self._session, sdp=sdp(d), now=peer.now),
            "reject": lambda s: agent.reject(self._session, status=int(s), now=peer.now),
            "offer": lambda d: agent.offer(self._session, sdp=sdp(d), now=peer.now),
            "answer-offer": lambda d: agent.answer_offer(self._session, sdp=sdp(d), now=peer.now),
            "hang-up": lambda: agent.hang_up(self._session, now=peer.now),
        }
        return commands[name]

    def _invite(self, target: str, offer: str | None = None) -> None:
        self.peer.agent.invite(target, offer=sdp(offer) if offer else None, now=self.peer.now)

    @property
    def _session(self) -> SessionId:
        return self.peer.agent.sessions[-1]

    def _expect(self, line: str) -> None:
        self.peer.run()
        assert self.peer.events, f"{line}: there is no event"
        event: Event = self.peer.events.pop(0)
        name, *fields = shlex.split(line)
        wanted = dict(field.split("=", 1) for field in fields)
        found = {field: _text(getattr(event, field)) for field in wanted}
        assert (type(event).__name__, found) == (name, wanted), f"{line}: {event} came"

    def _expect_nothing(self, where: str) -> None:
        self.peer.run()
        left = [*self.peer.unread, *self.peer.events]
        assert not left, f"before {where}: {left}"


def _text(value: object) -> str:
    if isinstance(value, bytes):
        return next((name for name in SDP if sdp(name) == value), repr(value))
    return str(value)
