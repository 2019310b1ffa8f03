"""Readers and writers of other people's layouts, by name."""

from __future__ import annotations

from typing import TYPE_CHECKING

from datakit.registry import Registry

if TYPE_CHECKING:  # the names are for --help, which loads no library of pixels
    from datakit.io.layouts.base import Reader
    from datakit.io.layouts.writer import FileFormat, ShardFormat

READERS: Registry[type[Reader]] = Registry(
    "format",
    {
        # In the order in which a source is asked: the most particular layout first.
        "datakit": "datakit.io.layouts.datakit:DatasetReader",
        "coco": "datakit.io.layouts.coco:CocoReader",
        "parquet": "datakit.io.layouts.parquet:ParquetReader",
        "webdataset": "datakit.io.layouts.webdataset:WebDatasetReader",
        "numpy": "datakit.io.layouts.numpy_chunks:NumpyReader",
        "imagefolder": "datakit.io.layouts.imagefolder:ImageFolderReader",
        "voc": "datakit.io.layouts.voc:VocReader",
        "cityscapes": "datakit.io.layouts.cityscapes:CityscapesReader",
        "p3m": "datakit.io.layouts.p3m:P3mReader",
        "u2net": "datakit.io.layouts.u2net:U2NetReader",
        "composition": "datakit.io.layouts.composition:CompositionReader",
        "rvm": "datakit.io.layouts.rvm:RvmReader",
        "dis": "datakit.io.layouts.dis:DisReader",
        "modnet": "datakit.io.layouts.modnet:ModNetReader",
        "images-masks": "datakit.io.layouts.images_masks:ImagesMasksReader",
        "suffixes": "datakit.io.layouts.suffixes:SuffixesReader",
        "two-folders": "datakit.io.layouts.two_folders:TwoFoldersReader",
        "photos": "datakit.io.layouts.photos:PhotosReader",
    },
)
"""Layouts that datakit reads, by the name that ``--from`` takes."""

WRITERS: Registry[type[FileFormat] | type[ShardFormat]] = Registry(
    "export format",
    {
        "p3m": "datakit.io.layouts.p3m:P3mWriter",
        "u2net": "datakit.io.layouts.u2net:U2NetWriter",
        "modnet": "datakit.io.layouts.modnet:ModNetWriter",
        "images-masks": "datakit.io.layouts.images_masks:ImagesMasksWriter",
        "coco": "datakit.io.exports.coco:Coco",
        "yolo-seg": "datakit.io.exports.yolo_seg:YoloSeg",
        "roboflow": "datakit.io.exports.coco_folders:CocoFolders",
        "cvat": "datakit.io.exports.cvat:Cvat",
        "label-studio": "datakit.io.exports.label_studio:LabelStudio",
        "labelme": "datakit.io.exports.labelme:LabelMe",
        "webdataset": "datakit.io.layouts.webdataset:WebDatasetWriter",
        "parquet": "datakit.io.layouts.parquet:ParquetWriter",
        "numpy": "datakit.io.layouts.numpy_chunks:NumpyWriter",
    },
)
"""Layouts that datakit writes, by the name that ``--format`` takes."""
