"""The coverage gate: two thresholds over one run, decided before pytest's closing line.

    coverage run -m pytest

`coverage report --fail-under` knows one threshold for all files. The core is pure and is held
higher than the code around it, which meets real sockets. `pytest-cov` would start too late: the
package's own pytest plugin is imported before it.
"""

from __future__ import annotations

import io
from collections.abc import Generator
from dataclasses import dataclass
from pathlib import Path

import coverage
import pytest

__all__ = ["GATES", "REPORT", "CoverageGate", "Gate", "measured"]

REPORT = Path("coverage") / "report.txt"


@dataclass(frozen=True, slots=True, kw_only=True)
class Gate:
    """One threshold."""

    name: str
    """What the report calls it."""
    include: tuple[str, ...]
    """Patterns of the files it covers; none means every file."""
    at_least: float
    """Percent of lines and branches."""


GATES = (
    Gate(
        name="sip and errors",
        include=("*/exotel_voice/sip/*", "*/exotel_voice/errors/*"),
        at_least=97.0,
    ),
    Gate(name="everything", include=(), at_least=88.0),
)


def measured(running: coverage.Coverage) -> coverage.Coverage:
    """Join what this process and the processes it started have measured so far."""
    running.stop()
    running.save()
    joined = coverage.Coverage()
    joined.combine()
    joined.save()
    return joined


class CoverageGate:
    """A pytest plugin: fails the session where the measure falls below a threshold.

    A run of a part of the tests measures nothing of interest, so the gate stands only where the
    whole suite was asked for and passed.
    """

    def __init__(self, running: coverage.Coverage) -> None:
        self._running = running
        self._lines: list[str] = []

    @pytest.hookimpl(wrapper=True, tryfirst=True)
    def pytest_runtestloop(self, session: pytest.Session) -> Generator[None, object, object]:
        result = yield
        option = session.config.option
        is_part = option.markexpr or option.keyword or option.collectonly
        is_all = session.config.args_source == pytest.Config.ArgsSource.TESTPATHS
        if is_all and not is_part and not session.testsfailed:
            self._judge(session)
        return result

    def _judge(self, session: pytest.Session) -> None:
        data = measured(self._running)
        REPORT.parent.mkdir(exist_ok=True)
        with REPORT.open("w", encoding="utf-8") as out:
            data.report(file=out, show_missing=True)
        for gate in GATES:
            percent = data.report(include=list(gate.include) or None, file=io.StringIO())
            is_low = percent < gate.at_least
            self._lines.append(
                f"{gate.name:<16} {percent:6.2f} %  (at least {gate.at_least:g} %)"
                + ("  TOO LOW" if is_low else "")
            )
            session.testsfailed += is_low

    def pytest_terminal_summary(self, terminalreporter: pytest.TerminalReporter) -> None:
        if self._lines:
            terminalreporter.section(f"coverage, line by line in {REPORT}")
            for line in self._lines:
                terminalreporter.line(line)
