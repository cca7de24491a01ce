"""The log of a client: what it keeps, whose lines, for whom, and that nobody else notices."""

from __future__ import annotations

import asyncio
import logging
import stat
import sys
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from exotel_voice.errors import ConfigError
from exotel_voice.observe import ClientLogs, LogLine
from exotel_voice.observe.lines import LogRing, line_of, type_of
from exotel_voice.observe.tap import LOGGER_NAME, TAPPED_LEVEL
from log_watch import LogWatch

log = logging.getLogger("exotel_voice.phone")


@pytest.fixture
def logs() -> Iterator[ClientLogs]:
    made = ClientLogs(limit=100, secrets=["hunter2-2"])
    yield made
    made.close()


def texts(logs: ClientLogs) -> list[str]:
    return [line.message for line in logs.lines()]


def test_every_level_is_kept_with_the_guide_s_word_for_it(logs: ClientLogs) -> None:
    with logs.scope.entered():
        for level in (logging.DEBUG, logging.INFO, logging.WARNING, logging.ERROR, 50):
            log.log(level, "level %d", level, extra={"call_id": "c1"})
    lines = logs.lines()
    assert [line.type for line in lines] == ["log", "info", "warn", "error", "error"]
    assert lines[0].message == "level 10"
    assert {(line.logger, line.call_id) for line in lines} == {("exotel_voice.phone", "c1")}
    assert str(lines[2]).endswith("Z WARNING exotel_voice.phone [c1] level 30")


def test_a_callback_hears_type_message_and_where_it_comes_from(logs: ClientLogs) -> None:
    heard: list[tuple[str, str, list[dict[str, str]]]] = []
    logs.listen(lambda kind, message, args: heard.append((kind, message, args)))
    with logs.scope.entered():
        log.warning("the far side is %s", "busy", extra={"call_id": "c9"})
        log.info("registered")
        logs.listen(None)
        log.info("not heard")
    (kind, message, args), (_, _, plain) = heard
    assert (kind, message) == ("warn", "the far side is busy")
    assert (args[0]["logger"], args[0]["callId"]) == ("exotel_voice.phone", "c9")
    assert "callId" not in plain[0]
    assert len(logs.lines()) == 3


def test_a_callback_that_logs_is_not_called_for_its_own_lines(logs: ClientLogs) -> None:
    heard: list[str] = []

    def callback(_: str, message: str, __: object) -> None:
        heard.append(message)
        log.info("from the callback")

    logs.listen(callback)
    with logs.scope.entered():
        log.info("one")
    assert heard == ["one"]
    assert sorted(texts(logs)) == ["from the callback", "one"]


def test_a_callback_that_fails_harms_neither_the_caller_nor_the_next_line(
    logs: ClientLogs, capsys: pytest.CaptureFixture[str]
) -> None:
    def fail(*_: object) -> None:
        raise ValueError("the application's own mistake")

    logs.listen(fail)
    with logs.scope.entered():
        log.info("one")
        log.info("two")
    assert texts(logs) == ["one", "two"]
    assert "the application's own mistake" in capsys.readouterr().err


def test_the_oldest_lines_make_room(logs: ClientLogs) -> None:
    with logs.scope.entered():
        for number in range(250):
            log.info("line %d", number)
    assert (len(logs.lines()), texts(logs)[0], texts(logs)[-1]) == (100, "line 150", "line 249")
    assert logs.text().startswith("(150 older lines are not kept)\n")
    with pytest.raises(ConfigError):
        ClientLogs(limit=0)


def test_a_line_costs_the_same_however_many_are_kept() -> None:
    def cost(limit: int) -> float:
        """The best of several rounds: microseconds for a line in a full ring."""
        ring = LogRing(limit)
        record = logging.LogRecord("exotel_voice", 20, "", 0, "x" * 80, None, None)
        line = line_of(record, str)
        for _ in range(limit):
            ring.add(line)
        rounds = []
        for _ in range(7):
            begun = time.perf_counter()
            for _ in range(2_000):
                ring.add(line)
            rounds.append(time.perf_counter() - begun)
        return min(rounds)

    small, large = cost(100), cost(100_000)
    assert large < 3 * small


