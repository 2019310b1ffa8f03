"""The queue carries what a person should look at from the drafts."""

from __future__ import annotations

from pathlib import Path
from types import SimpleNamespace

import msgspec

from datakit.io.tables import jsonl
from datakit.records.draft import DRAFTS, QUEUE, Draft, Queued
from datakit.verbs.prelabel import queue


def test_a_missing_hand_comes_first_with_its_place(tmp_path: Path) -> None:
    drafts = [
        Draft(
            id=f"{n}.png", file_name=f"images/{n}.png", sha256="0" * 64, width=40, height=30,
            area=0.3, parts={"band": 0.1 + n / 100, "hand": 0.9 * (n == 2)},
            missing_hand=(3, 4, 9, 12) if n == 2 else None,
        )
        for n in range(6)
    ]  # fmt: skip
    lines = {DRAFTS: [msgspec.json.encode(draft) for draft in drafts]}
    writer = SimpleNamespace(out=tmp_path, lines=lines.__getitem__)
    queue.write(writer, "person", queue.calibration(None), [])  # type: ignore[arg-type]
    first, *others = jsonl.read(tmp_path / QUEUE, Queued)
    assert (first.id, first.reason, first.missing_hand) == ("2.png", "hand", (3, 4, 9, 12))
    assert {row.missing_hand for row in others} == {None}
