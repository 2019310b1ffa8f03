"""The verb ``run``: its row of the table."""

from datakit.verbs.verb import Verb

ROW = Verb(
    name="run",
    group="Pipelines",
    summary="Run a pipeline file; steps that are up to date are skipped.",
    text=(
        "PIPELINE.yaml lists the steps: one verb per step, with its options. Results go to "
        "DST/STEP, and DST/run.json says what was done. Run it again after any change or kill: "
        "only what changed, and what depends on it, is done again. --init prints a commented "
        "example."
    ),
    examples=(
        "datakit run --init roboflow > mine.yaml",
        "datakit run mine.yaml -o result --dry-run",
        "datakit run mine.yaml -o result",
        "datakit run mine.yaml -o result --explain",
    ),
)
