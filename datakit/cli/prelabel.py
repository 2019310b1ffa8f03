"""``datakit prelabel``."""

from __future__ import annotations

import click
import msgspec

from datakit.cli.main import VERBS
from datakit.cli.verb import verb
from datakit.records.drafting import Drafting
from datakit.records.summary import Summary
from datakit.verbs.prelabel.options import VERB, Options
from datakit.verbs.prelabel.run import run


def show(result: Summary, as_json: bool) -> None:
    """Print the summary and, where photos were drafted, what each stage of the work took."""
    if as_json:
        click.echo(msgspec.json.encode(result))
        return
    from datakit.cli.tables import stage_table, summary_table

    summary_table(result)
    if isinstance(result, Drafting) and result.stages:
        stage_table(result)


command = verb(
    VERB,
    Options,
    run,
    summary=VERBS[VERB],
    text=(
        "SRC has photos; DST gets an alpha and a mask for each, annotations.coco.json, and "
        "queue.csv, the most doubtful draft first. mediapipe-selfie needs no download; other "
        "models take --weights. Every label says which model made it, and its licence. After a "
        "review, --merge REVIEWED --into DST brings the corrected labels back."
    ),
    examples=[
        "datakit prelabel photos -o drafts",
        "datakit prelabel photos -o drafts --model u2netp --weights u2netp.onnx --tta flip",
        "datakit prelabel photos -o drafts --refine --largest 1 --second mediapipe-selfie",
        "datakit prelabel more-photos -o more-drafts --calibrate drafts",
        "datakit prelabel --merge reviewed --into drafts",
    ],
    show=show,
)
