"""Whether an address is still one of this machine: a network that changes says so to nobody."""

from __future__ import annotations

import socket

__all__ = ["is_own_address"]


def is_own_address(address: str) -> bool:
    """Tell whether this machine has an address, by taking a port of it for a moment.

    Args:
        address: IPv4 or IPv6, without a scope; a link-local one is always taken for its own.
    """
    family = socket.AF_INET6 if ":" in address else socket.AF_INET
    if address.lower().startswith("fe80:"):
        return True
    try:
        with socket.socket(family, socket.SOCK_DGRAM) as probe:
            probe.bind((address, 0))
    except OSError:
        return False
    return True
