"""k-means on colours (Lloyd 1982) as a segmenter without a model."""

from __future__ import annotations

from datakit.core.drafts.colour_clusters import colour_features, foreground_probability, kmeans
from datakit.models.prediction import Image, Map
from datakit.models.segmenters.region import Region, RegionSegmenter

GROUPS = 8


class KMeansSegmenter(RegionSegmenter):
    """Eight groups of colours; each as likely foreground as it is common inside the region."""

    NAME = "kmeans"

    def probability(self, image: Image, region: Region) -> Map:
        """Return (h, w) float32 in [0, 1]."""
        shares = kmeans(colour_features(image), GROUPS)
        return foreground_probability(shares, region.ravel()).reshape(region.shape)
