"""The verb ``coco2mask``: its row of the table."""

from datakit.verbs.verb import Verb

ROW = Verb(
    name="coco2mask",
    group="Labels",
    summary="Turn COCO polygons and RLE (Roboflow exports) into masks.",
    text=(
        "SRC is an export folder with any of train/ valid/ test/, a folder with "
        "_annotations.coco.json, a .zip of these, or a COCO .json with --images DIR. Several "
        "may be given. Every form of annotation is read: polygon lists, flat polygons, "
        "compressed and uncompressed RLE, boxes. Annotations that are wrong are listed in "
        "DST/failures.jsonl and never painted."
    ),
    examples=(
        "datakit coco2mask export.zip -o dataset",
        "datakit coco2mask export -o soft --kind coverage",
        "datakit coco2mask export -o people --kind semantic --category person --size 512x512",
        "datakit coco2mask annotations.json --images photos -o dataset",
    ),
)
