"""The user agent: the only door of the core (RFC 3261), both roles, no I/O.

    agent.receive_data(data, now=now)        # never raises for what the peer sent
    session = agent.invite("sip:bob@example.com", offer=sdp, now=now)
    for event in agent.events(): ...         # drains
    for flow, data in agent.messages_to_send(): ...   # drains
    at = agent.next_timer()                  # seconds on the clock of `now`, or None
    agent.handle_timer(now=now)

Call the two drains and `next_timer` after every command and every `receive_data`. A command that the
state of the session forbids raises `InvalidState` and sends nothing.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from exotel_voice.sip.events import Event, Flow, SessionId, TransactionId
from exotel_voice.sip.wire import Request

DEFAULT_FLOW: Flow = "default"


class UserAgent:
    # -- bytes, time, events -------------------------------------------------------------------
    def receive_data(self, data: bytes, *, now: float, flow: Flow = DEFAULT_FLOW) -> None: ...
    def events(self) -> list[Event]: ...
    def messages_to_send(self) -> list[tuple[Flow, bytes]]: ...
    def data_to_send(self) -> list[bytes]: ...  # the same for an agent with one connection
    def next_timer(self) -> float | None: ...
    def handle_timer(self, *, now: float) -> None: ...

    # -- connections: transactions on a lost flow fail as 503; sessions and their dialogs live on; what the owner
    # asks meanwhile (BYE of a hang-up) waits for the next connection (session moved to it by `use_flow`)
    def connection_made(self, *, now: float, flow: Flow = DEFAULT_FLOW) -> None: ...
    def connection_lost(self, *, now: float, flow: Flow = DEFAULT_FLOW) -> None: ...
    def use_flow(self, session: SessionId, flow: Flow) -> None: ...

    # -- registration (UAC) --------------------------------------------------------------------
    def register(self, *, now: float, expires_in: float = 300.0) -> None: ...
    def unregister(self, *, now: float, every_binding: bool = False) -> None: ...

    # -- calls ---------------------------------------------------------------------------------
    def invite(
        self,
        target: str,
        *,
        offer: bytes | None,
        now: float,
        headers: Mapping[str, str] | None = None,
        replaces: str | None = None,
        flow: Flow | None = None,
    ) -> SessionId: ...  # no-answer limit: config.no_answer_after
    def ring(
        self,
        session: SessionId,
        *,
        now: float,
        status: int = 180,
        answer: bytes | None = None,
        headers: Mapping[str, str] | None = None,
    ) -> None: ...  # reliable if the peer supports/requires 100rel and an SDP is given
    def answer(
        self,
        session: SessionId,
        *,
        sdp: bytes,
        now: float,
        headers: Mapping[str, str] | None = None,
    ) -> None: ...  # the answer, or the offer if INVITE had none
    def reject(
        self,
        session: SessionId,
        *,
        now: float,
        status: int = 486,
        reason: str | None = None,
        headers: Mapping[str, str] | None = None,
    ) -> None: ...
    def hang_up(self, session: SessionId, *, now: float, reason: str | None = None) -> None: ...

    # CANCEL, BYE, or reject 480 as the state asks; the session ends at once for the owner (CallEnded), the wire follows

    # -- offers inside a session (re-INVITE; UPDATE before the answer or when asked) --------------------
    def offer(
        self, session: SessionId, *, sdp: bytes, now: float, use_update: bool = False
    ) -> None: ...
    def can_offer(self, session: SessionId) -> bool: ...
    def answer_offer(self, session: SessionId, *, sdp: bytes, now: float) -> None: ...
    def reject_offer(self, session: SessionId, *, now: float, status: int = 488) -> None: ...
    def provide_offer(self, session: SessionId, *, sdp: bytes, now: float) -> None: ...

    # -- in-call requests -------------------------------------------------------------------------
    def send_digit(
        self, session: SessionId, digit: str, *, now: float, duration: float = 0.24
    ) -> None: ...
    # INFO application/dtmf-relay "Signal=5\r\nDuration=240"
    def send_info(
        self, session: SessionId, *, content_type: str, body: bytes, now: float
    ) -> None: ...
    def transfer(self, session: SessionId, target: str, *, now: float) -> None: ...
    def transfer_to(self, session: SessionId, other: SessionId, *, now: float) -> None: ...
    def accept_transfer(self, session: SessionId, *, now: float) -> None: ...  # 202 and NOTIFY 100
    def report_transfer(
        self, session: SessionId, *, status: int, reason: str, now: float
    ) -> None: ...
    def reject_transfer(self, session: SessionId, *, now: float, status: int = 603) -> None: ...

    # -- requests outside a session -----------------------------------------------------------------
    def request(
        self,
        method: str,
        target: str,
        *,
        now: float,
        headers: Mapping[str, str] | None = None,
        body: bytes = b"",
        flow: Flow | None = None,
    ) -> TransactionId: ...
    def respond(
        self,
        transaction: TransactionId,
        *,
        status: int,
        now: float,
        reason: str | None = None,
        headers: Sequence[tuple[str, str]] = (),
        body: bytes = b"",
    ) -> None: ...
