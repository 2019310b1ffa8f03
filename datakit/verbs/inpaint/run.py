"""``inpaint``: people removed, the background restored."""

from __future__ import annotations

from typing import Any

import msgspec

from datakit.engine.base import LazyTask
from datakit.errors import InputError
from datakit.io.layouts.sources import Collection
from datakit.models.factory import Settings
from datakit.models.inpainting.base import identify
from datakit.records.plate import REVIEW, REVIEW_HEADER
from datakit.records.summary import Summary
from datakit.verbs.inpaint.options import VERB, Options
from datakit.verbs.shared.models import contract_content, decided_by, licence_notes
from datakit.verbs.shared.pipeline import Contents, process
from datakit.verbs.shared.progress import ProgressListener
from datakit.verbs.shared.run_record import Run, operation


def run(options: Options, progress: ProgressListener | None = None) -> Summary:
    """Remove what is labelled, and restore the background behind it.

    Parameters
    ----------
    options : Options
        What to read, what to remove and how to fill it, where to write.
    progress : ProgressListener, optional
        Where progress is reported.

    Returns
    -------
    Summary
        Its ``findings`` counts plates that still show a person; ``review.csv`` lists them.

    Raises
    ------
    InputError
        If SRC cannot be read, DST must not be written, the class is not known, or an option does
        not fit the model.
    ModelError
        If weights or a runtime are missing or damaged.
    """
    source = options.open(progress)
    settings: dict[str, Any] = {
        "weights": () if options.weights is None else (options.weights,),
        "contract": options.contract,
        "device": options.device,
    }
    identity = identify(options.model, Settings(**settings))
    recorded = msgspec.structs.replace(
        options, weights=None, contract=contract_content(options.contract)
    )
    task = LazyTask(
        "datakit.verbs.inpaint.task:Inpaint",
        {
            "out": options.out,
            "step": operation(VERB, recorded),
            "model": options.model,
            "settings": settings,
            "remove": options.remove,
            "category": _category(options, source),
            "grow": options.grow,
            "shadows": options.shadows,
            "layers": options.layers,
            "seed": options.seed,
        },
    )
    summary = process(
        Run(VERB, options, source, decided_by([identity], options.contract)),
        task,
        contents=Contents(
            notes=licence_notes([identity], "plates"), tables={REVIEW: REVIEW_HEADER}
        ),
        progress=progress,
    )
    waiting = summary.counts.get("review", 0)
    notes = [*summary.notes, f"filled by {identity.name} ({identity.runtime})"]
    if waiting:
        notes.append(
            f"{waiting} plates are not in the dataset, as they still show a person: look at "
            f"{options.out}/{REVIEW}, correct their labels or add --grow, and run again"
        )
    return msgspec.structs.replace(summary, findings=waiting, notes=tuple(notes))


def _category(options: Options, source: Collection) -> tuple[str, int | None] | None:
    """Return the class to remove and its value; InputError when the source has no such class."""
    if options.category is None:
        return None
    objects = (one for item in source.items() if item.sample for one in item.sample.instances)
    classes = dict.fromkeys((*source.classes, *(one.category for one in objects)))
    if options.category not in classes:
        raise InputError(
            f"--category {options.category}: expected a class of the source "
            f"({', '.join(classes) or 'it has none'}); choose one of these"
        )
    return options.category, source.label_map.get(options.category)
