"""Otsu's threshold (1979, doi:10.1109/TSMC.1979.4310076) as a segmenter without a model."""

from __future__ import annotations

from datakit.core.drafts.colour_clusters import foreground_probability, otsu
from datakit.models.prediction import Image, Map
from datakit.models.segmenters.region import Region, RegionSegmenter


class OtsuSegmenter(RegionSegmenter):
    """Dark against light: for a person before a plain wall."""

    NAME = "otsu"

    def probability(self, image: Image, region: Region) -> Map:
        """Return (h, w) float32 in [0, 1]."""
        return foreground_probability(otsu(image), region.ravel()).reshape(region.shape)
