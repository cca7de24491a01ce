"""The demo as a program: sandbox, gateway and sample page on one port, until Ctrl-C."""

from __future__ import annotations

import asyncio
import os
import signal
import sys
import threading
import webbrowser
from collections.abc import Callable
from contextlib import AsyncExitStack
from dataclasses import dataclass
from typing import Final

from exotel_voice.cli.demo_server import DemoServer, listen
from exotel_voice.cli.demo_site import CALLERS, PEOPLE, DemoSite, person_of
from exotel_voice.gateway import Notice, VoiceGateway
from exotel_voice.phone.events import TransferRequested
from exotel_voice.sandbox.certificate import LocalCertificate
from exotel_voice.sandbox.server import Sandbox
from exotel_voice.sandbox.settings import SandboxSettings

__all__ = ["DemoOptions", "serve"]

HOSTS: Final = ("localhost", "127.0.0.1", "[::1]")


@dataclass(frozen=True, slots=True, kw_only=True)
class DemoOptions:
    """How the demo is served."""

    port: int
    """The port; 0 for any that is free."""
    use_tls: bool = True
    """Whether the page is https, with a certificate made at the start."""
    open_browser: bool = True
    """Whether the page is opened in the browser."""


async def serve(options: DemoOptions, say: Callable[[str], None]) -> None:
    """Run until it is cancelled or the process is told to end.

    Args:
        options: How.
        say: Takes the text for the user, once everything runs.

    Raises:
        ConfigError: The port is taken.
    """
    stop = asyncio.Event()
    if sys.platform != "win32":
        asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, stop.set)
    sockets = listen(options.port)
    port = int(sockets[0].getsockname()[1])
    scheme = "https" if options.use_tls else "http"
    numbers = {number: party for party, (number, _name) in CALLERS.items()}
    async with AsyncExitStack() as stack:
        for each in sockets:
            stack.callback(each.close)
        sandbox = await stack.enter_async_context(Sandbox(SandboxSettings(phone_numbers=numbers)))
        accounts = {person: sandbox.account(person) for person in PEOPLE}
        # Who somebody is stands in the address, because a demo has no login.
        gateway = VoiceGateway(authenticate=person_of, accounts=accounts.__getitem__)
        gateway.on(TransferRequested, _follow)
        certificate = LocalCertificate() if options.use_tls else None
        if certificate is not None:
            stack.callback(certificate.close)
        site = DemoSite(sandbox, gateway.app, hosts=HOSTS)
        tls = certificate.server_context() if certificate else None
        server = await stack.enter_async_context(DemoServer(site.app, sockets, tls=tls))
        stack.push_async_callback(gateway.aclose)
        stack.callback(server.stop_listening)
        address = f"{scheme}://localhost:{port}"
        say(_introduction(address, sandbox.http_url, is_secure=options.use_tls))
        if options.open_browser:
            _open_browser(address)
        await stop.wait()  # Ctrl-C cancels the wait


async def _follow(notice: Notice[TransferRequested]) -> None:
    """Call whom the far side wants the user to talk to; a product may ask the user first."""
    if notice.call is not None:
        await notice.call.accept_transfer()


def _introduction(address: str, status_page: str, *, is_secure: bool) -> str:
    text = (
        f"The phone is at {address}/  Ctrl-C ends it.\n\n"
        f"  {address}/        you are alice\n"
        f"  {address}/bob/    you are bob; the two can call each other\n"
        f"  {status_page}/        what the sandbox, the telephone platform here, sees\n\n"
        "What to try:\n"
        "  - press Echo under “Let somebody call you”, answer, and hear yourself\n"
        "  - press IVR, answer, and send digits: each is confirmed by a tone of its own\n"
        "  - while you talk, press Tone: call waiting, hold and answer, then transfer one to the "
        "other\n"
        "  - open the page twice: both tabs are one phone; close the one that has the call, and "
        "go on in the other\n"
        "  - reload the page in the middle of a call\n"
    )
    if is_secure:
        text += (
            "\nThe certificate was made a moment ago and nobody has signed it: the browser warns "
            "once, go on there.\nWith --http there is no certificate.\n"
        )
    return text


def _open_browser(address: str) -> None:
    """Open the page, where there is a screen to show it on."""
    has_screen = sys.platform in ("win32", "darwin") or any(
        os.environ.get(name) for name in ("DISPLAY", "WAYLAND_DISPLAY", "BROWSER")
    )
    if has_screen:  # a thread of its own: some browsers only return when they end
        threading.Thread(target=webbrowser.open, args=(address,), daemon=True).start()
