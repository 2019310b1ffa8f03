"""The shapes of one image in a few blocks of memory: there may be a million of them."""

from __future__ import annotations

from array import array
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace
from typing import overload

import numpy as np

from datakit.verbs.shared.shapes import Shape


class PackedShapes(Sequence[Shape]):
    """A sequence that makes its shapes when they are asked for.

    A shape of four points in a list takes 450 bytes, here 110: the points of all shapes are one
    block, their ids another, and what shapes have in common is kept once.

    Attributes
    ----------
    kinds : list of Shape
        The shapes without their rings and ids, at no cost.

    Examples
    --------
    >>> square = np.array([[0.0, 0.0], [2.0, 0.0], [2.0, 2.0], [0.0, 2.0]])
    >>> packed = PackedShapes([Shape("7", "person", (square, square + 4), None)])
    >>> [(shape.annotation, [ring.shape for ring in shape.rings]) for shape in packed]
    [('7', [(4, 2), (4, 2)])]
    """

    def __init__(self, shapes: Iterable[Shape] = ()) -> None:
        self._points = bytearray()
        self._ends = array("q", [0])
        self._ids = bytearray()
        self._id_ends = array("q", [0])
        self.kinds: list[Shape] = []
        self._lengths: list[tuple[int, ...]] = []
        self._shared: dict[tuple[object, ...], tuple[Shape, tuple[int, ...]]] = {}
        for shape in shapes:
            self.append(shape)

    def append(self, shape: Shape) -> None:
        """Take in a shape."""
        for ring in shape.rings:
            self._points += ring.tobytes()
        self._ends.append(len(self._points))
        # Any text may be an id, half a surrogate pair too.
        self._ids += shape.annotation.encode("utf-8", "surrogatepass")
        self._id_ends.append(len(self._ids))
        lengths = tuple(map(len, shape.rings))
        # A mask of its own is shared with nobody.
        own = None if shape.counts is None else len(self)
        key = (shape.category, shape.role, shape.instance, shape.z_order, shape.score, lengths, own)
        if key not in self._shared:
            self._shared[key] = replace(shape, annotation="", rings=()), lengths
        kind, lengths = self._shared[key]
        self.kinds.append(kind)
        self._lengths.append(lengths)

    def __len__(self) -> int:
        return len(self.kinds)

    @overload
    def __getitem__(self, index: int) -> Shape: ...

    @overload
    def __getitem__(self, index: slice) -> list[Shape]: ...

    def __getitem__(self, index: int | slice) -> Shape | list[Shape]:
        if isinstance(index, slice):
            return [self[number] for number in range(*index.indices(len(self)))]
        number = range(len(self))[index]
        lengths = self._lengths[number]
        block = self._points[self._ends[number] : self._ends[number + 1]]
        points = np.frombuffer(block).reshape(-1, 2)
        rings = (points,) if len(lengths) == 1 else np.split(points, np.cumsum(lengths[:-1]))
        kind = self.kinds[number]
        return Shape(
            self._ids[self._id_ends[number] : self._id_ends[number + 1]].decode(
                "utf-8", "surrogatepass"
            ),
            kind.category,
            tuple(rings) if lengths else (),
            kind.counts,
            kind.role,
            kind.instance,
            kind.z_order,
            kind.score,
        )

    def __iter__(self) -> Iterator[Shape]:
        return (self[number] for number in range(len(self)))
