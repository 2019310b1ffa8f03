"""Several segmenters as one: the mean of their probabilities."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from datakit.core.images import network_input
from datakit.errors import InputError
from datakit.models.factory import Identity, Settings, joined
from datakit.models.prediction import Hint, Image, Prediction
from datakit.models.segmenters.base import SEGMENTERS, Segmenter
from datakit.models.segmenters.base import build as build_one
from datakit.models.segmenters.base import identify as identify_one


class EnsembleSegmenter:
    """The mean of two or more segmenters at the pictures' own sizes.

    Where members disagree, the mean is near one half: a measure of uncertainty. `members` names
    them; `weights` has one file per member in their order, or none. `sides` holds the members'
    maps, so that their disagreement can be measured.

    Raises
    ------
    InputError
        If there are fewer than two members, an ensemble among them, or not one file per member.
    ModelError
        As its members.
    """

    USES = frozenset({"weights", "members", "device", "precision", "compiled"})

    def __init__(self, settings: Settings) -> None:
        self.members: list[Segmenter] = [build_one(n, s) for n, s in _parts(settings)]
        self.identity = joined("ensemble", [member.identity for member in self.members])
        self.takes_hints = any(member.takes_hints for member in self.members)
        self._sides = settings.sides

    @classmethod
    def identify(cls, settings: Settings) -> Identity:
        """Say what every member would run."""
        return joined("ensemble", [identify_one(name, part) for name, part in _parts(settings)])

    def segment(
        self, images: Sequence[Image], hints: Sequence[Hint | None] | None = None
    ) -> list[Prediction]:
        """Return the mean of the members, at each picture's own size."""
        answers = [member.segment(images, hints) for member in self.members]
        found = []
        for number, image in enumerate(images):
            parts = [answer[number] for answer in answers]
            maps = np.stack([part.to_image_size() for part in parts])
            found.append(
                Prediction(
                    maps.mean(axis=0),
                    network_input.identity((image.shape[0], image.shape[1])),
                    raw_max=min(part.raw_max for part in parts),
                    sides=maps if self._sides else None,
                    hint=next((part.hint for part in parts if part.hint), ""),
                )
            )
        return found


def _parts(settings: Settings) -> list[tuple[str, Settings]]:
    names, files = settings.members, settings.weights
    if len(names) < 2 or "ensemble" in names:
        raise InputError(
            f"ensemble: expected two or more other segmenters, found {', '.join(names) or 'none'}"
        )
    if files and len(files) != len(names):
        raise InputError(
            f"ensemble: expected no weights or one file for each of {', '.join(names)} (- for a "
            f"member's own), found {len(files)}"
        )
    given = files or ("-",) * len(names)
    parts = []
    for name, file in zip(names, given, strict=True):
        part = replace(settings, members=(), weights=() if str(file) == "-" else (file,))
        # Beside a member on a GPU, another may know the CPU only; the identity says which.
        alone = "device" not in SEGMENTERS.load(name).USES
        parts.append((name, replace(part, device="cpu") if alone else part))
    return parts
