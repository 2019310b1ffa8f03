"""Ray: whole datasets over two nodes, nodes that leave, drivers that are killed."""

from __future__ import annotations

import json
import re
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

import datakit
from datakit.engine.base import LazyTask, Needs, ordered_map
from datakit.engine.ray import RayEngine
from datakit.errors import EngineError, InputError
from datakit.verbs.coco2mask import run
from datakit.verbs.shared.progress import SilentProgress
from tests import storage_cases
from tests.contracts.faults import Number, Process
from tests.ray_nodes import add_node, environment, remove_node, wait_until
from tests.verbs.exports import large_export, tree

ROOT = Path(__file__).resolve().parents[2]
COUNT = 90


@pytest.fixture(scope="module")
def export(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return large_export(tmp_path_factory.mktemp("large") / "export", count=COUNT)


@pytest.fixture(scope="module")
def undisturbed(export: Path, tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    out = tmp_path_factory.mktemp("undisturbed") / "out"
    datakit.coco2mask(export, out, workers=0)
    return tree(out)


class Spoiler(SilentProgress):
    """Watches a run and does something at one of its items."""

    def __init__(self, at: int, act: Any) -> None:
        self.done, self.at, self.act, self.rates = 0, at, act, dict
        self.seen: set[str] = set()

    def begin(self, total: int, what: str) -> None:
        pass

    def nodes(self, rates: Any) -> None:
        self.rates = rates

    def advance(self, failed: int) -> None:
        self.done += 1
        self.seen |= set(self.rates())
        if self.done == self.at:
            self.act()

    def end(self) -> None:
        pass


def test_two_nodes_write_the_same_tree(
    ray_cluster: Any, export: Path, undisturbed: dict[str, str], tmp_path: Path
) -> None:
    # Long enough for the second node to start as well.
    progress = Spoiler(1, lambda: time.sleep(2))
    options = run.Options(src=(str(export),), out=str(tmp_path / "out"), engine="ray", workers=2)
    summary = run.run(options, progress)
    assert tree(tmp_path / "out") == undisturbed
    assert len(progress.seen) == 2
    notes = [note for note in summary.notes if "items/s" in note]
    assert len(notes) == 2


FAST = ("mask2coco", "export-webdataset", "prelabel")
VERBS = [name for name in storage_cases.CASES if name not in ("report", "stats", "train")]


@pytest.mark.parametrize(
    "name", [pytest.param(n, marks=() if n in FAST else pytest.mark.slow) for n in VERBS]
)
def test_every_verb_makes_the_same_tree_on_two_nodes(
    ray_cluster: Any, storage_sources: dict[str, str], tmp_path: Path, name: str
) -> None:
    case = storage_cases.CASES[name]
    case.run(storage_sources, str(tmp_path / "local"))
    case.run(storage_sources, str(tmp_path / "ray"), workers=2, engine="ray")
    expected = storage_cases.tree(str(tmp_path / "local"))
    found = storage_cases.tree(str(tmp_path / "ray"))
    assert expected
    assert sorted(found) == sorted(expected)
    assert [n for n in expected if found[n] != expected[n] and n not in case.varies] == []


def test_relative_paths_mean_the_folder_of_the_driver(
    ray_cluster: Any,
    export: Path,
    undisturbed: dict[str, str],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    (tmp_path / "source").symlink_to(export)
    monkeypatch.chdir(tmp_path)
    datakit.coco2mask("source", "out", engine="ray", workers=1)
    assert tree(tmp_path / "out") == undisturbed


def test_a_node_that_leaves_takes_nothing_with_it(
    ray_cluster: Any, export: Path, undisturbed: dict[str, str], tmp_path: Path
) -> None:
    node = add_node(ray_cluster)
    progress = Spoiler(12, lambda: remove_node(ray_cluster, node))
    options = run.Options(src=(str(export),), out=str(tmp_path / "out"), engine="ray", workers=3)
    run.run(options, progress)
    wait_until(2)
    assert tree(tmp_path / "out") == undisturbed


@pytest.mark.slow
def test_items_of_a_node_that_left_are_not_suspected(ray_cluster: Any) -> None:
    node = add_node(ray_cluster)
    outcomes = []
    with closing(
        ordered_map(RayEngine(3), Process(seconds=0.05), [Number(value) for value in range(80)])
    ) as run:
        for count, outcome in enumerate(run):
            outcomes.append(outcome)
            if count == 25:
                assert len({each.node for each in outcomes}) == 3
                remove_node(ray_cluster, node)
    assert [outcome.key for outcome in outcomes] == [f"item {value}" for value in range(80)]
    assert not [outcome.error for outcome in outcomes if outcome.error]
    wait_until(2)


def test_a_run_that_is_refused_leaves_nothing(
    ray_cluster: Any, export: Path, tmp_path: Path
) -> None:
    # The export has faults: the run ends while its workers write.
    with pytest.raises(InputError, match="--strict"):
        datakit.coco2mask(export, tmp_path / "out", engine="ray", workers=2, strict=True)
    left = {path.name for path in tmp_path.rglob("*") if path.is_file()}
    time.sleep(0.3)
    assert {path.name for path in tmp_path.rglob("*") if path.is_file()} == left
    out = tmp_path / "out"
    if out.exists():
        datakit.coco2mask(export, out, engine="ray", workers=2, resume=True)


def start(export: Path, out: Path, address: str, *flags: str) -> subprocess.Popen[bytes]:
    command = [sys.executable, "-m", "datakit", "coco2mask", str(export), "-o", str(out), "-q"]
    return subprocess.Popen(
        [*command, "--engine", "ray", "--ray-address", address, "--workers", "1", *flags],
        env=environment(),
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )


def kill_at(process: subprocess.Popen[bytes], journal: Path, lines: int) -> None:
    deadline = time.monotonic() + 60
    while process.poll() is None and time.monotonic() < deadline:
        if journal.exists() and journal.read_bytes().count(b"\n") > lines:
            break
        time.sleep(0.002)
    assert process.poll() is None, "the run ended before it was killed"
    process.send_signal(signal.SIGKILL)
    process.wait()


def test_a_driver_that_is_killed_is_resumed(
    ray_cluster: Any, export: Path, undisturbed: dict[str, str], tmp_path: Path
) -> None:
    out = tmp_path / "out"
    process = start(export, out, ray_cluster.address)
    kill_at(process, out / ".datakit/journal.jsonl", 3)
    datakit.coco2mask(export, out, engine="ray", workers=2, resume=True)
    assert tree(out) == undisturbed


@pytest.mark.slow
@pytest.mark.parametrize("lines", range(0, 80, 8))
def test_a_driver_that_is_killed_anywhere_is_resumed(
    ray_cluster: Any, export: Path, undisturbed: dict[str, str], tmp_path: Path, lines: int
) -> None:
    out = tmp_path / "out"
    for already in (lines, lines + 4):
        process = start(export, out, ray_cluster.address, *(["--resume"] * (already > lines)))
        kill_at(process, out / ".datakit/journal.jsonl", already)
    datakit.coco2mask(export, out, engine="ray", workers=2, resume=True)
    assert tree(out) == undisturbed


_OWN_RAY = """
import contextlib, json, psutil, sys, tempfile
import datakit
from datakit.engine.base import ordered_map
from datakit.engine.ray import RayEngine
from tests.contracts.faults import Deadly, Number

if __name__ == "__main__":
    task = Deadly(folder=tempfile.mkdtemp(), deaths={5: 1})
    values = [o.value for o in ordered_map(RayEngine(1), task, map(Number, range(20)))]
    listens = set()
    for process in psutil.Process().children(recursive=True):
        with contextlib.suppress(psutil.Error):
            for each in process.net_connections(kind="inet"):
                if each.status == "LISTEN":
                    listens.add(each.laddr.ip.removeprefix("::ffff:"))
    source, url = sys.argv[1:]
    summary = datakit.coco2mask(source, url, engine="ray", workers=1)
    assert summary.counts["samples"]
    print(json.dumps({"values": values, "listens": sorted(listens)}))
"""


def test_one_node_of_its_own_on_loopback_writes_the_same_tree_to_a_bucket(
    bucket: Any, storage_sources: dict[str, str], tmp_path: Path
) -> None:
    source = storage_cases.upload({"small": storage_sources["small"]}, bucket.url)["small"]
    done = subprocess.run(
        [sys.executable, "-c", _OWN_RAY, source, f"{bucket.url}/out"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    # A worker died meanwhile: whatever Ray says of that, stdout has one JSON object.
    found = json.loads(done.stdout)
    assert found["values"] == [value**2 for value in range(20)]
    assert found["listens"] == ["127.0.0.1"]
    datakit.coco2mask(storage_sources["small"], tmp_path / "out", workers=0)
    assert storage_cases.tree(f"{bucket.url}/out") == storage_cases.tree(str(tmp_path / "out"))


_ONE_ITEM = """
from datakit.engine.base import ordered_map
from datakit.engine.ray import RayEngine
from tests.contracts.faults import Number, Square

if __name__ == "__main__":
    print([outcome.value for outcome in ordered_map(RayEngine(1), Square(1.0), [Number(3)])])
"""


@pytest.mark.skipif(not shutil.which("strace"), reason="needs strace, which sees all connections")
def test_a_cluster_of_its_own_sends_nothing_beyond_loopback(tmp_path: Path) -> None:
    trace = tmp_path / "trace"
    seen = ["strace", "-f", "-qq", "-e", "trace=connect,sendto,sendmsg,sendmmsg", "-o", str(trace)]
    done = subprocess.run(
        [*seen, sys.executable, "-c", _ONE_ITEM],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.stdout == "[9]\n", done.stderr
    calls = [call for call in trace.read_text().splitlines() if "sa_family=AF_INET" in call]
    assert calls
    assert not [call for call in calls if not re.search(r'"(::ffff:)?127\.0\.0\.1"|"::1"', call)]


# What is refused


def test_absent_ray_is_an_error_that_names_the_extra(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "ray", None)
    with pytest.raises(EngineError, match=r"pip install 'datakit\[ray\]'"):
        RayEngine(2)


def test_no_workers_is_no_cluster() -> None:
    with pytest.raises(EngineError, match="expected 1 or more with the engine ray, got 0"):
        RayEngine(0)


def test_the_client_mode_is_refused() -> None:
    with pytest.raises(EngineError, match="client mode is not supported"):
        RayEngine(1, "ray://head:10001")


def test_a_need_that_no_node_can_meet_is_an_error(ray_cluster: Any) -> None:
    task = LazyTask("tests.contracts.faults:Square", {"seconds": 0.0}, Needs(gpus=1.0))
    with pytest.raises(EngineError, match=r"no room for a worker with 1 CPUs and 1 GPUs"):
        list(ordered_map(RayEngine(1), task, [Number(1)]))


def test_a_worker_holds_the_gpu_that_its_task_needs(ray_cluster: Any) -> None:
    node = add_node(ray_cluster, gpus=1)
    try:
        task = LazyTask("tests.contracts.faults:Devices", {}, Needs(gpus=1.0, cpus=0.5))
        engine = RayEngine()
        outcomes = list(ordered_map(engine, task, [Number(value) for value in range(12)]))
    finally:
        remove_node(ray_cluster, node)
        wait_until(2)
    assert engine.workers == 1
    # One process, on the one node that has a GPU, and no other sees the device.
    assert len({outcome.node for outcome in outcomes}) == 1
    assert {outcome.value for outcome in outcomes} == {"0"}


def test_a_task_may_take_part_of_a_cpu(ray_cluster: Any) -> None:
    task = LazyTask("tests.contracts.faults:Process", {"seconds": 0.02}, Needs(cpus=0.5))
    engine = RayEngine()
    seen: set[int] = set()

    def until_all_have_worked() -> Iterator[Number]:
        for value in range(5000):
            if len(seen) == 4:
                return
            yield Number(value)

    for outcome in ordered_map(engine, task, until_all_have_worked()):
        assert outcome.value is not None
        seen.add(outcome.value[0])
    assert engine.workers == len(seen) == 4


def test_an_address_where_nobody_answers_is_an_error_at_once() -> None:
    from datakit.engine.ray import check_answers

    with pytest.raises(EngineError, match=r"127\.0\.0\.1:9: expected the HOST:PORT of a Ray"):
        check_answers("127.0.0.1:9")
    with pytest.raises(EngineError, match="expected the HOST:PORT"):
        check_answers("nowhere")


def test_an_address_without_its_engine_is_an_error() -> None:
    with pytest.raises(InputError, match="--ray-address is for --engine ray"):
        datakit.coco2mask("src", "out", ray_address="auto")
