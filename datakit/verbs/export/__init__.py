"""The verb ``export``: its row of the table."""

from datakit.verbs.verb import Verb

ROW = Verb(
    name="export",
    group="Training",
    summary="Write a dataset in another program's layout: P3M, U-2-Net, COCO, shards.",
    text=(
        "SRC is a dataset, or anything else that datakit reads with masks or alphas. What a "
        "layout cannot carry is listed at the end and in docs/export.md. DST keeps datakit's "
        "own metadata.jsonl, dataset.json and failures.jsonl at its root."
    ),
    examples=(
        "datakit export dataset -o p3m --format p3m --size 512x512 --fit crop",
        "datakit export dataset -o train_data --format u2net",
        "datakit export dataset -o coco --format coco",
        "datakit export dataset -o shards --format webdataset --shard-samples 5000 --shuffle 7",
        "datakit export dataset -o arrays --format numpy --size 320x320",
    ),
)
