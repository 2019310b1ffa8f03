"""Several segmenters as one: the mean of their probabilities."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from datakit.core.images import network_input
from datakit.errors import InputError
from datakit.models.segmenters.base import (
    NOT_NEEDED,
    SEGMENTERS,
    Hint,
    Identity,
    Image,
    Prediction,
    Segmenter,
    Settings,
)
from datakit.models.segmenters.base import build as build_one
from datakit.models.segmenters.base import identify as identify_one


class EnsembleSegmenter:
    """The mean of two or more segmenters at the pictures' own sizes.

    Where members disagree, the mean is near one half: doubt comes for free. `members` names them;
    `weights` has one file a member in their order, or none. The member's maps are what `sides`
    holds, so that their disagreement can be told.

    Raises
    ------
    InputError
        If there are fewer than two members, an ensemble among them, or not one file a member.
    ModelError
        As its members.
    """

    USES = frozenset({"weights", "members", "device", "precision", "compiled"})

    def __init__(self, settings: Settings) -> None:
        self.members: list[Segmenter] = [build_one(n, s) for n, s in _parts(settings)]
        self.identity = _joined([member.identity for member in self.members])
        self.takes_hints = any(member.takes_hints for member in self.members)
        self._sides = settings.sides

    @classmethod
    def identify(cls, settings: Settings) -> Identity:
        """Say what every member would run."""
        return _joined([identify_one(name, part) for name, part in _parts(settings)])

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


def _joined(members: Sequence[Identity]) -> Identity:
    licences = dict.fromkeys(member.licence for member in members)
    if len(licences) > 1:
        licences.pop(NOT_NEEDED, None)
    digests = "\n".join(f"{member.name} {member.sha256}" for member in members)
    return Identity(
        name="ensemble",
        sha256=hashlib.sha256(digests.encode()).hexdigest(),
        licence=" AND ".join(licences),
        noncommercial=any(member.noncommercial for member in members),
        release=" + ".join(member.release or member.name for member in members),
        runtime=" + ".join(member.runtime for member in members if member.runtime),
        members=tuple(members),
    )
