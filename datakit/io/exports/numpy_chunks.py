"""``numpy``: memory-mappable arrays of samples of one size."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Any, ClassVar

import numpy as np
import numpy.typing as npt

from datakit.errors import InputError
from datakit.io.layouts.picture import Picture, flat_name
from datakit.io.layouts.writer import Facts, Place, Settings, Shard

CHUNK_BYTES = 128 << 20
"""A chunk's images in memory while it is written, and what one `numpy.load` maps."""

_LABELS = ("mask", "alpha", "trimap")


class NumpyChunks:
    """``SPLIT/images-00000-of-00004.npy`` (N, H, W, 3) uint8 RGB, ``masks-…`` (N, H, W), ….

    ``alphas-…`` and ``trimaps-…`` likewise, for the labels that the set has. Row ``n`` of each
    array is the same sample; ``shards.jsonl`` tells which.
    """

    FACTS: ClassVar[Facts] = Facts(
        reader="numpy.load(…, mmap_mode='r')",
        loses="all samples have one size; every sample must have every label of the set",
        sharded=True,
        needs_size=True,
    )

    def __init__(self, settings: Settings) -> None:
        width, height = settings.size_wh or (1, 1)
        self.shard_samples = max(1, CHUNK_BYTES // (3 * width * height))
        self._kinds = tuple(kind for kind in _LABELS if kind in settings.kinds)

    def check(self, picture: Picture) -> None:
        """Refuse a sample that lacks a label of the set."""
        missing = [kind for kind in self._kinds if getattr(picture, kind) is None]
        if missing:
            raise InputError(
                f"{picture.item.source_name}: expected a {missing[0]} as other samples have, found "
                "none; an array has no empty rows"
            )

    def write(self, shard: Shard, pictures: Iterator[Picture], place: Place) -> Mapping[str, int]:
        """Write one array a kind."""
        rows: dict[str, list[npt.NDArray[Any]]] = {kind: [] for kind in ("image", *self._kinds)}
        for picture in pictures:
            for kind, arrays in rows.items():
                arrays.append(getattr(picture, kind))
        for kind, arrays in rows.items():
            dtype = np.result_type(*{array.dtype for array in arrays})
            with place(f"{flat_name(shard.split)}/{kind}s{shard.ending}.npy") as handle:
                header = {
                    "descr": dtype.str,
                    "fortran_order": False,
                    "shape": (len(arrays), *arrays[0].shape),
                }
                np.lib.format.write_array_header_1_0(handle, header)  # type: ignore[no-untyped-call]
                for array in arrays:
                    handle.write(np.ascontiguousarray(_widened(kind, array, dtype)).data)
        return {}

    def finish(self) -> Iterator[tuple[str, Iterable[bytes]]]:
        """Write nothing more."""
        yield from ()


def _widened(kind: str, array: npt.NDArray[Any], dtype: np.dtype[Any]) -> npt.NDArray[Any]:
    """Return an array in a wider type; an alpha keeps its share of the type's largest value."""
    wide: npt.NDArray[Any] = array.astype(dtype, copy=False)
    if kind == "alpha" and array.dtype != dtype:
        wide = wide * dtype.type(np.iinfo(dtype).max // np.iinfo(array.dtype).max)
    return wide
