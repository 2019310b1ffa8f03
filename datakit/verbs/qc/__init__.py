"""The verb ``qc``: its row of the table."""

from datakit.verbs.verb import Verb

ROW = Verb(
    name="qc",
    group="Mattes",
    summary="Find what is wrong with alpha mattes, and repair what is certain.",
    text=(
        "Writes a page to read (qc.html), findings (qc.jsonl, qc.csv), all measurements "
        "(qc.parquet), plots (qc.svg) and a contact sheet of the worst samples of each check. "
        "Exit code 1 when a finding reaches --fail-on. Thresholds are changed in the YAML of "
        "--config; --rejudge applies them to measurements that were kept."
    ),
    examples=(
        "datakit qc mattes -o report",
        "datakit qc mattes -o report --target fg_ratio=0.5+-0.2 --fail-on warning",
        "datakit qc mattes -o repaired --fix safe",
        "datakit qc --rejudge report/qc.parquet --config strict.yaml",
    ),
)
