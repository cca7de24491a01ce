"""The command `exotel-voice`: a small registry, whose commands are imported when they are used."""

from __future__ import annotations

import sys
from dataclasses import dataclass
from importlib import import_module
from typing import Annotated, Final

import typer

from exotel_voice import __version__
from exotel_voice.errors import ExotelVoiceError

__all__ = ["COMMANDS", "CommandEntry", "app", "main"]

EXIT_INTERRUPTED: Final = 130
"""What a shell expects of a program that Ctrl-C has ended."""

HELP_NAMES: Final = ["-h", "--help"]


@dataclass(frozen=True, slots=True)
class CommandEntry:
    """One command."""

    name: str
    module: str
    """Imported when the command is used; its function `run` takes the options."""
    summary: str
    """One line for the list of commands."""


COMMANDS: Final = (
    CommandEntry(
        "demo",
        "exotel_voice.cli.demo",
        "Run a phone in a web page; with --check make one call, each step measured.",
    ),
    CommandEntry(
        "sandbox",
        "exotel_voice.cli.sandbox",
        "Run a telephone platform on this machine, to learn and to test.",
    ),
    CommandEntry(
        "call",
        "exotel_voice.cli.call",
        "Place a call between two parties through the platform's HTTP API.",
    ),
    CommandEntry(
        "phone",
        "exotel_voice.cli.phone",
        "Be a phone in the terminal: take calls, dial, hold, transfer.",
    ),
    CommandEntry(
        "diagnose",
        "exotel_voice.cli.diagnose",
        "Test microphone, speaker, network and account, and make a call.",
    ),
    CommandEntry(
        "devices",
        "exotel_voice.cli.devices",
        "List the sound devices of this machine and their ids.",
    ),
)
"""The commands in the order of the help text."""

app = typer.Typer(
    name="exotel-voice",
    no_args_is_help=True,
    add_completion=False,
    context_settings={"help_option_names": HELP_NAMES},
)


def _print_version(wanted: bool) -> None:  # noqa: FBT001 - typer gives the flag by position
    if wanted:
        typer.echo(f"exotel-voice {__version__}")
        raise typer.Exit


@app.callback()
def exotel_voice(
    *,
    version: Annotated[
        bool, typer.Option("--version", help="Print the version.", callback=_print_version)
    ] = False,
) -> None:
    """Phone calls in Python: a SIP and WebRTC phone, and a platform to try it against."""
    del version


def _register(entry: CommandEntry) -> None:
    """List a command, and hand all its arguments, `--help` too, to the module that knows them."""

    def forward(context: typer.Context) -> None:
        command = typer.Typer(
            add_completion=False, context_settings={"help_option_names": HELP_NAMES}
        )
        command.command(entry.name)(import_module(entry.module).run)
        command(args=context.args, prog_name=f"{context.parent.info_name} {entry.name}"
                if context.parent else entry.name)  # fmt: skip

    app.command(
        entry.name,
        help=entry.summary,
        add_help_option=False,
        context_settings={
            "allow_extra_args": True,
            "ignore_unknown_options": True,
            "allow_interspersed_args": False,
        },
    )(forward)


for _entry in COMMANDS:
    _register(_entry)


def main() -> None:
    """Run the command; the entry point of the package.

    Ends the process with 0, with 1 and a message for an error of ours, with 2 for wrong arguments,
    and with 130 after Ctrl-C.
    """
    try:
        app(prog_name="exotel-voice")
    except KeyboardInterrupt:
        sys.exit(EXIT_INTERRUPTED)
    except ExotelVoiceError as error:
        typer.echo(f"Error: {error.message}\n{error.hint}", err=True)
        sys.exit(1)
