"""The backgrounds that `augment` may use: listed, and checked for people, before anything else."""

from __future__ import annotations

from contextlib import closing
from dataclasses import dataclass

from datakit.engine.base import Engine, LazyTask, ordered_map
from datakit.errors import InputError
from datakit.io.dataset.output import MANIFEST, is_dataset
from datakit.io.layouts.placements import is_image
from datakit.io.layouts.sources import Collection
from datakit.io.store.files import FileRef, open_root
from datakit.io.store.storage import location
from datakit.io.tables import jsonl
from datakit.records.plate import PLATE
from datakit.records.sample import Sample
from datakit.verbs.augment.backgrounds import Background, scene_of

MAX_NAMED = 5


@dataclass(frozen=True)
class Picture:
    """A background to look at."""

    file: FileRef

    @property
    def key(self) -> str:
        """Its name in the folder."""
        return self.file.name


def find_backgrounds(folder: str, source: Collection) -> tuple[Background, ...]:
    """Return the pictures of a folder or .zip, in name order; of a dataset, the images of its rows.

    A row that is a plate knows its scene. One that was made before the source was split takes the
    split of the sample that shows the same scene.

    Parameters
    ----------
    folder : str
    source : Collection
        The samples that they are for.

    Raises
    ------
    InputError
        If it does not exist or holds no picture.
    """
    place = location(folder)
    if is_dataset(place):
        rows = [row for row in jsonl.read(place / MANIFEST, Sample) if row.file_name]
        found = _placed(folder, sorted(rows, key=lambda row: row.file_name or ""), source)
    else:
        names = open_root(folder).names()
        found = tuple(Background(FileRef(folder, name)) for name in names if is_image(name))
    if not found:
        raise InputError(f"--backgrounds {folder}: expected pictures, found none in it")
    return found


def _placed(folder: str, rows: list[Sample], source: Collection) -> tuple[Background, ...]:
    split_of = {
        name: item.split
        for item in source.items()
        for name in scene_of(item.describe(1, 1, None))
        if item.split is not None
    }
    found = []
    for row in rows:
        scene = scene_of(row) if PLATE in row.tags else frozenset()
        splits = [split_of[name] for name in sorted(scene) if name in split_of]
        split = next(iter(splits), row.split) if scene else None
        found.append(Background(FileRef(folder, row.file_name or ""), split, scene))
    return tuple(found)


def refuse_people(pictures: tuple[Background, ...], engine: Engine) -> None:
    """Look for faces in the backgrounds: a person in one would be labelled background.

    Raises
    ------
    InputError
        If there is a face, a picture cannot be read, or the detectors are not installed.
    """
    task = LazyTask("datakit.verbs.augment.people:CountFaces", {})
    peopled, unread = [], []
    with closing(ordered_map(engine, task, (Picture(one.file) for one in pictures))) as outcomes:
        for outcome in outcomes:
            if outcome.error is not None:
                unread.append(f"{outcome.key} ({outcome.error})")
            elif outcome.value:
                peopled.append(outcome.key)
    if unread:
        raise InputError(
            f"--backgrounds: {_listed(unread)} cannot be checked for people; take the files out, "
            "or add --allow-people"
        )
    if peopled:
        raise InputError(
            f"--backgrounds: expected pictures without people, found faces in {_listed(peopled)}; "
            "take them out, or add --allow-people if the label may call them background"
        )


def _listed(names: list[str]) -> str:
    more = f" and {len(names) - MAX_NAMED} more" if len(names) > MAX_NAMED else ""
    return ", ".join(names[:MAX_NAMED]) + more
