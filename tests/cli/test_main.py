"""The command line itself: help, version, wrong arguments, errors, and what it imports."""

from __future__ import annotations

import subprocess
import sys

import pytest

from exotel_voice import __version__
from exotel_voice.cli import main as cli
from exotel_voice.errors import ConfigError


def command(*arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(  # noqa: S603 - our own command
        [sys.executable, "-m", "exotel_voice", *arguments],
        capture_output=True,
        text=True,
        timeout=20,
        check=False,
    )


def test_help_names_every_command() -> None:
    result = command("--help")
    assert result.returncode == 0
    for entry in cli.COMMANDS:
        assert entry.name in result.stdout
        assert entry.summary.split()[0] in result.stdout


def test_no_arguments_are_answered_with_help() -> None:
    assert "Commands" in command().stdout + command().stderr


def test_the_version_is_printed() -> None:
    result = command("--version")
    assert (result.returncode, result.stdout.strip()) == (0, f"exotel-voice {__version__}")


def test_an_unknown_command_is_answered_with_the_nearest_one() -> None:
    result = command("sandbx")
    assert result.returncode == 2
    assert "sandbox" in result.stderr


def test_the_list_of_commands_imports_none_of_them() -> None:
    code = (
        "import sys, exotel_voice.cli.main\n"
        "heavy = {'aiortc', 'numpy', 'starlette', 'uvicorn', 'websockets', 'cryptography'}\n"
        "print(sorted(heavy & set(sys.modules)))"
    )
    result = subprocess.run(  # noqa: S603 - our own code
        [sys.executable, "-c", code], capture_output=True, text=True, check=True
    )
    assert result.stdout.strip() == "[]"


@pytest.mark.parametrize(
    ("error", "status"), [(KeyboardInterrupt(), 130), (ConfigError("The port is wrong."), 1)]
)
def test_the_end_of_a_command_is_the_exit_status(
    error: BaseException,
    status: int,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    def fail(**_: str) -> None:
        raise error

    monkeypatch.setattr(cli, "app", fail)
    with pytest.raises(SystemExit) as ended:
        cli.main()
    assert ended.value.code == status
    if isinstance(error, ConfigError):
        assert capsys.readouterr().err == f"Error: {error.message}\n{error.hint}\n"
