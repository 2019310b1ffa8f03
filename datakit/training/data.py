"""`PortraitDataset`: a datakit dataset (or any labelled source) as a torch Dataset."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TypedDict

import numpy as np
import torch
from torch import Tensor
from torch.utils.data import Dataset

from datakit.errors import InputError
from datakit.io.layouts.base import Item
from datakit.io.layouts.sources import open_sources
from datakit.training.samples import draw, is_labelled, read_photo, sample_rng
from datakit.transforms.pipeline import Pipeline, load_pipeline


class TrainingSample(TypedDict):
    """What `PortraitDataset` gives for an index.

    ``image`` is (3, S, S) float32 RGB in [0, 1], ``alpha`` (1, S, S) float32 in [0, 1] (a mask is
    0 and 1), ``known`` (1, S, S) bool, False where the truth is unknown, ``id`` the sample's id.
    """

    image: Tensor
    alpha: Tensor
    known: Tensor
    id: str


class PortraitDataset(Dataset[TrainingSample]):
    """The labelled samples of one split.

    What an index gives is decided by (seed, epoch, sample's id) alone: the same in every worker
    process, in any order, on any machine with the same libraries.

    Parameters
    ----------
    root : path, or sequence of Item
        A datakit dataset, or anything else that datakit reads with masks or alphas.
    split : str, optional
        "train", "val" …; all samples when None.
    pipeline : str, Path or Pipeline, optional
        A preset of ``datakit augment`` ("light", "p3m" …), a pipeline's YAML file, or a built
        pipeline; nothing is changed when None.
    size_px : int
        Side of the square that pictures are stretched to, as the segmenters do.
    seed : int
        Of the pipeline's randomness.
    select : callable, optional
        Which items of the split take part.

    Raises
    ------
    InputError
        If the source cannot be read, or the split has no labelled sample. A sample that is
        damaged raises it when it is asked for.

    Attributes
    ----------
    items : tuple of Item
        The samples, in the source's order.
    unlabelled : int
        Samples of the split without a label; they do not take part.

    Examples
    --------
    >>> samples = PortraitDataset("sample_data/portraits", size_px=32)
    >>> len(samples), samples[0]["image"].shape, samples[0]["alpha"].dtype, samples[0]["id"]
    (7, torch.Size([3, 32, 32]), torch.float32, 'astronaut.jpg')
    """

    def __init__(
        self,
        root: str | Path | Sequence[Item],
        split: str | None = None,
        pipeline: str | Path | Pipeline | None = None,
        *,
        size_px: int = 320,
        seed: int = 0,
        select: Callable[[Item], bool] = lambda item: True,
    ) -> None:
        if isinstance(root, str | Path):
            root = [*open_sources([str(root)]).items()]
        chosen = [item for item in root if split in (None, item.split) and select(item)]
        self.items = tuple(item for item in chosen if is_labelled(item))
        self.unlabelled = len(chosen) - len(self.items)
        if not self.items:
            where = f"split {split!r}" if split else "the source"
            raise InputError(
                f"{where}: expected samples with an alpha or a mask, found {len(chosen)} samples "
                "and no label; name another split, or make labels with `datakit prelabel`"
            )
        built = load_pipeline(pipeline) if isinstance(pipeline, str | Path) else pipeline
        self._pipeline = built
        self._size_px = size_px
        self._seed = seed
        # In shared memory: workers that live on from one epoch to the next see it too.
        self._epoch = torch.zeros(1, dtype=torch.int64).share_memory_()  # type: ignore[no-untyped-call]

    def set_epoch(self, epoch: int) -> None:
        """Say which epoch comes; the pipeline draws anew in each."""
        self._epoch[0] = epoch

    def __len__(self) -> int:
        return len(self.items)

    def __getitem__(self, index: int) -> TrainingSample:
        item = self.items[index]
        rng = sample_rng(self._seed, item, int(self._epoch[0]))
        photo = draw(read_photo(item), self._size_px, self._pipeline, rng)
        known = np.ones(photo.alpha.shape, bool) if photo.known is None else photo.known
        image = np.ascontiguousarray(photo.image.transpose(2, 0, 1), np.float32)
        return TrainingSample(
            image=torch.from_numpy(image / np.float32(255)),
            alpha=torch.from_numpy(np.ascontiguousarray(photo.alpha)[None]),
            known=torch.from_numpy(known[None]),
            id=item.key,
        )
