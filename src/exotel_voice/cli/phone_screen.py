"""The screen of the terminal phone: one panel each for the phone, its calls and what happened."""

from __future__ import annotations

import math
from typing import Final

from rich.console import Group, RenderableType
from rich.panel import Panel
from rich.table import Table
from rich.text import Text

from exotel_voice.cli.phone_desk import HELP, PROMPTS, PhoneDesk
from exotel_voice.cli.phone_keys import Typing
from exotel_voice.media.base import MediaStats
from exotel_voice.phone.call import Call
from exotel_voice.phone.details import CallState
from exotel_voice.phone.registration import PhoneState

__all__ = ["draw_screen", "meter"]

_BAR: Final = 20
_QUIETEST_DB: Final = -60.0
_STATE_STYLES: Final = {
    PhoneState.REGISTERED: "bold green",
    PhoneState.REGISTERING: "yellow",
    PhoneState.UNREGISTERED: "bold red",
    PhoneState.CLOSED: "red",
}
_OWN_LINES: Final = 13


def draw_screen(desk: PhoneDesk, typing: Typing, *, height: int) -> RenderableType:
    """Draw everything.

    Args:
        desk: What to show.
        typing: What is being typed.
        height: Lines of the terminal.
    """
    phone = desk.phone
    head = Text.assemble(
        (phone.account.aor, "bold"),
        "  ",
        (phone.state.value, _STATE_STYLES[phone.state]),
    )
    calls = list(phone.calls.values())
    room = max(3, height - _OWN_LINES - max(1, len(calls)))
    return Group(
        Panel(head, title="Phone", title_align="left"),
        Panel(_calls(calls, desk), title="Calls", title_align="left"),
        Panel(_levels(desk.stats), title="Levels", title_align="left"),
        Panel(Text("\n".join(list(desk.lines)[-room:])), title="Events", title_align="left"),
        _last_line(typing),
    )


def _calls(calls: list[Call], desk: PhoneDesk) -> RenderableType:
    if not calls:
        return Text("none", style="dim")
    table = Table.grid(padding=(0, 2))
    for call in calls:
        is_selected = desk.selected is not None and desk.selected.id == call.id
        details = call.details
        marks = [call.state.value]
        marks += ["muted"] if call.is_muted else []
        marks += ["held by the far side"] if call.is_remote_on_hold else []
        style = "bold yellow blink" if call.state is CallState.INCOMING else ""
        table.add_row(
            ">" if is_selected else " ",
            Text(details.remote_display_name or details.remote_id, style="bold"),
            Text(", ".join(marks), style=style),
            f"{_clock(details.call_duration)}",
        )
    return table


def _levels(stats: MediaStats | None) -> RenderableType:
    table = Table.grid(padding=(0, 2))
    table.add_row("you", meter(stats.input_level if stats else 0.0), _figures(stats))
    table.add_row("they", meter(stats.output_level if stats else 0.0), "")
    return table


def _figures(stats: MediaStats | None) -> str:
    if stats is None or not stats.codec:
        return ""
    trip = "" if stats.round_trip_ms is None else f", round trip {stats.round_trip_ms:.0f} ms"
    return f"{stats.codec}, jitter {stats.jitter_ms:.0f} ms{trip}, lost {stats.packets_lost}"


def meter(level: float) -> Text:
    """Draw a level as a bar; its length goes with the loudness, from -60 dB to full scale."""
    decibels = 20 * math.log10(level) if level > 0 else _QUIETEST_DB
    length = round(_BAR * min(1.0, max(0.0, 1.0 - decibels / _QUIETEST_DB)))
    style = "green" if length < _BAR * 0.85 else "red"
    return Text.assemble(("█" * length, style), ("░" * (_BAR - length), "dim"))


def _clock(seconds: float) -> str:
    return f"{int(seconds) // 60:d}:{int(seconds) % 60:02d}"


def _last_line(typing: Typing) -> Text:
    if typing.letter:
        return Text.assemble(
            (f"{PROMPTS[typing.letter]}: ", "bold"), typing.text, ("▏", "blink"),
            ("  Enter to go, Esc to leave", "dim"),
        )  # fmt: skip
    parts: list[tuple[str, str] | str] = []
    for letter, meaning in HELP:
        parts += [(letter, "bold"), f" {meaning}  "]
    return Text.assemble(*parts)
