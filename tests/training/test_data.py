"""`PortraitDataset`: what an index gives is decided by seed, epoch and id alone."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import torch
from torch.utils.data import DataLoader

from datakit.errors import InputError
from datakit.io.pixels import images
from datakit.training import PortraitDataset
from datakit.training.loop import EpochBatches
from tests.verbs.pairs import photo_and_alpha, write_set


def test_pictures_and_alphas_at_the_size(sample_data: Path) -> None:
    samples = PortraitDataset(sample_data / "portraits", size_px=48)
    assert len(samples) == 7
    for sample in samples:  # type: ignore[attr-defined]
        assert sample["image"].shape == (3, 48, 48) and sample["alpha"].shape == (1, 48, 48)
        assert sample["image"].dtype == sample["alpha"].dtype == torch.float32
        assert 0 <= sample["image"].min() < sample["image"].max() <= 1
        assert 0 <= sample["alpha"].min() < 0.1 and 0.9 < sample["alpha"].max() <= 1


def test_masks_become_zero_and_one_and_splits_are_kept_apart(tmp_path: Path) -> None:
    write_set(tmp_path / "set/train", "masks", 3)
    write_set(tmp_path / "set/val", "alphas", 2)
    train = PortraitDataset(tmp_path / "set", "train", size_px=72)
    assert [item.key for item in train.items] == [f"train/p{n}.png" for n in range(3)]
    expected = photo_and_alpha(1)[1] > 0.5
    assert np.array_equal(train[1]["alpha"][0].numpy(), expected.astype(np.float32))
    assert len(PortraitDataset(tmp_path / "set", "val")) == 2
    assert len(PortraitDataset(tmp_path / "set")) == 5
    with pytest.raises(InputError, match="split 'test'"):
        PortraitDataset(tmp_path / "set", "test")


def test_unlabelled_samples_take_no_part_and_damaged_ones_are_told(tmp_path: Path) -> None:
    source = write_set(tmp_path / "set", "masks", 3)
    (source / "masks/p0.png").unlink()
    (source / "masks/p1.png").write_bytes(images.encode_png(np.zeros((9, 9), np.uint8)))
    samples = PortraitDataset(source)
    assert len(samples) == 2 and samples.unlabelled == 1
    with pytest.raises(InputError, match="9x9"):
        samples[0]


@pytest.mark.parametrize("workers", [0, 2])
def test_workers_and_order_change_nothing(sample_data: Path, workers: int) -> None:
    def epoch(number: int, workers: int, seed: int = 3) -> dict[str, torch.Tensor]:
        samples = PortraitDataset(
            sample_data / "portraits", pipeline="light", size_px=32, seed=seed
        )
        batches = EpochBatches(len(samples), 2, seed=number + workers)
        loader = DataLoader(
            samples, batch_sampler=batches, num_workers=workers, persistent_workers=workers > 0
        )
        found = {}
        for now in range(number + 1):
            samples.set_epoch(now)
            for batch in loader:
                stacked = torch.cat((batch["image"], batch["alpha"]), 1)
                found |= dict(zip(batch["id"], stacked, strict=True))
        return found

    first, again = epoch(1, 0), epoch(1, workers)
    assert first.keys() == again.keys() and len(first) == 7
    assert all(torch.equal(first[key], again[key]) for key in first)
    before, other = epoch(0, 0), epoch(1, 0, seed=4)
    assert not all(torch.equal(first[key], before[key]) for key in first)
    assert not all(torch.equal(first[key], other[key]) for key in first)


def test_no_batch_holds_a_single_sample() -> None:
    for count in range(2, 20):
        assert [len(batch) for batch in EpochBatches(count, 1, seed=1)] == [1] * count
        for size in range(2, 7):
            batches = list(EpochBatches(count, size, seed=1))
            assert sorted(n for batch in batches for n in batch) == list(range(count))
            assert all(len(batch) > 1 for batch in batches)
            assert len(batches) == len(EpochBatches(count, size, seed=1))
