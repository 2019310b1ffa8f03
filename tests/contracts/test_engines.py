"""Every engine, with every number of workers, through one suite."""

from __future__ import annotations

import os
import time
import tracemalloc
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import psutil
import pytest

from datakit.engine import ENGINES
from datakit.engine.base import MAX_CHUNK, Engine, LazyTask, Needs, ordered_map
from datakit.errors import DatakitError, EngineError, ModelError, OutputError
from tests.contracts.faults import (
    ALWAYS,
    Deadly,
    Endless,
    Full,
    Number,
    Odd,
    Process,
    Square,
    Together,
    Unready,
)

WORKERS = (0, 1, 2, 4)
REQUIRES = {"ray": "ray"}
ENGINE_CASES = [
    pytest.param(name, workers, id=f"{name}-{workers}")
    for name in ENGINES
    for workers in (WORKERS if name == "local" else (2,))
]
PROCESS_CASES = [case for case in ENGINE_CASES if case.values[1] != 0]


@pytest.fixture
def engine(request: pytest.FixtureRequest) -> Engine:
    name, workers = request.param
    if name in REQUIRES:
        pytest.importorskip(REQUIRES[name])
        request.getfixturevalue(f"{name}_cluster")
    made: Engine = ENGINES.load(name)(workers)
    return made


def every(cases: list[Any]) -> Any:
    params = [pytest.param(case.values, id=case.id) for case in cases]
    return pytest.mark.parametrize("engine", params, indirect=True)


def numbers(count: int) -> list[Number]:
    return [Number(value) for value in range(count)]


@every(ENGINE_CASES)
def test_outcomes_come_in_the_order_of_the_items(engine: Engine) -> None:
    # Early items take longest: without order they would come last.
    items = numbers(60)
    outcomes = list(ordered_map(engine, Square(seconds=0.002), items))
    assert [outcome.key for outcome in outcomes] == [item.key for item in items]
    assert [outcome.value for outcome in outcomes] == [item.value**2 for item in items]
    assert all(outcome.error is None and outcome.fatal is None for outcome in outcomes)


@every(ENGINE_CASES)
def test_nothing_to_do_is_done(engine: Engine) -> None:
    assert list(ordered_map(engine, Square(), [])) == []


@every(ENGINE_CASES)
def test_one_item(engine: Engine) -> None:
    [outcome] = ordered_map(engine, Square(), [Number(9)])
    assert (outcome.key, outcome.value) == ("item 9", 81)


@every(PROCESS_CASES)
def test_no_worker_writes_after_the_session_has_ended(engine: Engine, tmp_path: Path) -> None:
    with closing(ordered_map(engine, Endless(str(tmp_path)), numbers(8))) as outcomes:
        assert next(outcomes).value == 0
        deadline = time.monotonic() + 60
        while len(list(tmp_path.iterdir())) < 20 and time.monotonic() < deadline:
            time.sleep(0.02)
    written = sorted(path.name for path in tmp_path.iterdir())
    assert len(written) >= 20
    time.sleep(0.3)
    assert sorted(path.name for path in tmp_path.iterdir()) == written


@every(ENGINE_CASES)
def test_items_are_read_lazily_within_a_window(engine: Engine) -> None:
    count, read = 1500, 0

    def source() -> Iterator[Number]:
        nonlocal read
        for item in numbers(count):
            read += 1
            yield item

    # Three chunks a worker are under way, the one that is yielded and the one that is gathered.
    window = MAX_CHUNK * (3 * max(1, engine.workers) + 2)
    ahead = []
    with closing(ordered_map(engine, Square(), source())) as outcomes:
        for done, _ in enumerate(outcomes, 1):
            ahead.append(read - done)
    assert read == count
    assert max(ahead) <= window
    assert ahead[0] <= 3 * max(1, engine.workers) + 2


def test_memory_stays_flat_however_long_the_source() -> None:
    def peak(count: int) -> int:
        tracemalloc.start()
        items = (Number(value, os.urandom(4096)) for value in range(count))
        for _ in ordered_map(ENGINES.load("local")(0), Square(), items):
            pass
        _, most = tracemalloc.get_traced_memory()
        tracemalloc.stop()
        return most

    # What the first run imports is no part of any source.
    peak(1)
    assert peak(6000) < 1.5 * peak(600)


