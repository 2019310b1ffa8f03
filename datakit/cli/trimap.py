"""``datakit trimap``."""

from __future__ import annotations

from datakit.cli.main import VERBS
from datakit.cli.verb import verb
from datakit.verbs.trimap.options import VERB, Options
from datakit.verbs.trimap.run import run

command = verb(
    VERB,
    Options,
    run,
    summary=VERBS[VERB],
    text=(
        "SRC has images with masks (--style band) or alphas (any style). A trimap is 0 in the "
        "background, 255 in the foreground and 128 where the alpha is to be found."
    ),
    examples=[
        "datakit trimap dataset -o trimaps",
        "datakit trimap p3m -o trimaps --style p3m --kernel 25",
        "datakit trimap dataset -o trimaps --style dim --reach 10",
    ],
)
