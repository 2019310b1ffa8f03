"""The verb ``forget``: its row of the table."""

from datakit.verbs.verb import Verb

ROW = Verb(
    name="forget",
    group="Curation",
    summary="Find a photo and everything derived from it, and write datasets without them.",
    text=(
        "Looks in every SRC for the photo, its near-duplicates, crops and augmented copies, "
        "and shows them (exit code 1). With --apply each dataset is written without them, and "
        "removed.jsonl lists digests: no picture, no name. SRC is never touched."
    ),
    examples=(
        "datakit forget dataset more -o report --photo anna.jpg",
        "datakit forget dataset more -o cleared --photo anna.jpg --apply",
        "datakit forget dataset --photo anna.jpg --models model",
    ),
)
