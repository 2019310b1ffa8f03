"""The one dataset that a page is about."""

from __future__ import annotations

from datakit.errors import InputError
from datakit.io.layouts.base import Item
from datakit.io.layouts.sources import Collection, open_sources
from datakit.verbs.shared.progress import ProgressListener, note_source


def open_dataset(
    src: tuple[str, ...], verb: str, progress: ProgressListener | None = None
) -> tuple[Collection, list[Item]]:
    """Open the one dataset that a page is about, and say as what it is read.

    Returns
    -------
    source : Collection
    items : list of Item
        Each with its row of the manifest.

    Raises
    ------
    InputError
        If there are several sources, or it is not a dataset that datakit wrote.
    """
    if len(src) != 1:
        raise InputError(f"{verb}: expected one dataset, got {len(src)}")
    source = open_sources(src)
    if source.formats != ("datakit",):
        raise InputError(
            f"{src[0]}: expected a dataset that datakit wrote, found {source.formats[0]}; "
            "datakit stats looks at other sources"
        )
    return note_source(source, progress), list(source.items())
