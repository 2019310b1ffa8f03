"""The files beside masks that name their classes."""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace

import msgspec

from datakit.errors import InputError
from datakit.io.layouts.json_files import utf8
from datakit.io.store.files import Root
from datakit.records.labels import role_of

Colour = tuple[int, int, int]

_LINES = frozenset({"classes.txt", "labels.txt", "class_names.txt", "categories.txt", "obj.names"})
_JSON = frozenset({"classes.json", "label_map.json", "id2label.json", "labelmap.json"})
_TABLES = frozenset(
    {"labelmap.txt", "class_dict.csv", "label_colors.txt", "_classes.csv", "objectinfo150.txt"}
)
_MAX_BYTES = 1 << 20


@dataclass(frozen=True, kw_only=True)
class ClassNames:
    """What the classes of masks are called.

    Attributes
    ----------
    file : str
        Where it is written.
    copies : tuple of str
        Other files that say the same.
    values : mapping of int to str
        Value in a mask -> class.
    colours : mapping
        RGB colour in a mask -> class, where colours are named.
    """

    file: str
    copies: tuple[str, ...] = ()
    values: Mapping[int, str] = field(default_factory=dict)
    colours: Mapping[Colour, str] = field(default_factory=dict)


def find_class_names(root: Root, names: list[str]) -> ClassNames | None:
    """Return what such a file of a source says, the one nearest to its top; None without.

    Read are ``labelmap.txt`` (NAME:R,G,B::, of VOC tools), ``class_dict.csv`` (NAME,R,G,B),
    ``label_colors.txt`` (R G B NAME, of CamVid), ``_classes.csv`` (Roboflow), ``objectInfo150.txt``
    (ADE20K), lists of one name per line, and JSON of names and values.

    Raises
    ------
    InputError
        If such a file cannot be understood, or another of its name, not below its folder, says
        something else.
    """
    listed = sorted(filter(_names_classes, names), key=lambda one: (one.count("/"), one))
    first: ClassNames | None = None
    for name in listed:
        if first is not None and not _is_rival(name, first.file):
            continue
        found = _read(root, name, _base(name))
        if not found.values and not found.colours:
            continue
        if first is None:
            first = found
        elif (found.values, found.colours) == (first.values, first.colours):
            first = replace(first, copies=(*first.copies, name))
        else:
            raise InputError(
                f"{first.file} and {name}: expected the same classes, found "
                f"{_shown(first)} and {_shown(found)}; read their folders as sources of their own, "
                "or put one such file above both"
            )
    return first


def _base(name: str) -> str:
    return name.rpartition("/")[2].lower()


def _names_classes(name: str) -> bool:
    return _base(name) in _LINES | _JSON | _TABLES


def _is_rival(name: str, first: str) -> bool:
    """Tell whether a file of the same name speaks of other labels than the first one's folder."""
    folder = first.rpartition("/")[0]
    return _base(name) == _base(first) and bool(folder) and not name.startswith(f"{folder}/")


def _shown(found: ClassNames) -> str:
    return ", ".join(f"{value} = {name}" for value, name in sorted(found.values.items())[:5])


def _read(root: Root, name: str, base: str) -> ClassNames:
    text = utf8(root.read(name, _MAX_BYTES), name).decode()
    lines = [line.strip() for line in text.splitlines() if line.strip()]
    if base in _LINES:
        return ClassNames(file=name, values=listed_names(text.splitlines()))
    if base == "labelmap.txt":
        return _colour_map(name, [line.split(":")[:2] for line in lines if line[0] != "#"])
    if base == "class_dict.csv":
        rows = ([row[0], ",".join(row[1:4])] for row in csv.reader(lines[1:]) if row)
        return _colour_map(name, rows)
    if base == "label_colors.txt":
        found = (re.fullmatch(r"([\d\s]*)(.+)", line) for line in lines)
        return _colour_map(name, [[one[2], one[1]] for one in found if one])
    if base == "_classes.csv":
        return ClassNames(file=name, values=_csv_names(text, 0, 1))
    if base in _JSON:
        return ClassNames(file=name, values=_json_names(name, text))
    listed = [line.split("\t") for line in lines]
    return ClassNames(file=name, values={int(r[0]): r[-1] for r in listed if r[0].isdigit()})


def listed_names(lines: list[str]) -> dict[int, str]:
    """Return the values of classes that are listed, one per line, with or without their values.

    Without values the first is 0 when it is background or void, else 1: a mask's 0 is background.

    Examples
    --------
    >>> listed_names(["background", "person"]), listed_names(["person", "hair"])
    ({0: 'background', 1: 'person'}, {1: 'person', 2: 'hair'})
    >>> listed_names(["0: background", "7: hair"])
    {0: 'background', 7: 'hair'}
    """
    filled = [line.strip() for line in lines if line.strip()]
    numbered = [re.fullmatch(r"(\d+)\s*[:=,\t ]\s*(\S.*)", line) for line in filled]
    if filled and all(numbered):
        return {int(one[1]): one[2].strip() for one in numbered if one}
    return names_by_line(lines, 0 if filled and role_of(filled[0]) != "object" else 1)


def names_by_line(lines: list[str], first: int = 0) -> dict[int, str]:
    """Return the names of lines by their numbers; a blank line names none, and counts.

    Examples
    --------
    >>> names_by_line(["person", "", "hair", ""])
    {0: 'person', 2: 'hair'}
    """
    named = ((number, line.strip()) for number, line in enumerate(lines, first))
    return {number: name for number, name in named if name}


def _colour_map(name: str, rows: Iterable[list[str]]) -> ClassNames:
    """Return classes by their rows of a name and a colour."""
    values: dict[int, str] = {}
    colours: dict[Colour, str] = {}
    for parts in rows:
        numbers = re.findall(r"\d+", parts[1]) if len(parts) > 1 else []
        values[len(values)] = parts[0].strip()
        if len(numbers) == 3:
            red, green, blue = map(int, numbers)
            other = colours.setdefault((red, green, blue), parts[0].strip())
            if other != parts[0].strip():
                raise InputError(
                    f"{name}: {other!r} and {parts[0].strip()!r} have one colour; give each its own"
                )
    return ClassNames(file=name, values=values, colours=colours)


def _csv_names(text: str, value_at: int, name_at: int) -> dict[int, str]:
    rows = csv.reader(io.StringIO(text), skipinitialspace=True)
    return {
        int(row[value_at]): row[name_at].strip()
        for row in rows
        if len(row) > name_at and row[value_at].strip().isdigit()
    }


def _json_names(name: str, text: str) -> dict[int, str]:
    try:
        found = msgspec.json.decode(text)
    except msgspec.DecodeError as error:
        raise InputError(f"{name}: expected names of classes in JSON ({error})") from None
    if isinstance(found, list) and all(isinstance(one, str) for one in found):
        return listed_names(found)
    if isinstance(found, dict):
        if all(key.isdigit() and isinstance(value, str) for key, value in found.items()):
            return {int(key): value for key, value in found.items()}
        if all(isinstance(value, int) for value in found.values()):
            return {value: key for key, value in found.items()}
    return {}
