"""The verb ``review``: its row of the table."""

from datakit.verbs.verb import Verb

ROW = Verb(
    name="review",
    group="Labels",
    summary="Look at uncertain labels on a local page, correct them, and apply the decisions.",
    text=(
        "Opens a page on this machine alone: drafts by uncertainty, findings of qc, photos "
        "that anonymize lists for a person. Keys accept, reject or flag; a brush corrects "
        "small errors. "
        "Every decision is appended to review.jsonl at once, beside SRC, which is never "
        "touched. --apply makes a dataset of the decisions."
    ),
    examples=(
        "datakit review drafts",
        "datakit review dataset --records qc_report --port 8000 --no-browser",
        "datakit review drafts --apply -o reviewed",
        "datakit review drafts --apply -o gold --only-accepted",
    ),
)
