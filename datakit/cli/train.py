"""``datakit train``."""

from __future__ import annotations

import click
import msgspec
from rich import box
from rich.console import Console
from rich.markup import escape
from rich.table import Table

from datakit.cli.main import VERBS
from datakit.cli.verb import verb
from datakit.records.training import Training
from datakit.verbs.train.options import VERB, Options
from datakit.verbs.train.run import run


def show(result: Training, as_json: bool) -> None:
    """Print the scores before and after, and how to use the weights; or one JSON object."""
    if as_json:
        click.echo(msgspec.json.encode(result))
        return
    console = Console()
    counts = ", ".join(f"{count:,} {side}" for side, count in result.counts.items())
    console.print(f"  {result.model}, {result.parameters:,} parameters, {counts}", highlight=False)
    if result.best is not None:
        table = Table(title="on the held-out samples", box=box.SIMPLE_HEAD)
        for heading in ("score", "before", f"epoch {result.best.epoch}"):
            table.add_column(heading, justify="left" if heading == "score" else "right")
        for name, value in result.best.scores.items():
            table.add_row(name, f"{result.before.get(name, float('nan')):.4f}", f"{value:.4f}")
        console.print(table)
        where = f"{result.out}/{result.weights}"
        console.print(f"  weights: {escape(where)}", soft_wrap=True, highlight=False)
        console.print(
            f"  use them: datakit prelabel PHOTOS -o DRAFTS --model {result.model} "
            f"--weights {escape(where)}",
            soft_wrap=True,
            highlight=False,
        )
    if result.failed:
        console.print("  what could not be read, and why: failures.jsonl in it", highlight=False)
    for note in result.notes:
        console.print(f"  note: {escape(note)}", soft_wrap=True, highlight=False)


command = verb(
    VERB,
    Options,
    run,
    summary=VERBS[VERB],
    text=(
        "SRC is a dataset with masks or alphas. Its split val is held out, and its split test is "
        "never read; without a split val some groups are held out. DST gets model.safetensors (the "
        "best epoch's weights), history.jsonl, and a checkpoint that --resume goes on from."
    ),
    examples=[
        "datakit train reviewed -o model --size 320 --epochs 30",
        "datakit train reviewed -o model --model u2netp --weights u2netp.pth --lr 0.00002",
        "datakit train reviewed -o model --resume",
    ],
    show=show,
)
