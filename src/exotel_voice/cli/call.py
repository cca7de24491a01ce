"""`exotel-voice call`: places a call through the HTTP API, and may follow it to its end."""

from __future__ import annotations

import asyncio
import json
import os
from collections.abc import Mapping
from typing import Annotated, Any, Final

import typer

from exotel_voice.rest import ApiAccount, ApiCall, ApiCallStatus, ExotelClient

__all__ = ["EXIT_STATUS", "run"]

EXIT_STATUS: Final[Mapping[ApiCallStatus, int]] = {
    ApiCallStatus.COMPLETED: 0,
    ApiCallStatus.BUSY: 3,
    ApiCallStatus.NO_ANSWER: 4,
    ApiCallStatus.FAILED: 5,
    ApiCallStatus.CANCELED: 6,
}
"""How `--wait` ends; 0 without it when the call was placed, 1 after an error."""


From = Annotated[str, typer.Option("--from", help="Who is called first: a SIP user or a number.")]
To = Annotated[str, typer.Option("--to", help="Who is called second.")]
CallerId = Annotated[str, typer.Option("--caller-id", help="The ExoPhone that both see.")]
TimeLimit = Annotated[
    int | None, typer.Option(metavar="SECONDS", help="Cut the call after so long.")
]
TimeOut = Annotated[int | None, typer.Option(metavar="SECONDS", help="Let each side ring so long.")]
CustomField = Annotated[
    str | None, typer.Option(help="Anything of yours; the StatusCallback repeats it.")
]
StatusCallback = Annotated[
    str | None, typer.Option(metavar="URL", help="Where the platform tells how it went.")
]
Options = Annotated[
    list[str] | None,
    typer.Option(
        "--option",
        metavar="NAME=VALUE",
        help="Any other parameter of Calls/connect, under the platform's name.",
    ),
]
Subdomain = Annotated[
    str | None,
    typer.Option(help="api.exotel.com, api.in.exotel.com, or a URL; else EXOTEL_SUBDOMAIN."),
]
WaitEvery = Annotated[
    float, typer.Option(metavar="SECONDS", min=0.1, help="How often --wait asks.")
]
WaitWithin = Annotated[
    float, typer.Option(metavar="SECONDS", min=0.1, help="How long --wait asks at most.")
]
Record = Annotated[bool, typer.Option("--record", help="Record the conversation.")]
WaitForEnd = Annotated[bool, typer.Option("--wait", help="Follow the call until it is over.")]
AsJson = Annotated[
    bool, typer.Option("--json", help="For programs: one line of JSON for each state.")
]


def run(  # noqa: PLR0913, PLR0917 - one argument for each option
    from_: From,
    to: To,
    caller_id: CallerId,
    time_limit: TimeLimit = None,
    time_out: TimeOut = None,
    custom_field: CustomField = None,
    status_callback: StatusCallback = None,
    option: Options = None,
    subdomain: Subdomain = None,
    wait_every: WaitEvery = 2.0,
    wait_within: WaitWithin = 3600.0,
    *,
    record: Record = False,
    wait: WaitForEnd = False,
    as_json: AsJson = False,
) -> None:
    """Place a call between two parties through the platform's HTTP API.

    Needs EXOTEL_API_KEY, EXOTEL_API_TOKEN and EXOTEL_ACCOUNT_SID in the environment.
    Ends with 0 when the call was placed; with --wait, when it was also completed,
    and with 3 for busy, 4 for no answer, 5 for failed, 6 for canceled.
    """
    options: dict[str, Any] = {
        "time_limit": time_limit,
        "time_out": time_out,
        "custom_field": custom_field,
        "status_callback": status_callback,
        "record": True if record else None,
        "extra": dict(_pair(text) for text in option or []),
    }
    explicit = {} if subdomain is None else {"subdomain": subdomain}
    account = ApiAccount.from_env(os.environ, **explicit)
    teller = _Teller(as_json=as_json)
    call = asyncio.run(
        _place(account, (from_, to, caller_id), options, teller)
        if not wait
        else _follow(account, (from_, to, caller_id), options, teller, (wait_every, wait_within))
    )
    raise typer.Exit(EXIT_STATUS.get(call.status, 1) if wait else 0)


def _pair(text: str) -> tuple[str, str]:
    name, equals, value = text.partition("=")
    if not (name and equals):
        raise typer.BadParameter(f"{text!r} is not NAME=VALUE")
    return name, value


class _Teller:
    """Prints each state of a call once."""

    def __init__(self, *, as_json: bool) -> None:
        self._as_json = as_json

    def tell(self, call: ApiCall) -> None:
        if self._as_json:
            typer.echo(json.dumps({"sid": call.sid, "status": call.status, **call.raw}))
            return
        line = f"{call.sid}  {call.status}"
        typer.echo(line if call.duration is None else f"{line}  {call.duration} s")


async def _place(
    account: ApiAccount, parties: tuple[str, str, str], options: dict[str, Any], teller: _Teller
) -> ApiCall:
    async with ExotelClient(account) as client:
        call = await client.connect_call(*parties, **options)
        teller.tell(call)
        return call


async def _follow(
    account: ApiAccount,
    parties: tuple[str, str, str],
    options: dict[str, Any],
    teller: _Teller,
    times: tuple[float, float],
) -> ApiCall:
    async with ExotelClient(account) as client:
        placed = await client.connect_call(*parties, **options)
        teller.tell(placed)

        def tell(call: ApiCall) -> None:
            if call.status is not placed.status or call.is_over:
                teller.tell(call)

        every, within = times
        return await client.wait_until_over(placed.sid, every=every, within=within, on_change=tell)
