"""The verb ``stats``: its row of the table."""

from datakit.verbs.verb import Verb

ROW = Verb(
    name="stats",
    group="Looking",
    summary="Count, plot and preview an export or a dataset.",
    text="With -o, also writes the plots as one SVG, and draws samples with their labels.",
    examples=(
        "datakit stats export.zip",
        "datakit stats dataset -o stats --preview 24",
        "datakit stats dataset --json",
    ),
)
