"""What the layouts of annotation tools share: where images go, and the soft alphas beside them."""

from __future__ import annotations

import numpy as np

from datakit.io.layouts.drawn import Drawing, Drawn, draw
from datakit.io.layouts.objects import Object, objects_of
from datakit.io.layouts.picture import Picture, counted
from datakit.io.layouts.sample_names import KEPT_SUFFIXES, SOFT, SOFT_SUFFIX, side
from datakit.io.layouts.writer import Written
from datakit.io.pixels import images

IGNORE = "ignore"
"""Label of the shapes that mark unknown regions, in tools that have no other word for it."""


def shapes_of(picture: Picture, classes: tuple[str, ...], drawing: Drawing) -> list[Drawn]:
    """Return a sample's objects as shapes, and last the unknown region, as a shape of `IGNORE`."""
    objects = objects_of(picture, classes)
    if picture.ignore is not None and picture.ignore.any():
        objects.append(Object(IGNORE, np.asarray(picture.ignore > 0)))
    return draw(objects, drawing)


def image_name(picture: Picture) -> str:
    """Return ``SPLIT/NAME.jpg``: unique in the set, and safe in any tool."""
    suffix = picture.suffix if picture.suffix in KEPT_SUFFIXES else ".png"
    return f"{side(picture.item)}/{picture.name}{suffix}"


def written(
    picture: Picture,
    folder: str,
    *,
    lines: dict[str, bytes] | None = None,
    files: dict[str, bytes] | None = None,
    counts: dict[str, int] | None = None,
) -> Written:
    """Return a sample's files: the image below ``folder``, its alpha in `SOFT`, and the format's.

    Parameters
    ----------
    picture : Picture
    folder : str
        Ends with a slash, or is empty.
    lines, files, counts : dict, optional
        See `Written`.
    """
    name = image_name(picture)
    data, again = picture.image_file("." + name.rpartition(".")[2])
    soft, roles = soft_alpha(picture, name.rpartition(".")[0])
    return Written(
        files={f"{folder}{name}": data, **(files or {}), **soft},
        roles={"image": f"{folder}{name}", **roles},
        lines=lines or {},
        counts={
            **(counts or {}),
            **counted(images_encoded_again=again, alphas_cut=int(picture.mask is None)),
        },
    )


def soft_alpha(picture: Picture, stem: str) -> tuple[dict[str, bytes], dict[str, str]]:
    """Return the file that carries a sample's alpha, as stored, and its role; none without one."""
    if picture.alpha is None:
        return {}, {}
    name = f"{SOFT}/{stem}{SOFT_SUFFIX}"
    return {name: images.encode_png(picture.alpha)}, {"alpha": name}
