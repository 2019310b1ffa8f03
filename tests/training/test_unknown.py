"""Unknown pixels have no part in training: not in the loss, not in the scores."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

torch = pytest.importorskip("torch", reason="the extra prelabel is not installed")

import datakit  # noqa: E402
from datakit.training import PortraitDataset, PortraitLoss  # noqa: E402
from tests.contracts.labelled_sets import write_labelled_set  # noqa: E402


def test_a_sample_says_what_is_known(tmp_path: Path) -> None:
    source = write_labelled_set(tmp_path / "set", "partial")
    sample = PortraitDataset(source, "train", size_px=72)[0]
    unknown = np.flatnonzero(~sample["known"].numpy()[0])
    rows, columns = np.unravel_index(unknown, (72, 72))
    assert (rows.min(), rows.max() + 1, columns.min(), columns.max() + 1) == (4, 20, 50, 66)


@pytest.mark.parametrize("layout", ["images-masks", "voc"])
def test_what_a_mask_itself_marks_as_unknown_is_not_known(tmp_path: Path, layout: str) -> None:
    source = write_labelled_set(tmp_path / "set", "partial")
    datakit.export(source, tmp_path / "out", format=layout, workers=0)
    given, sample = (
        PortraitDataset(path, "train", size_px=72)[0] for path in (source, tmp_path / "out")
    )
    known = given["known"]
    assert torch.equal(sample["known"], known) and not known.all()
    assert torch.equal(sample["alpha"][known], given["alpha"][known])


def test_the_unknown_moves_with_the_picture(tmp_path: Path) -> None:
    source = write_labelled_set(tmp_path / "set", "partial")
    pipeline = tmp_path / "flip.yaml"
    pipeline.write_text("transforms:\n  - HorizontalFlip: {p: 1}\n")
    sample = PortraitDataset(source, "train", pipeline, size_px=72)[0]
    assert not sample["known"][0, 4:20, 6:22].any()
    assert sample["known"][0, 4:20, 50:66].all()


def test_what_is_not_known_changes_no_loss() -> None:
    generator = torch.Generator().manual_seed(1)
    true = (torch.rand((2, 1, 32, 32), generator=generator) > 0.5).float()
    logits = torch.randn((2, 1, 32, 32), generator=generator)
    known = torch.ones_like(true, dtype=torch.bool)
    known[:, :, 8:16, 8:16] = False
    wrong = logits.clone()
    wrong[~known] = 30.0
    loss = PortraitLoss()
    one = loss((logits, logits), true, known)
    other = loss((wrong, wrong), true, known)
    for name in one:
        torch.testing.assert_close(one[name], other[name])
    everything = loss((logits, logits), true, torch.ones_like(known))
    torch.testing.assert_close(everything["total"], loss((logits, logits), true)["total"])
