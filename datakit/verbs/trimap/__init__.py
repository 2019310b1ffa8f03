"""The verb ``trimap``: its row of the table."""

from datakit.verbs.verb import Verb

ROW = Verb(
    name="trimap",
    group="Mattes",
    summary="Make trimaps from masks or alphas, P3M- or DIM-style too.",
    text=(
        "SRC has images with masks (--style band) or alphas (any style). A trimap is 0 in the "
        "background, 255 in the foreground and 128 where the alpha is to be found."
    ),
    examples=(
        "datakit trimap dataset -o trimaps",
        "datakit trimap p3m -o trimaps --style p3m --kernel 25",
        "datakit trimap dataset -o trimaps --style dim --reach 10",
    ),
)
