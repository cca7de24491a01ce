"""Several phones answer one INVITE of ours (RFC 3261 §13.2.2.4, RFC 6026)."""

from __future__ import annotations

from exotel_voice.sip.events import (
    CallAnswered,
    CallEnded,
    CallProgressed,
    EndCause,
    MessageDropped,
)
from raw_peer import Callee
from world import ANSWER, SECOND_ANSWER


def test_the_first_2xx_is_kept_and_the_second_gets_ack_and_bye() -> None:
    peer = Callee()
    peer.reply(peer.invite_sent, 180, tag="one")
    peer.reply(peer.invite_sent, 180, tag="two")
    peer.reply(peer.invite_sent, 200, tag="two", body=ANSWER)
    ack = peer.request("ACK")
    assert ack.uri == "sip:two@peer.invalid;transport=ws"
    assert peer.hear(CallProgressed).status == 180
    assert peer.hear(CallProgressed).status == 180
    peer.hear(CallAnswered)
    peer.reply(peer.invite_sent, 200, tag="one", body=SECOND_ANSWER)
    ack = peer.request("ACK")
    assert (ack.to_tag, ack.uri) == ("one", "sip:one@peer.invalid;transport=ws")
    bye = peer.request("BYE")
    assert (bye.to_tag, bye.cseq_number) == ("one", 2)
    peer.reply(bye, 200)
    peer.hear_nothing()
    assert peer.agent.sessions == (peer.session,)


def test_a_repeated_2xx_gets_the_same_ack_again_from_each_fork() -> None:
    peer = Callee()
    peer.reply(peer.invite_sent, 200, tag="one", body=ANSWER)
    peer.reply(peer.invite_sent, 200, tag="two", body=ANSWER)
    first = peer.bytes_sent()
    second = peer.bytes_sent()
    peer.reply(peer.request("BYE"), 200)
    peer.reply(peer.invite_sent, 200, tag="one", body=ANSWER)
    assert peer.bytes_sent() == first
    peer.reply(peer.invite_sent, 200, tag="two", body=ANSWER)
    assert peer.bytes_sent() == second
    peer.nothing_sent()


def test_a_repeated_2xx_gets_its_ack_also_after_the_call() -> None:
    peer = Callee()
    peer.reply(peer.invite_sent, 200, body=ANSWER)
    ack = peer.bytes_sent()
    peer.agent.hang_up(peer.session, now=peer.now)
    peer.reply(peer.request("BYE"), 200)
    peer.reply(peer.invite_sent, 200, body=ANSWER)
    assert peer.bytes_sent() == ack
    peer.pass_time(32.0)
    assert peer.agent.is_idle


def test_a_response_that_makes_no_dialog_is_dropped_and_the_call_waits() -> None:
    peer = Callee()
    peer.reply(peer.invite_sent, 180, ("Record-Route", "<\x7f>"))
    assert peer.hear(MessageDropped).kind == "bad_response"
    assert peer.hear(CallProgressed).status == 180
    peer.reply(peer.invite_sent, 200, tag="two", body=ANSWER)
    peer.hear(CallAnswered)


def test_a_2xx_that_makes_no_dialog_ends_the_call() -> None:
    peer = Callee()
    peer.reply(peer.invite_sent, 200, ("Record-Route", "<\x7f>"), body=ANSWER)
    peer.hear(MessageDropped)
    assert peer.hear(CallEnded).cause is EndCause.PROTOCOL
