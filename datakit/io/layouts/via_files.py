"""The files of VIA 1 to 3 as one list: images, and the regions of each as VIA 2 writes them."""

from __future__ import annotations

import csv
import io
from collections import defaultdict
from collections.abc import Iterator, Mapping
from typing import Any

import msgspec

from datakit.errors import SchemaError
from datakit.io.layouts.json_files import UNREADABLE, head_of, mapped, reason
from datakit.io.store.files import Root

_METADATA = "_via_img_metadata"
_CSV_COLUMN = "region_shape_attributes"
_MOST_CELL_CHARS = 1 << 24

_OPTIONS = frozenset({2, 3, 4, 5})
"""VIA 3's types of attributes whose value is the number of an option: checkbox, radio, …"""

Listing = tuple[str, Any]
"""Key of an entry, and the entry: ``filename`` and ``regions``."""


def is_via(root: Root, name: str) -> bool:
    """Tell by its beginning whether a file is VIA's: a project, region data, or their CSV."""
    lower = name.lower()
    if lower.endswith(".csv"):
        return _CSV_COLUMN.encode() in head_of(root, name, 4096).partition(b"\n")[0]
    if not lower.endswith(".json"):
        return False
    head = head_of(root, name)
    if head[:1] != b"{":
        return False
    region_data = b'"regions"' in head and b'"filename"' in head
    return region_data or _METADATA.encode() in head or _is_three(head)


def _is_three(head: bytes) -> bool:
    return b'"project"' in head and b'"vid_list"' in head


def listed(root: Root, name: str) -> Iterator[Listing]:
    """Yield the entries of a file.

    Raises
    ------
    SchemaError
        If it cannot be read.
    """
    try:
        with mapped(root, name) as text:
            if name.lower().endswith(".csv"):
                found = _from_csv(str(text, "utf-8"))
            else:
                found = msgspec.json.decode(text)
    except (*UNREADABLE, csv.Error, KeyError) as error:
        raise SchemaError(f"{name}: expected a file of VIA's; {reason(error)}") from None
    if isinstance(found, dict) and isinstance(found.get("project"), dict) and "view" in found:
        yield from _from_three(found)
    elif isinstance(found, dict):
        yield from _mapping(found.get(_METADATA, found)).items()


def _from_csv(text: str) -> dict[str, Any]:
    r"""Return the entries of VIA's CSV: a row for each region, or one without any.

    Examples
    --------
    >>> row = 'a.jpg,9,"{}",0,0,"{}","{}"'
    >>> _from_csv("#filename,file_size,file_attributes,region_count,region_id,"
    ...           f"region_shape_attributes,region_attributes\n{row}\n")
    {'a.jpg': {'filename': 'a.jpg', 'regions': []}}
    """
    csv.field_size_limit(_MOST_CELL_CHARS)
    rows = csv.DictReader(io.StringIO(text.lstrip("#"), newline=""))
    entries: dict[str, Any] = {}
    for row in rows:
        name = row["filename"]
        entry = entries.setdefault(name, {"filename": name, "regions": []})
        shape, attributes = _cell(row[_CSV_COLUMN]), _cell(row["region_attributes"])
        if shape is None or attributes is None:
            # It costs its region: the rest of the table is good.
            shape, attributes = {"name": "cell that is no JSON"}, {}
        if shape:
            entry["regions"].append({"shape_attributes": shape, "region_attributes": attributes})
    return entries


def _cell(text: str | None) -> Any:
    """Return the JSON of a cell; None of one that is cut off, or holds something else.

    Examples
    --------
    >>> _cell(""), _cell('{"name": "rect"'), _cell(None)
    ({}, None, None)
    """
    try:
        return None if text is None else msgspec.json.decode(text or "{}")
    except UNREADABLE:
        return None


def _from_three(found: Mapping[str, Any]) -> Iterator[Listing]:
    """Yield the entries of a VIA 3 project: views of one file, and the metadata that name them."""
    attributes = _mapping(found.get("attribute"))
    regions: dict[str, list[Any]] = defaultdict(list)
    for one in _mapping(found.get("metadata")).values():
        if isinstance(one, dict) and one.get("xy"):
            regions[str(one.get("vid"))].append(
                {
                    "shape_attributes": _shape(one["xy"]),
                    "region_attributes": _named(_mapping(one.get("av")), attributes),
                }
            )
    files = _mapping(found.get("file"))
    for view, entry in _mapping(found.get("view")).items():
        ids = entry.get("fid_list") if isinstance(entry, dict) else None
        for file in ids if isinstance(ids, list) else []:
            described = _mapping(files.get(str(file)))
            name = described.get("fname") or described.get("src")
            yield f"view {view}", {"filename": name, "regions": regions[view]}


def _shape(xy: Any) -> dict[str, Any]:
    """Return VIA 3's numbers of a region, the first of which is its kind, in VIA 2's words.

    Examples
    --------
    >>> _shape([7, 0, 0, 4, 0, 4, 4])
    {'name': 'polygon', 'all_points_x': [0, 4, 4], 'all_points_y': [0, 0, 4]}
    >>> _shape([3, 5, 6, 2])
    {'name': 'circle', 'cx': 5, 'cy': 6, 'r': 2}
    """
    plain = isinstance(xy, list) and all(isinstance(value, int | float) for value in xy)
    kind, *numbers = xy if plain else [None]
    words = {
        1: ("point", ("cx", "cy")),
        2: ("rect", ("x", "y", "width", "height")),
        3: ("circle", ("cx", "cy", "r")),
        4: ("ellipse", ("cx", "cy", "rx", "ry")),
    }
    if kind in words:
        name, fields = words[kind]
        return {"name": name, **dict(zip(fields, numbers, strict=False))}
    if kind in (5, 6, 7):
        name = "polygon" if kind == 7 else "polyline"
        return {"name": name, "all_points_x": numbers[::2], "all_points_y": numbers[1::2]}
    if kind == 8 and len(numbers) > 1:
        # Four points that the rectangle touches.
        xs, ys = numbers[::2], numbers[1::2]
        left, top = min(xs), min(ys)
        return {
            "name": "rect",
            "x": left,
            "y": top,
            "width": max(xs) - left,
            "height": max(ys) - top,
        }
    return {"name": f"shape {kind}"}


def _named(values: Mapping[str, Any], attributes: Mapping[str, Any]) -> dict[str, Any]:
    """Return the names and words of attributes that VIA 3 keeps as numbers."""
    named: dict[str, Any] = {}
    for key, value in values.items():
        attribute = _mapping(attributes.get(key))
        options = _mapping(attribute.get("options"))
        word = options.get(str(value), value) if attribute.get("type") in _OPTIONS else value
        named[str(attribute.get("aname", key))] = word
    return named


def _mapping(value: Any) -> dict[str, Any]:
    return value if isinstance(value, dict) else {}
