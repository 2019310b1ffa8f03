"""Readers and writers of other people's layouts, by name."""

from __future__ import annotations

from datakit.io.layouts.base import Reader
from datakit.registry import Registry

READERS: Registry[type[Reader]] = Registry(
    "format",
    {
        # In the order in which a source is asked: the most particular layout first.
        "datakit": "datakit.io.layouts.datakit:DatasetReader",
        "coco": "datakit.io.layouts.coco:CocoReader",
        "p3m": "datakit.io.layouts.folders:P3mReader",
        "pairs": "datakit.io.layouts.folders:PairsReader",
        "photos": "datakit.io.layouts.folders:PhotosReader",
    },
)
"""Layouts that datakit reads, by the name that ``--from`` takes."""
