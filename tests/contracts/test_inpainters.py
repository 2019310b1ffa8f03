"""Every inpainter through one suite: it fills the hole, touches nothing else, and is repeatable."""

from __future__ import annotations

import numpy as np
import pytest

from datakit.errors import InputError
from datakit.models.factory import Settings
from datakit.models.inpainting.base import INPAINTERS, Inpainter, build, identify

OFFLINE = ("exemplar", "telea", "navier-stokes")


@pytest.fixture(params=OFFLINE)
def inpainter(request: pytest.FixtureRequest) -> Inpainter:
    return build(request.param)


def test_a_gradient_is_continued(inpainter: Inpainter) -> None:
    ramp = np.linspace(40, 200, 80)[None, :, None].repeat(64, 0).repeat(3, 2).astype(np.uint8)
    hole = np.zeros((64, 80), bool)
    hole[20:40, 30:50] = True
    spoilt = np.where(hole[..., None], np.uint8(0), ramp)
    found, again = (inpainter.fill(spoilt, hole, np.random.default_rng(4)) for _ in range(2))
    assert found.dtype == np.uint8 and found.shape == ramp.shape
    assert np.array_equal(found[~hole], ramp[~hole])
    assert np.array_equal(found, again)
    assert np.abs(found.astype(int) - ramp)[hole].mean() < 12


def test_a_hole_of_one_pixel_and_none(inpainter: Inpainter) -> None:
    grey = np.full((40, 40, 3), 120, np.uint8)
    hole = np.zeros((40, 40), bool)
    assert np.array_equal(inpainter.fill(grey, hole, np.random.default_rng(0)), grey)
    hole[39, 0] = True
    found = inpainter.fill(grey, hole, np.random.default_rng(0))
    assert np.abs(found.astype(int) - 120).max() <= 4


@pytest.mark.parametrize("name", OFFLINE)
def test_identities_say_that_it_is_no_network(name: str) -> None:
    identity = identify(name)
    assert identity.name == name and identity.sha256 is None
    assert identity.licence == "not needed" and "no network" in identity.runtime


@pytest.mark.parametrize("name", OFFLINE)
def test_settings_without_use_are_refused(name: str) -> None:
    with pytest.raises(InputError, match="has no use for weights"):
        build(name, Settings(weights=("a.onnx",)))


def test_the_offline_ones_are_registered() -> None:
    assert set(OFFLINE) <= set(INPAINTERS)
