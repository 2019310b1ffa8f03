"""FastElastic: the elastic warp of Albumentations with a field that is drawn coarse."""

from __future__ import annotations

import math
from typing import Any, Literal

import albumentations as A  # noqa: N812
import cv2
import numpy as np
import numpy.typing as npt

from datakit.core.images.displacement import expected_peak, invert_map, smooth_noise

APPROXIMATE_KERNEL_PX = 17
"""The kernel that Albumentations 2.0.8 smooths with if ``approximate=True``."""


class FastElastic(A.ElasticTransform):  # type: ignore[misc]
    """Elastic deformation with the field of `albumentations.ElasticTransform`, computed faster.

    The displacement has the same standard deviation and correlation length, at the border too; it
    is not the same draw. Points (keypoints) are moved by the inverse of the warp to a twentieth
    of a pixel, where the original marks them in a mask and may lose them.

    Parameters
    ----------
    alpha, sigma, interpolation, approximate, same_dxdy, mask_interpolation, noise_distribution
        As in `albumentations.ElasticTransform`: sigma in pixels, and alpha such that the field's
        standard deviation is about ``alpha / (2 sqrt(pi) sigma) / peak``, with peak the largest
        magnitude among the normal draws (about 5; sqrt(3) for uniform noise).
    keypoint_remapping_method
        Accepted for compatibility and ignored.
    border_mode, fill, fill_mask, p
        As in `albumentations.ElasticTransform`.
    stationary : bool
        Albumentations repeats the noise of the outermost pixels outwards before it smooths, so
        that the border moves about ``0.94 * sqrt(sigma)`` times as far as the inside (6.7 times
        at the default sigma of 50). True draws fresh noise there: the border moves like the rest.

    References
    ----------
    Simard, Steinkraus and Platt 2003, "Best practices for convolutional neural networks applied
    to visual document analysis", https://doi.org/10.1109/ICDAR.2003.1227801
    """

    class InitSchema(A.ElasticTransform.InitSchema):  # type: ignore[misc]  # noqa: D106
        stationary: bool

    # Albumentations reads the parameters of a transform off this signature: one argument for each.
    def __init__(
        self,
        alpha: float = 1,
        sigma: float = 50,
        interpolation: int = cv2.INTER_LINEAR,
        approximate: bool = False,
        same_dxdy: bool = False,
        mask_interpolation: int = cv2.INTER_NEAREST,
        noise_distribution: Literal["gaussian", "uniform"] = "gaussian",
        keypoint_remapping_method: Literal["direct", "mask"] = "mask",
        border_mode: int = cv2.BORDER_CONSTANT,
        fill: tuple[float, ...] | float = 0,
        fill_mask: tuple[float, ...] | float = 0,
        stationary: bool = False,
        p: float = 0.5,
    ):
        super().__init__(
            alpha=alpha,
            sigma=sigma,
            interpolation=interpolation,
            approximate=approximate,
            same_dxdy=same_dxdy,
            mask_interpolation=mask_interpolation,
            noise_distribution=noise_distribution,
            keypoint_remapping_method=keypoint_remapping_method,
            border_mode=border_mode,
            fill=fill,
            fill_mask=fill_mask,
            p=p,
        )
        self.stationary = stationary

    def get_params_dependent_on_data(
        self, params: dict[str, Any], data: dict[str, Any]
    ) -> dict[str, npt.NDArray[np.float32]]:
        """Draw the displacement and return the backward maps, (H, W) float32 each."""
        del data
        height, width = params["shape"][:2]
        dx, dy = self._displacement(height, width)
        map_x = np.arange(width, dtype=np.float32)[None, :] + dx
        map_y = np.arange(height, dtype=np.float32)[:, None] + dy
        return {"map_x": map_x, "map_y": map_y}

    def _displacement(self, height: int, width: int) -> npt.NDArray[np.float32]:
        fields = 1 if self.same_dxdy else 2
        kernel_px = APPROXIMATE_KERNEL_PX if self.approximate else None
        if self.noise_distribution == "gaussian":
            scale = self.alpha / expected_peak(fields * height * width)
        else:
            scale = self.alpha / math.sqrt(3)
        if self.stationary:
            drawn = [
                smooth_noise(
                    (height, width), self.sigma, self.random_generator, kernel_px=kernel_px
                )
                for _ in range(fields)
            ]
            noise = np.stack(drawn)
        else:
            # Albumentations smooths both fields as one tall picture, so that they share a border.
            noise = smooth_noise(
                (fields * height, width),
                self.sigma,
                self.random_generator,
                kernel_px=kernel_px,
                stationary=False,
            ).reshape(fields, height, width)
        noise = noise * np.float32(scale)
        return np.broadcast_to(noise, (2, height, width))

    def apply(
        self,
        img: npt.NDArray[Any],
        map_x: npt.NDArray[np.float32],
        map_y: npt.NDArray[np.float32],
        **params: Any,
    ) -> npt.NDArray[Any]:
        """Warp the image."""
        return self._remap(img, map_x, map_y, self.interpolation, self.fill)

    def apply_to_mask(
        self,
        mask: npt.NDArray[Any],
        map_x: npt.NDArray[np.float32],
        map_y: npt.NDArray[np.float32],
        **params: Any,
    ) -> npt.NDArray[Any]:
        """Warp a label, with `mask_interpolation`."""
        return self._remap(mask, map_x, map_y, self.mask_interpolation, self.fill_mask)

    def _remap(
        self,
        array: npt.NDArray[Any],
        map_x: npt.NDArray[np.float32],
        map_y: npt.NDArray[np.float32],
        interpolation: int,
        fill: tuple[float, ...] | float,
    ) -> npt.NDArray[Any]:
        """Warp with two maps as they are; Albumentations interleaves them anew for each target."""
        channels = 1 if array.ndim == 2 else array.shape[2]
        if channels > 4:
            parts = [
                self._remap(array[..., [c]], map_x, map_y, interpolation, fill)
                for c in range(channels)
            ]
            return np.concatenate(parts, axis=2)
        value = fill if isinstance(fill, tuple) else (fill,) * channels
        warped: npt.NDArray[Any] = cv2.remap(
            array, map_x, map_y, interpolation, borderMode=self.border_mode, borderValue=value
        )
        return warped.reshape((*warped.shape[:2], *array.shape[2:]))

    def apply_to_keypoints(
        self,
        keypoints: npt.NDArray[np.float64],
        map_x: npt.NDArray[np.float32],
        map_y: npt.NDArray[np.float32],
        **params: Any,
    ) -> npt.NDArray[np.float64]:
        """Move points (N, 2+) to where the warp shows them."""
        moved = keypoints.astype(np.float64)
        moved[:, :2] = invert_map(map_x, map_y, moved[:, :2])
        return moved
