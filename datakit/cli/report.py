"""``datakit report``."""

from __future__ import annotations

from datakit.cli.main import VERBS
from datakit.cli.verb import verb
from datakit.verbs.report.options import VERB, Options
from datakit.verbs.report.run import run

command = verb(
    VERB,
    Options,
    run,
    summary=VERBS[VERB],
    text=(
        "SRC is a dataset that datakit wrote. The page needs no network and no other file; its "
        "pictures are small and come from the dataset alone. Findings of qc, the record of "
        "anonymize and the queue of prelabel are shown when they lie in the dataset or in a "
        "folder named with --records."
    ),
    examples=[
        "datakit report dataset -o report.html",
        "datakit report dataset -o report.html --records qc_report --records anonymized",
        "datakit report dataset -o report.html --overwrite --pictures 0",
    ],
)
