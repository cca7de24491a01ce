"""`exotel-voice devices`: the sound devices of this machine and their ids."""

from __future__ import annotations

import json
from dataclasses import asdict
from typing import Annotated

import typer
from rich.console import Console
from rich.table import Table

from exotel_voice.devices import AudioDevice, sound_system
from exotel_voice.errors import AudioDeviceError

__all__ = ["run"]


def run(
    *,
    as_json: Annotated[
        bool, typer.Option("--json", help="Print the devices as JSON, for programs.")
    ] = False,
) -> None:
    """List the microphones and speakers of this machine.

    Ids and names are what `--microphone` and `--speaker` of other commands take.
    """
    try:
        system = sound_system()
        library, devices = system.name, system.devices()
    except AudioDeviceError as error:
        library, devices = error.message, ()
    if as_json:
        found = [{**asdict(device), "kind": device.kind.value} for device in devices]
        typer.echo(json.dumps({"library": library, "devices": found}, indent=2))
        return
    if not devices:
        typer.echo(
            "This machine has no sound device. Calls work all the same, with files and streams."
        )
        return
    Console().print(_table(devices, library))


def _table(devices: tuple[AudioDevice, ...], library: str) -> Table:
    table = Table(title=f"Sound devices ({library})", title_justify="left")
    for heading in ("", "Kind", "Name", "Id"):
        table.add_column(heading, overflow="fold")
    for device in devices:
        mark = "*" if device.is_default and not device.is_monitor else ""
        kind = "monitor" if device.is_monitor else device.kind.value
        table.add_row(mark, kind, device.name, device.id)
    table.caption = "* is used where no device is named. A monitor hears what a speaker plays."
    return table
