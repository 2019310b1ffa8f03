"""What annotation tools give back after a review, by tool: read by ``prelabel --merge``."""

from __future__ import annotations

from datakit.io.reviews.base import ReviewReader
from datakit.registry import Registry

REVIEWS: Registry[type[ReviewReader]] = Registry(
    "review format",
    {
        # In the order in which an export is asked: the most particular layout first.
        "datakit": "datakit.io.reviews.datakit:DatakitReview",
        "cvat": "datakit.io.reviews.cvat:CvatReview",
        "labelme": "datakit.io.reviews.labelme:LabelMeReview",
        "label-studio": "datakit.io.reviews.label_studio:LabelStudioReview",
        "coco": "datakit.io.reviews.coco:CocoReview",
    },
)
"""Tools whose exports are read. Roboflow's, and CVAT's and Label Studio's COCO, are "coco"."""
