"""``croissant.json``: what a Parquet export holds, in the words of MLCommons' Croissant 1.0."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import msgspec

from datakit.io.layouts.writer import Settings

CONFORMS_TO = "http://mlcommons.org/croissant/1.0"

_CONTEXT: Mapping[str, Any] = {
    "@language": "en",
    "@vocab": "https://schema.org/",
    "citeAs": "cr:citeAs",
    "column": "cr:column",
    "conformsTo": "dct:conformsTo",
    "cr": "http://mlcommons.org/croissant/",
    "rai": "http://mlcommons.org/croissant/RAI/",
    "data": {"@id": "cr:data", "@type": "@json"},
    "dataType": {"@id": "cr:dataType", "@type": "@vocab"},
    "dct": "http://purl.org/dc/terms/",
    "equivalentProperty": "cr:equivalentProperty",
    "examples": {"@id": "cr:examples", "@type": "@json"},
    "extract": "cr:extract",
    "field": "cr:field",
    "fileProperty": "cr:fileProperty",
    "fileObject": "cr:fileObject",
    "fileSet": "cr:fileSet",
    "format": "cr:format",
    "includes": "cr:includes",
    "isLiveDataset": "cr:isLiveDataset",
    "jsonPath": "cr:jsonPath",
    "key": "cr:key",
    "md5": "cr:md5",
    "parentField": "cr:parentField",
    "path": "cr:path",
    "recordSet": "cr:recordSet",
    "references": "cr:references",
    "regex": "cr:regex",
    "repeated": "cr:repeated",
    "replace": "cr:replace",
    "samplingRate": "cr:samplingRate",
    "sc": "https://schema.org/",
    "separator": "cr:separator",
    "source": "cr:source",
    "subField": "cr:subField",
    "transform": "cr:transform",
}

_MEANING: Mapping[str, str] = {
    "image": "The photo.",
    "mask": "Its mask: 0 is background; 255 the foreground, or the values of the classes.",
    "alpha": "Its alpha matte: 0 is background, the largest value foreground.",
    "trimap": "Its trimap: 0 background, 128 unknown, 255 foreground.",
    "ignore": "255 where the label is unknown, else 0.",
}
_TYPES: Mapping[str, str] = {"string": "sc:Text", "int32": "sc:Integer", "float64": "sc:Float"}


def croissant(
    settings: Settings,
    splits: Iterable[str],
    pictures: Sequence[str],
    columns: Mapping[str, str],
) -> tuple[str, Iterable[bytes]]:
    """Return the file's name and its bytes.

    Parameters
    ----------
    settings : Settings
    splits : iterable of str
    pictures : sequence of str
        Columns that hold pictures.
    columns : mapping of str to str
        Other columns -> type ("string", "int32", "float64").

    References
    ----------
    Croissant Format Specification 1.0, MLCommons 2024.
    """
    files = [_file_set(split) for split in sorted(splits)]
    document = {
        "@context": _CONTEXT,
        "@type": "sc:Dataset",
        "name": "portraits",
        "description": _description(settings, pictures),
        "conformsTo": CONFORMS_TO,
        "license": settings.license,
        "distribution": files,
        "recordSet": [_records(one["@id"], pictures, columns) for one in files],
    }
    text = msgspec.json.format(msgspec.json.encode(document))
    return "croissant.json", [text, b"\n"]


def _description(settings: Settings, pictures: Sequence[str]) -> str:
    labels = ", ".join(pictures[1:]) or "no labels"
    classes = ", ".join(f"{name} = {value}" for name, value in settings.label_map.items())
    named = f" Values of the masks: {classes}." if classes else ""
    return f"Photos with {labels}, exported by datakit.{named}"


def _file_set(split: str) -> dict[str, Any]:
    return {
        "@type": "cr:FileSet",
        "@id": f"{split}-files",
        "name": f"{split}-files",
        "description": f"The shards of {split}.",
        "encodingFormat": "application/x-parquet",
        "includes": f"data/{split}-*.parquet",
    }


def _records(files: str, pictures: Sequence[str], columns: Mapping[str, str]) -> dict[str, Any]:
    split = files.removesuffix("-files")
    fields = [_field(split, files, name, "sc:ImageObject", _MEANING[name]) for name in pictures]
    fields += [_field(split, files, name, _TYPES[kind], "") for name, kind in columns.items()]
    return {
        "@type": "cr:RecordSet",
        "@id": split,
        "name": split,
        "description": f"One record for each sample of {split}.",
        "field": fields,
    }


def _field(split: str, files: str, column: str, kind: str, meaning: str) -> dict[str, Any]:
    source: dict[str, Any] = {"fileSet": {"@id": files}, "extract": {"column": column}}
    if kind == "sc:ImageObject":
        source["transform"] = {"jsonPath": "bytes"}
    return {
        "@type": "cr:Field",
        "@id": f"{split}/{column}",
        "name": f"{split}/{column}",
        "description": meaning or f"Column {column}.",
        "dataType": kind,
        "source": source,
    }
