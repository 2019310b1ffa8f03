"""A verb over a store that answers slowly: how many requests are under way at once?

    python benchmarks/storage_latency.py [--images 200] [--workers 1 4 16] [--wait-ms 10]
        [--verb coco2mask]

A real S3 server (moto's) on loopback that waits before each answer. "Under way" is the requests of
a run, times the wait, over its wall time: 1 is one request after the other. The server computes on
the same cores, so that without a wait a run is bound by it ("no wait"). Needs the extra s3.
"""

from __future__ import annotations

import argparse
import os
import sys
import tempfile
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT))

import synthetic  # noqa: E402

import datakit  # noqa: E402
from datakit.io.store.object_store import open_store  # noqa: E402
from tests import object_server  # noqa: E402
from tests.storage_cases import upload  # noqa: E402

SRC, OUT = "s3://slow-photos", "s3://slow-sets"


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--verb", default="coco2mask", choices=["coco2mask", "validate"])
    parser.add_argument("--images", type=int, default=200)
    parser.add_argument("--workers", type=int, nargs="*", default=[1, 4, 16])
    parser.add_argument("--wait-ms", type=float, default=10)
    args = parser.parse_args()
    server = object_server.serve()
    url, faulty = next(server)
    os.environ.update(object_server.environment(url))
    for bucket in (SRC, OUT):
        open_store("s3")._fs.mkdir(bucket.removeprefix("s3://"))
    with tempfile.TemporaryDirectory() as folder:
        synthetic.make_export(Path(folder, "export"), args.images)
        source = upload({"export": str(Path(folder, "export"))}, SRC)["export"]
    print("| verb | workers | requests | wall s, no wait | wall s, waiting | under way |")
    print("|---|---|---|---|---|---|", flush=True)
    for workers in args.workers:
        walls = []
        for wait_s in (0.0, args.wait_ms / 1e3):
            faulty.requests.clear()
            faulty.delay_s = wait_s
            options = {"workers": workers}
            if args.verb == "coco2mask":
                options["out"] = f"{OUT}/{workers}-{wait_s}"
            began = time.perf_counter()
            getattr(datakit, args.verb)(source, **options)
            walls.append(time.perf_counter() - began)
        count = len(faulty.requests)
        under_way = count * args.wait_ms / 1e3 / walls[1]
        print(
            f"| {args.verb} | {workers} | {count} | {walls[0]:.1f} | {walls[1]:.1f} | "
            f"{under_way:.1f} |",
            flush=True,
        )
    print(f"\nload {os.getloadavg()[0]:.1f}")


if __name__ == "__main__":
    main()
