"""The verb ``validate``: its row of the table."""

from datakit.verbs.verb import Verb

ROW = Verb(
    name="validate",
    group="Looking",
    summary="Check an export or a dataset, and list every problem.",
    text=(
        "Every image and label is decoded, and every annotation and row checked. Problems are "
        "shown by reason; -o and --json have all rows. Exit code 1 when there is a problem."
    ),
    examples=(
        "datakit validate export.zip",
        "datakit validate export.zip -o problems",
        "datakit validate annotations.json --images-dir photos",
    ),
)
