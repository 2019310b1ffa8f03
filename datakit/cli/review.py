"""``datakit review``."""

from __future__ import annotations

import click

from datakit.cli.main import VERBS
from datakit.cli.verb import verb
from datakit.records.summary import Summary
from datakit.verbs.review.options import VERB, Options
from datakit.verbs.review.run import run
from datakit.verbs.shared.progress import ProgressListener


def run_aloud(options: Options, progress: ProgressListener | None = None) -> Summary:
    """Run with the page's address told on stderr."""
    return run(options, progress, lambda text: click.echo(text, err=True))


command = verb(
    VERB,
    Options,
    run_aloud,
    summary=VERBS[VERB],
    text=(
        "Opens a page on this machine alone: drafts by doubt, findings of qc, photos that "
        "anonymize lists for a person. Keys accept, reject, flag; a brush mends small errors. "
        "Every decision is appended to review.jsonl at once, beside SRC, which is never touched. "
        "--apply makes a dataset of the decisions."
    ),
    examples=[
        "datakit review drafts",
        "datakit review dataset --records qc_report --port 8000 --no-browser",
        "datakit review drafts --apply -o reviewed",
        "datakit review drafts --apply -o gold --only-accepted",
    ],
)
