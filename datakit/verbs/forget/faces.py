"""Finding a person: the photos with a face like that of a given photo."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import PurePath

import numpy as np
import numpy.typing as npt

from datakit.core.faces.identities import similarity
from datakit.errors import InputError
from datakit.io.layouts.base import Item
from datakit.io.store.files import FileRef
from datakit.models.embeddings.face_embedder import check_embedding
from datakit.verbs.forget.options import Options
from datakit.verbs.shared.people import detect_people
from datakit.verbs.shared.progress import ProgressListener

Vectors = npt.NDArray[np.float32]


def wanted_faces(options: Options, progress: ProgressListener | None) -> Vectors:
    """Return the vector of the largest face of each ``--face`` photo, (N, D).

    Raises
    ------
    InputError
        If a photo cannot be read, or shows no face that is clear enough.
    ModelError
        If the embedding's contract or weights are not there.
    """
    contract = check_embedding(options.face_model, options.face_weights)
    items = [
        Item(path, path, path, FileRef(str(PurePath(path).parent), PurePath(path).name))
        for path in options.face
    ]
    notes: list[str] = []
    found = []
    for item, people in zip(
        items, detect_people(items, options, _model(options), progress, notes), strict=True
    ):
        if people is None:
            raise InputError(f"--face {item.rel}: {notes[0]}")
        if not people.faces:
            raise InputError(
                f"--face {item.rel}: expected a clear face of {contract.min_face_px} pixels or "
                "more, found none; take a photo that shows the face larger or from the front"
            )
        largest = max(people.faces, key=lambda face: face.box_xyxy[2] - face.box_xyxy[0])
        found.append(largest.vector)
    return np.stack(found)


def showing(
    items: Sequence[Item],
    wanted: Vectors,
    options: Options,
    progress: ProgressListener | None,
    notes: list[str],
) -> list[float | None]:
    """Return for each sample how like the nearest wanted face is; None: it shows none of them."""
    contract = check_embedding(options.face_model, options.face_weights)
    limit = contract.threshold if options.same_person is None else options.same_person
    least = limit if contract.distance == "cosine" else -limit
    shown: list[float | None] = []
    for people in detect_people(items, options, _model(options), progress, notes):
        best = -np.inf
        if people is not None and people.faces:
            vectors = np.stack([face.vector for face in people.faces])
            best = float(similarity(vectors, wanted, contract.distance).max())
        shown.append(round(abs(best), 4) if best >= least else None)
    return shown


def _model(options: Options) -> dict[str, object]:
    return {"model": options.face_model, "weights": options.face_weights}
