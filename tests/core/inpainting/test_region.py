"""Regions: grown by a distance, with the shadow and the reflection next to them."""

from __future__ import annotations

import numpy as np

from datakit.core.inpainting.region import grown, with_reflection, with_shadow


def scene() -> tuple[np.ndarray, np.ndarray]:
    rng = np.random.default_rng(0)
    photo = rng.integers(150, 171, (60, 80, 3)).astype(np.uint8)
    person = np.zeros((60, 80), bool)
    person[8:40, 30:42] = True
    photo[person] = rng.integers(0, 256, (int(person.sum()), 3))
    return photo, person


def test_a_region_grows_in_all_directions() -> None:
    dot = np.zeros((21, 21), bool)
    dot[10, 10] = True
    y, x = np.nonzero(grown(dot, 5))
    assert ((y - 10) ** 2 + (x - 10) ** 2 <= 25).all() and len(y) == 81


def test_a_shadow_is_found_and_an_object_of_another_hue_is_not() -> None:
    photo, person = scene()
    photo[38:44, 42:60] = photo[38:44, 42:60] // 2
    photo[46:52, 20:30] = (200, 30, 30)
    found = with_shadow(photo, person, 25) & ~person
    assert found[39:43, 42:59].mean() > 0.95
    assert not found[46:52, 20:30].any()
    assert found[44:].mean() < 0.1


def test_without_a_shadow_nothing_is_added() -> None:
    photo, person = scene()
    assert np.array_equal(with_shadow(photo, person, 25), person)


def test_a_reflection_is_found_where_the_photo_mirrors() -> None:
    photo, person = scene()
    photo[8:40, 30:42] = np.linspace(20, 250, 32)[:, None, None]
    assert np.array_equal(with_reflection(photo, person, 20), person)
    photo[40:60, 30:42] = photo[20:40, 30:42][::-1] // 2 + 60
    assert (with_reflection(photo, person, 20) & ~person)[40:60, 30:42].all()
