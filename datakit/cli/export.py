"""``datakit export``."""

from __future__ import annotations

from datakit.cli.main import VERBS
from datakit.cli.verb import verb
from datakit.verbs.export.options import VERB, Options
from datakit.verbs.export.run import run

command = verb(
    VERB,
    Options,
    run,
    summary=VERBS[VERB],
    text=(
        "SRC is a dataset, or anything else that datakit reads with masks or alphas. What a layout "
        "cannot carry is said at the end and in docs/export.md. DST keeps datakit's own "
        "metadata.jsonl, dataset.json and failures.jsonl at its root, where none of these loaders "
        "looks."
    ),
    examples=[
        "datakit export dataset -o p3m --format p3m --size 512x512 --fit crop",
        "datakit export dataset -o train_data --format u2net",
        "datakit export dataset -o coco --format coco",
        "datakit export dataset -o shards --format webdataset --shard-samples 5000 --shuffle 7",
        "datakit export dataset -o arrays --format numpy --size 320x320",
    ],
)
