"""What the owner of a user agent can do with a call: one method per wish.

Each method finds the session and hands the wish on; which wishes a state allows is the business of the
tables in `call.py`, `offer.py` and `change.py`. A wish that the state forbids raises `InvalidState` and
sends nothing. Call `events`, `messages_to_send` and `next_timer` of the agent after each.
"""

from __future__ import annotations

from collections.abc import Mapping

from exotel_voice.sip.events import Flow, SessionId

__all__ = ["CallCommands"]


class CallCommands:
    """The part of `UserAgent` that is about one call.

    Common arguments: `session` names the call as its first event or `invite` did; `now` is float
    seconds, monotonic, on the clock given to every method; `headers` are further headers for the
    message that goes out, names to values.

    Common errors: `InvalidState` when the session is over or unknown, or its state forbids the wish;
    `ConfigError` when a header cannot be written.
    """

    def use_flow(self, session: SessionId, flow: Flow) -> None:
        """Let a session's next messages go over another connection (RFC 5626 §5.3).

        What waited for a connection, such as the BYE of a call that was hung up meanwhile, goes out.
        """

    def ring(
        self,
        session: SessionId,
        *,
        now: float,
        status: int = 180,
        answer: bytes | None = None,
        headers: Mapping[str, str] | None = None,
    ) -> None:
        """Send a provisional response to an INVITE that came (RFC 3261 §13.3.1.1).

        With a description the response is sent reliably when the caller knows 100rel (RFC 3262 §3);
        without one only when the caller demands that.

        Args:
            status: 101 to 199.
            answer: The SDP answer for early media, or the offer when the INVITE had none and the
                caller knows 100rel.
        """

    def answer(
        self,
        session: SessionId,
        *,
        sdp: bytes,
        now: float,
        headers: Mapping[str, str] | None = None,
    ) -> None:
        """Accept an INVITE that came with 200 (RFC 3261 §13.3.1.4). `CallConfirmed` follows the ACK.

        Args:
            sdp: The SDP answer, or the offer if the INVITE had none. Left out of the 200 when a
                reliable provisional response has carried the answer before.
        """

    def reject(
        self,
        session: SessionId,
        *,
        now: float,
        status: int = 486,
        reason: str | None = None,
        headers: Mapping[str, str] | None = None,
    ) -> None:
        """Refuse an INVITE that came (RFC 3261 §13.3.1.3). `CallEnded` follows at once.

        Args:
            status: 300 to 699.
            reason: The reason phrase; None for the usual one.
        """

    def hang_up(self, session: SessionId, *, now: float, reason: str | None = None) -> None:
        """End the call: CANCEL, BYE or 480 as the state asks (RFC 3261 §9, §15).

        `CallEnded` follows at once, the wire does the rest: a BYE for which there is no connection
        waits for the next one.

        Args:
            reason: Text for the Reason header (RFC 3326); not sent when None.
        """

    def offer(
        self, session: SessionId, *, sdp: bytes, now: float, use_update: bool = False
    ) -> None:
        """Offer a new description by re-INVITE or UPDATE (RFC 3261 §14.1, RFC 3311).

        `AnswerReceived` or `OfferRejected` follows. When both sides offer at once (491), the offer is
        sent again after the RFC's pause by itself.

        Args:
            sdp: The offer.
            use_update: Send UPDATE, which is also allowed before the call is answered.
        """

    def can_offer(self, session: SessionId, *, use_update: bool = False) -> bool:
        """Tell whether `offer` would be taken now (RFC 6337 §4). Never raises."""
        raise NotImplementedError

    def answer_offer(self, session: SessionId, *, sdp: bytes, now: float) -> None:
        """Answer an `OfferReceived` or `AnswerRequested`."""

    def reject_offer(self, session: SessionId, *, now: float, status: int = 488) -> None:
        """Refuse an `OfferReceived` or `OfferRequested`; the session stays as it was.

        Args:
            status: 400 to 699.
        """

    def provide_offer(self, session: SessionId, *, sdp: bytes, now: float) -> None:
        """Give the offer that an `OfferRequested` asks for. `AnswerReceived` follows with the ACK."""

    def send_digit(
        self, session: SessionId, digit: str, *, now: float, duration: float = 0.24
    ) -> None:
        """Send one digit by INFO, `application/dtmf-relay` (RFC 6086). `InfoAnswered` follows.

        Args:
            digit: One of 0-9, A-D, * and #.
            duration: Seconds, 0.04 to 8.

        Raises:
            InvalidState: The call is not up.
            ConfigError: It is no digit, or the duration is out of range.
        """

    def send_info(self, session: SessionId, *, content_type: str, body: bytes, now: float) -> None:
        """Send an INFO with any body (RFC 6086). `InfoAnswered` follows."""

    def transfer(self, session: SessionId, target: str, *, now: float) -> None:
        """Ask the far side to call somebody else (RFC 3515). `TransferProgressed` follows.

        Args:
            target: A SIP or tel URI.
        """

    def transfer_to(self, session: SessionId, other: SessionId, *, now: float) -> None:
        """Ask the far side to take the place of this side in another call (RFC 3891, RFC 5589 §7).

        Args:
            other: A session of ours that is up; it ends when the far side has replaced it.
        """

    def accept_transfer(self, session: SessionId, *, now: float) -> None:
        """Agree to a `TransferRequested`: 202, and a NOTIFY that says 100 (RFC 3515 §2.4.2)."""

    def report_transfer(self, session: SessionId, *, status: int, reason: str, now: float) -> None:
        """Tell the far side how the call that it asked for fares (RFC 3515 §2.4.5).

        Args:
            status: Status of the new call's last response; 200 and more end the report.
            reason: Its reason phrase.
        """

    def reject_transfer(self, session: SessionId, *, now: float, status: int = 603) -> None:
        """Refuse a `TransferRequested`.

        Args:
            status: 400 to 699.
        """
