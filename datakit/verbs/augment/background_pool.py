"""The backgrounds that `augment` may use: found, and looked at for people, before anything else."""

from __future__ import annotations

from contextlib import closing
from dataclasses import dataclass

from datakit.engine.base import Engine, LazyTask, ordered_map
from datakit.errors import InputError
from datakit.io.layouts.pictures import is_image
from datakit.io.store.files import FileRef, open_root

MAX_NAMED = 5


@dataclass(frozen=True)
class Picture:
    """A background to look at."""

    file: FileRef

    @property
    def key(self) -> str:
        """Its name in the folder."""
        return self.file.name


def background_files(folder: str) -> tuple[FileRef, ...]:
    """Return the pictures of a folder or .zip, in name order.

    Raises
    ------
    InputError
        If it does not exist or holds no picture.
    """
    files = tuple(FileRef(folder, name) for name in open_root(folder).names() if is_image(name))
    if not files:
        raise InputError(f"--backgrounds {folder}: expected pictures, found none in it")
    return files


def refuse_people(files: tuple[FileRef, ...], engine: Engine) -> None:
    """Look for faces in the backgrounds: a person in one would be labelled background.

    Raises
    ------
    InputError
        If there is a face, a picture cannot be read, or the detectors are not installed.
    """
    task = LazyTask("datakit.verbs.augment.people:CountFaces", {})
    peopled, unread = [], []
    with closing(ordered_map(engine, task, (Picture(file) for file in files))) as outcomes:
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
