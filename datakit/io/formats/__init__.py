"""Readers and writers of other people's layouts, by name."""

from __future__ import annotations

from datakit.io.formats.base import Reader
from datakit.registry import Registry

READERS: Registry[type[Reader]] = Registry(
    "format",
    {
        # In the order in which a source is asked: the most particular layout first.
        "datakit": "datakit.io.formats.dataset:DatasetReader",
        "coco": "datakit.io.formats.coco:CocoReader",
        "p3m": "datakit.io.formats.folders:P3mReader",
        "pairs": "datakit.io.formats.folders:PairsReader",
        "photos": "datakit.io.formats.folders:PhotosReader",
    },
)
"""Layouts that datakit reads, by the name that ``--from`` takes."""
