"""Stages: the same outcomes with threads and without, whatever fails."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Sequence

import pytest

from datakit.engine.stages import COMPUTE, Stages
from datakit.errors import EngineError, InputError, ModelError
from tests.contracts.faults import Number

COUNT = 53


class Work:
    """Squares; some numbers fail to load, some batches to compute, some results to finish."""

    def __init__(self, bad_load: int = -1, bad_batch: int = -1, bad_finish: int = -1) -> None:
        self.bad_load, self.bad_batch, self.bad_finish = bad_load, bad_batch, bad_finish
        self.held = self.most_held = 0
        self._lock = threading.Lock()

    def load(self, item: Number) -> int:
        with self._lock:
            self.held += 1
            self.most_held = max(self.most_held, self.held)
        if item.value == self.bad_load:
            raise InputError("cannot be read")
        return item.value

    def start(self, loaded: Sequence[int]) -> Callable[[], list[int]]:
        if self.bad_batch in loaded:
            raise EngineError("does not fit")
        return lambda: [value**2 for value in loaded]

    def finish(self, item: Number, loaded: int, computed: int) -> int:
        with self._lock:
            self.held -= 1
        if item.value == self.bad_finish:
            raise ValueError("a library's error")
        assert computed == loaded**2 == item.value**2
        return computed


def stages(work: Work, batch: int, threads: int) -> Stages[Number, int, int, int]:
    return Stages(work.load, work.start, work.finish, batch, threads)


def numbers() -> list[Number]:
    return [Number(value) for value in range(COUNT)]


@pytest.mark.parametrize("threads", [0, 1, 4])
@pytest.mark.parametrize("batch", [1, 8, 64])
def test_one_outcome_an_item_in_order(batch: int, threads: int) -> None:
    outcomes = stages(Work(), batch, threads).run(numbers())
    assert [(one.key, one.value) for one in outcomes] == [
        (f"item {value}", value**2) for value in range(COUNT)
    ]
    assert set(outcomes[-1].stages or ()) == {COMPUTE}
    assert all(one.stages is None for one in outcomes[:-1])


@pytest.mark.parametrize("threads", [0, 4])
@pytest.mark.parametrize("late", [False, True])
def test_an_item_that_breaks_its_batch_is_one_failure(threads: int, late: bool) -> None:
    class Picky(Work):
        def start(self, loaded: Sequence[int]) -> Callable[[], list[int]]:
            if not late and self.bad_batch in loaded:
                raise ModelError("no numbers")

            def wait() -> list[int]:
                if self.bad_batch in loaded:
                    raise ModelError("no numbers")
                return [value**2 for value in loaded]

            return wait

    outcomes = stages(Picky(bad_load=18, bad_batch=17), 8, threads).run(numbers())
    errors = {place: one.error for place, one in enumerate(outcomes) if one.error}
    assert errors == {17: "no numbers", 18: "cannot be read"}
    assert [one.value for one in outcomes] == [
        None if place in errors else place**2 for place in range(COUNT)
    ]


@pytest.mark.parametrize("threads", [0, 4])
def test_what_fails_is_that_item_or_what_ends_the_run(threads: int) -> None:
    outcomes = stages(Work(bad_load=3, bad_batch=17, bad_finish=30), 8, threads).run(numbers())
    assert [one.key for one in outcomes] == [item.key for item in numbers()]
    errors = {place: one.error for place, one in enumerate(outcomes) if one.error}
    assert errors == {3: "cannot be read", 30: "ValueError: a library's error"}
    assert [place for place, one in enumerate(outcomes) if one.fatal] == list(range(17, 24))


def test_nothing_to_do() -> None:
    assert stages(Work(), 8, 2).run([]) == []


def test_a_batch_of_which_nothing_was_read() -> None:
    outcomes = stages(Work(bad_load=0), 1, 2).run(numbers())
    assert outcomes[0].error == "cannot be read"
    assert outcomes[1].value == 1


def test_only_a_few_batches_are_in_memory() -> None:
    work = Work()
    slow = work.finish

    def finish(item: Number, loaded: int, computed: int) -> int:
        time.sleep(0.002)
        return slow(item, loaded, computed)

    Stages(work.load, work.start, finish, batch=4, threads=3).run(numbers())
    assert work.most_held < 40
