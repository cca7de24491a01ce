"""Guide 5.10, sessions: what `SessionCallback` is told in a process, which has no tabs."""

from __future__ import annotations

from client.guide_page import Page, sip_account_info, wait
from exotel_voice.sandbox import SandboxThread


def test_the_session_is_told_of_its_calls(server: SandboxThread, registered: Page) -> None:
    registered.client.SessionListener()
    record = wait(server, lambda sandbox: sandbox.place_call(to="alice", party="echo"))
    registered.until("incoming")
    assert registered.sessions == ["incoming"]
    registered.client.getCall().Answer()
    registered.until("connected")
    assert registered.sessions == ["incoming", "connected"]
    wait(server, lambda _: record.answered())
    registered.client.getCall().Hangup()
    registered.until("callEnded")
    wait(server, lambda _: record.ended())
    assert registered.sessions == ["incoming", "connected", "callEnded"]


def test_a_process_has_no_other_tabs(server: SandboxThread, registered: Page) -> None:
    other = Page()
    try:
        other.register(sip_account_info(server.account("alice")))
    finally:
        other.close()
    record = wait(server, lambda sandbox: sandbox.place_call(to="alice", party="echo"))
    registered.until("incoming")
    assert registered.client.getCall().Hangup()
    registered.until("callEnded")
    wait(server, lambda _: record.ended())
    assert "re-register" not in registered.sessions
