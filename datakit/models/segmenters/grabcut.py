"""GrabCut (Rother et al. 2004, doi:10.1145/1015706.1015720) from a box or polygons."""

from __future__ import annotations

import cv2
import numpy as np

from datakit.models.prediction import Image, Map
from datakit.models.segmenters.region import Region, RegionSegmenter

_ROUNDS = 5


class GrabCutSegmenter(RegionSegmenter):
    """Outside the region is background for sure; inside, colours and edges decide."""

    NAME = "grabcut"

    def probability(self, image: Image, region: Region) -> Map:
        """Return (h, w) float32 of zeros and ones."""
        labels = np.where(region, cv2.GC_PR_FGD, cv2.GC_BGD).astype(np.uint8)
        # OpenCV's grabCut draws first centres from its global generator: same picture, same cut.
        cv2.setRNGSeed(0)
        empty = np.zeros((1, 65), np.float64)
        try:
            cv2.grabCut(
                image[..., ::-1].copy(),
                labels,
                None,
                empty,
                empty.copy(),
                _ROUNDS,
                cv2.GC_INIT_WITH_MASK,
            )
        except cv2.error:
            # Fewer pixels inside or outside than the mixture has parts: the region is all we know.
            return region.astype(np.float32)
        found: Map = ((labels == cv2.GC_FGD) | (labels == cv2.GC_PR_FGD)).astype(np.float32)
        return found
