"""What a network of one size makes of photos of other sizes: detail from patches, and tiles."""

from __future__ import annotations

import msgspec
import numpy as np

from datakit.models.factory import Identity
from datakit.models.inpainting.contract import read_inpainting_contract
from datakit.models.inpainting.networked import NetworkInpainter, tiles_along

SIZE = 64


def small_contract() -> object:
    contract = read_inpainting_contract("lama")
    photo = msgspec.structs.replace(contract.input, size=(SIZE, SIZE))
    output = msgspec.structs.replace(contract.output, range=(0.0, 1.0))
    return msgspec.structs.replace(contract, input=photo, output=output)


class Grey:
    """A network that fills holes with the mean of what it sees: as blurred as can be."""

    def __init__(self) -> None:
        self.masks: list[np.ndarray] = []

    def __call__(self, inputs: list[np.ndarray]) -> list[np.ndarray]:
        photo, mask = inputs
        assert photo.shape == (1, 3, SIZE, SIZE) and mask.shape == (1, 1, SIZE, SIZE)
        self.masks.append(mask[0, 0] > 0)
        level = photo[:, :, ~self.masks[-1]].mean()
        return [np.where(mask > 0, level, photo).astype(np.float32)]


def filled(photo: np.ndarray, hole: np.ndarray) -> tuple[np.ndarray, Grey]:
    network = Grey()
    inpainter = NetworkInpainter(Identity(name="grey"), small_contract(), network)
    return inpainter.fill(photo, hole, np.random.default_rng(0)), network


def test_a_photo_larger_than_the_network_gets_its_detail_from_its_own_patches() -> None:
    photo = np.random.default_rng(0).integers(60, 200, (160, 160, 3)).astype(np.uint8)
    hole = np.zeros((160, 160), bool)
    hole[60:110, 60:100] = True
    found, network = filled(photo, hole)
    assert len(network.masks) == 1
    assert np.array_equal(found[~hole], photo[~hole])
    # The network's own answer has no contrast at all.
    assert found[hole].std() > 0.3 * photo[hole].std()


def test_a_long_window_is_filled_in_tiles_that_see_what_was_filled_before() -> None:
    photo = np.full((SIZE, 180, 3), 120, np.uint8)
    hole = np.zeros((SIZE, 180), bool)
    hole[20:44, 8:172] = True
    found, network = filled(photo, hole)
    assert len(network.masks) > 2
    assert np.abs(found.astype(int) - 120).max() <= 1
    # Of the second tile the left part is known by now.
    assert not network.masks[1][:, : SIZE // 8].any() and network.masks[1][:, -SIZE // 8 :].any()


def test_tiles_keep_every_pixel_once() -> None:
    for height, width in ((64, 64), (64, 95), (64, 180), (300, 40), (1, 9)):
        kept = np.zeros((height, width), int)
        for seen, part in tiles_along((height, width), (SIZE, SIZE)):
            assert seen.top <= part.top and part.bottom <= seen.bottom
            assert seen.left <= part.left and part.right <= seen.right
            kept[part.slices] += 1
        assert (kept == 1).all()
