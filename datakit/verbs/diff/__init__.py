"""The verb ``diff``: its row of the table."""

from datakit.verbs.verb import Verb

ROW = Verb(
    name="diff",
    group="Looking",
    summary="Compare two datasets: samples, splits, images, labels.",
    text=(
        "SRC is A B: two datasets, or a dataset and what came back of its export. Samples are "
        "found again by id, name or content. Labels are compared class by class. Exit code 1 "
        "when anything differs. With -o, diff.html is the page to read."
    ),
    examples=(
        "datakit diff old new",
        "datakit diff old new -o changes",
        "datakit diff dataset reviewed_export --json",
    ),
)
