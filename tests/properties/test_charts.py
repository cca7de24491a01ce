"""What holds for every state machine: it can be reached, it can be left, and it always ends."""

from __future__ import annotations

from collections.abc import Iterable
from enum import StrEnum
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from exotel_voice.sip import (
    call,
    invite_client,
    invite_server,
    local_offer,
    plain_client,
    plain_server,
    registration_chart,
    remote_offer,
    transfer_chart,
)
from exotel_voice.sip.events import Flow, TransactionId
from exotel_voice.sip.invite_client import InviteClient
from exotel_voice.sip.invite_server import InviteServer
from exotel_voice.sip.machine import Chart, Machine, Owner
from exotel_voice.sip.plain_client import PlainClient
from exotel_voice.sip.plain_server import PlainServer
from exotel_voice.sip.timers import Deadlines, Timer, TimerSettings
from exotel_voice.sip.transaction import Identity
from exotel_voice.sip.transaction_events import TransactionEvent
from exotel_voice.sip.wire import Request
from transaction_bench import LOSSY, RELIABLE, incoming, outgoing
from transfer_bench import Bench as TransferBench

AnyChart = Chart[Any, Any, Any, Any]

CHARTS: dict[str, AnyChart] = {
    chart.name: chart
    for chart in (
        invite_client.CHART,
        invite_server.CHART,
        plain_client.CHART,
        plain_server.CHART,
        registration_chart.CHART,
        transfer_chart.TRANSFEROR_CHART,
        transfer_chart.TRANSFEREE_CHART,
        call.CHART,
        local_offer.CHART,
        remote_offer.CHART,
    )
}
EACH_CHART = pytest.mark.parametrize("chart", CHARTS.values(), ids=CHARTS)

ENUMS: dict[str, tuple[type[StrEnum], type[StrEnum], type[StrEnum]]] = {
    invite_client.CHART.name: (invite_client.State, invite_client.Input, invite_client.Do),
    invite_server.CHART.name: (invite_server.State, invite_server.Input, invite_server.Do),
    plain_client.CHART.name: (plain_client.State, plain_client.Input, plain_client.Do),
    plain_server.CHART.name: (plain_server.State, plain_server.Input, plain_server.Do),
    registration_chart.CHART.name: (
        registration_chart.State,
        registration_chart.Input,
        registration_chart.Do,
    ),
    transfer_chart.TRANSFEROR_CHART.name: (
        transfer_chart.TransferorState,
        transfer_chart.TransferorInput,
        transfer_chart.TransferorDo,
    ),
    transfer_chart.TRANSFEREE_CHART.name: (
        transfer_chart.TransfereeState,
        transfer_chart.TransfereeInput,
        transfer_chart.TransfereeDo,
    ),
    call.CHART.name: (call.CallState, call.CallInput, call.CallDo),
    local_offer.CHART.name: (
        local_offer.LocalState,
        local_offer.LocalInput,
        local_offer.LocalDo,
    ),
    remote_offer.CHART.name: (
        remote_offer.RemoteState,
        remote_offer.RemoteInput,
        remote_offer.RemoteDo,
    ),
}


def reachable(chart: AnyChart, start: StrEnum) -> set[StrEnum]:
    found = {start}
    grows = True
    while grows:
        more = {rule.to for (state, _), rule in chart.table.items() if state in found}
        grows = not more <= found
        found |= more
    return found


@EACH_CHART
def test_every_state_can_be_reached(chart: AnyChart) -> None:
    assert reachable(chart, chart.start) == set(ENUMS[chart.name][0])


@EACH_CHART
def test_every_state_can_be_left_towards_the_end_or_back_to_rest(chart: AnyChart) -> None:
    goals = chart.ends or {chart.start}
    stuck = [state for state in ENUMS[chart.name][0] if not goals & reachable(chart, state)]
    assert stuck == []


@EACH_CHART
def test_nothing_follows_an_end(chart: AnyChart) -> None:
    assert [state for state, _ in chart.table if state in chart.ends] == []


@EACH_CHART
def test_every_input_and_every_action_occurs(chart: AnyChart) -> None:
    _, inputs, actions = ENUMS[chart.name]
    assert {what for _, what in chart.table} == set(inputs)
    assert {action for rule in chart.table.values() for action in rule.do} == set(actions)


# The timers of a call are run by its parts too, so its table does not tell all of them.
@pytest.mark.parametrize("chart", [each for each in CHARTS.values() if each is not call.CHART])
def test_a_timer_runs_where_its_input_has_a_row_and_nowhere_else(chart: AnyChart) -> None:
    may_run = {
        (state, chart.fires[timer]) for state, timers in chart.timers.items() for timer in timers
    }
    has_row = {pair for pair in chart.table if pair[1] in set(chart.fires.values())}
    assert may_run == has_row


# -- running the transactions ----------------------------------------------------------------------