def test_a_long_line_is_cut_and_a_traceback_is_part_of_it(logs: ClientLogs) -> None:
    with logs.scope.entered():
        log.info("x" * 1_000_000)
        try:
            int("what went wrong")
        except ValueError:
            log.exception("a callback failed")
        log.error("no traceback", exc_info=True)  # noqa: LOG014 - this is the case
    long, failed, bare = texts(logs)
    assert len(long) < 4_200
    assert failed.startswith("a callback failed\nTraceback")
    assert failed.endswith("ValueError: invalid literal for int() with base 10: 'what went wrong'")
    assert bare == "no traceback"


# -- whose lines ---------------------------------------------------------------------------------


async def test_several_clients_in_one_loop_share_nothing() -> None:
    first, second = ClientLogs(), ClientLogs()
    everything, unclaimed = ClientLogs(whose="everybody"), ClientLogs(whose="unclaimed")

    async def work(name: str) -> None:
        log.info("%s begins", name)
        inner = asyncio.create_task(asyncio.sleep(0))
        asyncio.get_running_loop().call_soon(log.info, "%s by callback", name)
        await inner
        await asyncio.to_thread(log.info, "%s by thread", name)

    await asyncio.gather(
        asyncio.create_task(first.scope.around(lambda: work("first"))()),
        asyncio.create_task(second.scope.around(lambda: work("second"))()),
        work("nobody"),
    )
    for logs in (first, second, everything, unclaimed):
        logs.close()
    assert sorted(texts(first)) == ["first begins", "first by callback", "first by thread"]
    assert sorted(texts(second)) == ["second begins", "second by callback", "second by thread"]
    assert len(texts(everything)) == 9
    assert sorted(texts(unclaimed)) == ["nobody begins", "nobody by callback", "nobody by thread"]


def test_scopes_nest_and_end(logs: ClientLogs) -> None:
    other = ClientLogs()
    log.info("before")
    with logs.scope.entered():
        with other.scope.entered():
            log.info("inner")
        log.info("outer")
    log.info("after")
    other.close()
    assert (texts(logs), texts(other)) == (["outer"], ["inner"])


# -- the file and the console --------------------------------------------------------------------


def test_the_lines_are_written_to_a_file_of_this_user_alone(logs: ClientLogs) -> None:
    with logs.scope.entered():
        log.info("one \N{TELEPHONE RECEIVER}")
        log.warning("two")
    path = logs.download()
    try:
        lines = path.read_text(encoding="utf-8").splitlines()
        assert [line.partition("exotel_voice.phone ")[2] for line in lines] == [
            "one \N{TELEPHONE RECEIVER}",
            "two",
        ]
        assert path.name.startswith("exotel-voice-")
        if sys.platform != "win32":
            assert stat.S_IMODE(path.stat().st_mode) == 0o600
    finally:
        path.unlink()


def test_a_path_of_the_application_is_taken(logs: ClientLogs, tmp_path: Path) -> None:
    assert logs.download(tmp_path / "a.log") == tmp_path / "a.log"
    with pytest.raises(FileNotFoundError):
        logs.download(tmp_path / "missing" / "a.log")


def test_the_console_shows_lines_only_while_it_is_asked_to(
    logs: ClientLogs, capsys: pytest.CaptureFixture[str]
) -> None:
    with logs.scope.entered():
        log.info("before")
        logs.show_on_console(True)
        log.info("while")
        logs.show_on_console(False)
        log.info("after")
    shown = capsys.readouterr()
    assert shown.out == ""
    assert [line.split()[-1] for line in shown.err.splitlines()] == ["while"]


# -- secrets -------------------------------------------------------------------------------------


def test_secrets_are_taken_out_before_anybody_sees_them() -> None:
    logs = ClientLogs(secrets=["hunter2-2"])
    heard: list[str] = []
    logs.listen(lambda _, message, __: heard.append(message))
    record = logging.LogRecord("exotel_voice.x", 20, "", 0, "pass %s", ("hunter2-2",), None)
    with logs.scope.entered():
        logs.take(record)
        logs.hide("other-w0rd")
        logs.take(logging.LogRecord("exotel_voice.x", 20, "", 0, "an other-w0rd", None, None))
    logs.close()
    assert texts(logs) == heard == ["pass ***", "an ***"]


def test_numbers_are_shortened_on_request() -> None:
    logs = ClientLogs(shorten=True)
    with logs.scope.entered():
        log.info("a call from +919900000001")
    logs.close()
    assert texts(logs) == ["a call from +91\N{HORIZONTAL ELLIPSIS}01"]


