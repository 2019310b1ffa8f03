"""What a label is: objects with a class, a shape and a role; the label map; what is known.

Every layout's reader gives these objects and every layout's writer takes them, so that what is
believed of an annotation is decided once, whatever tool it came from.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import TYPE_CHECKING, Literal, TypeAlias

import msgspec

from datakit.errors import InputError

if TYPE_CHECKING:  # numpy is heavy, and the process that hands out work does without it
    import numpy as np
    import numpy.typing as npt

Role = Literal["object", "background", "ignore"]
"""What an object means: something to paint, a cut in what lies under it, or unknown."""

LabelState = Literal["complete", "partial", "none"]
"""What is known of an image: all of it; all but some objects; nothing, as it is not labelled."""

BACKGROUND = "background"
"""The class of value 0, which no object may take."""

FOREGROUND = "foreground"

IGNORED = 255
"""Value of the unknown pixels, in an ignore mask and in semantic layouts."""

_ROLES: Mapping[str, Role] = {
    "background": "background",
    "bg": "background",
    "ignore": "ignore",
    "ignored": "ignore",
    "ignore region": "ignore",
    "ignored region": "ignore",
    "void": "ignore",
    "dont care": "ignore",
    "dontcare": "ignore",
    "unlabeled": "ignore",
    "unlabelled": "ignore",
}
_JOINTS = re.compile(r"[\s_-]+")

Ring: TypeAlias = "npt.NDArray[np.float64]"
Box = tuple[float, float, float, float]


class Rle(msgspec.Struct, frozen=True):
    """Column-major runs of a mask: COCO's compressed text or a list of counts, with (H, W)."""

    counts: str | list[int]
    size: tuple[int, int]


@dataclass(frozen=True, slots=True, kw_only=True)
class LabelObject:
    """One object of an image, or one part of it, as a layout's reader gives it.

    Attributes
    ----------
    id : str
        The annotation's id in the source; or its number within the image.
    category : str
        The class's name.
    rings : tuple of (N, 2) float64
        Polygons in pixel edges of the picture that the source annotates.
    holes : tuple of (N, 2) float64
        What is cut out of the rings.
    rle : Rle, optional
        The mask, when the source has one.
    bounds_xyxy : tuple of 4 float, optional
        The stated box: the shape itself where there is no other, else evidence beside it.
    role : {"object", "background", "ignore"}
    instance : str, optional
        Annotations of one instance are parts of one object.
    annotator : str, optional
        Who drew it.
    z_order : int
        Higher lies on top.
    crowd : bool
        Several objects in one outline.
    score : float, optional
        A model's confidence in it.
    alternatives : tuple of str
        The classes that it may have, where the source gives their id, `category`, to several.
    problem : str, optional
        Why the shape cannot be read; the object is there all the same.
    flaws : tuple of str
        What is wrong with the annotation and costs no pixel of it.
    extent : bool
        Whether the annotation stands for pixels at all: a keypoint, a line or a tag does not, and
        costs nothing but its own row.
    """

    id: str
    category: str = ""
    rings: tuple[Ring, ...] = ()
    holes: tuple[Ring, ...] = ()
    rle: Rle | None = None
    bounds_xyxy: Box | None = None
    role: Role = "object"
    instance: str | None = None
    annotator: str | None = None
    z_order: int = 0
    crowd: bool = False
    score: float | None = None
    alternatives: tuple[str, ...] = ()
    problem: str | None = None
    flaws: tuple[str, ...] = ()
    extent: bool = True


@lru_cache(maxsize=4096)
def role_of(category: str) -> Role:
    """Return the role that a class has by its name alone, however its words are joined.

    Examples
    --------
    >>> role_of("__ignore__"), role_of("Don't-care"), role_of("Background"), role_of("person")
    ('ignore', 'ignore', 'background', 'object')
    """
    words = _JOINTS.sub(" ", category.lower().replace("'", "").replace("\u2019", "")).strip()
    return _ROLES.get(words, "object")


