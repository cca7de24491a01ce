"""The Kamailio that the benchmarks talk to, the one of the interop tests."""

from __future__ import annotations

import contextlib
import sys
import tempfile
from collections.abc import AsyncIterator
from pathlib import Path
from typing import TYPE_CHECKING

sys.path.append(str(Path(__file__).resolve().parents[1] / "tests"))

if TYPE_CHECKING:
    from interop.kamailio import Kamailio

__all__ = ["kamailio", "why_not"]


def why_not(*names: str) -> str | None:
    """Say what is missing on this machine, and how to get it; None if all is there."""
    from needs import NEEDS, missing  # noqa: PLC0415 - found on the path set above

    absent = missing(names)
    return "; ".join(f"{name} is absent ({NEEDS[name].remedy})" for name in absent) or None


@contextlib.asynccontextmanager
async def kamailio() -> AsyncIterator[Kamailio]:
    """Run one while the block lasts."""
    from interop.kamailio import Kamailio  # noqa: PLC0415 - found on the path set above

    with tempfile.TemporaryDirectory(prefix="exotel-voice-bench-") as folder:
        async with Kamailio(Path(folder)) as server:
            yield server
