"""What annotation tools give back after a review, by tool: read by ``prelabel --merge``."""

from __future__ import annotations

from datakit.io.reviews.base import ReviewReader
from datakit.registry import Registry

REVIEWS: Registry[type[ReviewReader]] = Registry(
    "review format",
    {
        # In the order in which an export is asked: the most particular layout first.
        "cvat": "datakit.io.reviews.cvat:CvatReview",
        "labelme": "datakit.io.reviews.labelme:LabelMeReview",
        "label-studio": "datakit.io.reviews.label_studio:LabelStudioReview",
        "coco": "datakit.io.reviews.coco:CocoReview",
        # A dataset that holds a tool's file beside it is that tool's.
        "datakit": "datakit.io.reviews.datakit:DatakitReview",
    },
)
"""Tools whose exports are read. Roboflow's, and CVAT's and Label Studio's COCO, are "coco"."""
