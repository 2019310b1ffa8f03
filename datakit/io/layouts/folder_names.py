"""What a folder's name says: its words, and the split and the kind of file that they name."""

from __future__ import annotations

import re
from collections.abc import Mapping
from functools import lru_cache
from pathlib import PurePosixPath

from datakit.io.layouts.base import SPLITS
from datakit.io.layouts.placements import ANY_LABEL

KIND_OF_WORD: Mapping[str, str] = {
    **dict.fromkeys(("trimap", "trimaps"), "trimap"),
    **dict.fromkeys(("alpha", "alphas", "matte", "mattes", "pha"), "alpha"),
    **dict.fromkeys(("mask", "masks"), "mask"),
    **dict.fromkeys(("ignore", "ignores"), "ignore"),
    **dict.fromkeys(
        (
            *("label", "labels", "gt", "gts", "groundtruth", "groundtruths", "truth", "truths"),
            *("annotation", "annotations", "segmentation", "segmentations", "seg", "target"),
            *("targets", "silhouette", "silhouettes"),
        ),
        ANY_LABEL,
    ),
    **dict.fromkeys(
        (
            *("image", "images", "img", "imgs", "im", "photo", "photos", "picture", "pictures"),
            *("input", "inputs", "rgb", "original", "originals"),
        ),
        "image",
    ),
}
"""Word in a folder's name -> what the folder holds; of several words the first of this order."""


def folder_words(folder: str) -> list[str]:
    """Return the words of a folder's name in lower case.

    Examples
    --------
    >>> folder_words("Training_Images"), folder_words("GroundTruth"), folder_words("DIS-TE1")
    (['training', 'images'], ['ground', 'truth'], ['dis', 'te1'])
    """
    spaced = re.sub(r"(?<=[a-z])(?=[A-Z][a-z])", " ", PurePosixPath(folder).name)
    return [word for word in re.split(r"[^0-9a-zA-Z]+", spaced.lower()) if word]


@lru_cache(maxsize=4096)
def split_in(folder: str) -> str | None:
    """Return the split that a word of a folder's name names.

    Examples
    --------
    >>> split_in("Training_Images"), split_in("images_val"), split_in("photos")
    ('train', 'val', None)
    """
    return next((SPLITS[word] for word in folder_words(folder) if word in SPLITS), None)


@lru_cache(maxsize=4096)
def kind_of(folder: str) -> str | None:
    """Return what a folder of this name holds, None where its name does not tell."""
    words = folder_words(folder)
    kinds = {KIND_OF_WORD[word] for word in words if word in KIND_OF_WORD}
    return next((kind for kind in dict.fromkeys(KIND_OF_WORD.values()) if kind in kinds), None)
