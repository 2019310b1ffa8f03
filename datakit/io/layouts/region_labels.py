"""What a region of Label Studio is called, and whether it can be part of a mask."""

from __future__ import annotations

from typing import Any

NO_AREA = frozenset({"keypointlabels", "keypoint", "vectorlabels", "vector"})
"""Kinds of regions that enclose nothing."""


def labels_of(region: dict[str, Any]) -> list[str]:
    """Return the labels of a region, wherever its kind keeps them.

    Examples
    --------
    >>> labels_of({"type": "polygonlabels", "value": {"polygonlabels": ["cat"]}})
    ['cat']
    """
    value = region.get("value")
    inner = value if isinstance(value, dict) else {}
    labels = inner.get(str(region.get("type")), inner.get("labels"))
    return [one.strip() for one in labels or () if isinstance(one, str) and one.strip()]
