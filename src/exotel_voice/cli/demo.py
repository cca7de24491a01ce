"""`exotel-voice demo`: one whole phone call on this machine, each step measured."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable
from typing import Annotated

import typer

from exotel_voice.cli.demo_check import CheckFailed, Step, check_call

__all__ = ["run"]


def run(
    *,
    check: Annotated[
        bool,
        typer.Option("--check", help="Make one call without a browser or a sound card, then end."),
    ] = False,
    as_json: Annotated[
        bool, typer.Option("--json", help="Print the figures of each step as JSON.")
    ] = False,
) -> None:
    """Make one whole phone call on this machine, for real, and measure each step.

    Two programs talk: a local platform and a phone. WebSocket with TLS, password
    check by digest, ICE, DTLS-SRTP, audio both ways, digits, mute, hold, hang-up.
    Ends with 0 only if each step held.
    """
    if not check:
        raise typer.BadParameter("give --check to make the call", param_hint="demo")
    steps: list[Step] = []

    def report(step: Step) -> None:
        steps.append(step)
        if not as_json:
            typer.echo(_line(step))

    problem = asyncio.run(_check(report))
    if as_json:
        typer.echo(json.dumps(_document(steps, problem), indent=2))
    elif problem:
        typer.echo(f"{typer.style('FAILED', fg='red')} {problem.step}: {problem.error}", err=True)
    else:
        typer.echo(f"\nThe whole call held: {len(steps)} steps.")
    if problem:
        raise typer.Exit(1)


async def _check(report: Callable[[Step], None]) -> CheckFailed | None:
    try:
        await check_call(report)
    except CheckFailed as problem:
        return problem
    return None


def _line(step: Step) -> str:
    mark = typer.style("ok", fg="green")
    return f"{mark}  {step.name:<18}{step.took_ms:>7.1f} ms   {step.text}"


def _document(steps: list[Step], problem: CheckFailed | None) -> dict[str, object]:
    return {
        "ok": problem is None,
        "failed_step": problem.step if problem else None,
        "error": str(problem.error) if problem else None,
        "steps": [
            {"name": step.name, "took_ms": round(step.took_ms, 2), **step.figures} for step in steps
        ],
    }
