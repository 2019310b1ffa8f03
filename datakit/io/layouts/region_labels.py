"""What a region of Label Studio is called, and whether it can be part of a mask."""

from __future__ import annotations

from typing import Any

NO_AREA = frozenset({"keypointlabels", "keypoint", "vectorlabels", "vector"})
"""Kinds of regions that enclose nothing."""

_BARE = frozenset({"polygon", "rectangle", "ellipse", "brush", "keypoint", "vector"})
"""Kinds of regions without labels of their own."""


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


def with_labels(result: list[Any]) -> list[Any]:
    """Give each region the labels that stand in an entry of their own with the same id.

    A project with ``<Labels>`` beside ``<Polygon>`` (not ``<PolygonLabels>``) is exported so.

    Examples
    --------
    >>> outline = {"id": "r1", "type": "polygon", "value": {"points": []}}
    >>> label = {"id": "r1", "type": "labels", "value": {"labels": ["cat"]}}
    >>> [region, _] = with_labels([outline, label])
    >>> region["type"], labels_of(region)
    ('polygonlabels', ['cat'])
    """
    regions = [one for one in result if isinstance(one, dict)]
    named = {
        one.get("id"): labels_of(one)
        for one in regions
        if one.get("type") == "labels" and one.get("id") and labels_of(one)
    }
    if not named:
        return result
    return [
        _labelled(one, named[one["id"]])
        if isinstance(one, dict) and one.get("type") in _BARE and one.get("id") in named
        else one
        for one in result
    ]


def _labelled(region: dict[str, Any], labels: list[str]) -> dict[str, Any]:
    kind = f"{region['type']}labels"
    value = region.get("value")
    return {
        **region,
        "type": kind,
        "value": {**(value if isinstance(value, dict) else {}), kind: labels},
    }
