"""One copy made again, byte for byte: from its id, and the settings that were recorded with it."""

from __future__ import annotations

import msgspec

from datakit.errors import InputError
from datakit.io.dataset.output import MANIFEST
from datakit.io.layouts.sources import Collection
from datakit.io.store.storage import location
from datakit.io.tables import jsonl
from datakit.records.sample import Sample
from datakit.records.summary import Summary
from datakit.verbs.augment.copies import chosen_copies, only_copy, recorded_copy
from datakit.verbs.augment.options import Options
from datakit.verbs.augment.production import make_copies
from datakit.verbs.shared.progress import ProgressListener


def replay(
    options: Options, source: Collection, copy_id: str, progress: ProgressListener | None
) -> Summary:
    """Write a dataset of one copy.

    Raises
    ------
    InputError
        As `make_copies`; if the copy is not known, or other parameters are drawn than are recorded.
    SchemaError
        As `make_copies`.
    """
    options, row = _as_recorded(options, copy_id)
    options = msgspec.structs.replace(options, include_originals=False)
    known = chosen_copies(source, options.splits, options.copies, options.balance, again=True)
    summary = make_copies(options, source, only_copy(known, copy_id, row), progress)
    if options.dry_run or row is None:
        return summary
    made = next(jsonl.read(location(options.out) / MANIFEST, Sample), None)
    if made is None or made.history[-1:] != row.history[-1:]:
        raise InputError(
            f"--replay {copy_id}: other parameters were drawn than are recorded; SRC, "
            "the backgrounds, datakit or Albumentations is another than when it was made"
        )
    note = "the parameters are those that were recorded"
    return msgspec.structs.replace(summary, notes=(*summary.notes, note))


def _as_recorded(options: Options, copy_id: str) -> tuple[Options, Sample | None]:
    """Return the settings under which a copy was made, and its row, as far as they are recorded.

    They are taken from --manifest, or from SRC when it holds the copy; else the flags say them.
    """
    found = recorded_copy(location(options.manifest or options.src[0]), copy_id)
    if found is None and options.manifest is not None:
        raise InputError(f"--replay {copy_id}: {options.manifest} holds no sample with this id")
    if found is None:
        return options, None
    settings, row = found
    fields = {field.name for field in msgspec.structs.fields(Options)}
    kept = {key: value for key, value in settings.items() if key in fields}
    if kept.get("pipeline") is not None:
        kept["preset"] = None
    kept |= {"replay": copy_id, "manifest": options.manifest, "preview": 0}
    if options.backgrounds is not None:
        kept["backgrounds"] = options.backgrounds
    return Options(**(msgspec.structs.asdict(options) | kept)), row
