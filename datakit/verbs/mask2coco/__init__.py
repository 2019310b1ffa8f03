"""The verb ``mask2coco``: its row of the table."""

from datakit.verbs.verb import Verb

ROW = Verb(
    name="mask2coco",
    group="Labels",
    summary="Turn masks into COCO polygons and RLE, with a measured loss.",
    text=(
        "SRC is a dataset with masks (of one class, of several, or of objects) or alphas, "
        "which are cut at one half. DST has Roboflow's layout: a folder per split with the "
        "images and _annotations.coco.json, which coco2mask and every COCO reader take. "
        "Polygons are as coarse as IoU and boundary IoU allow; outlines.jsonl says what each "
        "has lost."
    ),
    examples=(
        "datakit mask2coco dataset -o coco",
        "datakit mask2coco dataset -o people --instances component --holes bridge",
        "datakit mask2coco dataset -o exact --shapes rle",
        "datakit mask2coco folders -o coco --category skin --category hair",
    ),
)
