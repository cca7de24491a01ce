"""Cost of a call's audio: processor time per endpoint, ours beside aiortc's and libwebrtc's.

    python -m benchmarks.media [--quick]

Every case runs in a process of its own. An endpoint sends and receives 50 packets a second over
real ICE and DTLS-SRTP on loopback; both ends of a call count, as they are in the same process.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import subprocess
import sys
import tempfile
import time
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Final

from benchmarks.media_engines import ENGINES

__all__ = ["Figure", "main", "measure_all"]

# Percent of a core per endpoint, by codec and number of endpoints.
TARGETS: Final = {("PCMU", 10): 0.25, ("PCMU", 50): 0.18, ("opus", 10): 0.75, ("opus", 50): 0.65}
SETUP_TARGET_MS: Final = 8.0
RATIO_TARGETS: Final = {"PCMU": 10.0, "opus": 6.0}
CASE_LIMIT: Final = 60.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Figure:
    """What one case cost."""

    engine: str
    codec: str
    endpoints: int
    percent_per_endpoint: float
    """Processor time while all calls talk, in percent of a core, per endpoint."""
    setup_ms_per_pair: float
    """Processor time to connect a pair, in milliseconds; the pairs before it talk meanwhile."""
    frames_per_second: float
    """Frames of 20 ms that an endpoint decoded in a second; 50 where all went well."""

    @property
    def percent_per_frame(self) -> float:
        """Percent of a core for each frame a second that an endpoint sent and decoded."""
        return self.percent_per_endpoint / max(self.frames_per_second, 0.1)


async def measure(engine_name: str, codec: str, endpoints: int, seconds: float) -> Figure:
    """Run one case in this process."""
    with tempfile.TemporaryDirectory() as folder:
        engine = ENGINES[engine_name](Path(folder))
        # The first pair pays for imports, tables and the certificate of the process.
        await engine.open_pair(codec)
        before = time.process_time()
        for _ in range(endpoints // 2 - 1):
            await engine.open_pair(codec)
        setup = (time.process_time() - before) / max(endpoints // 2 - 1, 1)
        await asyncio.sleep(seconds / 2)
        began, cpu, frames = (
            time.perf_counter(),
            time.process_time(),
            await engine.frames_received(),
        )
        await asyncio.sleep(seconds)
        took, cpu = time.perf_counter() - began, time.process_time() - cpu
        frames = await engine.frames_received() - frames
        await engine.aclose()
    return Figure(
        engine=engine_name,
        codec=codec,
        endpoints=endpoints,
        percent_per_endpoint=100 * cpu / took / endpoints,
        setup_ms_per_pair=1000 * setup,
        frames_per_second=frames / took / endpoints,
    )


def measure_apart(engine: str, codec: str, endpoints: int, seconds: float) -> Figure | None:
    """Run one case in a process of its own; None where it could not be run to its end."""
    case = [engine, codec, str(endpoints), str(seconds)]
    command = [sys.executable, "-m", "benchmarks.media", "--case", *case]
    try:
        done = subprocess.run(  # noqa: S603 - this very program
            command, capture_output=True, text=True, timeout=CASE_LIMIT, check=True
        )
        return Figure(**json.loads(done.stdout.splitlines()[-1]))
    except subprocess.TimeoutExpired:
        print(f"  {engine} {codec} {endpoints}: no result within {CASE_LIMIT:g} s")
    except subprocess.CalledProcessError as error:
        print(f"  {engine} {codec} {endpoints}: failed\n{error.stderr[-2000:]}")
    return None


def measure_all(*, quick: bool) -> list[Figure]:
    """Run every case, printing each as it comes."""
    sizes = (10,) if quick else (10, 50)
    seconds = 2.0 if quick else 4.0
    figures = []
    print(f"{'codec':6}{'endpoints':>10}  {'engine':12}{'% core each':>12}{'target':>8}", end="")
    print(f"{'frames/s':>10}{'set-up ms/pair':>16}")
    for codec in ("PCMU", "opus"):
        for endpoints in sizes:
            for engine in ENGINES:
                figure = measure_apart(engine, codec, endpoints, seconds)
                if figure is not None:
                    figures.append(figure)
                    print(_row(figure), flush=True)
    return figures


def _row(figure: Figure) -> str:
    target = TARGETS[figure.codec, figure.endpoints] if figure.engine == "ours" else None
    return (
        f"{figure.codec:6}{figure.endpoints:>10}  {figure.engine:12}"
        f"{figure.percent_per_endpoint:>12.3f}{'' if target is None else target:>8}"
        f"{figure.frames_per_second:>10.1f}"
        f"{figure.setup_ms_per_pair:>16.1f}"
    )


def verdicts(figures: list[Figure]) -> list[tuple[str, float, float, bool]]:
    """Name each target with the figure, the target and whether it was met."""
    found: list[tuple[str, float, float, bool]] = []
    by_case = {(one.engine, one.codec, one.endpoints): one for one in figures}
    for (engine, codec, endpoints), figure in by_case.items():
        if engine != "ours":
            continue
        target = TARGETS[codec, endpoints]
        cost = figure.percent_per_endpoint
        found.append((f"{codec}, {endpoints} endpoints: % of a core", cost, target, cost <= target))
        other = by_case.get(("aiortc", codec, endpoints))
        if other is not None:
            # By the frame: a saturated engine costs no more, it delivers less.
            ratio = other.percent_per_frame / figure.percent_per_frame
            wanted = RATIO_TARGETS[codec]
            name = f"{codec}, {endpoints} endpoints: times less than aiortc"
            found.append((name, ratio, wanted, ratio >= wanted))
        if endpoints == min(size for _, size in TARGETS):
            setup = figure.setup_ms_per_pair
            name = f"{codec}, {endpoints} endpoints: set-up, ms per pair"
            found.append((name, setup, SETUP_TARGET_MS, setup <= SETUP_TARGET_MS))
    return found


def main(arguments: list[str] | None = None) -> int:
    """Print the table and the verdicts; the result is 0 also where a target is missed."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--quick", action="store_true", help="10 endpoints only, shorter")
    parser.add_argument("--case", nargs=4, help=argparse.SUPPRESS)
    options = parser.parse_args(arguments)
    if options.case:
        engine, codec, endpoints, seconds = options.case
        figure = asyncio.run(measure(engine, codec, int(endpoints), float(seconds)))
        print(json.dumps(asdict(figure)))
        return 0
    figures = measure_all(quick=options.quick)
    print()
    for name, value, target, met in verdicts(figures):
        print(f"{name:52}{value:>9.2f}{target:>8.2f}  {'met' if met else 'MISSED'}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