class Outlet:
    """Where a transaction under test lives: it takes everything and answers nothing."""

    def __init__(self, timers: TimerSettings) -> None:
        self.timers = timers
        self.deadlines: Deadlines[tuple[Owner, Timer]] = Deadlines()

    def transmit(self, flow: Flow, data: bytes) -> None:
        pass

    def deliver(self, event: TransactionEvent) -> None:
        pass

    def send_cancel(self, request: Request, *, flow: Flow, now: float) -> None:
        pass


AnyTransaction = InviteClient | InviteServer | PlainClient | PlainServer

# The inputs that open a transaction, and what its user may do to be rid of it.
OPENING: dict[type[AnyTransaction], StrEnum] = {
    InviteClient: invite_client.Input.SEND,
    InviteServer: invite_server.Input.REQUEST,
    PlainClient: plain_client.Input.SEND,
    PlainServer: plain_server.Input.REQUEST,
}
ESCAPE: dict[type[AnyTransaction], StrEnum | None] = {
    InviteClient: invite_client.Input.CANCEL,
    InviteServer: invite_server.Input.SEND_FAILURE,
    PlainClient: None,
    PlainServer: plain_server.Input.SEND_FINAL,
}


def made(kind: type[AnyTransaction], outlet: Outlet) -> Machine[Any, Any, Any, Timer]:
    identity = Identity(tid=TransactionId("1"), flow="wire", outlet=outlet)
    is_invite = kind in {InviteClient, InviteServer}
    if kind in {InviteServer, PlainServer}:
        return kind(incoming("INVITE" if is_invite else "OPTIONS"), identity)
    request = outgoing("INVITE" if is_invite else "OPTIONS")
    request.headers.prepend("Via", "SIP/2.0/WSS h.invalid;branch=z9hG4bK1")
    return kind(request, identity)


def inputs_of(kind: type[AnyTransaction]) -> list[StrEnum]:
    return list(type(OPENING[kind]))


def fire_next(machine: Machine[Any, Any, Any, Timer], outlet: Outlet) -> bool:
    at = outlet.deadlines.next()
    due = None if at is None else outlet.deadlines.pop_due(now=at)
    if at is None or due is None:
        return False
    assert machine.take_timer(due[1], now=at), "a timer outlived its state"
    return True


@pytest.mark.parametrize("timers", [RELIABLE, LOSSY], ids=["reliable", "lossy"])
@pytest.mark.parametrize("kind", list(OPENING), ids=lambda kind: kind.__name__)
@given(data=st.data())
def test_no_history_leaves_a_transaction_without_a_way_out(
    kind: type[AnyTransaction], timers: TimerSettings, data: st.DataObject
) -> None:
    outlet = Outlet(timers)
    machine = made(kind, outlet)
    machine.take(OPENING[kind], now=0.0)
    timer_inputs = set(machine._chart.fires.values())
    others = [each for each in inputs_of(kind) if each not in timer_inputs]
    events: Iterable[StrEnum | None] = data.draw(
        st.lists(st.none() | st.sampled_from(others), max_size=12)
    )
    for event in events:
        if event is None:
            fire_next(machine, outlet)
        else:
            machine.take(event, now=outlet.deadlines.next() or 0.0)
        running = {timer for _, timer in outlet.deadlines._live}
        assert running <= machine._chart.timers.get(machine.state, frozenset())
        escape = ESCAPE[kind]
        is_waiting = escape is not None and machine.allows(escape)
        assert machine.is_ended or running or is_waiting
    if (escape := ESCAPE[kind]) is not None:
        machine.take(escape, now=outlet.deadlines.next() or 0.0)
    for _ in range(50):
        if not fire_next(machine, outlet):
            break
    assert machine.is_ended
    assert len(outlet.deadlines) == 0


# -- running the transfers -------------------------------------------------------------------------


@pytest.mark.parametrize("kind", ["asking", "asked"])
@given(data=st.data())
def test_no_history_leaves_a_transfer_without_a_way_out(kind: str, data: st.DataObject) -> None:
    bench = TransferBench()
    machine: Machine[Any, Any, Any, Any] = bench.asking if kind == "asking" else bench.asked
    chart = machine._chart
    inputs = list(ENUMS[chart.name][1])
    for event in data.draw(st.lists(st.none() | st.sampled_from(inputs), max_size=12)):
        at = bench.deadlines.next() or 0.0
        if event is None:
            bench.run(until=at)
        else:
            machine.take(event, now=at)
        running = {timer for _, timer in bench.deadlines._live}
        assert running <= chart.timers.get(machine.state, frozenset())
        # A REFER that is out is brought to its end by its transaction.
        is_out = machine.state is transfer_chart.TransferorState.REFERRING
        assert running or is_out or machine.state is chart.start
    machine.take(transfer_chart.TransferorInput.REFUSED, now=0.0)
    bench.run(until=1e6)
    assert machine.state is chart.start
