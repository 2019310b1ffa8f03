"""Mean shift (Comaniciu & Meer 2002, doi:10.1109/34.1000236) as a segmenter without a model."""

from __future__ import annotations

from datakit.core.drafts.colour_clusters import foreground_probability, mean_shift
from datakit.models.prediction import Image, Map
from datakit.models.segmenters.region import Region, RegionSegmenter

SPACE_PX = 8.0
COLOUR = 24.0


class MeanShiftSegmenter(RegionSegmenter):
    """Colours flattened over the neighbourhood; like ones are one group."""

    NAME = "meanshift"

    def probability(self, image: Image, region: Region) -> Map:
        """Return (h, w) float32 in [0, 1]."""
        shares = mean_shift(image, SPACE_PX, COLOUR)
        return foreground_probability(shares, region.ravel()).reshape(region.shape)
