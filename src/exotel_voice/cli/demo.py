"""`exotel-voice demo`: the sample page with all that it needs; or one call, each step measured."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable
from typing import Annotated, Final

import typer

from exotel_voice.cli.demo_check import CheckFailed, Step, check_call

__all__ = ["run"]

DEFAULT_PORT: Final = 3000


def run(
    *,
    check: Annotated[
        bool,
        typer.Option("--check", help="Make one call without a browser or a sound card, then end."),
    ] = False,
    as_json: Annotated[
        bool, typer.Option("--json", help="With --check: print the figures of each step as JSON.")
    ] = False,
    port: Annotated[
        int | None,
        typer.Option(
            metavar="PORT",
            min=0,
            max=65535,
            help=f"Port of the page; 0 takes a free one. Default: {DEFAULT_PORT}.",
        ),
    ] = None,
    http: Annotated[
        bool, typer.Option("--http", help="Serve the page without TLS, for this machine only.")
    ] = False,
    no_browser: Annotated[
        bool, typer.Option("--no-browser", help="Do not open the page in the browser.")
    ] = False,
) -> None:
    """Run a phone in a web page, with a telephone platform behind it, until Ctrl-C.

    The page is at https://localhost:3000; what to try is printed. With --check no
    browser and no sound card is needed: one whole call is made on this machine,
    each step is measured, and the command ends with 0 only if each step held.
    """
    if check:
        if port is not None or http or no_browser:
            raise typer.BadParameter(
                "--port, --http and --no-browser belong to the page, which --check does not serve",
                param_hint="--check",
            )
        _run_check(as_json=as_json)
        return
    if as_json:
        raise typer.BadParameter("--json needs --check", param_hint="--json")
    # Imported here: the check needs no web server.
    from exotel_voice.cli.demo_app import DemoOptions, serve  # noqa: PLC0415

    options = DemoOptions(
        port=DEFAULT_PORT if port is None else port, use_tls=not http, open_browser=not no_browser
    )
    asyncio.run(serve(options, typer.echo))


def _run_check(*, as_json: bool) -> None:
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
