"""Rules for every test: it runs or is left out by name, and it leaves nothing behind.

The coverage gate is here too, so that one pytest run gives one verdict.
"""

from __future__ import annotations

import inspect
import os
import threading
from collections.abc import AsyncIterator, Iterator

import coverage
import pytest

import needs
from coverage_gate import CoverageGate
from log_watch import LogWatch
from virtual_loop import unfinished_tasks

ON_CI = os.environ.get("CI") == "true"
left_out: dict[str, list[str]] = {}
log_watch = LogWatch()


def pytest_configure(config: pytest.Config) -> None:
    log_watch.install()
    running = coverage.Coverage.current()
    if running is not None and not hasattr(config, "workerinput"):
        config.pluginmanager.register(CoverageGate(running), "coverage_gate")


def pytest_itemcollected(item: pytest.Item) -> None:
    """Give each asynchronous test the check for tasks that outlive it."""
    guard = "no_task_outlives_the_test"
    if not isinstance(item, pytest.Function) or guard in item.fixturenames:
        return
    if inspect.iscoroutinefunction(item.obj):
        item.fixturenames.insert(0, guard)


def pytest_runtest_setup(item: pytest.Item) -> None:
    names = tuple(name for mark in item.iter_markers("needs") for name in mark.args)
    absent = needs.missing(names)
    if not absent:
        return
    reason = "; ".join(f"{name} is absent ({needs.NEEDS[name].remedy})" for name in absent)
    if ON_CI:
        pytest.fail(reason, pytrace=False)
    left_out.setdefault(reason, []).append(item.nodeid)
    pytest.skip(reason)


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    for reason, tests in left_out.items():
        terminalreporter.section(f"left out: {len(tests)} tests, because {reason}")
        for name in tests:
            terminalreporter.line(f"  {name}")


@pytest.fixture
async def no_task_outlives_the_test() -> AsyncIterator[None]:
    """Fail a test after whose end, fixtures included, a task of its loop still runs."""
    yield
    left = await unfinished_tasks()
    if not left:
        return
    names = "\n".join(f"  {task!r}" for task in left)
    pytest.fail(f"tasks that nobody ended:\n{names}", pytrace=False)


@pytest.fixture(autouse=True)
def no_thread_outlives_the_test() -> Iterator[None]:
    """Fail a test that leaves a thread which would keep the process alive."""
    before = set(threading.enumerate())
    yield
    left = [
        thread
        for thread in threading.enumerate()
        if thread not in before and not thread.daemon and not thread.name.startswith("asyncio_")
    ]
    for thread in left:
        thread.join(timeout=1.0)
    alive = [thread.name for thread in left if thread.is_alive()]
    if alive:
        pytest.fail(f"threads that nobody ended: {', '.join(alive)}", pytrace=False)


@pytest.fixture(autouse=True)
def no_secret_is_logged() -> Iterator[LogWatch]:
    """Fail a test in which any logger, at any level, wrote a secret."""
    with log_watch.one_test() as offences:
        yield log_watch
        found = offences()
    if found:
        pytest.fail("secrets in the log:\n" + "\n".join(found), pytrace=False)
