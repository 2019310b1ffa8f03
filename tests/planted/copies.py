"""Near-duplicates as tools make them: recompressed, resized, cropped, toned, flipped, turned."""

from __future__ import annotations

import cv2
import numpy as np
import numpy.typing as npt

Image = npt.NDArray[np.uint8]


def scene(seed: int, size_hw: tuple[int, int] = (240, 320)) -> Image:
    """A picture with shapes of all sizes over soft light: photo enough for hashes and details."""
    rng = np.random.default_rng(seed)
    height, width = size_hw
    noise = rng.integers(40, 216, (5, 6, 3), np.uint8)
    image = cv2.resize(noise, (width, height), interpolation=cv2.INTER_CUBIC)
    for _ in range(40):
        centre = (int(rng.integers(0, width)), int(rng.integers(0, height)))
        radius = int(rng.integers(4, 50))
        colour = tuple(int(v) for v in rng.integers(0, 256, 3))
        if rng.random() < 0.5:
            cv2.circle(image, centre, radius, colour, -1, cv2.LINE_AA)
        else:
            far = (centre[0] + radius, centre[1] + int(rng.integers(4, 60)))
            cv2.rectangle(image, centre, far, colour, -1)
    return np.asarray(image, dtype=np.uint8)


def near_copy(image: Image, rng: np.random.Generator, crop: float = 0.05) -> Image:
    """All at once: crop <= 5 %, resize 0.5-2, brightness +-15 %, turn, flip, JPEG 60-95."""
    height, width = image.shape[:2]

    def cut(size: int) -> slice:
        lost = rng.uniform(0, crop) * size
        start = rng.uniform(0, 1) * lost
        return slice(int(start), int(size - (lost - start)))

    image = image[cut(height), cut(width)]
    scale = 2 ** rng.uniform(-1, 1)
    kind = cv2.INTER_AREA if scale < 1 else cv2.INTER_LINEAR
    image = cv2.resize(image, None, fx=scale, fy=scale, interpolation=kind)
    image = np.clip(image * rng.uniform(0.85, 1.15), 0, 255).astype(np.uint8)
    turn = int(rng.integers(8))
    image = np.rot90(image, turn % 4)
    image = np.ascontiguousarray(image[:, ::-1] if turn >= 4 else image)
    return recompressed(image, int(rng.integers(60, 96)))


def recompressed(image: Image, quality: int) -> Image:
    """The picture after a JPEG of this quality."""
    _, data = cv2.imencode(".jpg", image, [cv2.IMWRITE_JPEG_QUALITY, quality])
    return np.asarray(cv2.imdecode(data, cv2.IMREAD_COLOR), dtype=np.uint8)
