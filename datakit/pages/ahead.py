"""Values that are made before they are asked for, in a thread of their own."""

from __future__ import annotations

import threading
from collections import OrderedDict
from collections.abc import Callable, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from typing import Generic, TypeVar

Value = TypeVar("Value")


class Ahead(Generic[Value]):
    """Values by place, the most recently wanted ones kept.

    Parameters
    ----------
    make : callable
        Place -> value.
    most : int
        How many values are kept.

    Examples
    --------
    >>> squares = Ahead(lambda at: at * at, most=2)
    >>> squares.want([3, 4])
    >>> squares.get(4)
    16
    >>> squares.close()
    """

    def __init__(self, make: Callable[[int], Value], most: int) -> None:
        self._make, self._most = make, most
        self._mutex = threading.Lock()
        self._thread = ThreadPoolExecutor(1)
        self._made: OrderedDict[int, Future[Value]] = OrderedDict()

    def want(self, places: Sequence[int]) -> None:
        """Make the values of these places next, the first one first, and none that still wait."""
        with self._mutex:
            for place, future in list(self._made.items()):
                if future.cancel():
                    del self._made[place]
            for place in places:
                if place not in self._made:
                    self._made[place] = self._thread.submit(self._make, place)
            # What is wanted first goes last.
            for place in reversed(places):
                self._made.move_to_end(place)
            while len(self._made) > self._most:
                self._made.popitem(last=False)[1].cancel()

    def get(self, place: int) -> Value:
        """Return a value, made now unless it is there or being made; raises what making it does."""
        with self._mutex:
            future = self._made.pop(place, None)
            if future is None or future.cancel():
                future = None
            else:
                self._made[place] = future
        if future is not None:
            try:
                return future.result()
            except Exception:
                # It may be different the next time: a file that is there again.
                with self._mutex:
                    self._made.pop(place, None)
                raise
        value = self._make(place)
        made: Future[Value] = Future()
        made.set_result(value)
        with self._mutex:
            self._made[place] = made
        return value

    def close(self) -> None:
        """Make nothing more."""
        self._thread.shutdown(wait=False, cancel_futures=True)
