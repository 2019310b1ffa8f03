"""The file a segmenter was given, or that is found for it, with what is known of it."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from pathlib import Path

from datakit.errors import ModelError
from datakit.models.segmenters.base import Identity, Settings
from datakit.models.weights.known import Provenance, provenance_of
from datakit.models.weights.onnx_external import inlined
from datakit.models.weights.provenance import Weights, find_weights

MAX_BYTES = 4 << 30


@dataclass(frozen=True)
class GivenWeights:
    """A file of weights, read and digested, and where it comes from.

    The digest of an ONNX model whose tensors lie in files beside it is that of the model followed
    by those files.
    """

    path: Path
    data: bytes
    provenance: Provenance

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
    # Only a message of protobuf starts so; other kinds have no files beside them.
    if data[:1] == b"\x08":
        data, files = inlined(data, path)
        for file in files:
            digest.update(file.read_bytes())
    return GivenWeights(path, data, provenance_of(digest.hexdigest()))
