"""A run's value, and what a dataset inherits from the one that it was made of."""

from __future__ import annotations

from pathlib import Path

import cv2
import msgspec
import numpy as np

import datakit
from datakit.io.dataset.output import CARD, read_card
from datakit.io.layouts.sources import Collection
from datakit.verbs.shared.run_record import Run
from datakit.verbs.trimap.options import Options

MAP = {"background": 0, "person": 1, "dog": 2}
NOTE = "u2net is NonCommercial: its labels may not be used commercially"


def test_the_card_keeps_label_map_notes_and_commands_of_the_source(tmp_path: Path) -> None:
    for folder in ("images", "masks"):
        (tmp_path / "src" / folder).mkdir(parents=True)
        pixels = np.full((40, 30), 2, np.uint8) if folder == "masks" else np.zeros((40, 30, 3), "B")
        cv2.imwrite(str(tmp_path / "src" / folder / "a.png"), pixels)
    datakit.dedup(tmp_path / "src", tmp_path / "set", drop=True, workers=0)
    card = msgspec.structs.replace(read_card(tmp_path / "set"), label_map=MAP, notes=(NOTE,))
    (tmp_path / "set" / CARD).write_bytes(msgspec.json.encode(card))
    for verb in ("trimap", "augment"):
        out = tmp_path / verb
        getattr(datakit, verb)(tmp_path / "set", out, workers=0)
        made = read_card(out)
        assert made.label_map == MAP
        assert made.notes == (NOTE,)
        assert [command.verb for command in made.commands] == ["dedup", verb]


def test_the_fingerprint_goes_by_origin_and_options_not_by_circumstances() -> None:
    def run(*decided_by: str, **options: object) -> Run:
        given = {"src": ("photos",), "out": "a"} | options
        return Run("trimap", Options(**given), Collection(()), decided_by)  # type: ignore[arg-type]

    same = run().fingerprint
    assert run(out="b", workers=3, resume=True).fingerprint == same
    assert run(src=("./photos",)).fingerprint == same
    others = [run(src=("other",)), run(style="p3m"), run("weights 1")]
    assert same not in [other.fingerprint for other in others]