@every(ENGINE_CASES)
def test_errors_of_every_kind_are_outcomes(engine: Engine) -> None:
    kinds = {
        1: ("input", "a.jpg: expected an image"),
        3: ("key", "KeyError: 'x'"),
        4: ("empty", "ValueError"),
        5: ("lines", "ValueError: one two"),
        8: ("memory", "MemoryError"),
        9: ("words", "Unspeakable"),
        11: ("stop", "StopIteration"),
        12: ("os", "OSError: [Errno 5] Input/output error"),
        13: ("unicode", "UnicodeDecodeError: 'utf-8' codec can't decode byte 0xff"),
        14: ("pickle", "Unpicklable: cannot travel"),
        15: ("exit", "SystemExit: 7"),
        16: ("recursion", "RecursionError: maximum recursion depth exceeded"),
    }
    task = Odd(errors={value: kind for value, (kind, _) in kinds.items()})
    outcomes = list(ordered_map(engine, task, numbers(20)))
    assert [outcome.key for outcome in outcomes] == [item.key for item in numbers(20)]
    for value, outcome in enumerate(outcomes):
        if value in kinds:
            assert outcome.value is None
            assert str(outcome.error).startswith(kinds[value][1])
            assert "\n" not in str(outcome.error)
        else:
            assert outcome.value == value**2


@every(ENGINE_CASES)
def test_a_full_disk_ends_the_run_and_nothing_after_it_is_yielded(engine: Engine) -> None:
    seen = []
    with (
        pytest.raises(OutputError, match="No space left"),
        closing(ordered_map(engine, Full(at=7), numbers(200))) as outcomes,
    ):
        for outcome in outcomes:
            seen.append(outcome.value)
    assert seen == [value**2 for value in range(7)]


@every(ENGINE_CASES)
@pytest.mark.parametrize(
    ("kind", "error", "words"),
    [
        ("model", ModelError, r"weights\.onnx: not found"),
        ("import", EngineError, "ModuleNotFoundError: No module named 'mediapipe'"),
    ],
)
def test_a_task_that_cannot_be_set_up_is_one_error(
    engine: Engine, kind: str, error: type[DatakitError], words: str
) -> None:
    with pytest.raises(error, match=words):
        list(ordered_map(engine, Unready(kind=kind), numbers(5)))


@every(PROCESS_CASES)
def test_workers_that_end_before_they_start_are_one_error(engine: Engine) -> None:
    with pytest.raises(EngineError, match="worker processes end before they start"):
        list(ordered_map(engine, Unready(kind="die"), numbers(5)))


@every(ENGINE_CASES)
def test_recorded_items_are_not_done_again(engine: Engine, tmp_path: Path) -> None:
    known = {f"item {value}": -value for value in range(1, 40) if value % 3}
    # A recorded item that ran would kill its process.
    deaths = {value: ALWAYS for value in range(1, 40) if value % 3}
    task = Deadly(folder=str(tmp_path), deaths=deaths) if engine.workers else Square()
    outcomes = list(
        ordered_map(engine, task, numbers(40), recorded=lambda item: known.get(item.key))
    )
    expected = [known.get(f"item {value}", value**2) for value in range(40)]
    assert [outcome.value for outcome in outcomes] == expected
    assert not list(tmp_path.iterdir())


@every(ENGINE_CASES)
def test_a_lazy_task_is_built_where_it_runs(engine: Engine) -> None:
    task = LazyTask("tests.contracts.faults:Square", {"seconds": 0.0})
    assert [o.value for o in ordered_map(engine, task, numbers(5))] == [0, 1, 4, 9, 16]


# Deaths


FAULTS = {
    "the first item, once": {0: 1},
    "one in the middle, once": {17: 1},
    "the last item, once": {39: 1},
    "two neighbours, once each": {20: 1, 21: 1},
    "one that also dies alone, but once": {11: 2},
    "scattered": {3: 1, 14: 1, 30: 1},
}


# A worker of Ray takes a second to start: the fast slice has two of its faults.
RAY_FAULTS = ("one in the middle, once", "one that also dies alone, but once")
FAULT_CASES = [
    pytest.param(
        case.values,
        fault,
        id=f"{case.id}-{fault}",
        marks=() if case.values[0] == "local" or fault in RAY_FAULTS else pytest.mark.slow,
    )
    for case in PROCESS_CASES
    for fault in FAULTS
    if case.values[1] <= 2
]


