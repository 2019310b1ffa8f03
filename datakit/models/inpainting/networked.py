"""An inpainting network by its contract: the photo made its input, its output made a photo."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import cv2
import numpy as np
import numpy.typing as npt

from datakit.core.images.network_input import to_image_size
from datakit.core.images.resizing import resample
from datakit.core.images.tiles import Window
from datakit.core.inpainting.fill import SOLVE_PX, fill_hole
from datakit.errors import ModelError
from datakit.models.factory import Identity
from datakit.models.inpainting.contract import InpaintingContract
from datakit.models.prediction import Image

Bool = npt.NDArray[np.bool_]
Float = npt.NDArray[np.float32]
Forward = Callable[[list[Float]], Sequence[Float]]
"""The network's inputs, (1, C, h, w) float32 each -> its outputs."""

_LIKELY = 0.25
"""How far outside its range an output may be, as a share of it, and still be believed."""
_LONGEST = 1.5
"""What is longer than this, against the network's own aspect, is filled in tiles."""
_LEFT_TO_NEXT = 4
"""The last 1 / n of a tile is left to the next one, which sees what lies beyond it."""


class NetworkInpainter:
    """Fills the hole of a small copy by a network; the rest is that of every inpainter.

    A photo that is larger than the network's input is solved on the surroundings of the hole, and
    takes its detail from its own patches (`datakit.core.inpainting.fill.fill_hole`).

    Parameters
    ----------
    identity : Identity
    contract : InpaintingContract
    forward : callable
    """

    def __init__(self, identity: Identity, contract: InpaintingContract, forward: Forward) -> None:
        self.identity = identity
        self._contract = contract
        self._forward = forward

    def fill(self, photo: Image, hole: Bool, rng: np.random.Generator) -> Image:
        """Return the photo with its hole filled.

        Raises
        ------
        ModelError
            If the network does not take its input, or its output is not what the contract says.
        """
        high, wide = self._contract.input.size
        return fill_hole(photo, hole, self._solve, rng, min(SOLVE_PX, high * wide))

    def _solve(self, photo: Float, hole: Bool, rng: np.random.Generator) -> Float:
        """Fill a small copy: at once, or, where that would distort it, in tiles one by one."""
        seen, found, left = photo.copy(), photo.copy(), hole.copy()
        shape_hw = (hole.shape[0], hole.shape[1])
        stretched = self._contract.input.fit == "stretch"
        tiles = tiles_along(shape_hw, self._contract.input.size if stretched else shape_hw)
        for window, kept in tiles:
            gap = left[kept.slices]
            if not gap.any():
                continue
            filled = self._run(seen[window.slices], left[window.slices])
            top, leftmost = kept.top - window.top, kept.left - window.left
            filled = filled[top : top + gap.shape[0], leftmost : leftmost + gap.shape[1]]
            # The seam is closed by what the network says of known pixels, too.
            found[kept.slices] = filled
            seen[kept.slices][gap] = filled[gap]
            left[kept.slices] = False
        return found

    def _run(self, photo: Float, hole: Bool) -> Float:
        contract = self._contract
        placement = contract.input.place((hole.shape[0], hole.shape[1]))
        picture = np.rint(photo).astype(np.uint8)
        values = contract.input.values(picture, placement)
        gap = np.zeros(placement.input_hw, np.float32)
        x0, y0, x1, y1 = placement.window_xyxy
        share = resample(hole.astype(np.float32), placement.window_hw[::-1], cv2.INTER_LINEAR)
        # What is partly in the hole is not known.
        gap[y0:y1, x0:x1] = share > 0
        if contract.input.blank is not None:
            values[gap > 0] = contract.input.blank
        mask = np.where(gap > 0, np.float32(contract.mask.hole), np.float32(contract.mask.known))
        outputs = self._forward(_inputs(values, mask, contract.mask.place))
        filled = self._picture(outputs, values.shape[:2])
        planes = [to_image_size(filled[..., channel], placement) for channel in range(3)]
        return np.dstack(planes)

    def _picture(self, outputs: Sequence[Float], input_hw: tuple[int, ...]) -> Float:
        """Return the wanted output as (h, w, 3) float32 RGB in 0 .. 255."""
        name, contract = self.identity.name, self._contract.output
        if not -len(outputs) <= contract.index < len(outputs):
            raise ModelError(
                f"{name}: the contract reads output {contract.index}, the model has "
                f"{len(outputs)}; correct output.index"
            )
        found = np.asarray(outputs[contract.index], np.float32)
        if found.shape != (1, 3, *input_hw):
            raise ModelError(
                f"{name}: expected an output of shape {(1, 3, *input_hw)}, found {found.shape}; "
                "correct output.index or input.size in its contract"
            )
        low, high = contract.range
        values = (found[0].transpose(1, 2, 0) - low) / (high - low)
        if not np.isfinite(values).all():
            raise ModelError(f"{name}: the model returned values that are no numbers")
        if values.min() < -_LIKELY or values.max() > 1 + _LIKELY:
            raise ModelError(
                f"{name}: expected an output in {low:g} .. {high:g}, found {found.min():.3g} .. "
                f"{found.max():.3g}; correct output.range in its contract"
            )
        if self._contract.input.channels == "bgr":
            values = values[..., ::-1]
        return np.ascontiguousarray(np.clip(values, 0, 1) * np.float32(255))


def tiles_along(
    shape_hw: tuple[int, int], network_hw: tuple[int, int]
) -> list[tuple[Window, Window]]:
    """Cut a long picture into overlapping tiles of a network's aspect.

    Parameters
    ----------
    shape_hw, network_hw : tuple of int

    Returns
    -------
    list of (Window, Window)
        What the network is shown, and the part of it that is kept: the parts cover the picture
        once. One tile, all of it, where it is at most half as long again as the network.

    Examples
    --------
    >>> [(tuple(seen), tuple(kept)) for seen, kept in tiles_along((90, 200), (512, 512))]
    [((0, 0, 90, 90), (0, 0, 90, 68)), ((0, 45, 90, 135), (0, 68, 90, 113)), \
((0, 90, 90, 180), (0, 113, 90, 158)), ((0, 110, 90, 200), (0, 158, 90, 200))]
    """
    height, width = shape_hw
    aspect = network_hw[1] / network_hw[0]
    if max(width / height / aspect, height * aspect / width) <= _LONGEST:
        return [(Window(0, 0, height, width), Window(0, 0, height, width))]
    wide = width > height * aspect
    length = width if wide else height
    side = round(height * aspect) if wide else round(width / aspect)
    starts = [*range(0, length - side, max(1, side // 2)), length - side]
    ends = [start + side - side // _LEFT_TO_NEXT for start in starts[:-1]] + [length]

    def across(begin: int, end: int) -> Window:
        return Window(0, begin, height, end) if wide else Window(begin, 0, end, width)

    return [
        (across(start, start + side), across(begin, end))
        for start, begin, end in zip(starts, [0, *ends[:-1]], ends, strict=True)
    ]


def _inputs(values: Float, mask: Float, place: str) -> list[Float]:
    """Return the inputs of the network, each (1, C, h, w)."""
    photo = np.ascontiguousarray(values.transpose(2, 0, 1)[None])
    plane = mask[None, None]
    if place == "input":
        return [photo, plane]
    parts = (photo, plane) if place == "last" else (plane, photo)
    return [np.concatenate(parts, axis=1)]
