"""``datakit augment``."""

from __future__ import annotations

from datakit.cli.main import VERBS
from datakit.cli.verb import verb
from datakit.verbs.augment.options import VERB, Options
from datakit.verbs.augment.run import run

command = verb(
    VERB,
    Options,
    run,
    summary=VERBS[VERB],
    text=(
        "Only train is augmented; val and test are never touched (--also names one on purpose). "
        "Image, mask, alpha and trimap move together, and every copy records its original, its "
        "seed and the parameters that were drawn. The same seed gives the same bytes with any "
        "number of workers, and whatever other samples there are. DST holds the copies; with "
        "--include-originals also the originals of all splits, byte for byte."
    ),
    examples=[
        "datakit augment dataset -o more --preset p3m --copies 4 --seed 7",
        "datakit augment dataset -o more --pipeline mine.yaml --include-originals --preview 6",
        "datakit augment dataset -o more --backgrounds rooms --match-colours 0.3",
        "datakit augment dataset -o one --replay train/anna__aug2.jpg --manifest more",
    ],
)
