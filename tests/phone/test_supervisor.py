from __future__ import annotations

import asyncio
import logging

import pytest

from exotel_voice.phone.supervisor import Supervisor


async def test_closing_cancels_every_task_and_waits_for_its_end() -> None:
    supervisor = Supervisor()
    ended: list[str] = []

    async def work(name: str) -> None:
        try:
            await asyncio.Event().wait()
        finally:
            await asyncio.sleep(0)
            ended.append(name)

    for name in ("one", "two"):
        supervisor.start(work(name), name=name)
    await asyncio.sleep(0)
    assert len(supervisor) == 2
    await supervisor.aclose()
    assert sorted(ended) == ["one", "two"]
    assert len(supervisor) == 0


async def test_a_task_that_cleans_up_comes_to_its_end() -> None:
    supervisor = Supervisor()
    done: list[str] = []

    async def clean_up() -> None:
        await asyncio.sleep(0.01)
        done.append("clean")

    supervisor.start(clean_up(), name="clean up", is_clean_up=True)
    await supervisor.aclose()
    assert done == ["clean"]


async def test_a_task_that_cleans_up_for_too_long_is_cancelled() -> None:
    supervisor = Supervisor()
    supervisor.start(asyncio.sleep(60), name="clean up", is_clean_up=True)
    await supervisor.aclose(limit=0.01)
    assert len(supervisor) == 0


async def test_a_task_may_close_its_own_supervisor() -> None:
    supervisor = Supervisor()
    other = supervisor.start(asyncio.sleep(60), name="other")
    await supervisor.start(supervisor.aclose(), name="closes")
    assert other.cancelled()


async def test_how_a_task_fails_is_logged(caplog: pytest.LogCaptureFixture) -> None:
    supervisor = Supervisor()

    async def fail() -> None:
        raise ValueError("broken")

    task = supervisor.start(fail(), name="break something")
    await asyncio.wait([task])
    await asyncio.sleep(0)
    assert [(r.levelno, r.getMessage()) for r in caplog.records] == [
        (logging.ERROR, "break something failed")
    ]
