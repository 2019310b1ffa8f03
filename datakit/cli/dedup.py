"""``datakit dedup``."""

from __future__ import annotations

from datakit.cli.main import VERBS
from datakit.cli.verb import verb
from datakit.verbs.dedup.options import VERB, Options
from datakit.verbs.dedup.run import run

command = verb(
    VERB,
    Options,
    run,
    summary=VERBS[VERB],
    text=(
        "Writes clusters.csv, clusters.json and a contact sheet. Nothing is deleted: with --drop, "
        "DST becomes a dataset without the extra copies, and clusters.csv lists the kept and the "
        "dropped."
    ),
    examples=[
        "datakit dedup photos -o report",
        "datakit dedup dataset -o unique --drop",
        "datakit dedup export -o report --duplicates exact",
    ],
)
