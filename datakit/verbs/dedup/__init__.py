"""The verb ``dedup``: its row of the table."""

from datakit.verbs.verb import Verb

ROW = Verb(
    name="dedup",
    group="Curation",
    summary="Find exact and near duplicates, flipped and turned ones too.",
    text=(
        "Writes clusters.csv, clusters.json and a contact sheet. Nothing is deleted: with "
        "--drop, DST becomes a dataset without the extra copies, and clusters.csv lists the "
        "kept and the dropped."
    ),
    examples=(
        "datakit dedup photos -o report",
        "datakit dedup dataset -o unique --drop",
        "datakit dedup export -o report --duplicates exact",
    ),
)
