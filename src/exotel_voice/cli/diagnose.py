"""`exotel-voice diagnose`: will calls work on this machine, in this network, with this account?"""

from __future__ import annotations

import asyncio
import json
import logging
import sys
from pathlib import Path
from typing import Annotated, Final

import typer
from rich.console import Console
from rich.table import Table
from rich.text import Text

from exotel_voice.cli.account import (
    CaFile,
    Domain,
    Host,
    Port,
    Security,
    Username,
    read_account,
)
from exotel_voice.diagnostics.full import Diagnosis, DiagnosisPlan, diagnose
from exotel_voice.diagnostics.page import write_page
from exotel_voice.diagnostics.verdict import Check, Outcome
from exotel_voice.errors import ConfigError
from exotel_voice.media.ice import IceServer, IceSettings
from exotel_voice.phone.settings import PhoneSettings

__all__ = ["run"]

EXIT_FAILED: Final = 1
_MARKS: Final = {
    Outcome.GOOD: ("✓", "green"),
    Outcome.WARNING: ("!", "yellow"),
    Outcome.FAILED: ("✗", "red"),
    Outcome.SKIPPED: ("-", "dim"),
}


def run(  # noqa: PLR0913 - each is an option of the command
    *,
    username: Username = None,
    domain: Domain = None,
    host: Host = None,
    port: Port = None,
    security: Security = None,
    ca_file: CaFile = None,
    stun: Annotated[
        list[str] | None,
        typer.Option(metavar="URL", help="A STUN server, stun:host:port; may be repeated."),
    ] = None,
    call: Annotated[
        str, typer.Option(metavar="TARGET", help="Whom to call; an empty text for nobody.")
    ] = "echo",
    seconds: Annotated[
        float, typer.Option(min=1, max=60, help="How long the call is measured.")
    ] = 5.0,
    microphone: Annotated[str | None, typer.Option(help="Id or name of a microphone.")] = None,
    speaker: Annotated[str | None, typer.Option(help="Id or name of a speaker.")] = None,
    sound: Annotated[bool, typer.Option(help="Test microphone and speaker.")] = True,
    as_json: Annotated[
        bool, typer.Option("--json", help="Print everything as JSON, for programs.")
    ] = False,
    save: Annotated[
        Path | None,
        typer.Option(metavar="FILE", help="Write a page (HTML) with the levels as curves."),
    ] = None,
) -> None:
    """Test microphone, speaker, network and registration, and make a call.

    The account comes from the options or the environment. Ends with 0 if calls
    work, with 1 if they will not; the table says what to do.
    """
    # What goes wrong stands in the table; it need not be written over it too.
    logging.getLogger("exotel_voice").addHandler(logging.NullHandler())
    if save is not None and not save.absolute().parent.is_dir():
        raise ConfigError(f"{save} cannot be written: its folder is not there")
    account = read_account(
        username=username, domain=domain, host=host, port=port, security=security
    )
    plan = DiagnosisPlan(
        account=account,
        settings=PhoneSettings(ca_file=ca_file),
        ice=IceSettings(servers=[IceServer(url) for url in stun or ()]),
        microphone=microphone,
        speaker=speaker,
        sound_seconds=2.0 if sound else 0.0,
        call_target=call,
        call_seconds=seconds,
    )
    diagnosis = _run(plan, is_quiet=as_json)
    if save is not None:
        save.write_text(write_page(diagnosis), encoding="utf-8")
    if as_json:
        typer.echo(json.dumps(diagnosis.as_json(), indent=2))
    else:
        _print(diagnosis, save)
    if diagnosis.verdict.outcome is Outcome.FAILED:
        sys.exit(EXIT_FAILED)


def _run(plan: DiagnosisPlan, *, is_quiet: bool) -> Diagnosis:
    """Run the tests; on a terminal each line shows as it comes."""
    console = Console(stderr=True, quiet=is_quiet or not sys.stderr.isatty())
    with console.status("testing") as status:

        def show(check: Check) -> None:
            status.update(f"testing: {check.title} {check.outcome.value}")

        return asyncio.run(diagnose(plan, on_check=show))


def _print(diagnosis: Diagnosis, save: Path | None) -> None:
    table = Table(show_lines=False)
    for heading in ("", "Test", "Result", "What to do"):
        table.add_column(heading, overflow="fold")
    for check in diagnosis.verdict.checks:
        mark, style = _MARKS[check.outcome]
        table.add_row(
            Text(mark, style=style), Text(check.title), Text(check.value), Text(check.hint)
        )
    console = Console()
    console.print(table)
    console.print(Text(diagnosis.verdict.sentence, style=_MARKS[diagnosis.verdict.outcome][1]))
    if save is not None:
        console.print(Text(f"The page is {save}."))
