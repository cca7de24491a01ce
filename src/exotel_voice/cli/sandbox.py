"""`exotel-voice sandbox`: the local telephone platform, until Ctrl-C."""

from __future__ import annotations

import asyncio
import json
import shlex
import signal
import sys
import threading
from collections.abc import Callable
from contextlib import suppress
from typing import Annotated, Final

import typer

from exotel_voice.errors import ConfigError
from exotel_voice.phone.account import SipAccount
from exotel_voice.sandbox.server import Sandbox
from exotel_voice.sandbox.settings import SandboxSettings

__all__ = ["introduce", "run"]

WS_PORT: Final = 5066
WSS_PORT: Final = 7443
HTTP_PORT: Final = 8088
DEFAULT_ACCOUNTS: Final = ["alice", "bob"]


def run(
    account: Annotated[
        list[str] | None,
        typer.Option(
            "--account",
            "-a",
            metavar="NAME[:PASSWORD]",
            help="An account to make; may be given several times. Default: alice and bob.",
        ),
    ] = None,
    ws_port: Annotated[
        int,
        typer.Option(
            metavar="PORT", min=0, max=65535, help="Port for SIP over ws; 0 takes a free one."
        ),
    ] = WS_PORT,
    wss_port: Annotated[
        int,
        typer.Option(
            metavar="PORT", min=0, max=65535, help="Port for SIP over wss; 0 takes a free one."
        ),
    ] = WSS_PORT,
    http_port: Annotated[
        int,
        typer.Option(
            metavar="PORT", min=0, max=65535, help="Port for the HTTP API and the status page."
        ),
    ] = HTTP_PORT,
    *,
    as_json: Annotated[
        bool,
        typer.Option(
            "--json",
            help="For programs: print one line of JSON when ready, end when the input closes.",
        ),
    ] = False,
) -> None:
    """Run a telephone platform on this machine, until Ctrl-C.

    Phones register over ws and wss and call each other, or parties such as echo
    and ivr. The HTTP API starts calls. A port in use is replaced by a free one.
    """
    settings = SandboxSettings(
        ws_port=ws_port, wss_port=wss_port, http_port=http_port, use_other_ports=True
    )
    accounts = [_name_and_password(text) for text in account or DEFAULT_ACCOUNTS]
    asyncio.run(_serve(settings, accounts, as_json=as_json))


def _name_and_password(text: str) -> tuple[str, str | None]:
    name, colon, password = text.partition(":")
    if colon and not password:
        raise ConfigError(f"The account {name!r} has a colon but no password.")
    return name, password or None


async def _serve(
    settings: SandboxSettings, accounts: list[tuple[str, str | None]], *, as_json: bool
) -> None:
    stop = asyncio.Event()
    if sys.platform != "win32":
        asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, stop.set)
    async with Sandbox(settings) as sandbox:
        for name, password in accounts:
            sandbox.account(name, password=password)
        names = [name for name, _ in accounts]
        if as_json:
            typer.echo(json.dumps(_ready(sandbox, names)))
            _when_input_closes(stop.set)
        else:
            introduce(sandbox, names)
        await stop.wait()  # Ctrl-C ends the wait by itself


def _when_input_closes(tell: Callable[[], None]) -> None:
    """Read the standard input to its end in a thread: the one way that every system has."""
    loop = asyncio.get_running_loop()

    def read() -> None:
        with suppress(OSError, ValueError):
            sys.stdin.read()
        with suppress(RuntimeError):  # the loop has closed
            loop.call_soon_threadsafe(tell)

    threading.Thread(target=read, name="exotel-voice stdin", daemon=True).start()


def _ready(sandbox: Sandbox, accounts: list[str]) -> dict[str, object]:
    """What a program needs to use the sandbox; it holds passwords, as the text form does."""
    api = sandbox.api
    return {
        "ws_url": sandbox.ws_url,
        "wss_url": sandbox.wss_url,
        "http_url": sandbox.http_url,
        "ca_file": str(sandbox.ca_file),
        "domain": sandbox.settings.domain,
        "accounts": [
            {"username": row.username, "password": row.password}
            for row in (sandbox.account(name) for name in accounts)
        ],
        "api": {"account_sid": api.account_sid, "key": api.key, "token": api.token},
    }


def introduce(sandbox: Sandbox, accounts: list[str]) -> None:
    """Print where the sandbox is, who may register, and what to try."""
    api = sandbox.api
    rows = [sandbox.account(name) for name in accounts]
    width = max(len(row.username) for row in rows) + 3
    typer.echo(
        f"{typer.style('The sandbox is running.', bold=True)} Ctrl-C ends it.\n\n"
        f"  Status page    {sandbox.http_url}/\n"
        f"  SIP over ws    {sandbox.ws_url}\n"
        f"  SIP over wss   {sandbox.wss_url}\n"
        f"  trust for wss  {sandbox.ca_file}\n\n"
        f"Accounts of the domain {sandbox.settings.domain}, with their passwords:\n\n"
        + "".join(f"  {row.username:<{width}}{row.password}\n" for row in rows)
        + "\nFor a program that takes its account from the environment:\n\n"
        + _environment(rows[0])
        + "\nDial echo, tone-1000, ivr, hangup-2 or another party of the status page.\n"
        "Let the sandbox call a registered phone:\n\n"
        f"  curl -u {api.key}:{api.token} \\\n"
        f"    {sandbox.http_url}/v1/Accounts/{api.account_sid}/Calls/connect.json \\\n"
        f"    -d From={accounts[0]} -d To=ivr -d CallerId=0800123456\n"
    )


def _environment(account: SipAccount) -> str:
    """Write the commands that put an account into the environment of a shell."""
    settings = {
        "USERNAME": account.username,
        "PASSWORD": account.password,
        "DOMAIN": account.domain,
        "HOST": account.host,
        "PORT": str(account.port),
        "SECURITY": account.security,
    }
    command, quoted = ("set", str) if sys.platform == "win32" else ("export", shlex.quote)
    return "".join(
        f"  {command} EXOTEL_SIP_{name}={quoted(value)}\n" for name, value in settings.items()
    )
