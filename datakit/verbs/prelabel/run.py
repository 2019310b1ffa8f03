"""``prelabel``: a model drafts the labels of photos, and what people corrected is merged back."""

from __future__ import annotations

from datakit.records.base import narrowed
from datakit.records.summary import Summary
from datakit.verbs.prelabel.draft import draft
from datakit.verbs.prelabel.merge import merge
from datakit.verbs.prelabel.options import DraftOptions, MergeOptions, Options
from datakit.verbs.shared.progress import ProgressListener


def run(options: Options, progress: ProgressListener | None = None) -> Summary:
    """Draft the labels of photos, or merge reviewed ones.

    Parameters
    ----------
    options : Options
        What to read, which model drafts, where to write.
    progress : ProgressListener, optional
        Where progress is reported.

    Returns
    -------
    Summary
        Of a draft a `Drafting`: with the model, and how busy each stage of the work was.

    Raises
    ------
    InputError
        If SRC cannot be read, DST must not be written, or an option does not fit the model.
    ModelError
        If weights or a runtime are missing or damaged, or the device is not there.
    EngineError
        If the device's memory cannot hold the model and one photo.
    """
    if options.merge is not None:
        return merge(narrowed(options, MergeOptions), progress)
    return draft(narrowed(options, DraftOptions), progress)
