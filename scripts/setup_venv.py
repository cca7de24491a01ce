"""Make the virtual environment and install the package in it, on a machine that may lack pip.

    python3 scripts/setup_venv.py [--dev] .venv

Standard library only. Where Python came without `ensurepip` (Debian and Ubuntu split it off), root
gets the distribution's package, and everyone else gets pip from the Python Package Index.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import os
import re
import shutil
import subprocess
import sys
import tempfile
import urllib.request
from pathlib import Path
from urllib.parse import urljoin

OLDEST = (3, 11)
PIP_INDEX = "https://pypi.org/simple/pip/"
ROOT = Path(__file__).resolve().parents[1]


def say(text: str) -> None:
    print(f"setup: {text}", flush=True)


def find_python() -> str:
    """A Python that is new enough: this one, or one of the numbered names on the path."""
    if sys.version_info >= OLDEST:
        return sys.executable
    for minor in range(20, OLDEST[1] - 1, -1):
        found = shutil.which(f"python3.{minor}")
        if found:
            return found
    have = ".".join(map(str, sys.version_info[:3]))
    sys.exit(
        f"setup: Python 3.11 or newer is needed and this is {have}; "
        "install one, or run `make PYTHON=/path/to/python3.11`"
    )


def make_venv(python: str, venv: Path) -> None:
    """Make the environment with pip in it, whatever the distribution left out."""
    say(f"environment in {venv} with {python}")
    if has_module(python, "ensurepip") or install_ensurepip(python):
        subprocess.run([python, "-m", "venv", "--clear", str(venv)], check=True)
        return
    say("this Python has no ensurepip; fetching pip from the Python Package Index")
    subprocess.run([python, "-m", "venv", "--clear", "--without-pip", str(venv)], check=True)
    with tempfile.TemporaryDirectory() as folder:
        wheel = download_pip(Path(folder))
        run_in(venv, f"{wheel}/pip", "install", "--quiet", str(wheel))


def scripts_folder() -> str:
    return "Scripts" if os.name == "nt" else "bin"


def has_module(python: str, name: str) -> bool:
    if shutil.which(python) is None:
        return False
    return subprocess.run([python, "-c", f"import {name}"], capture_output=True).returncode == 0


def install_ensurepip(python: str) -> bool:
    """As root on Debian or Ubuntu, install what they split off. Whether it is there now."""
    is_root = hasattr(os, "geteuid") and os.geteuid() == 0
    if not is_root or shutil.which("apt-get") is None or not python.startswith("/usr/bin/"):
        return False
    version = subprocess.run(
        [python, "-c", "import sys; print('%d.%d' % sys.version_info[:2])"],
        capture_output=True,
        text=True,
        check=True,
    ).stdout.strip()
    say(f"installing python{version}-venv with apt-get")
    environment = {**os.environ, "DEBIAN_FRONTEND": "noninteractive"}
    for command in (["update"], ["install", "-y", f"python{version}-venv"]):
        subprocess.run(
            ["apt-get", "-qq", *command],
            env=environment,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
        )
    return has_module(python, "ensurepip")


def download_pip(folder: Path) -> Path:
    """Fetch pip's newest wheel and check it against the index's digest."""
    accept = {"Accept": "application/vnd.pypi.simple.v1+json"}
    with urllib.request.urlopen(
        urllib.request.Request(PIP_INDEX, headers=accept), timeout=60
    ) as reply:
        files = json.load(reply)["files"]
    entry = max((file for file in files if not file["yanked"]), key=pip_version)
    with urllib.request.urlopen(urljoin(PIP_INDEX, entry["url"]), timeout=60) as reply:
        data = reply.read()
    if hashlib.sha256(data).hexdigest() != entry["hashes"]["sha256"]:
        sys.exit("setup: the pip that was downloaded does not match its digest; try again")
    wheel = folder / str(entry["filename"])
    wheel.write_bytes(data)
    return wheel


def pip_version(file: dict[str, str]) -> list[int]:
    """The version of a final release's wheel as numbers; nothing for every other file."""
    match = re.fullmatch(r"pip-([0-9.]+)-py3-none-any\.whl", file["filename"])
    return [int(part) for part in match[1].split(".")] if match else []


def run_in(venv: Path, *command: str) -> None:
    """Run the environment's Python; its failure is this script's."""
    python = venv / scripts_folder() / "python"
    result = subprocess.run([str(python), *command], cwd=ROOT)
    if result.returncode:
        sys.exit(f"setup: `python {' '.join(command)}` failed; the lines above say why")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--dev", action="store_true", help="also what tests and checks need")
    parser.add_argument("venv", type=Path)
    args = parser.parse_args()
    venv = args.venv.absolute()
    if not has_module(str(venv / scripts_folder() / "python"), "pip"):
        make_venv(find_python(), venv)
    say("pip itself, which must know dependency groups (25.1 or newer)")
    run_in(venv, "-m", "pip", "install", "--quiet", "--upgrade", "pip>=25.1")
    say("exotel-voice and " + ("what its tests need" if args.dev else "what it needs"))
    group = ["--group", "dev"] if args.dev else []
    run_in(venv, "-m", "pip", "install", "--quiet", "-e", ".", *group)
    say("done")


if __name__ == "__main__":
    main()
