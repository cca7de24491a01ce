"""Call transfer by REFER and its NOTIFYs, both roles (RFC 3515, RFC 5589).

    Transferor    the side that asks:      REFER out, NOTIFYs in, `TransferProgressed`
    Transferee    the side that is asked:  REFER in, `TransferRequested`, 202, NOTIFYs out

Both live inside a session, which gives them the dialog, the way out and their timers. The tables
are in `transfer_chart.py`.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final, Protocol, assert_never

from exotel_voice.errors import InvalidState, ProtocolError
from exotel_voice.sip.call import CallTimer
from exotel_voice.sip.events import Event, SessionId, TransferProgressed, TransferRequested
from exotel_voice.sip.exchange import Exchange, Reply, ReplyHandler
from exotel_voice.sip.machine import Machine, Owner
from exotel_voice.sip.message import Request
from exotel_voice.sip.refer import FRAGMENT_TYPE, Fragment, Referral, refer_to
from exotel_voice.sip.timers import Deadlines, TimerSettings
from exotel_voice.sip.transaction_events import RequestArrived
from exotel_voice.sip.transfer_chart import (
    TRANSFEREE_CHART,
    TRANSFEROR_CHART,
    TransfereeDo,
    TransfereeInput,
    TransfereeState,
    TransferorDo,
    TransferorInput,
    TransferorState,
)
from exotel_voice.sip.values import parse_seconds

__all__ = ["TransferOutlet", "Transferee", "Transferor"]

ANSWER_LIMIT: Final = 30.0
"""Seconds that the owner has to answer a REFER; the far side's transaction lasts 32."""
SUBSCRIPTION_LENGTH: Final = 300
"""Seconds that a subscription of the far side lasts; one refresh of it would be a second REFER."""
LONGEST_WAIT: Final = 3600
"""Seconds to wait for the next NOTIFY at most, whatever the far side announces."""

# RFC 6665 §4.1.3: what a terminated subscription without a final status stands for.
_ENDINGS: Final = {"timeout": (408, "Request Timeout"), "rejected": (603, "Decline")}
_VANISHED: Final = (480, "Temporarily Unavailable")
_TRYING: Final = Fragment(status=100, reason="Trying")

NO_ANSWER: Final = 480
"""Reply to a REFER that the owner leaves without an answer (RFC 3261 §21.4.18)."""
SUBSCRIPTION_ENDED: Final = frozenset(
    {404, 405, 408, 410, 416, 480, 481, 482, 483, 484, 485, 489, 501, 604}
)
"""Replies to a NOTIFY that end its subscription (RFC 5057 §5.1)."""


class TransferOutlet(Protocol):
    """What a transfer needs of its session."""

    @property
    def id(self) -> SessionId:
        """The session's name, which owns the timers."""
        ...

    def send_request(
        self,
        method: str,
        *,
        headers: Sequence[tuple[str, str]],
        body: bytes = b"",
        handler: ReplyHandler,
        now: float,
    ) -> None:
        """Send a request inside the dialog, with our Contact; `handler` gets its responses."""
        ...

    def respond(
        self,
        arrived: RequestArrived,
        status: int,
        *,
        headers: Sequence[tuple[str, str]] = (),
        now: float,
    ) -> object:
        """Answer a request of the dialog, with our Contact."""
        ...

    def emit(self, event: Event) -> None:
        """Tell the owner."""
        ...


