"""Feed one target with what libFuzzer thinks up, until it breaks or time is over.

    pip install atheris
    python tests/fuzz/run.py parser -max_total_time=300

What follows the name goes to libFuzzer. Inputs that break the target are written to the working
directory; put them into the corpus with the cure.
"""

from __future__ import annotations

import importlib
import sys
import tempfile
from pathlib import Path

TESTS = Path(__file__).resolve().parents[1]
CORPORA = {
    "parser": [TESTS / "data" / "rfc4475"],
    "sdp": [TESTS / "fuzz" / "corpus" / "sdp"],
    "digest": [],
    "agent": [TESTS / "fuzz" / "corpus" / "agent"],
}


def main(arguments: list[str]) -> None:
    """Run the target that the first argument names."""
    if not arguments or arguments[0] not in CORPORA:
        raise SystemExit(f"usage: run.py {'|'.join(CORPORA)} [libFuzzer options]")
    atheris = importlib.import_module("atheris")
    sys.path[:0] = [str(TESTS), str(TESTS.parent / "src")]
    with atheris.instrument_imports(include=["exotel_voice"]):
        targets = importlib.import_module("fuzz.targets")
    # libFuzzer writes what it finds into the first folder and only reads the others.
    with tempfile.TemporaryDirectory() as found:
        folders = [found, *map(str, CORPORA[arguments[0]])]
        atheris.Setup([sys.argv[0], *arguments[1:], *folders], targets.TARGETS[arguments[0]])
        atheris.Fuzz()


if __name__ == "__main__":
    main(sys.argv[1:])
