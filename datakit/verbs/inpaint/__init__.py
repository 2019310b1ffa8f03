"""The verb ``inpaint``: its row of the table."""

from datakit.verbs.verb import Verb

ROW = Verb(
    name="inpaint",
    group="Mattes",
    summary="Remove the labelled people and restore the background: clean plates.",
    text=(
        "SRC has photos with masks or alphas. A plate in which a segmenter or a face detector "
        "still sees a person is not in the dataset; DST/review.csv lists it (exit code 1)."
    ),
    examples=(
        "datakit inpaint dataset -o plates",
        "datakit inpaint dataset -o plates --shadows --layers",
    ),
    picture=("file_name",),
)
