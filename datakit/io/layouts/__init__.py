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
        "cvat": "datakit.io.layouts.cvat:CvatReader",
        "supervisely": "datakit.io.layouts.supervisely:SuperviselyReader",
        "label-studio": "datakit.io.layouts.label_studio:LabelStudioReader",
        "via": "datakit.io.layouts.via:ViaReader",
        "labelme": "datakit.io.layouts.labelme:LabelMeReader",
        "yolo-seg": "datakit.io.layouts.yolo_seg:YoloSegReader",
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
    group="datakit.layouts",
    families={"datumaro": "datakit.io.layouts.datumaro:reader_of"},
)
"""Layouts that datakit reads, by the name that ``--from`` takes."""

WRITERS: Registry[type[FileFormat] | type[ShardFormat]] = Registry(
    "export format",
    {
        "p3m": "datakit.io.layouts.p3m:P3mWriter",
        "u2net": "datakit.io.layouts.u2net:U2NetWriter",
        "modnet": "datakit.io.layouts.modnet:ModNetWriter",
        "dis": "datakit.io.layouts.dis:DisWriter",
        "composition": "datakit.io.layouts.composition:CompositionWriter",
        "rvm": "datakit.io.layouts.rvm:RvmWriter",
        "images-masks": "datakit.io.layouts.images_masks:ImagesMasksWriter",
        "imagefolder": "datakit.io.layouts.imagefolder:ImageFolderWriter",
        "voc": "datakit.io.layouts.voc:VocWriter",
        "coco": "datakit.io.layouts.coco:CocoWriter",
        "yolo-seg": "datakit.io.layouts.yolo_seg:YoloSegWriter",
        "roboflow": "datakit.io.layouts.roboflow:RoboflowWriter",
        "cvat": "datakit.io.layouts.cvat:CvatWriter",
        "label-studio": "datakit.io.layouts.label_studio:LabelStudioWriter",
        "labelme": "datakit.io.layouts.labelme:LabelMeWriter",
        "webdataset": "datakit.io.layouts.webdataset:WebDatasetWriter",
        "parquet": "datakit.io.layouts.parquet:ParquetWriter",
        "numpy": "datakit.io.layouts.numpy_chunks:NumpyWriter",
    },
    group="datakit.export_formats",
)
"""Layouts that datakit writes, by the name that ``--format`` takes."""
