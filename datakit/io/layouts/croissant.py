"""``croissant.json``: what an export holds, in the words of MLCommons' Croissant 1.0."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import msgspec

from datakit.io.layouts.writer import Settings
from datakit.records.sample import Sample

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
_ENCODINGS: Mapping[str, str] = {
    "jpg": "image/jpeg",
    "jpeg": "image/jpeg",
    "png": "image/png",
    "webp": "image/webp",
}
_COLUMNS: Mapping[str, str] = {
    "id": "string",
    "split": "string",
    "group": "string",
    "width": "int32",
    "height": "int32",
    "label_state": "string",
    "fg_ratio": "float64",
}
"""What of a row of ``metadata.jsonl`` is described, beside the names of files."""

_ROWS = "metadata"

CroissantFile = tuple[str, Iterable[bytes]]
"""The file's name, and its bytes in pieces."""


def croissant_of_tables(
    settings: Settings,
    splits: Iterable[str],
    pictures: Sequence[str],
    columns: Mapping[str, str],
) -> CroissantFile:
    """Describe Parquet tables ``data/SPLIT-….parquet``: one record set for each split.

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
    files: list[dict[str, Any]] = []
    records: list[dict[str, Any]] = []
    for split in sorted(splits):
        shards = f"{split}-files"
        includes = [f"data/{split}-*.parquet"]
        parquet = ["application/x-parquet"]
        files.append(_file_set(shards, f"The shards of {split}.", parquet, includes))
        fields = [
            _field(
                f"{split}/{name}",
                "sc:ImageObject",
                _source(shards, {"column": name}) | {"transform": {"jsonPath": "bytes"}},
                _MEANING[name],
            )
            for name in pictures
        ]
        fields += [_column(split, shards, name, kind) for name, kind in columns.items()]
        records.append(_record_set(split, f"One record for each sample of {split}.", fields))
    return _document(settings, pictures[1:], files, records)


def croissant_of_files(settings: Settings, rows: Iterable[Sample]) -> CroissantFile:
    """Describe ``metadata.jsonl`` and the pictures that it names.

    One record set of samples, and one for each kind of picture, whose files are joined to their
    samples by name. Shapes in annotation files are their layout's own matter.

    Parameters
    ----------
    settings : Settings
    rows : iterable of Sample
        The manifest.
    """
    kinds = _patterns(rows)
    names = {kind: _file_column(kind) for kind in kinds}
    files = [
        _file_set(_ROWS, "The manifest.", ["application/jsonlines"], ["metadata.jsonl"]),
        *(
            _file_set(f"{kind}-files", _MEANING[kind], _encodings(globs), globs)
            for kind, globs in kinds.items()
        ),
    ]
    columns = {**_COLUMNS, **dict.fromkeys(names.values(), "string")}
    fields = [_column("samples", _ROWS, name, kind) for name, kind in columns.items()]
    records = [_record_set("samples", "One record for each sample.", fields)]
    records += [_pictures(kind, column) for kind, column in names.items()]
    return _document(settings, [kind for kind in kinds if kind != "image"], files, records)


def _pictures(kind: str, column: str) -> dict[str, Any]:
    """Return the record set of one kind of picture: its file, its pixels, and whose they are."""
    files = f"{kind}-files"
    # mlcroissant has paths there, and joins them with names only as texts.
    name = _source(files, {"fileProperty": "fullpath"}) | {"transform": {"regex": "^(.*)$"}}
    fields = [
        _field(f"{kind}/file", "sc:Text", name, "Path in the dataset.")
        | {"references": _source(_ROWS, {"column": column})},
        _field(
            f"{kind}/pixels",
            "sc:ImageObject",
            _source(files, {"fileProperty": "content"}),
            _MEANING[kind],
        ),
        _column(kind, _ROWS, "id", "string"),
    ]
    return _record_set(kind, f"One record for each sample with one. {_MEANING[kind]}", fields)


def _patterns(rows: Iterable[Sample]) -> dict[str, list[str]]:
    """Return kind -> globs of its files."""
    found: dict[str, set[str]] = {}
    for row in rows:
        for kind in _MEANING:
            name = getattr(row, _file_column(kind))
            if name is not None:
                folder, slash, file = name.rpartition("/")
                glob = f"{folder}{slash}*.{file.rpartition('.')[2]}"
                found.setdefault(kind, set()).add(glob)
    return {kind: sorted(found[kind]) for kind in _MEANING if kind in found}


def _file_column(kind: str) -> str:
    return "file_name" if kind == "image" else f"{kind}_file_name"


def _encodings(globs: Iterable[str]) -> list[str]:
    suffixes = (glob.rpartition(".")[2].lower() for glob in globs)
    return sorted({_ENCODINGS.get(suffix, f"image/{suffix}") for suffix in suffixes})


def _document(
    settings: Settings,
    labels: Sequence[str],
    files: list[dict[str, Any]],
    records: list[dict[str, Any]],
) -> CroissantFile:
    classes = ", ".join(f"{name} = {value}" for name, value in settings.label_map.items())
    named = f" Values of the masks: {classes}." if classes else ""
    shown = ", ".join(f"{kind}s" for kind in labels)
    document = {
        "@context": _CONTEXT,
        "@type": "sc:Dataset",
        "name": "portraits",
        "description": f"Photos{f' with {shown}' if shown else ''}, exported by datakit.{named}",
        "conformsTo": CONFORMS_TO,
        "license": settings.license,
        "distribution": files,
        "recordSet": records,
    }
    return "croissant.json", [msgspec.json.format(msgspec.json.encode(document)), b"\n"]


def _file_set(name: str, meaning: str, encodings: list[str], includes: list[str]) -> dict[str, Any]:
    return {
        "@type": "cr:FileSet",
        "@id": name,
        "name": name,
        "description": meaning,
        "encodingFormat": encodings,
        "includes": includes,
    }


def _record_set(name: str, meaning: str, fields: list[dict[str, Any]]) -> dict[str, Any]:
    return {
        "@type": "cr:RecordSet",
        "@id": name,
        "name": name,
        "description": meaning,
        "field": fields,
    }


def _source(files: str, extract: Mapping[str, str]) -> dict[str, Any]:
    return {"fileSet": {"@id": files}, "extract": extract}


def _column(records: str, files: str, column: str, kind: str) -> dict[str, Any]:
    source = _source(files, {"column": column})
    return _field(f"{records}/{column}", _TYPES[kind], source, f"Column {column}.")


def _field(name: str, kind: str, source: dict[str, Any], meaning: str) -> dict[str, Any]:
    return {
        "@type": "cr:Field",
        "@id": name,
        "name": name,
        "description": meaning,
        "dataType": kind,
        "source": source,
    }