# -- nobody else notices -------------------------------------------------------------------------


class Collector(logging.Handler):
    """A handler of the program's own."""

    def __init__(self) -> None:
        super().__init__()
        self.messages: list[str] = []

    def emit(self, record: logging.LogRecord) -> None:
        self.messages.append(record.getMessage())


@pytest.fixture
def program(no_secret_is_logged: LogWatch) -> Iterator[Collector]:
    """A program whose root logger has a handler, and the package's loggers untouched."""
    root, handler = logging.getLogger(), Collector()
    with no_secret_is_logged.looking_away():
        root.addHandler(handler)
        try:
            yield handler
        finally:
            root.removeHandler(handler)


def state() -> tuple[Any, ...]:
    logger = logging.getLogger(LOGGER_NAME)
    return logger.level, logger.propagate, tuple(logger.handlers), logger.parent


def test_the_loggers_are_as_they_were_before_and_after(program: Collector) -> None:
    before = state()
    logs, other = ClientLogs(), ClientLogs()
    assert state() != before
    logs.close()
    logs.close()
    assert logging.getLogger(LOGGER_NAME).level == TAPPED_LEVEL
    other.close()
    assert state() == before
    assert program.messages == []


def test_the_program_s_handlers_get_what_they_got_before_and_no_more(program: Collector) -> None:
    logs = ClientLogs(whose="everybody")
    root, package = logging.getLogger(), logging.getLogger(LOGGER_NAME)
    log.info("one")
    log.warning("two")
    level = root.level
    root.setLevel(logging.INFO)
    log.info("three")
    root.setLevel(level)
    package.setLevel(logging.DEBUG)  # the program wants more while a client lives
    log.debug("four")
    logs.close()
    log.debug("five")
    package.setLevel(logging.NOTSET)
    log.info("six")
    assert program.messages == ["two", "three", "four", "five"]
    assert texts(logs) == ["one", "two", "three", "four"]


def test_a_level_of_a_layer_s_own_stays_in_force(program: Collector) -> None:
    layer = logging.getLogger("exotel_voice.some_layer")
    layer.setLevel(logging.INFO)
    logs = ClientLogs(whose="everybody")
    logging.getLogger("exotel_voice.some_layer.part").info("one")
    layer.debug("two")
    logs.close()
    layer.setLevel(logging.NOTSET)
    assert program.messages == texts(logs) == ["one"]


def test_lines_of_many_threads_are_all_kept(logs: ClientLogs) -> None:
    def write(name: str) -> None:
        with logs.scope.entered():
            for number in range(20):
                log.info("%s %d", name, number)

    threads = [threading.Thread(target=write, args=(name,)) for name in "abcde"]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(set(texts(logs))) == 100


def test_levels_between_the_names_have_the_word_of_the_one_below() -> None:
    assert [type_of(level) for level in (5, 25, 35, 45)] == ["log", "info", "warn", "error"]
    assert LogLine.__slots__


def test_a_thousand_clients_have_one_handler_and_each_its_own_lines() -> None:
    logger = logging.getLogger(LOGGER_NAME)
    before = len(logger.handlers)
    many = [ClientLogs(limit=10) for _ in range(1000)]
    try:
        assert len(logger.handlers) == before + 1
        with many[7].scope.entered(), many[500].scope.entered():
            log.info("of the inner one")
        with many[7].scope.entered():
            log.info("of the other")
        log.info("of nobody")
        assert {number: texts(one) for number, one in enumerate(many) if one.lines()} == {
            500: ["of the inner one"],
            7: ["of the other"],
        }
    finally:
        for one in many:
            one.close()
    assert len(logger.handlers) == before


def test_lines_can_be_read_piece_by_piece(logs: ClientLogs) -> None:
    assert logs.lines_since(0) == (0, ())
    with logs.scope.entered():
        for number in range(150):
            log.info("line %d", number)
    first, lines = logs.lines_since(10)
    assert (first, lines[0].message, len(lines)) == (50, "line 50", 100)
    first, lines = logs.lines_since(148)
    assert (first, [line.message for line in lines]) == (148, ["line 148", "line 149"])
    assert logs.lines_since(999) == (150, ())
