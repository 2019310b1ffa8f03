"""Backgrounds for augmented copies: one is drawn, placed, and put behind the subject."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

import numpy as np
import numpy.typing as npt

from datakit.core.matting.compositing import composite, cover, match_colours
from datakit.errors import InputError
from datakit.io.pixels.decoders import decode_photo
from datakit.io.store.files import FileRef
from datakit.io.store.reads import sha256
from datakit.records.sample import Sample

Image = npt.NDArray[np.uint8]

MAX_SCALE = 1.5
"""A background is shown at up to this many times the size at which it just covers the frame."""


@dataclass(frozen=True)
class Background:
    """A picture to put behind a subject.

    Attributes
    ----------
    file : FileRef
    split : str, optional
        Of the photo whose plate it is.
    scene : frozenset of str
        What names the scene that it shows: ids, group, and digest of the photo whose plate it is.
        Empty for a picture that nothing is known of.
    """

    file: FileRef
    split: str | None = None
    scene: frozenset[str] = frozenset()

    def suits(self, split: str | None, scene: frozenset[str]) -> bool:
        """Tell whether it may stand behind a sample.

        Not when it shows the sample's own scene, nor when it shows one of another split: what is
        measured on val must not have been seen in train.

        Examples
        --------
        >>> own, other = frozenset({"val/a.jpg"}), frozenset({"val/b.jpg"})
        >>> plate = Background(FileRef("plates", "a__plate.png"), "val", own)
        >>> plate.suits("val", own), plate.suits("val", other)
        (False, True)
        >>> plate.suits("train", frozenset({"train/c.jpg"}))
        False
        """
        return not self.scene & scene and (self.split is None or self.split == split)


def scene_of(sample: Sample) -> frozenset[str]:
    """Return what names the scene of a row: its id, parent, group, and its source's digest."""
    named = (sample.id, sample.parent, sample.group, sample.source.sha256)
    return frozenset(name for name in named if name)


@dataclass(frozen=True)
class Backgrounds:
    """The backgrounds at hand and how they are used.

    Attributes
    ----------
    pictures : tuple of Background
        In name order, at least one.
    share : float
        Which part of the copies gets another background.
    linear_light : bool
        See `datakit.core.matting.compositing.composite`.
    match : float
        Strength of the colour matching, 0 to 1.
    """

    pictures: tuple[Background, ...]
    share: float = 1.0
    linear_light: bool = False
    match: float = 0.0

    def replace(
        self,
        foreground: Callable[[], Image],
        alpha: npt.NDArray[np.float32],
        sample: Sample,
        rng: np.random.Generator,
    ) -> tuple[Image, dict[str, Any]] | None:
        """Draw whether, which and how; return the composite and what was drawn, or None.

        The draws are always the same in number, so that what comes after them does not depend on
        their outcome. `foreground` is only called when a background is drawn: it is costly.

        Raises
        ------
        InputError
            If no background suits the sample (`Background.suits`).
        """
        kept, which, zoom, x, y, flip = rng.random(6).tolist()
        if kept >= self.share:
            return None
        file = self._drawn(which, sample).file
        scale = round(1 + zoom * (MAX_SCALE - 1), 4)
        place_xy = (round(x, 4), round(y, 4))
        mirrored = flip < 0.5
        picture, digest = _load(file)
        height, width = alpha.shape
        behind = cover(picture, (height, width), scale=scale, place_xy=place_xy, mirrored=mirrored)
        front = match_colours(foreground(), alpha, behind, self.match)
        drawn = {
            "file": file.name,
            "sha256": digest,
            "scale": scale,
            "place_xy": list(place_xy),
            "mirrored": mirrored,
        }
        return composite(front, alpha, behind, linear_light=self.linear_light), drawn

    def _drawn(self, which: float, sample: Sample) -> Background:
        """Return one of the backgrounds that suit a sample."""
        scene = scene_of(sample)
        fitting = [one for one in self.pictures if one.suits(sample.split, scene)]
        if not fitting:
            raise InputError(
                "--backgrounds: expected a plate of another scene in the sample's split, found "
                f"none among {len(self.pictures)}; add other backgrounds"
            )
        return fitting[int(which * len(fitting))]


@lru_cache(maxsize=4)
def _load(file: FileRef) -> tuple[Image, str]:
    """Decode a background; a few are kept, as consecutive copies may draw the same one."""
    data = file.read()
    return decode_photo(data, file.name), sha256(data)
