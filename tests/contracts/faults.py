"""Tasks that go wrong on purpose; importable, so that worker processes can build them."""

from __future__ import annotations

import os
import signal
import sys
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Self

from datakit.engine.base import Needs, Outcome, failed
from datakit.errors import EngineError, InputError, ModelError, OutputError

ALWAYS = 1_000_000
CHUNKS_OF_16 = Needs(chunk=16)


@dataclass(frozen=True)
class Number:
    """An item."""

    value: int
    weight: bytes = b""

    @property
    def key(self) -> str:
        return f"item {self.value}"


@dataclass(frozen=True)
class Square:
    """Squares a number."""

    seconds: float = 0.0

    def setup(self) -> Self:
        """Need nothing."""
        return self

    def __call__(self, item: Number) -> int:
        time.sleep(self.seconds)
        return item.value**2


@dataclass(frozen=True)
class Deadly(Square):
    """Squares, but the process dies of some items.

    Attributes
    ----------
    folder : str
        Where each death leaves a mark, as the process that counts them is gone.
    deaths : mapping
        Item -> how many times it kills before it is done.
    """

    folder: str = ""
    deaths: Mapping[int, int] = field(default_factory=dict)

    def __call__(self, item: Number) -> int:
        for number in range(self.deaths.get(item.value, 0)):
            mark = Path(self.folder, f"{item.value}-{number}")
            if not mark.exists():
                mark.touch()
                os.kill(os.getpid(), signal.SIGKILL)
        return super().__call__(item)


@dataclass(frozen=True)
class Endless:
    """Writes one file after another for a minute, but for item 0."""

    folder: str = ""

    def setup(self) -> Self:
        """Need nothing."""
        return self

    def __call__(self, item: Number) -> int:
        for number in range(30_000 if item.value else 0):
            Path(self.folder, f"{item.value}-{number}").touch()
            time.sleep(0.002)
        return item.value


class Unspeakable(Exception):
    """An error that cannot even be printed."""

    def __str__(self) -> str:
        raise RuntimeError("no words")


class Unpicklable(Exception):
    """An error that cannot be carried to another process."""

    def __init__(self, reason: str, code: int) -> None:
        super().__init__(reason)
        self.handle = lambda: reason


def raise_odd(kind: str) -> None:
    """Raise the error of this name."""
    if kind == "exit":
        sys.exit(7)
    if kind == "recursion":
        raise_odd(kind)
    if kind == "pickle":
        raise Unpicklable("cannot travel", 3)
    errors: dict[str, BaseException] = {
        "input": InputError("a.jpg: expected an image"),
        "key": KeyError("x"),
        "empty": ValueError(),
        "lines": ValueError("one\ntwo"),
        "memory": MemoryError(),
        "words": Unspeakable(),
        "stop": StopIteration(),
        "os": OSError(5, "Input/output error"),
        "unicode": UnicodeDecodeError("utf-8", b"\xff", 0, 1, "invalid"),
    }
    raise errors[kind]


@dataclass(frozen=True)
class Odd(Square):
    """Squares, but raises on some items."""

    errors: Mapping[int, str] = field(default_factory=dict)

    def __call__(self, item: Number) -> int:
        if item.value in self.errors:
            raise_odd(self.errors[item.value])
        return super().__call__(item)


@dataclass(frozen=True)
class Full(Square):
    """The disk is full from an item on."""

    at: int = 0

    def __call__(self, item: Number) -> int:
        if item.value >= self.at:
            raise OutputError("out: cannot be written (No space left on device); make room")
        return super().__call__(item)


@dataclass(frozen=True)
class Unready(Square):
    """Cannot be set up."""

    kind: str = "model"

    def setup(self) -> Self:
        if self.kind == "model":
            raise ModelError("weights.onnx: not found; download it")
        if self.kind == "import":
            raise ModuleNotFoundError("No module named 'mediapipe'")
        if self.kind == "die":
            os._exit(3)
        return self


@dataclass(frozen=True)
class Process(Square):
    """Tells which process ran it, and how many threads its libraries may use."""

    def __call__(self, item: Number) -> Any:
        import cv2

        time.sleep(self.seconds)
        return os.getpid(), cv2.getNumThreads(), os.environ.get("OMP_NUM_THREADS")


@dataclass(frozen=True)
class Together(Square):
    """Squares a chunk at once, last item first; every seventh fails, ``fatal`` ends the run."""

    fatal: int | None = None
    needs: Needs = CHUNKS_OF_16

    def run_chunk(self, items: Sequence[Number]) -> list[Outcome[int]]:
        outcomes = []
        for item in reversed(items):
            if item.value == self.fatal:
                outcomes.append(failed(item.key, EngineError("the device is too small")))
            elif item.value % 7 == 6:
                outcomes.append(failed(item.key, InputError(f"{item.value} is bad")))
            else:
                outcomes.append(Outcome(item.key, item.value**2))
        return outcomes


@dataclass(frozen=True)
class Devices(Square):
    """Tells which GPUs its process may see."""

    def __call__(self, item: Number) -> Any:
        return os.environ.get("CUDA_VISIBLE_DEVICES")
