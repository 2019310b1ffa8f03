"""Many workers over slow storage: are they kept busy?

    python benchmarks/latency.py [--workers 2 16 64] [--wait-ms 10 30] [--seconds 4]

Every item waits as for storage, and takes no CPU: so many more workers than cores can be
simulated on any machine. "Ideal" is one item after the other in every worker, none of whom ever
waits for work. With ``--uneven`` every tenth item waits ten times as long, as a large file does.
The clock starts when all workers have done something.
"""

from __future__ import annotations

import argparse
import os
import sys
import time
from dataclasses import dataclass
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent))

from datakit.engine.base import LazyTask, ordered_map
from datakit.engine.local import LocalEngine

SLOW_EVERY, SLOWER = 10, 10


@dataclass(frozen=True)
class Request:
    """An item that waits."""

    key: str
    wait_s: float


class Waiter:
    """What a worker does: it waits, and tells who it is."""

    def __call__(self, item: Request) -> tuple[int, float]:
        """Return the process and the time at which the item was done."""
        time.sleep(item.wait_s)
        return os.getpid(), time.monotonic()


def waits(count: int, wait_s: float, *, uneven: bool) -> list[float]:
    """Return how long each item waits."""
    slow = range(0, count, SLOW_EVERY) if uneven else range(0)
    return [wait_s * (SLOWER if number in slow else 1) for number in range(count)]


def measure(workers: int, wait_s: float, seconds: float, *, uneven: bool) -> tuple[float, ...]:
    """Return items/s, the share of the time that workers had one, and the driver's ms an item."""
    mean_s = wait_s * (1 + (SLOWER - 1) / SLOW_EVERY) if uneven else wait_s
    each = waits(round(seconds * workers / mean_s), wait_s, uneven=uneven)
    items = [Request(str(number), one) for number, one in enumerate(each)]
    began = time.process_time()
    outcomes = list(ordered_map(LocalEngine(workers), LazyTask("latency:Waiter", {}), items))
    driver_ms = (time.process_time() - began) / len(items) * 1e3
    begun: dict[int, float] = {}
    times = []
    for outcome in outcomes:
        if outcome.value is None:
            sys.exit(f"{outcome.key}: {outcome.error}")
        process, at = outcome.value
        begun[process] = min(begun.get(process, at), at)
        times.append(at)
    first = max(begun.values())
    counted = [one for one, at in zip(each, times, strict=True) if at > first]
    took = max(times) - first
    return len(counted) / took, sum(counted) / took / workers, driver_ms


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--workers", type=int, nargs="*", default=[2, 16, 64])
    parser.add_argument("--wait-ms", type=float, nargs="*", default=[10, 30])
    parser.add_argument("--seconds", type=float, default=4)
    parser.add_argument("--uneven", action="store_true")
    args = parser.parse_args()
    print("| workers | an item waits ms | items/s | of the ideal | driver CPU ms an item |")
    print("|---|---|---|---|---|")
    for workers in args.workers:
        for wait_ms in args.wait_ms:
            found = measure(workers, wait_ms / 1e3, args.seconds, uneven=args.uneven)
            cells = "{:.0f} | {:.2f} | {:.2f}".format(*found)
            print(f"| {workers} | {wait_ms:g} | {cells} |", flush=True)
    print(f"\nload {os.getloadavg()[0]:.1f}")


if __name__ == "__main__":
    # Workers import what they are given by its module, which must not be that of the program.
    import latency

    latency.main()
