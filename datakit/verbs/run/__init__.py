"""The verb ``run``: its row of the table."""

from datakit.verbs.verb import Verb

ROW = Verb(
    name="run",
    group="Pipelines",
    summary="Walk a pipeline file; what is up to date is not done again.",
    text=(
        "PIPELINE.yaml lists steps: a verb each, with its options. Results go to DST/STEP, "
        "and DST/run.json says what was done. Run it again after any change or kill: only "
        "what changed, and what depends on it, is done again. --init prints a commented "
        "example."
    ),
    examples=(
        "datakit run --init roboflow > mine.yaml",
        "datakit run mine.yaml -o result --dry-run",
        "datakit run mine.yaml -o result",
        "datakit run mine.yaml -o result --explain",
    ),
)
