"""``datakit matte``."""

from __future__ import annotations

from datakit.cli.main import VERBS
from datakit.cli.verb import verb
from datakit.verbs.matte.options import VERB, Options
from datakit.verbs.matte.run import run

command = verb(
    VERB,
    Options,
    run,
    summary=VERBS[VERB],
    text=(
        "SRC has images with masks or trimaps. Around a mask's outline an unknown band is laid, "
        "and the alpha in it is estimated from the photo. The alphas are tagged synthetic-alpha: "
        "good to train on, but no ground truth, and eval refuses them as such."
    ),
    examples=[
        "datakit matte dataset -o mattes",
        "datakit matte dataset -o mattes --faces mediapipe --cutouts",
        "datakit matte dataset -o quick --method guided --trimaps",
    ],
)
