from __future__ import annotations

import numpy as np
import pytest

from datakit.core.similarity.duplicates import candidates, same_picture
from datakit.core.similarity.hashing import fingerprint, thumbnail
from datakit.core.similarity.keypoints import shared_details
from datakit.core.similarity.neighbours import hamming
from datakit.core.similarity.picture_match import compare
from datakit.errors import InputError
from tests.planted.copies import near_copy, recompressed, scene


def orientations(image: np.ndarray) -> list[np.ndarray]:
    turned = [np.rot90(image, k) for k in range(4)]
    return turned + [np.rot90(image[:, ::-1], k) for k in range(4)]


@pytest.mark.parametrize("seed", range(5))
def test_all_eight_orientations_have_one_key(seed: int) -> None:
    thumb = thumbnail(scene(seed))
    assert len({fingerprint(np.ascontiguousarray(v)).key for v in orientations(thumb)}) == 1


def test_the_key_of_a_plain_picture_is_its_brightness_whatever_its_noise() -> None:
    rng = np.random.default_rng(0)
    plain = np.full((300, 400, 3), 200, np.uint8)
    noisy = (plain + rng.integers(-1, 2, plain.shape)).astype(np.uint8)
    assert fingerprint(thumbnail(plain)).key == fingerprint(thumbnail(noisy)).key == 2**50 - 1
    keys = [fingerprint(thumbnail(np.full((9, 9), v, np.uint8))).key for v in (0, 255)]
    assert keys == [0, 2**64 - 1]


@pytest.mark.parametrize("contrast", [0.3, 0.8, 1.2, 2.0, 4.0, 20.0])
def test_pictures_of_noise_have_few_candidates_each(contrast: float) -> None:
    rng = np.random.default_rng(1)
    noise = rng.normal(128, contrast, (1500, 64, 64)).round().clip(0, 255).astype(np.uint8)
    prints = [fingerprint(thumb) for thumb in noise]
    keys = np.array([entry.key for entry in prints], np.uint64)
    owners = np.repeat(np.arange(len(prints)), [len(entry.probes) for entry in prints])
    pairs = candidates(keys, np.concatenate([entry.probes for entry in prints]), owners)
    assert len(pairs) <= (64 if contrast < 0.75 else 4) * len(prints)


@pytest.mark.parametrize(
    "image",
    [np.zeros((0, 4), np.uint8), np.zeros((4, 4, 4), np.uint8), np.zeros((4, 4), np.float32)],
)
def test_what_is_no_picture_is_refused(image: np.ndarray) -> None:
    with pytest.raises(InputError, match="image: expected"):
        thumbnail(image)


@pytest.mark.parametrize("size_hw", [(1, 1), (3, 700), (64, 64), (255, 257), (1025, 513)])
def test_pictures_of_any_size_have_a_thumbnail(size_hw: tuple[int, int]) -> None:
    assert thumbnail(np.full((*size_hw, 3), 90, np.uint8)).tolist() == [[90] * 64] * 64


def test_planted_copies_are_found_and_nothing_else_is() -> None:
    rng = np.random.default_rng(3)
    originals = [scene(seed) for seed in range(60)]
    copies = [near_copy(image, rng) for image in originals]
    prints = [fingerprint(thumbnail(image)) for image in (*originals, *copies)]
    keys = np.array([entry.key for entry in prints], np.uint64)
    owners = np.repeat(np.arange(len(prints)), [len(entry.probes) for entry in prints])
    pairs = candidates(keys, np.concatenate([entry.probes for entry in prints]), owners)
    found = {
        (one, other)
        for one, other in zip(pairs.left.tolist(), pairs.right.tolist(), strict=True)
        if same_picture(compare(prints[one].thumbnail, prints[other].thumbnail))
    }
    planted = {(n, n + 60) for n in range(60)}
    assert len(found & planted) >= 59
    assert not found - planted


def test_candidates_are_the_same_pairs_as_by_brute_force() -> None:
    rng = np.random.default_rng(5)
    keys = rng.integers(0, 2**63, 200, np.uint64)
    keys[100:] = keys[:100] ^ (np.uint64(1) << rng.integers(0, 64, 100, np.uint64))
    keys[:5] = keys[7]
    pairs = candidates(keys, keys, np.arange(200), radius=3)
    table = hamming(np.repeat(keys, 200), np.tile(keys, 200)).reshape(200, 200)
    expected = set(
        zip(*(index.tolist() for index in np.nonzero(np.triu(table <= 3, 1))), strict=True)
    )
    found = set(zip(pairs.left.tolist(), pairs.right.tolist(), strict=True))
    # Of pictures with equal keys one stands for all: a missing pair is joined through it.
    assert found <= expected
    assert {pair for pair in expected if keys[pair[0]] != keys[7]} - found == set()


def test_many_equal_pictures_do_not_cost_all_pairs() -> None:
    keys = np.zeros(5000, np.uint64)
    pairs = candidates(keys, keys, np.arange(5000), most=8)
    assert len(pairs) <= 8 * 5000
    assert np.array_equal(np.unique(np.r_[pairs.left, pairs.right]), np.arange(5000))


def test_a_moved_object_and_blank_pages_are_not_the_same() -> None:
    photo = scene(1)
    blank = np.full((200, 300, 3), 250, np.uint8)
    dark = np.full((200, 300, 3), 20, np.uint8)
    assert not same_picture(compare(thumbnail(photo), thumbnail(scene(2))))
    assert not same_picture(compare(thumbnail(blank), thumbnail(dark)))
    assert not same_picture(compare(thumbnail(blank), thumbnail(photo)))
    assert same_picture(compare(thumbnail(blank), thumbnail(recompressed(blank, 60))))


def test_details_are_shared_by_a_sheared_mirrored_cut_copy_only() -> None:
    import cv2

    gray = cv2.cvtColor(scene(4), cv2.COLOR_RGB2GRAY)
    matrix = np.array([[0.9, 0.2, 4], [-0.1, 1.0, 8]])
    copy = cv2.warpAffine(gray, matrix, (320, 240))[20:, 30:][:, ::-1]
    other = cv2.cvtColor(scene(5), cv2.COLOR_RGB2GRAY)
    assert shared_details(gray, np.ascontiguousarray(copy)) >= 20
    assert shared_details(gray, other) < 8
