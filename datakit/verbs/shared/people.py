"""The people of a source: how many each photo shows, and which photos show the same person."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from contextlib import closing
from typing import TYPE_CHECKING, Any

import numpy as np

from datakit.core.faces.identities import same_people
from datakit.core.splitting.grouping import components
from datakit.engine.base import LazyTask, ordered_map
from datakit.io.layouts.base import Item
from datakit.io.store.storage import Location
from datakit.io.tables import jsonl
from datakit.verbs.shared.lineage import Lineage, join_equal
from datakit.verbs.shared.options import ReadOptions
from datakit.verbs.shared.people_options import PeopleOptions
from datakit.verbs.shared.progress import ProgressListener, SilentProgress

if TYPE_CHECKING:
    from datakit.models.embeddings.contract import EmbeddingContract

FACES = "faces.jsonl"
"""The faces' vectors, with ``--keep-embeddings`` alone."""

PERSON_ROW = ("person", "id", "file")
"""The columns of a table of photo and person."""

TASK = "datakit.verbs.shared.people_detection:DetectPeople"


def count_people(found: Lineage, options: ReadOptions, progress: ProgressListener | None) -> None:
    """Count the people of each photo; of those that cannot be read the count is unknown."""
    found.people = detect_people(found.items, options, {}, progress, found.notes)


def identify_people(
    found: Lineage, options: PeopleOptions, progress: ProgressListener | None
) -> None:
    """Find the faces that are one person's; ``found.people`` and ``found.persons`` are set.

    Raises
    ------
    ModelError
        If the embedding's contract or weights are not there, before any photo is looked at.
    """
    # Verbs that can look for people import this, and most of their runs do not look.
    from datakit.models.embeddings.face_embedder import check_embedding

    contract = check_embedding(options.face_model, options.face_weights)
    params = {"model": options.face_model, "weights": options.face_weights}
    found.people = detect_people(found.items, options, params, progress, found.notes)
    photos, vectors = [], []
    for at, people in enumerate(found.people):
        for face in people.faces if people is not None else ():
            photos.append(at)
            vectors.append(face.vector)
    limit = contract.threshold if options.same_person is None else options.same_person
    photo_of = np.array(photos, np.int64)
    if not vectors:
        found.persons = []
    else:
        person = same_people(np.stack(vectors), photo_of, contract.distance, limit)
        members: dict[int, list[int]] = {}
        for at, number in zip(photos, person.tolist(), strict=True):
            members.setdefault(number, []).append(at)
        found.persons = [sorted(set(group)) for group in members.values()]
    found.notes.append(_words(found, contract, limit))


def join_people(found: Lineage) -> None:
    """Join the photos that show the same person, and those that share one with these."""
    links = [(group[0], at) for group in found.persons for at in group[1:]]
    pairs = np.array(links, np.int64).reshape(-1, 2)
    label = components(len(found.items), pairs[:, 0], pairs[:, 1])
    joined = set(pairs.ravel().tolist())
    keys = [str(home) if at in joined else None for at, home in enumerate(label.tolist())]
    join_equal(found, "person", keys)


def person_rows(found: Lineage, salt: str) -> list[tuple[int, str, str]]:
    """Return the rows of `PERSON_ROW` for the people seen in two photos and more.

    Parameters
    ----------
    found : Lineage
    salt : str
        The run's fingerprint: the numbers of two runs say nothing about each other.
    """

    def drawn(group: Sequence[int]) -> str:
        names = " ".join(found.items[at].key for at in group)
        return hashlib.sha256(f"{salt} {names}".encode()).hexdigest()

    several = sorted((group for group in found.persons if len(group) > 1), key=drawn)
    return [
        (number, found.items[at].key, found.items[at].source_name)
        for number, group in enumerate(several, 1)
        for at in group
    ]


def write_embeddings(path: Location, found: Lineage) -> None:
    """Write every compared face's box and vector, one JSON line per face."""
    jsonl.write(
        path,
        (
            {
                "id": item.key,
                "box_xyxy": face.box_xyxy,
                "vector": [round(float(value), 6) for value in face.vector],
            }
            for item, people in zip(found.items, found.people, strict=True)
            for face in (people.faces if people is not None else ())
        ),
    )


def detect_people(
    items: Sequence[Item],
    options: ReadOptions,
    params: dict[str, Any],
    progress: ProgressListener | None,
    notes: list[str],
) -> list[Any]:
    """Return what is seen of the people in each photo; None where it cannot be read.

    Parameters
    ----------
    items : sequence of Item
    options : ReadOptions
        On which engine.
    params : dict
        Of `TASK`: a model and its weights, when faces are to be compared.
    progress : ProgressListener, optional
    notes : list of str
        What could not be read is added.
    """
    progress = progress or SilentProgress()
    seen, failures = [], []
    progress.begin(len(items), "look for people")
    try:
        with closing(ordered_map(options.make_engine(), LazyTask(TASK, params), items)) as outcomes:
            for item, outcome in zip(items, outcomes, strict=True):
                seen.append(outcome.value)
                if outcome.value is None:
                    failures.append(f"{item.source_name}: {outcome.error}")
                progress.advance(len(failures))
    finally:
        progress.end()
    if failures:
        notes.append(
            f"people: {len(failures):,} photos could not be looked at, the first {failures[0]}"
        )
    return seen


def _words(found: Lineage, contract: EmbeddingContract, limit: float) -> str:
    seen = [people for people in found.people if people is not None]
    faces, unclear = sum(len(one.faces) for one in seen), sum(one.unclear for one in seen)
    several = sum(len(group) > 1 for group in found.persons)
    words = (
        f"people: {faces:,} faces of {len(found.persons):,} people, {several:,} of them in several "
        f"photos; one person {_limit_words(contract, limit)}"
    )
    if unclear:
        words += f"; {unclear:,} faces were not compared: too small, or without clear landmarks"
    return words


def _limit_words(contract: EmbeddingContract, limit: float) -> str:
    way = "from a cosine similarity of" if contract.distance == "cosine" else "up to a distance of"
    words = f"{way} {limit:g} ({contract.name}"
    if limit != contract.threshold:
        return f"{words}, its own limit is {contract.threshold:g})"
    if contract.false_accepts is not None:
        words += f", false accepts {contract.false_accepts:g}"
    return (
        f"{words}, calibrated on {contract.calibrated_on})"
        if contract.calibrated_on
        else words + ")"
    )
