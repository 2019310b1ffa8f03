"""Faces joined into people."""

from __future__ import annotations

import numpy as np
import pytest

from datakit.core.faces import identities
from datakit.core.faces.identities import same_people, similarity


def test_blocks_do_not_change_the_result(monkeypatch: pytest.MonkeyPatch) -> None:
    rng = np.random.default_rng(0)
    sitters = rng.normal(size=(12, 16)).astype(np.float32)
    vectors = np.repeat(sitters, 5, axis=0) + rng.normal(0, 0.05, (60, 16)).astype(np.float32)
    photos = np.arange(60)
    whole = same_people(vectors, photos, "cosine", 0.9)
    assert whole.tolist() == np.repeat(np.arange(0, 60, 5), 5).tolist()
    monkeypatch.setattr(identities, "_BLOCK", 7)
    assert same_people(vectors, photos, "cosine", 0.9).tolist() == whole.tolist()
    assert same_people(vectors, photos, "euclidean", 2.0).tolist() == whole.tolist()


def test_two_faces_of_one_photo_meet_only_through_others() -> None:
    twins = np.array([[1, 0], [1, 0.01], [1, 0.005]], np.float32)
    assert same_people(twins[:2], np.array([0, 0]), "cosine", 0.9).tolist() == [0, 1]
    assert same_people(twins, np.array([0, 0, 1]), "cosine", 0.9).tolist() == [0, 0, 0]


def test_similarity_grows_with_likeness() -> None:
    one = np.array([[3, 4]], np.float32)
    near, far = np.array([[3, 4.1]], np.float32), np.array([[4, -3]], np.float32)
    for distance in ("cosine", "euclidean"):
        assert similarity(one, near, distance) > similarity(one, far, distance)  # type: ignore[arg-type]


def test_no_face_is_nobody() -> None:
    none = np.zeros((0, 4), np.float32)
    assert same_people(none, np.zeros(0, np.int64), "cosine", 0.5).tolist() == []
