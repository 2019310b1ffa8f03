"""``datakit mask2coco``."""

from __future__ import annotations

from datakit.cli.main import VERBS
from datakit.cli.verb import verb
from datakit.verbs.mask2coco.options import VERB, Options
from datakit.verbs.mask2coco.run import run

command = verb(
    VERB,
    Options,
    run,
    summary=VERBS[VERB],
    text=(
        "SRC is a dataset with masks (of one class, of several, or of objects) or alphas, which "
        "are cut at one half. DST has Roboflow's layout: a folder a split with the images and "
        "_annotations.coco.json, which coco2mask and every COCO reader take. Polygons are as "
        "coarse as IoU and boundary IoU allow; outlines.jsonl says what each has lost."
    ),
    examples=[
        "datakit mask2coco dataset -o coco",
        "datakit mask2coco dataset -o people --instances component --holes bridge",
        "datakit mask2coco dataset -o exact --shapes rle",
        "datakit mask2coco folders -o coco --category skin --category hair",
    ],
)
