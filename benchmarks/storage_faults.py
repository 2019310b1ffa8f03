"""Faults of the storage, each kind x each verb that writes: what is lost, what is half-written.

    python benchmarks/storage_faults.py [--verb NAME ...] [--kills N] [--seed N]

A real S3 server (moto's) on loopback, with a table of faults before it; every verb reads from one
bucket and writes to another. After each fault the run is continued and its tree compared with the
undisturbed one. Needs the extras s3 and dev; the verbs with models those of theirs.
"""

from __future__ import annotations

import argparse
import errno
import faulthandler
import os
import random
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT))

from datakit.io.store import atomic  # noqa: E402
from datakit.io.store.object_store import open_store  # noqa: E402
from tests import object_server  # noqa: E402
from tests.object_server import Fault  # noqa: E402
from tests.storage_campaign import TROUBLES, Campaign, Trouble, Undisturbed  # noqa: E402
from tests.storage_cases import CASES, Case, make_sources, upload  # noqa: E402

SRC, OUT = "s3://raw-photos", "s3://made-sets"
VERB = """
import sys, json, datakit
verb, sources, out, options = sys.argv[1], *map(json.loads, sys.argv[2:5])
getattr(datakit, verb)(tuple(sources), out=out, **options)
"""


def main() -> None:
    """Run the table and print it."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--verb", nargs="*", choices=list(CASES), default=list(CASES))
    parser.add_argument("--kills", type=int, default=2, help="SIGKILLs a verb")
    parser.add_argument("--seed", type=int, default=0)
    arguments = parser.parse_args()
    rng = random.Random(arguments.seed)
    faulthandler.register(signal.SIGUSR1)
    server = object_server.serve()
    url, faulty = next(server)
    faulty.hang_s = 0.6
    os.environ.update(object_server.environment(url))
    os.environ |= {"DATAKIT_STORAGE_TIMEOUT": "0.3", "DATAKIT_STORAGE_ATTEMPTS": "2"}
    for bucket in (SRC, OUT):
        open_store("s3")._fs.mkdir(bucket.removeprefix("s3://"))
    with tempfile.TemporaryDirectory() as folder:
        local = make_sources(ROOT / "sample_data", Path(folder))
        campaign = Campaign(faulty, upload(local, SRC), SRC, OUT)
        total = wrong = 0
        print("| verb | files | requests (writes, reads) | trials | wrong | s |")
        print("|---|---|---|---|---|---|", flush=True)
        for name in arguments.verb:
            started = time.perf_counter()
            peace = campaign.undisturbed(name, CASES[name])
            trials, found = one_verb(campaign, name, CASES[name], peace, rng, arguments.kills)
            total, wrong = total + trials, wrong + len(found)
            seconds = time.perf_counter() - started
            requests = f"{peace.requests['out']}, {peace.requests['src']}"
            print(
                f"| {name} | {len(peace.tree)} | {requests} | {trials} | {len(found)} | "
                f"{seconds:.0f} |",
                flush=True,
            )
            for line in found:
                print(f"    {line[:400]}", flush=True)
        print(f"\n{total} trials, {wrong} wrong")
    # Here, while its thread lives: at the end of the process it would be waited for in vain.
    server.close()


def one_verb(
    campaign: Campaign,
    name: str,
    case: Case,
    peace: Undisturbed,
    rng: random.Random,
    kills: int,
) -> tuple[int, list[str]]:
    """Return the number of trials of a verb, and what went wrong in them."""
    trials: list[tuple[str, Callable[[], list[str]]]] = []
    for row in TROUBLES:
        trouble = Trouble(row.kind, row.side, row.passes, rng.random())
        trials.append(
            (
                f"{trouble} at {trouble.at:.2f}",
                lambda t=trouble: campaign.trial(name, case, t, peace),
            )
        )
    trials.append(("clock goes back", lambda: clock(campaign, name, case, peace)))
    trials.append(("read-only source", lambda: read_only(campaign, name, case, peace)))
    trials.append(("full disk of the spool", lambda: full_disk(campaign, name, case, peace)))
    if case.resumes:
        trials.append(("two runs at once", lambda: campaign.second_run(name, case)))
        # Models start for seconds: the kill would mostly meet that.
        for _ in range(kills):
            at = rng.random()
            trials.append(
                (f"SIGKILL at {at:.2f}", lambda a=at: kill(campaign, name, case, peace, a))
            )
    found = []
    for what, trial in trials:
        campaign.clear(name, case)
        started = time.perf_counter()
        found += [f"{what}: {line}" for line in trial()]
        print(f"{name}: {what}: {time.perf_counter() - started:.1f} s", file=sys.stderr, flush=True)
    return len(trials), found


def clock(campaign: Campaign, name: str, case: Case, peace: Undisturbed) -> list[str]:
    """Run with a clock that goes an hour back each time that it is read."""
    real, now = time.time, [0.0]

    def back() -> float:
        now[0] -= 3600
        return real() + now[0]

    time.time = back  # type: ignore[assignment]
    try:
        return campaign.resumed(name, case, peace)
    finally:
        time.time = real


def read_only(campaign: Campaign, name: str, case: Case, peace: Undisturbed) -> list[str]:
    """Run with a source that refuses every write, and see that none was tried."""
    fault = Fault("denied", methods="PUT|POST|DELETE", path=f"^/{SRC.removeprefix('s3://')}")
    campaign.server.faults[:] = [fault]
    wrong = campaign.resumed(name, case, peace)
    campaign.server.faults.clear()
    return [*wrong, *(["the source was written to"] if fault.seen else [])]


def full_disk(campaign: Campaign, name: str, case: Case, peace: Undisturbed) -> list[str]:
    """Run with a local disk that is full from some line on, then with room again."""
    real, left = atomic.write_all, [len(peace.tree) // 3]

    def write_all(handle: object, data: bytes) -> None:
        left[0] -= 1
        if left[0] < 0:
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
        real(handle, data)  # type: ignore[arg-type]

    atomic.write_all = write_all  # type: ignore[assignment]
    try:
        code, error = campaign._run(case, name)
    finally:
        atomic.write_all = real
    wrong = [f"exit code {code} ({error})"] if code not in (2, peace.exit_code) else []
    if left[0] < 0 and (code != 2 or "No space left" not in str(error)):
        wrong.append(f"a full disk gives exit code {code} ({error})")
    return [*wrong, *campaign.half_written(name, case, peace), *campaign.resumed(name, case, peace)]


def kill(campaign: Campaign, name: str, case: Case, peace: Undisturbed, at: float) -> list[str]:
    """Kill the driver when some share of its requests is done; continue."""
    import json

    src = [campaign.sources[source] for source in case.sources]
    options = {"workers": 1, **case.options}
    before = len(campaign.server.requests)
    process = subprocess.Popen(
        [
            *(sys.executable, "-c", VERB, case.verb),
            *(json.dumps(part) for part in (src, f"{OUT}/{name}{case.suffix}", options)),
        ],
        stderr=subprocess.DEVNULL,
        cwd=ROOT,
    )
    goal = int(at * (sum(peace.requests.values()) + 10))
    while process.poll() is None and len(campaign.server.requests) - before < goal:
        time.sleep(0.002)
    process.send_signal(signal.SIGKILL)
    process.wait()
    # Workers that lost their driver end by themselves; what they put is what the run would put.
    time.sleep(0.3)
    return [*campaign.half_written(name, case, peace), *campaign.resumed(name, case, peace)]


if __name__ == "__main__":
    main()
