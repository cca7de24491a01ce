from __future__ import annotations

import pytest

from exotel_voice.transport.local_address import is_own_address


@pytest.mark.parametrize(
    ("address", "is_own"),
    [
        ("127.0.0.1", True),
        # RFC 5737: nobody has it.
        ("192.0.2.1", False),
        ("2001:db8::1", False),
        ("fe80::1", True),
        ("no address", False),
    ],
)
def test_an_address_is_tried_by_taking_a_port_of_it(address: str, is_own: bool) -> None:
    assert is_own_address(address) is is_own
