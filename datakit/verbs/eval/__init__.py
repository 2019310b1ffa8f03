"""The verb ``eval``: its row of the table."""

from datakit.verbs.verb import Verb

ROW = Verb(
    name="eval",
    group="Training",
    summary="Measure predicted mattes or masks against the truth, as the field does.",
    text=(
        "SRC is PRED GT: two folders of mattes or masks with equal names (pictures or .npy), "
        "or datasets. docs/eval.md lists how the profiles differ. Intervals are of the mean, "
        "by the bootstrap. With --between, SRC are several people's labels of the same "
        "images, and --consensus makes one label of them."
    ),
    examples=(
        "datakit eval predictions truth",
        "datakit eval predictions truth -o report --profile p3m --trimap p3m",
        "datakit eval --compare new old truth --json",
        "datakit eval --between anna ben carla",
        "datakit eval --between anna ben carla --consensus staple -o agreed",
    ),
)
