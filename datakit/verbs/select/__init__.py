"""The verb ``select``: its row of the table."""

from datakit.verbs.verb import Verb

ROW = Verb(
    name="select",
    group="Curation",
    summary="Make a dataset of chosen samples: by condition, list, at random or by similarity.",
    text=(
        "Every file, label and field of a chosen sample is carried over unchanged, and several "
        "sources become one set. --where, --ids and --join say which samples may be taken; of "
        "these --n takes some at random, --diverse the most varied, --like those most like a "
        "photo, --outliers the most unusual. DST/selection.csv lists the choice."
    ),
    examples=(
        "datakit select dataset -o some --where \"fg_ratio > 0.2 and split == 'train'\"",
        "datakit select dataset more -o sample --n 500 --stratify categories --seed 7",
        "datakit select dataset -o varied --diverse 500",
        "datakit select dataset -o alike --like photo.jpg --top 50",
        'datakit select dataset -o rated --join ratings.csv --where "stars >= 4"',
    ),
)
