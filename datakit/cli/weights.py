"""``datakit weights``."""

from __future__ import annotations

import click
import msgspec
from rich import box
from rich.console import Console
from rich.markup import escape
from rich.table import Table

from datakit.cli.main import VERBS
from datakit.cli.verb import verb
from datakit.records.stored_weights import StoredWeights, WeightsReport
from datakit.verbs.weights.options import VERB, Options
from datakit.verbs.weights.run import run


def show(result: WeightsReport, as_json: bool) -> None:
    """Print a table; for ``path`` the path alone, so that a shell can use it."""
    if as_json:
        click.echo(msgspec.json.encode(result))
    elif result.action == "path":
        click.echo(result.weights[0].path)
    elif result.action == "list":
        _print_table(result)
    else:
        (row,) = result.weights
        click.echo(f"{row.name}: {result.note}; licence {_licence(row)}, sha256 {row.sha256}")


def _print_table(result: WeightsReport) -> None:
    console = Console()
    if not console.is_terminal:
        for row in result.weights:
            words = (row.name, _licence(row), row.sha256, row.path or _way(row), row.source)
            click.echo("\t".join(word or "-" for word in words))
        return
    table = Table(box=box.SIMPLE_HEAD)
    for heading in ("name", "licence", "sha256", "where"):
        table.add_column(heading, overflow="fold")
    for row in result.weights:
        digest = f"{row.sha256[:12]}…" if row.sha256 else "-"
        where = row.path or ("to pull" if row.download else "not here")
        style = "" if row.path else "dim"
        table.add_row(row.name, _licence(row), digest, escape(where), style=style)
    console.print(table)
    if any(row.download and not row.path for row in result.weights):
        console.print("  what is to pull: datakit weights pull NAME", highlight=False)


def _licence(row: StoredWeights) -> str:
    return f"{row.licence} (NonCommercial)" if row.noncommercial else row.licence


def _way(row: StoredWeights) -> str:
    return f"not here: datakit weights pull {row.name}" if row.download else "not here"


command = verb(
    VERB,
    Options,
    run,
    summary=VERBS[VERB],
    text=(
        "Weights are found through --weights, DATAKIT_WEIGHTS (folders) and the user's cache, in "
        "this order. `add` checks a file and copies it into the cache. `pull` is the only thing "
        "in datakit that downloads: from the address in the table, held against its sha256."
    ),
    examples=[
        "datakit weights list",
        "datakit weights pull u2netp",
        "datakit weights add mine.safetensors --licence MIT",
        "datakit weights path u2netp",
    ],
    show=show,
)
