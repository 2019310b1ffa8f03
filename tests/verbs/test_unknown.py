"""The unknown region is no error, no background and no finding: each verb on ignore masks."""

from __future__ import annotations

import json
import shutil
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest

import datakit
from datakit.io.layouts.sources import open_sources
from datakit.io.pixels import images
from datakit.verbs.qc.task import read_subject
from tests.contracts.labelled_sets import write_labelled_set

IGNORED = np.s_[4:20, 50:66]


def rows_of(root: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in (root / "metadata.jsonl").read_text().splitlines()]


def spoil(root: Path, region: tuple[slice, slice]) -> None:
    """Paint the first class into a region of every mask."""
    for row in rows_of(root):
        path = root / row["mask_file_name"]
        mask = cv2.imread(str(path), cv2.IMREAD_UNCHANGED)
        mask[region] = 1
        path.write_bytes(images.encode_png(mask))


@pytest.mark.parametrize(("region", "exact"), [(IGNORED, True), (np.s_[0:4, 0:8], False)])
def test_eval_leaves_out_what_is_not_known(
    tmp_path: Path, region: tuple[slice, slice], exact: bool
) -> None:
    truth = write_labelled_set(tmp_path / "truth", "partial")
    shutil.copytree(truth, tmp_path / "guess")
    spoil(tmp_path / "guess", region)
    result = datakit.eval((tmp_path / "guess", truth), workers=0)
    assert (result.metrics["iou"].mean == 1.0) == exact


@pytest.mark.parametrize("layout", ["images-masks", "voc"])
def test_qc_judges_a_mask_that_marks_the_unknown_itself_as_one_beside_an_ignore_mask(
    tmp_path: Path, layout: str
) -> None:
    source = write_labelled_set(tmp_path / "source", "partial")
    datakit.export(source, tmp_path / "out", format=layout, workers=0)
    paths = (source, tmp_path / "out")
    alphas = [
        sorted(read_subject(item)[0].alpha.tobytes() for item in open_sources([str(path)]).items())
        for path in paths
    ]
    assert alphas[0] == alphas[1] and len(alphas[0]) == 4


def test_trimaps_and_mattes_are_unknown_there(tmp_path: Path) -> None:
    source = write_labelled_set(tmp_path / "source", "partial")
    datakit.trimap(source, tmp_path / "trimaps", style="band", workers=0)
    for row in rows_of(tmp_path / "trimaps"):
        trimap = cv2.imread(str(tmp_path / "trimaps" / row["trimap_file_name"]), -1)
        assert (trimap[IGNORED] == 128).all()


def test_export_and_stats_count_partial_samples(tmp_path: Path) -> None:
    source = write_labelled_set(tmp_path / "source", "partial")
    splits = datakit.stats(source, workers=0).splits
    assert {name: one.partial for name, one in splits.items()} == {"train": 2, "val": 2}


def test_a_split_is_stratified_by_label_state(tmp_path: Path) -> None:
    source = write_labelled_set(tmp_path / "partial", "partial")
    other = write_labelled_set(tmp_path / "whole", "semantic")
    datakit.split((source, other), tmp_path / "out", val=0.5, stratify=("label_state",), workers=0)
    found = [(row["split"], row["label_state"]) for row in rows_of(tmp_path / "out")]
    assert {found.count(("val", state)) for state in ("partial", "complete")} == {2}
