"""The verb ``report``: its row of the table."""

from datakit.verbs.verb import Verb

ROW = Verb(
    name="report",
    group="Looking",
    summary="Show what is in a dataset, what was done and what is uncertain, in one HTML file.",
    text=(
        "SRC is a dataset that datakit wrote. The page needs no network and no other file; "
        "its pictures are small and come from the dataset alone. Findings of qc, the record "
        "of anonymize and the queue of prelabel are shown when they lie in the dataset or in "
        "a folder named with --records."
    ),
    examples=(
        "datakit report dataset -o report.html",
        "datakit report dataset -o report.html --records qc_report --records anonymized",
        "datakit report dataset -o report.html --overwrite --pictures 0",
    ),
)
