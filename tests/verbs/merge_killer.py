"""``python -m tests.verbs.merge_killer WORK``: merges killed before each file-system event.

After every kill the drafts are as they were, or merged whole; and the same merge, asked for again,
ends as an undisturbed one. Prints one JSON object: the number of events, and the faults.
"""

from __future__ import annotations

import json
import os
import shutil
import sys
from pathlib import Path

import datakit
import datakit.verbs.prelabel.merge_task  # imported before the forks, once for all
from datakit.verbs.prelabel.merge import merge
from datakit.verbs.prelabel.options import MergeOptions
from tests.verbs.drafts import REVIEWERS, write_drafts
from tests.verbs.exports import tree
from tests.verbs.killer import Meter, forked


def main(work: Path) -> None:
    drafts = write_drafts(work / "drafts")
    reviewed = work / "reviewed"
    datakit.export(drafts, reviewed, format="cvat", workers=0)
    REVIEWERS["cvat"](reviewed, "anna")
    # What is written is in the hidden folder beside the drafts.
    meter = Meter(work / ".at")

    def run(into: Path) -> None:
        merge(MergeOptions(merge=str(reviewed), into=str(into), workers=0))

    reference = Path(shutil.copytree(drafts, work / "at-reference"))
    meter.count = 0
    run(reference)
    total = meter.count
    before, after = tree(drafts), tree(reference)
    faults: dict[str, str] = {}
    for point in range(total):
        into = Path(shutil.copytree(drafts, work / f"at-{point}"))

        def killed(into: Path = into, point: int = point) -> None:
            meter.count, meter.deadly = 0, point
            run(into)

        status = forked(killed)
        meter.deadly = -1
        if not os.WIFSIGNALED(status):
            faults[str(point)] = f"was not killed ({status})"
        found = tree(into) if into.exists() else {}
        if found not in (before, after):
            faults[str(point)] = f"neither before nor after: {len(found)} files"
        if found == before:
            forked(lambda into=into: run(into))
            if tree(into) != after:
                faults[str(point)] = "the next merge ended elsewhere"
            if list(work.glob(".at-*")):
                faults[str(point)] = "something stayed beside the drafts"
        for path in work.glob(".at-*"):
            shutil.rmtree(path)
    print(json.dumps({"events": total, "faults": faults}))


if __name__ == "__main__":
    main(Path(sys.argv[1]))
