"""``datakit anonymize``."""

from __future__ import annotations

from datakit.cli.main import VERBS
from datakit.cli.verb import verb
from datakit.verbs.anonymize.options import VERB, Options
from datakit.verbs.anonymize.run import run

command = verb(
    VERB,
    Options,
    run,
    summary=VERBS[VERB],
    text=(
        "SRC is a folder of photos, a datakit dataset, or images with alphas. Each face that a "
        "detector finds is masked along its landmarks and blurred; with a matte, the soft "
        "boundary of the person stays as it is. A photo reaches DST only when every face that "
        "was found is hidden; photos without a face and doubtful ones are listed in "
        "DST/review.csv (exit code 1). DST/anonymize.jsonl records every face. No metadata but "
        "the colour profile is kept, and nothing is downloaded."
    ),
    examples=[
        "datakit anonymize photos -o safe",
        "datakit anonymize photos -o safe --alpha-dir mattes --preview 12",
        "datakit anonymize photos -o safe --method solid --on-residual solid",
        "datakit anonymize photos -o safe --release back.jpg,empty.jpg --resume",
    ],
)
