"""What the formats of shards put of a sample into them."""

from __future__ import annotations

from typing import Any

from datakit.io.layouts.picture import Picture
from datakit.io.layouts.sample_names import JPEG

LABELS = ("mask", "alpha", "trimap", "ignore")
_KEPT = JPEG | {".png", ".webp"}


def shared_suffix(suffix: str) -> str:
    """Return the format that all images of a set get: the source's, where readers know it."""
    return suffix if suffix in _KEPT else ".png"


def labels_of(picture: Picture) -> dict[str, bytes]:
    """Return kind -> PNG of each label that a sample has, at its stored depth."""
    from datakit.io.pixels import images

    arrays = {kind: getattr(picture, kind) for kind in LABELS}
    return {k: images.encode_png(array) for k, array in arrays.items() if array is not None}


def facts_of(picture: Picture) -> dict[str, Any]:
    """Return what readers may want to know, of plain types that are the same in every sample."""
    row = picture.row
    return {
        "id": row.id,
        "group": row.group or "",
        "source": row.source.name,
        "tags": ",".join(row.tags),
        "width": row.width,
        "height": row.height,
        "label_state": row.label_state or "none",
        "fg_ratio": float(row.fg_ratio or 0.0),
    }
