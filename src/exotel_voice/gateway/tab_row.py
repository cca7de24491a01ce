"""The tabs of one phone, in the order in which they came: the first is the active one."""

from __future__ import annotations

from collections.abc import Iterator

from exotel_voice.gateway.tab import Tab

__all__ = ["TabRow"]


class TabRow:
    """An ordered set of tabs with different names."""

    def __init__(self) -> None:
        self._tabs: dict[str, Tab] = {}

    def __len__(self) -> int:
        return len(self._tabs)

    def __iter__(self) -> Iterator[Tab]:
        return iter(tuple(self._tabs.values()))

    def __contains__(self, tab: Tab) -> bool:
        return self._tabs.get(tab.id) is tab

    @property
    def active(self) -> Tab | None:
        """The tab that rings: the oldest."""
        return next(iter(self._tabs.values()), None)

    def find(self, tab_id: str) -> Tab | None:
        """Give a tab by its name."""
        return self._tabs.get(tab_id)

    def add(self, tab: Tab) -> None:
        """Put a tab at the end."""
        self._tabs[tab.id] = tab

    def remove(self, tab: Tab) -> None:
        """Take a tab out."""
        if tab in self:
            del self._tabs[tab.id]

    def children(self, *, besides: Tab | None = None) -> list[Tab]:
        """Give the tabs that are not active, and not the one that has the call in question."""
        return [tab for tab in self if tab is not self.active and tab is not besides]