class Transferor(Machine[TransferorState, TransferorInput, TransferorDo, CallTimer]):
    """A transfer that we ask for: the far side is to call somebody else.

    Args:
        outlet: The session.
        deadlines: The timers of all sessions.
        timers: T1 and the like.
    """

    __slots__ = ("_expiry", "_news", "_outlet", "_refer", "_refusal", "_timers")

    def __init__(
        self,
        outlet: TransferOutlet,
        deadlines: Deadlines[tuple[Owner, CallTimer]],
        timers: TimerSettings,
    ) -> None:
        super().__init__(TRANSFEROR_CHART, deadlines, owner=outlet.id)
        self._outlet = outlet
        self._timers = timers
        self._refer: list[tuple[str, str]] = []
        self._news = _TRYING
        self._refusal = _TRYING
        self._expiry = 0.0

    def ask(
        self, target: str, *, now: float, referred_by: str, replaces: str | None = None
    ) -> None:
        """Send the REFER. `TransferProgressed` follows, at last one that is final.

        Args:
            target: The URI that the far side is to call.
            now: The current time, seconds.
            referred_by: Our own URI, for Referred-By (RFC 3892).
            replaces: For an attended transfer, the dialog to be replaced, as `replaces_value` of
                `refer.py` gives it.

        Raises:
            InvalidState: A transfer of this call is under way.
            ConfigError: The target is no URI.
        """
        if not self.allows(TransferorInput.TRANSFER):
            raise InvalidState("A transfer of this call is under way.")
        self._refer = [
            ("Refer-To", refer_to(target, replaces=replaces)),
            ("Referred-By", f"<{referred_by}>"),
        ]
        self.take(TransferorInput.TRANSFER, now=now)

    def receive_notify(self, request: Request, *, now: float) -> int:
        """Take a NOTIFY inside the dialog.

        Returns:
            The status to answer it with.
        """
        event = request.event
        if event is None or event.value != "refer":
            return 489
        if not self.allows(TransferorInput.PROGRESS):
            # RFC 6665 §4.1.3: a NOTIFY for a subscription that does not exist.
            return 481
        is_last = self._read(request)
        self.take(TransferorInput.FINAL if is_last else TransferorInput.PROGRESS, now=now)
        return 200

    def _read(self, request: Request) -> bool:
        """Keep the news of a NOTIFY, and tell whether they are the last."""
        state = request.subscription_state
        self._news = Fragment.parse(request.body) or _TRYING
        value = "active" if state is None else state.value
        parameters = {} if state is None else state.parameters
        is_terminated = value == "terminated"
        if is_terminated and self._news.status < 200:
            status, reason = _ENDINGS.get(parameters.get("reason") or "", _VANISHED)
            self._news = Fragment(status=status, reason=reason)
        announced = parse_seconds(parameters.get("expires"))
        self._expiry = min(SUBSCRIPTION_LENGTH if announced is None else announced, LONGEST_WAIT)
        return is_terminated or self._news.status >= 200

    def _receive_reply(self, _exchange: Exchange, reply: Reply, now: float) -> None:
        if reply.status < 200:
            return
        if reply.status < 300:
            self.take(TransferorInput.ACCEPTED, now=now)
            return
        self._refusal = Fragment(status=reply.status, reason=reply.reason)
        self.take(TransferorInput.REFUSED, now=now)

    def _perform(self, action: TransferorDo, now: float) -> None:
        match action:
            case TransferorDo.SEND_REFER:
                self._outlet.send_request(
                    "REFER", headers=self._refer, handler=self._receive_reply, now=now
                )
            case TransferorDo.START_LIMIT:
                self._start(CallTimer.TRANSFER, after=self._timers.limit, now=now)
            case TransferorDo.START_EXPIRY:
                # A moment of grace, so that a NOTIFY sent at the very end is still heard.
                self._start(CallTimer.TRANSFER, after=self._expiry + self._timers.t4, now=now)
            case TransferorDo.REPORT_NEWS:
                self._report(self._news, is_final=self.state is TransferorState.IDLE)
            case TransferorDo.REPORT_REFUSAL:
                self._report(self._refusal, is_final=True)
            case TransferorDo.REPORT_SILENCE:
                self._report(Fragment(status=408, reason="Request Timeout"), is_final=True)
            case _:
                assert_never(action)

    def _report(self, news: Fragment, *, is_final: bool) -> None:
        self._outlet.emit(
            TransferProgressed(
                session=self._outlet.id, status=news.status, reason=news.reason, is_final=is_final
            )
        )


