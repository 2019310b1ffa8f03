"""What a review shows: one sample, or one photo that waits to become one."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace

from datakit.core.matting.brush import UNKNOWN
from datakit.io.layouts.base import Item
from datakit.io.layouts.label_pixels import label_files
from datakit.io.store.files import FileRef
from datakit.records.review import Verdict


@dataclass(frozen=True)
class Paint:
    """One class or object of a mask.

    Attributes
    ----------
    value : int
        In the mask, 1 to 254.
    name : str
        As a person reads it.
    class_name : str
    is_new : bool
        An object that the mask does not have yet.
    """

    value: int
    name: str
    class_name: str
    is_new: bool = False


def with_objects(palette: tuple[Paint, ...], objects: Mapping[str, str]) -> tuple[Paint, ...]:
    """Return a palette with the objects that a person added, and new ones behind them.

    Parameters
    ----------
    palette : tuple of Paint
    objects : mapping
        Value -> class, as a decision keeps them.

    Examples
    --------
    >>> palette = (Paint(1, "dog 1", "dog"), Paint(2, "new dog", "dog", is_new=True))
    >>> [(paint.value, paint.name) for paint in with_objects(palette, {"2": "dog"})]
    [(1, 'dog 1'), (2, 'dog 2'), (3, 'new dog')]
    """
    added = [Paint(int(value), f"{name} {value}", name) for value, name in objects.items()]
    known = sorted((*(one for one in palette if not one.is_new), *added), key=lambda one: one.value)
    free = max((one.value for one in known), default=0) + 1
    new = [replace(one, value=free + at) for at, one in enumerate(p for p in palette if p.is_new)]
    return tuple(one for one in (*known, *new) if one.value < UNKNOWN)


@dataclass(frozen=True)
class Subject:
    """One sample, or one photo that waits to become one.

    Attributes
    ----------
    id : str
    kinds : tuple of str
        Why it may want a look: "draft", "finding", "face", "waiting".
    severity : str
        The worst finding's, or empty.
    priority : float
        The larger, the earlier it is looked at; 0: no reason to.
    reason : str
        The reason in a few words.
    reasons : tuple of str
        Each reason without its numbers, to choose by.
    group : str
        Samples of one group are shown side by side; empty: none.
    split : str
    width, height : int
        Pixels; 0 when unknown.
    image : FileRef, optional
        The picture.
    labelled, earlier : Item, optional
        The sample with its label, and with an earlier label to compare with.
    original : Item, optional
        The photo as it was before `anonymize`, where it can be seen.
    waiting : bool
        Not in the dataset: no trace of its picture is kept.
    classes : tuple of str
        Classes that have a label here.
    palette : tuple of Paint
        What a brush may add to the mask, where it tells classes or objects apart.
    others : mapping
        Other reviewer's name -> verdict.
    """

    id: str
    kinds: tuple[str, ...] = ()
    severity: str = ""
    priority: float = 0.0
    reason: str = ""
    reasons: tuple[str, ...] = ()
    group: str = ""
    split: str = ""
    width: int = 0
    height: int = 0
    image: FileRef | None = None
    labelled: Item | None = None
    earlier: Item | None = None
    original: Item | None = None
    waiting: bool = False
    classes: tuple[str, ...] = ()
    palette: tuple[Paint, ...] = ()
    others: Mapping[str, Verdict] = field(default_factory=dict)

    @property
    def label_kind(self) -> str:
        """What the label is: "alpha", "mask" or empty."""
        item = self.labelled
        return "" if item is None else "alpha" if item.alpha else "mask" if item.mask else ""

    @property
    def compared(self) -> bool:
        """Whether there is an earlier label of the same kind."""
        return bool(self.label_kind and getattr(self.earlier, self.label_kind, None))

    @property
    def unknown(self) -> bool:
        """Whether an ignore mask says where the label is unknown."""
        return self.labelled is not None and "ignore" in label_files(self.labelled)