@pytest.mark.parametrize(("engine", "fault"), FAULT_CASES, indirect=["engine"])
def test_items_whose_worker_was_killed_are_done_all_the_same(
    engine: Engine, fault: str, tmp_path: Path
) -> None:
    task = Deadly(folder=str(tmp_path), deaths=FAULTS[fault])
    outcomes = list(ordered_map(engine, task, numbers(40)))
    assert [outcome.value for outcome in outcomes] == [value**2 for value in range(40)]
    assert len(list(tmp_path.iterdir())) == sum(FAULTS[fault].values())


@every(PROCESS_CASES)
def test_an_item_that_always_kills_is_the_only_one_that_is_lost(
    engine: Engine, tmp_path: Path
) -> None:
    task = Deadly(folder=str(tmp_path), deaths={9: ALWAYS, 25: ALWAYS})
    outcomes = list(ordered_map(engine, task, numbers(40)))
    lost = {value for value, outcome in enumerate(outcomes) if outcome.error}
    assert lost == {9, 25}
    assert all(str(outcomes[value].error).startswith("WorkerLost: ") for value in lost)
    assert all(outcomes[v].value == v**2 for v in range(40) if v not in lost)


@every(PROCESS_CASES)
def test_a_worker_killed_from_outside_costs_nothing(engine: Engine) -> None:
    outcomes = []
    with closing(ordered_map(engine, Process(seconds=0.01), numbers(80))) as run:
        for count, outcome in enumerate(run):
            outcomes.append(outcome)
            if count == 20:
                pid = outcome.value[0]
                assert pid != os.getpid()
                psutil.Process(pid).kill()
    assert [outcome.key for outcome in outcomes] == [item.key for item in numbers(80)]
    assert all(outcome.value for outcome in outcomes)


@every(PROCESS_CASES)
def test_workers_end_with_the_run_also_when_it_is_left_early(engine: Engine) -> None:
    with closing(ordered_map(engine, Process(seconds=0.005), numbers(500))) as run:
        pids = {next(run).value[0] for _ in range(30)}
    deadline = time.monotonic() + 5
    while any(map(psutil.pid_exists, pids)) and time.monotonic() < deadline:
        time.sleep(0.02)
    assert not any(map(psutil.pid_exists, pids))


@every(PROCESS_CASES)
def test_workers_hold_their_libraries_to_one_thread(engine: Engine) -> None:
    values = [outcome.value for outcome in ordered_map(engine, Process(), numbers(6))]
    assert {(threads, variable) for _, threads, variable in values} == {(1, "1")}
    assert os.getpid() not in {pid for pid, _, _ in values}


def test_no_workers_is_this_process() -> None:
    engine = ENGINES.load("local")(0)
    [outcome] = ordered_map(engine, Process(), [Number(1)])
    assert outcome.value is not None
    assert outcome.value[0] == os.getpid()


def test_workers_are_counted_from_the_cpus_that_may_be_used() -> None:
    assert ENGINES.load("local")(None).workers == len(os.sched_getaffinity(0))
    with pytest.raises(EngineError, match="workers: expected 0"):
        ENGINES.load("local")(-1)


@every(ENGINE_CASES)
@pytest.mark.parametrize("lazy", [False, True])
def test_a_task_that_does_many_items_together(engine: Engine, lazy: bool) -> None:
    task = LazyTask("tests.contracts.faults:Together", {}, Needs(chunk=16)) if lazy else Together()
    outcomes = list(ordered_map(engine, task, numbers(50)))
    assert [outcome.key for outcome in outcomes] == [item.key for item in numbers(50)]
    for value, outcome in enumerate(outcomes):
        if value % 7 == 6:
            assert outcome.error == f"{value} is bad"
        else:
            assert outcome.value == value**2


@every(ENGINE_CASES)
def test_an_error_of_the_engine_within_a_task_ends_the_run(engine: Engine) -> None:
    done = []
    with pytest.raises(EngineError, match="device is too small"):
        for outcome in ordered_map(engine, Together(fatal=40), numbers(50)):
            done.append(outcome.key)
    assert done == [item.key for item in numbers(40)]
