"""The options by which commands learn whose phone they are, and where its server is.

The password has no option, because other users of the machine can read command lines: it comes from
the environment, or is asked for.
"""

from __future__ import annotations

import os
import sys
from pathlib import Path
from typing import Annotated, Any

import typer

from exotel_voice.errors import ConfigError
from exotel_voice.phone.account import SipAccount

__all__ = ["CaFile", "Domain", "Host", "Port", "Security", "Username", "read_account"]

Username = Annotated[
    str | None, typer.Option(metavar="NAME", help="SIP user name [EXOTEL_SIP_USERNAME].")
]
Domain = Annotated[
    str | None, typer.Option(metavar="DOMAIN", help="SIP domain [EXOTEL_SIP_DOMAIN].")
]
Host = Annotated[
    str | None, typer.Option(metavar="HOST", help="Server [EXOTEL_SIP_HOST]; else the domain.")
]
Port = Annotated[
    int | None,
    typer.Option(metavar="PORT", min=1, max=65535, help="Its port [EXOTEL_SIP_PORT]; else 443."),
]
Security = Annotated[
    str | None, typer.Option(metavar="ws|wss", help="[EXOTEL_SIP_SECURITY]; else wss.")
]
CaFile = Annotated[
    Path | None,
    typer.Option(metavar="FILE", help="Certificates to trust besides the system's (PEM)."),
]


def read_account(**options: str | int | None) -> SipAccount:
    """Make the account from options, then the environment; ask for a password that is missing.

    Args:
        **options: Fields of `SipAccount`; None for those that were not given.

    Raises:
        ConfigError: Something is missing or wrong; the message names it.
    """
    explicit: dict[str, Any] = {name: value for name, value in options.items() if value is not None}
    if not os.environ.get("EXOTEL_SIP_PASSWORD") and sys.stdin.isatty():
        known = SipAccount.from_env(password="-", **explicit)  # noqa: S106 - looks at the rest
        explicit["password"] = typer.prompt(f"Password of {known.username}", hide_input=True)
    try:
        return SipAccount.from_env(**explicit)
    except ConfigError as error:
        hint = f"{error.hint} `exotel-voice sandbox` prints an account to try with."
        raise ConfigError(error.message, hint=hint) from None