class Transferee(Machine[TransfereeState, TransfereeInput, TransfereeDo, CallTimer]):
    """A transfer that the far side asks for: we are to call somebody else.

    Args:
        outlet: The session.
        deadlines: The timers of all sessions.
    """

    __slots__ = (
        "_arrived", "_count", "_ends_at", "_news", "_outlet", "_referral", "_refusal", "_second",
    )  # fmt: skip

    def __init__(
        self, outlet: TransferOutlet, deadlines: Deadlines[tuple[Owner, CallTimer]]
    ) -> None:
        super().__init__(TRANSFEREE_CHART, deadlines, owner=outlet.id)
        self._outlet = outlet
        self._arrived: RequestArrived | None = None
        self._second: RequestArrived | None = None
        self._referral: Referral | None = None
        self._news = _TRYING
        self._refusal = NO_ANSWER
        self._ends_at = 0.0
        self._count = 0

    @property
    def is_reporting(self) -> bool:
        """Whether the far side is to be told how the new call fares."""
        return self.state is TransfereeState.REPORTING

    def receive_refer(self, arrived: RequestArrived, *, now: float) -> None:
        """Take a REFER inside the dialog; `TransferRequested` follows, if it can be done."""
        try:
            referral = Referral.read(arrived.request)
        except ProtocolError as error:
            self._outlet.respond(arrived, error.status, now=now)
            return
        if self.state is TransfereeState.IDLE:
            self._arrived, self._referral = arrived, referral
            self._refusal = NO_ANSWER
            self._count += 1
        else:
            self._second = arrived
        self.take(TransfereeInput.REFER, now=now)

    def accept(self, *, now: float) -> None:
        """Say yes: 202, and a NOTIFY that says 100.

        Raises:
            InvalidState: Nobody asks, or no longer.
        """
        self._demand(TransfereeInput.ACCEPT)
        self._news = _TRYING
        self._ends_at = now + SUBSCRIPTION_LENGTH
        self.take(TransfereeInput.ACCEPT, now=now)

    def reject(self, *, status: int, now: float) -> None:
        """Say no.

        Args:
            status: 400 to 699.
            now: The current time, seconds.

        Raises:
            InvalidState: Nobody asks, or no longer.
        """
        self._demand(TransfereeInput.REJECT)
        self._refusal = status
        self.take(TransfereeInput.REJECT, now=now)

    def report(self, *, status: int, reason: str, now: float) -> None:
        """Tell the far side how the new call fares.

        Args:
            status: Status of its last response; 200 and more end the report.
            reason: Its reason phrase.
            now: The current time, seconds.

        Raises:
            InvalidState: No transfer has been accepted, or the far side wants no more news of it.
        """
        what = TransfereeInput.PROGRESS if status < 200 else TransfereeInput.FINAL
        self._demand(what)
        self._news = Fragment(status=status, reason=reason)
        self.take(what, now=now)

    def _demand(self, what: TransfereeInput) -> None:
        if not self.allows(what):
            raise InvalidState(f"{what.value!r} is not possible: no transfer waits for it.")

    def _perform(self, action: TransfereeDo, now: float) -> None:
        match action:
            case TransfereeDo.REPORT_REQUEST:
                self._report_request()
            case TransfereeDo.REFUSE_SECOND:
                self._respond(self._second, 491, now)
                self._second = None
            case TransfereeDo.SEND_ACCEPTED:
                self._respond(self._arrived, 202, now)
            case TransfereeDo.SEND_REFUSAL:
                self._respond(self._arrived, self._refusal, now)
            case TransfereeDo.NOTIFY:
                left = max(0, round(self._ends_at - now))
                self._notify(f"active;expires={left}", now)
            case TransfereeDo.NOTIFY_LAST:
                self._notify("terminated;reason=noresource", now)
            case TransfereeDo.NOTIFY_TIMEOUT:
                self._notify("terminated;reason=timeout", now)
            case TransfereeDo.START_ANSWER_LIMIT:
                self._start(CallTimer.REFERRAL, after=ANSWER_LIMIT, now=now)
            case TransfereeDo.START_EXPIRY:
                self._start(CallTimer.REFERRAL, after=SUBSCRIPTION_LENGTH, now=now)
            case _:
                assert_never(action)

    def _report_request(self) -> None:
        if self._referral is not None:
            self._outlet.emit(
                TransferRequested(
                    session=self._outlet.id,
                    target=self._referral.target,
                    replaces=self._referral.replaces,
                    referred_by=self._referral.referred_by,
                )
            )

    def _respond(self, arrived: RequestArrived | None, status: int, now: float) -> None:
        if arrived is not None:
            self._outlet.respond(arrived, status, now=now)

    def _notify(self, subscription_state: str, now: float) -> None:
        event = "refer"
        # RFC 3515 §2.4.6: from the second REFER of a dialog on, the NOTIFY says whose it is.
        if self._count > 1 and self._arrived is not None:
            event += f";id={self._arrived.request.cseq_number}"
        self._outlet.send_request(
            "NOTIFY",
            headers=[
                ("Event", event),
                ("Subscription-State", subscription_state),
                ("Content-Type", FRAGMENT_TYPE),
            ],
            body=bytes(self._news),
            handler=self._receive_reply,
            now=now,
        )

    def _receive_reply(self, _exchange: Exchange, reply: Reply, now: float) -> None:
        if reply.status in SUBSCRIPTION_ENDED:
            self.take(TransfereeInput.SUBSCRIPTION_GONE, now=now)
