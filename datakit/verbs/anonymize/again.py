"""Photos that wait for a person, as ``anonymize`` would let them in: made again on demand."""

from __future__ import annotations

import threading
from collections.abc import Sequence
from typing import Any

import msgspec

from datakit.engine.base import LazyTask
from datakit.errors import InputError
from datakit.io.dataset.output import read_card
from datakit.io.layouts.base import Item
from datakit.io.pixels import images
from datakit.io.store.storage import location
from datakit.verbs.anonymize.options import VERB, Options
from datakit.verbs.anonymize.params import task_params
from datakit.verbs.anonymize.sequences import expected_by_neighbours

_QUALITY = 92


class HiddenFaces:
    """Results of ``anonymize`` that are in no dataset; nothing of them is kept.

    Parameters
    ----------
    options : Options
        Of the run that listed the photos.
    """

    def __init__(self, options: Options) -> None:
        self._options = options
        self._mutex = threading.Lock()
        self._task: Any = None

    def jpeg(self, item: Item) -> bytes:
        """Return a photo with its faces hidden.

        Raises
        ------
        InputError
            If the photo cannot be read.
        ModelError
            If a model of the run is not here.
        """
        with self._mutex:
            if self._task is None:
                self._task = self._setup()
            hidden, _ = self._task.hide(item, self._task.read(item))
        return images.encode_jpeg(hidden.image, _QUALITY)

    def _setup(self) -> Any:
        # As in the run itself: the frames of a video are looked at together.
        expected = expected_by_neighbours(self._options, self._options.open(None), None)
        params = task_params(self._options) | {"expected": expected}
        return LazyTask("datakit.verbs.anonymize.task:Anonymize", params).setup()


def hidden_faces(folders: Sequence[str], photos: str) -> HiddenFaces | None:
    """Return how the last ``anonymize`` of a dataset, or of folders with records, hides faces.

    Parameters
    ----------
    folders : sequence of str
        Those that are no dataset, or that ``anonymize`` has no part in, are passed over.
    photos : str
        What it read.

    Raises
    ------
    InputError
        If its options are those of another version.
    """
    for folder in folders:
        try:
            card = read_card(location(folder))
        except InputError:
            continue
        for command in reversed(card.commands):
            if command.verb != VERB:
                continue
            given = {**command.options, "src": (photos,), "out": folder}
            try:
                return HiddenFaces(msgspec.convert(given, Options))
            except msgspec.ValidationError as error:
                raise InputError(
                    f"{folder}: expected the options of this version's anonymize, found those of "
                    f"{command.version} ({error}); without --photos the page shows no results"
                ) from None
    return None