@dataclass(frozen=True, slots=True)
class ClassRules:
    """What ``--map NAME=CLASS|background|ignore`` says of the classes of a source.

    Attributes
    ----------
    renamed : mapping
        Class in the source -> class, "background" or "ignore".
    """

    renamed: Mapping[str, str]

    @classmethod
    def parse(cls, entries: Iterable[str]) -> ClassRules:
        """Read ``NAME=TARGET`` entries; InputError when one is not of that form.

        Examples
        --------
        >>> ClassRules.parse(["dog=ignore"]).role("dog")
        'ignore'
        """
        renamed: dict[str, str] = {}
        for entry in entries:
            name, equals, target = entry.partition("=")
            if not equals or not name.strip() or not target.strip():
                raise InputError(
                    f"--map {entry!r}: expected NAME=CLASS, NAME=background or NAME=ignore"
                )
            if renamed.setdefault(name.strip(), target.strip()) != target.strip():
                raise InputError(f"--map: {name.strip()!r} is mapped twice; map it once")
        return cls(renamed)

    def category(self, name: str) -> str:
        """Return the class that an object of the source's class ``name`` has."""
        return self.renamed.get(name, name)

    def role(self, name: str) -> Role:
        """Return the role that an object of the source's class ``name`` has."""
        return role_of(self.category(name))

    def classes(self, names: Iterable[str]) -> tuple[str, ...]:
        """Return the classes that can be painted, in order, each once."""
        kept = (self.category(name) for name in names if self.role(name) == "object")
        return tuple(dict.fromkeys(kept))


def numbered(classes: Iterable[str]) -> dict[str, int]:
    """Return a label map of classes from 1, background as 0.

    Examples
    --------
    >>> numbered(["person", "dog"])
    {'background': 0, 'person': 1, 'dog': 2}
    """
    return {BACKGROUND: 0, **{name: value for value, name in enumerate(classes, 1)}}


def is_binary(label_map: Mapping[str, int]) -> bool:
    """Tell whether masks of this map are 0/255: at most one class beside background.

    Examples
    --------
    >>> is_binary({"background": 0, "person": 255}), is_binary({"background": 0, "cat": 1})
    (True, False)
    """
    values = [value for value in label_map.values() if value]
    return not values or values == [IGNORED]


def only_class(label_map: Mapping[str, int], named: Iterable[str] = ()) -> str:
    """Return the class of binary masks.

    Parameters
    ----------
    label_map : mapping
        Class name -> value in the masks.
    named : iterable of str
        The classes that the masks' rows name; they decide where the map says no more than
        ``foreground``, and name one.

    Examples
    --------
    >>> only_class({"background": 0, "person": 255}), only_class({"foreground": 255}, ["dog"])
    ('person', 'dog')
    >>> only_class({"foreground": 255}, ["cat", "dog"])
    'foreground'
    """
    own = [name for name in label_map if name not in (BACKGROUND, FOREGROUND)]
    found = own or list(dict.fromkeys(named))
    return found[0] if len(found) == 1 else FOREGROUND


def has_void(label_map: Mapping[str, int], *, objects: bool) -> bool:
    """Tell whether a mask of class indices can hold 255 for ignored pixels.

    Parameters
    ----------
    label_map : mapping
        Class name -> value in the masks.
    objects : bool
        Whether the masks hold ids of objects, of which 255 may be one.

    Examples
    --------
    >>> has_void({"background": 0, "cat": 1}, objects=False)
    True
    >>> has_void({"background": 0, "person": 255}, objects=False)
    False
    """
    return not objects and not is_binary(label_map) and IGNORED not in label_map.values()


def merged_map(maps: Iterable[Mapping[str, int]]) -> dict[str, int]:
    """Return one label map for sources whose maps differ: classes by name, in order of appearance.

    Equal maps stay as they are. A source without classes adds none.

    Examples
    --------
    >>> merged_map([{"background": 0, "cat": 1}, {"background": 0, "dog": 1, "cat": 2}])
    {'background': 0, 'cat': 1, 'dog': 2}
    >>> merged_map([{"background": 0, "foreground": 255}] * 2)
    {'background': 0, 'foreground': 255}
    """
    known = [dict(label_map) for label_map in maps if label_map]
    if not known:
        return {}
    if all(label_map == known[0] for label_map in known):
        return known[0]
    names = dict.fromkeys(
        name
        for label_map in known
        for name, value in sorted(label_map.items(), key=lambda entry: entry[1])
        if value
    )
    return numbered(names)


def renumbering(old: Mapping[str, int], new: Mapping[str, int]) -> tuple[tuple[int, int], ...]:
    """Return (value, new value) of the classes whose value changes between two label maps.

    Examples
    --------
    >>> renumbering({"background": 0, "dog": 1}, {"background": 0, "cat": 1, "dog": 2})
    ((1, 2),)
    """
    return tuple(
        (value, new[name]) for name, value in old.items() if name in new and new[name] != value
    )
