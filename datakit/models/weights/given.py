"""The weights file that a segmenter was given or that was found, with its provenance."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path
from typing import TypeVar

from datakit.errors import ModelError
from datakit.models.factory import Identity, Settings
from datakit.models.weights.files import Kind, kind_of
from datakit.models.weights.known import Provenance, provenance_of
from datakit.models.weights.onnx_external import inlined
from datakit.models.weights.provenance import Weights, find_weights

MAX_BYTES = 4 << 30

Contract = TypeVar("Contract")

_RUNTIMES = {"onnx": "onnxruntime", "torchscript": "torch", "torch-export": "torch"}


@dataclass(frozen=True)
class GivenWeights:
    """A file of weights, read and digested, and where it comes from.

    The digest of an ONNX model whose tensors lie in files beside it is that of the model followed
    by those files, `beside`.
    """

    path: Path
    data: bytes
    provenance: Provenance
    beside: tuple[Path, ...] = ()

    @property
    def shown(self) -> str:
        """The path, and the names of all other files that decide what the model says."""
        if not self.beside:
            return str(self.path)
        return f"{self.path} (with {', '.join(file.name for file in self.beside)})"

    def identity(self, name: str) -> Identity:
        """Return the identity of the segmenter that runs them."""
        found = self.provenance
        return Identity(
            name=name,
            sha256=found.sha256,
            licence=found.licence,
            noncommercial=found.noncommercial,
            release=found.release,
            source=found.source,
        )


def open_weights(settings: Settings, known: Weights | None, name: str) -> GivenWeights:
    """Find and read the weights of a segmenter, published or one's own.

    Parameters
    ----------
    settings : Settings
        Its `weights` come first.
    known : Weights, optional
        What to look for in ``DATAKIT_WEIGHTS`` and the cache when none is given.
    name : str
        The segmenter, for error messages.

    Raises
    ------
    ModelError
        If there is none, or it cannot be read.
    """
    if known is not None:
        path = find_weights(known, settings.weights)
    elif len(settings.weights) == 1 and Path(settings.weights[0]).is_file():
        path = Path(settings.weights[0])
    elif len(settings.weights) == 1 and not Path(settings.weights[0]).exists():
        raise ModelError(f"{settings.weights[0]}: expected a weights file, found nothing there")
    else:
        given = ", ".join(str(place) for place in settings.weights) or "nothing"
        raise ModelError(f"--model {name}: expected one file by --weights FILE, found {given}")
    try:
        if path.stat().st_size > MAX_BYTES:
            raise ModelError(f"{path}: expected weights of at most {MAX_BYTES:,} bytes")
        data = path.read_bytes()
    except OSError as error:
        raise ModelError(f"{path}: cannot be read ({error.strerror or error})") from None
    digest = hashlib.sha256(data)
    beside: tuple[Path, ...] = ()
    # Only a message of protobuf starts so; other kinds have no files beside them.
    if data[:1] == b"\x08":
        data, beside = inlined(data, path)
        for file in beside:
            digest.update(file.read_bytes())
    return GivenWeights(path, data, provenance_of(digest.hexdigest()), beside)


def open_contracted(
    settings: Settings, kind: Kind, read: Callable[[str | Path], Contract]
) -> tuple[GivenWeights, Contract]:
    """Read a model that is run by a contract, and the contract.

    Parameters
    ----------
    settings : Settings
        With `contract`, and one file in `weights`.
    kind : {"onnx", "torchscript", "torch-export"}
        What the file must be.
    read : callable
        Reads the contract: a path, or the name of a shipped one.

    Raises
    ------
    ModelError
        If one of the two is missing, the file is of another kind, or its runtime is not installed.
    SchemaError
        If the contract is none.
    """
    if settings.contract is None:
        raise ModelError(
            f"--model {kind}: expected --contract, a YAML file or the name of a shipped one; found "
            "none"
        )
    contract = read(settings.contract)
    given = open_weights(settings, None, kind)
    found = kind_of(given.data, str(given.path))
    if found != kind:
        raise ModelError(f"{given.path}: expected {kind}, found {found}")
    require_runtime(given, kind)
    return given, contract


def require_runtime(given: GivenWeights, kind: Kind) -> None:
    """Raise a ModelError that names the way out when what runs a kind of file is not installed."""
    if find_spec(_RUNTIMES[kind]) is None:
        raise ModelError(
            f"{given.path}: {_RUNTIMES[kind]} is needed to run it; install it: "
            "pip install 'datakit[prelabel]'"
        )
