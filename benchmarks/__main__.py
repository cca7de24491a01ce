"""Every benchmark, one after the other, each in a process of its own: `make bench`.

python -m benchmarks [--quick]
"""

from __future__ import annotations

import subprocess
import sys

PARTS = ("signalling", "load", "media", "gateway", "page", "recovery")


def main() -> int:
    """Run the parts; the result is 0 also where a target is missed, and 1 where a part broke."""
    broken = []
    for part in PARTS:
        print(f"\n== {part} ".ljust(79, "="), flush=True)
        command = [sys.executable, "-m", f"benchmarks.{part}", *sys.argv[1:]]
        if subprocess.run(command, check=False).returncode != 0:  # noqa: S603 - our own modules
            broken.append(part)
    if broken:
        print(f"\nbroken: {', '.join(broken)}")
    return 1 if broken else 0


if __name__ == "__main__":
    sys.exit(main())
