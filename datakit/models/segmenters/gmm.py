"""A mixture of Gaussians on colours (Dempster et al. 1977) as a segmenter without a model."""

from __future__ import annotations

from datakit.core.drafts.colour_clusters import (
    colour_features,
    foreground_probability,
    gaussian_mixture,
)
from datakit.models.prediction import Image, Map
from datakit.models.segmenters.region import Region, RegionSegmenter

GROUPS = 5


class GmmSegmenter(RegionSegmenter):
    """Five Gaussians; a pixel shares the likelihood of all of them."""

    NAME = "gmm"

    def probability(self, image: Image, region: Region) -> Map:
        """Return (h, w) float32 in [0, 1]."""
        shares = gaussian_mixture(colour_features(image), GROUPS)
        return foreground_probability(shares, region.ravel()).reshape(region.shape)
