"""The state of a review: how much is decided, and what to do next."""

from __future__ import annotations

from collections import Counter

from datakit.records.counts import counted
from datakit.records.review import Decision


def standing(decisions: dict[str, Decision], total: int) -> dict[str, int]:
    """Return how many samples are accepted, rejected, flagged, edited, and open."""
    verdicts = Counter(one.verdict for one in decisions.values() if one.verdict)
    return {
        "samples": total,
        "accepted": verdicts["accept"],
        "rejected": verdicts["reject"],
        "flagged": verdicts["flag"],
        "edited": sum(one.edit is not None for one in decisions.values()),
        "open": total - verdicts.total(),
    }


def release_note(released: list[str]) -> tuple[str, ...]:
    """Return how photos that were accepted come into the dataset: only ``anonymize`` can."""
    if not released:
        return ()
    names = ",".join(released)
    return (
        f"accepted of anonymize's review list: {counted(len(released), 'photos')}; run anonymize "
        f"again with --release {names} --resume",
    )
