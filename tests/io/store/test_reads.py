"""What was read for an item."""

from __future__ import annotations

import hashlib
from types import SimpleNamespace
from typing import Any

import pytest

from datakit.io.store import reads


def test_a_photo_is_hashed_once_although_its_label_comes_between(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    photo, label = b"a photo", b"its label"
    hashed: list[bytes] = []

    def counting(data: bytes) -> Any:
        hashed.append(data)
        return hashlib.sha256(data)

    monkeypatch.setattr(reads, "hashlib", SimpleNamespace(sha256=counting))
    digests = [reads.sha256(data) for data in (photo, label, photo)]
    assert hashed == [photo, label]
    assert digests == [hashlib.sha256(data).hexdigest() for data in (photo, label, photo)]
