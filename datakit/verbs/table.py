"""The verbs in the order of the work; the command line, docs and schemas are made from them.

A new verb is one package, ``datakit/verbs/NAME``, whose ``ROW`` describes it, and its name here.
"""

from __future__ import annotations

from datakit.registry import Registry
from datakit.verbs.verb import Verb, Verbs

_NAMES = (
    "run",
    "coco2mask",
    "validate",
    "stats",
    "prelabel",
    "review",
    "dedup",
    "split",
    "select",
    "forget",
    "anonymize",
    "matte",
    "inpaint",
    "trimap",
    "qc",
    "eval",
    "augment",
    "export",
    "mask2coco",
    "report",
    "diff",
    "train",
    "weights",
)

VERBS = Verbs(
    Registry("verb", {name: f"datakit.verbs.{name}:ROW" for name in _NAMES}, group="datakit.verbs")
)
"""The verbs by name."""


def by_group() -> dict[str, list[Verb]]:
    """Return datakit's own verbs under their headings, both in the order of the table."""
    groups: dict[str, list[Verb]] = {}
    for row in VERBS.built_in.values():
        groups.setdefault(row.group, []).append(row)
    return groups
