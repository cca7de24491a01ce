"""Guide 5.12, reconnection: the application's own retries, and a call that outlives the loss."""

from __future__ import annotations

from client.guide_page import Page, wait
from exotel_voice.sandbox import SandboxThread


def test_a_call_that_outlives_a_lost_connection_is_an_active_session(
    server: SandboxThread, registered: Page
) -> None:
    record = wait(server, lambda sandbox: sandbox.place_call(to="alice", party="echo"))
    registered.until("incoming")
    registered.client.getCall().Answer()
    call = registered.until("connected")
    wait(server, lambda _: record.answered())
    server.run(lambda sandbox: sandbox.faults.drop_connections("alice"))
    registered.until("unregistered")
    assert registered.until("activeSession") is call
    assert call.callState == "active"
    assert not record.status.is_final
    assert call.Hangup()
    wait(server, lambda _: record.ended())


def test_the_application_s_own_retries_do_no_harm(server: SandboxThread, registered: Page) -> None:
    server.run(lambda sandbox: sandbox.faults.drop_connections("alice"))
    registered.until("unregistered")
    for _ in range(3):
        assert registered.client.DoRegister()
    registered.until("registered")
    wait(server, lambda sandbox: sandbox.registered("alice"))
    assert registered.states.count("registered") == 2
    assert server.run(lambda sandbox: len(sandbox.registrations)) == 1
