"""Makes the demo's call step by step, and tells of each step that held."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from contextlib import AbstractAsyncContextManager, AsyncExitStack
from dataclasses import dataclass, field
from typing import Any

from exotel_voice.cli.demo_call import STEP_LIMIT, CheckedCall, Seen
from exotel_voice.errors import DeadlineExceeded, ExotelVoiceError
from exotel_voice.sandbox.process import SandboxProcess, start_sandbox

__all__ = ["CheckFailed", "Step", "check_call"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Step:
    """One step that held."""

    name: str
    took_ms: float
    text: str
    """What was seen, for people."""
    figures: dict[str, Any] = field(default_factory=dict)
    """The same for programs."""


class CheckFailed(Exception):
    """A step did not hold.

    Attributes:
        step: Its name.
        error: What went wrong.
    """

    def __init__(self, step: str, error: ExotelVoiceError) -> None:
        super().__init__(f"{step}: {error}")
        self.step = step
        self.error = error


async def check_call(
    report: Callable[[Step], None],
    *,
    platform: Callable[[], AbstractAsyncContextManager[SandboxProcess]] = start_sandbox,
) -> None:
    """Make the call; `report` is called with each step that held.

    Args:
        report: Called with each step.
        platform: Starts the platform to call through.

    Raises:
        CheckFailed: A step did not hold; everything has been closed.
    """
    async with AsyncExitStack() as stack:
        started: list[SandboxProcess] = []

        async def start() -> Seen:
            started.append(await stack.enter_async_context(platform()))
            url = started[0].wss_url
            return f"a program of its own at {url}", {"wss_url": url}

        await _step("platform", start(), report, limit=None)
        call = CheckedCall(started[0])
        stack.push_async_callback(call.aclose)
        for name, work in call.steps():
            await _step(name, work(), report, limit=STEP_LIMIT)


async def _step(
    name: str, work: Awaitable[Seen], report: Callable[[Step], None], *, limit: float | None
) -> None:
    clock = asyncio.get_running_loop().time
    began = clock()
    try:
        async with asyncio.timeout(limit):
            text, figures = await work
    except ExotelVoiceError as error:
        raise CheckFailed(name, error) from error
    except TimeoutError as error:
        raise CheckFailed(name, DeadlineExceeded(f"not within {limit} s")) from error
    report(Step(name=name, took_ms=(clock() - began) * 1e3, text=text, figures=figures))
