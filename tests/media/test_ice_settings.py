"""What can be said about STUN, TURN and the search for a path, and what is refused at once."""

from __future__ import annotations

import pytest

from exotel_voice.errors import ConfigError
from exotel_voice.media.ice import IceServer, IceSettings, ServerAddress


@pytest.mark.parametrize(
    ("url", "expected"),
    [
        ("stun:stun.example.com", ("stun", "stun.example.com", 3478, "udp")),
        ("stun:192.0.2.1:5000", ("stun", "192.0.2.1", 5000, "udp")),
        ("turn:turn.example.com", ("turn", "turn.example.com", 3478, "udp")),
        ("turn:[2001:db8::1]:3479?transport=tcp", ("turn", "2001:db8::1", 3479, "tcp")),
        ("turns:turn.example.com", ("turns", "turn.example.com", 5349, "tcp")),
        ("turns:turn.example.com:443?transport=tcp", ("turns", "turn.example.com", 443, "tcp")),
    ],
)
def test_the_url_of_a_server_is_taken_apart(url: str, expected: tuple[str, str, int, str]) -> None:
    scheme, host, port, transport = expected
    assert IceServer(url, "user", "secret").address == ServerAddress(
        scheme=scheme, host=host, port=port, transport=transport
    )


@pytest.mark.parametrize(
    "url",
    [
        "",
        "stun.example.com",
        "http://stun.example.com",
        "stun:",
        "stun:host:0",
        "stun:host:99999",
        "stun:host?transport=tcp",
        "turns:host?transport=udp",
        "turn:host?transport=sctp",
    ],
)
def test_another_url_is_refused(url: str) -> None:
    with pytest.raises(ConfigError):
        IceServer(url, "user", "secret")


def test_a_turn_server_needs_credentials_and_keeps_them_to_itself() -> None:
    with pytest.raises(ConfigError):
        IceServer("turn:turn.example.com")
    with pytest.raises(ConfigError):
        IceServer("turn:turn.example.com", "user", "")
    assert "secret" not in repr(IceServer("turn:turn.example.com", "user", "secret"))


def test_limits_out_of_range_and_a_relay_without_a_server_are_refused() -> None:
    with pytest.raises(ConfigError):
        IceSettings(gathering_limit=0.0)
    with pytest.raises(ConfigError):
        IceSettings(connect_limit=1000.0)
    with pytest.raises(ConfigError):
        IceSettings(servers=(IceServer("stun:stun.example.com"),), is_relay_only=True)
    assert IceSettings().servers == ()
