"""The connections of a user agent: which are open, and how Contact speaks of them (RFC 7118 §5)."""

from __future__ import annotations

from exotel_voice.sip.config import AgentConfig, TransportName
from exotel_voice.sip.events import Flow

__all__ = ["DEFAULT_FLOW", "Flows"]

DEFAULT_FLOW: Flow = "default"
"""The name of the one connection of an agent that has only one."""


class Flows:
    """The connections by name.

    Args:
        config: Host, user and usual transport of the agent.
    """

    __slots__ = ("_config", "_open")

    def __init__(self, config: AgentConfig) -> None:
        self._config = config
        self._open: dict[Flow, TransportName] = {}

    def open(self, flow: Flow, transport: TransportName | None) -> None:
        """Take note that a connection is open."""
        self._open[flow] = transport or self._config.transport

    def close(self, flow: Flow) -> None:
        """Take note that a connection is gone."""
        self._open.pop(flow, None)

    def is_open(self, flow: Flow) -> bool:
        """Tell whether a connection is open."""
        return flow in self._open

    def touch(self, flow: Flow) -> None:
        """Take note that a message came: its connection is open, whatever was said before."""
        if flow not in self._open:
            self._open[flow] = self._config.transport

    def contact(self) -> str:
        """Give the Contact value of messages in a dialog (RFC 7118 §5.2, RFC 5626 §4.3)."""
        uri = self._config.contact_uri()
        # RFC 5626 §4.3: `ob` asks that requests to this Contact come over the same connection.
        return f"<{uri};ob>" if self._config.instance_id else f"<{uri}>"
