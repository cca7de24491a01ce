"""Commands as users run them: a process, its output, its exit code; and a sandbox beside it."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Mapping

from exotel_voice.phone.account import SipAccount

__all__ = ["account_environment", "run_command", "start_command"]


def account_environment(account: SipAccount, **more: str) -> dict[str, str]:
    """The environment of a shell in which an account was set."""
    return {
        **os.environ,
        "EXOTEL_SIP_USERNAME": account.username,
        "EXOTEL_SIP_PASSWORD": account.password,
        "EXOTEL_SIP_DOMAIN": account.domain,
        "EXOTEL_SIP_HOST": account.host,
        "EXOTEL_SIP_PORT": str(account.port),
        "EXOTEL_SIP_SECURITY": account.security,
        "COLUMNS": "200",
        **more,
    }


def start_command(environment: Mapping[str, str], *arguments: str) -> subprocess.Popen[str]:
    """Start `exotel-voice` with pipes."""
    return subprocess.Popen(  # noqa: S603 - our own command
        [sys.executable, "-m", "exotel_voice", *arguments],
        env=dict(environment),
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        encoding="utf-8",
    )


def run_command(environment: Mapping[str, str], *arguments: str) -> tuple[int, str, str]:
    """Run `exotel-voice` to its end: exit code, standard output, standard error."""
    process = start_command(environment, *arguments)
    try:
        out, err = process.communicate(timeout=19)
    finally:
        process.kill()
        process.wait()
    return process.returncode, out, err
