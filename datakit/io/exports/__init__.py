"""Writers of other people's layouts, by name: what ``datakit export --format`` offers."""

from __future__ import annotations

from datakit.io.exports.base import FileFormat, ShardFormat
from datakit.registry import Registry

WRITERS: Registry[type[FileFormat] | type[ShardFormat]] = Registry(
    "export format",
    {
        "p3m": "datakit.io.exports.p3m:P3m",
        "u2net": "datakit.io.exports.u2net:U2Net",
        "modnet": "datakit.io.exports.modnet:ModNet",
        "images-masks": "datakit.io.exports.images_masks:ImagesMasks",
        "coco": "datakit.io.exports.coco:Coco",
        "yolo-seg": "datakit.io.exports.yolo_seg:YoloSeg",
        "roboflow": "datakit.io.exports.coco_folders:CocoFolders",
        "cvat": "datakit.io.exports.cvat:Cvat",
        "label-studio": "datakit.io.exports.label_studio:LabelStudio",
        "labelme": "datakit.io.exports.labelme:LabelMe",
        "webdataset": "datakit.io.exports.webdataset:WebDataset",
        "parquet": "datakit.io.exports.parquet:Parquet",
        "numpy": "datakit.io.exports.numpy_chunks:NumpyChunks",
    },
)
"""Layouts that datakit writes, by the name that ``--format`` takes."""
