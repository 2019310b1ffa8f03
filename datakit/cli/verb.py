"""What all verbs share on the command line: errors, exit codes, progress, the summary."""

from __future__ import annotations

import sys
import traceback
from collections.abc import Callable, Sequence
from typing import Any

import click
import msgspec

from datakit.cli.flags import flags
from datakit.cli.progress import make_progress
from datakit.errors import DatakitError
from datakit.records.base import Options
from datakit.records.summary import Summary

EXIT_UNUSABLE = 2
EXIT_INTERRUPTED = 130

Show = Callable[[Any, bool], None]


def verb(
    name: str,
    options: type[Options],
    run: Callable[..., Any],
    *,
    summary: str,
    text: str,
    examples: Sequence[str],
    show: Show | None = None,
) -> click.Command:
    """Make the command of a verb.

    Parameters
    ----------
    name : str
        The verb.
    options : type
        Its Options; every field is a flag.
    run : callable
        ``run(options, progress)`` -> a Summary, or a record with ``exit_code``.
    summary, text : str
        The line in the table of verbs, and the rest of the help.
    examples : sequence of str
        Command lines that work; shown by ``--help``.
    show : callable, optional
        ``show(result, as_json)`` prints the result; a summary table when None.
    """

    def callback(*, as_json: bool, quiet: bool, verbose: bool, **values: Any) -> None:
        try:
            given = {key: tuple(v) if isinstance(v, list) else v for key, v in values.items()}
            result = run(options(**given), make_progress(quiet=quiet))
        except DatakitError as error:
            if verbose:
                traceback.print_exc()
            click.echo(f"Error: {error}", err=True)
            sys.exit(EXIT_UNUSABLE)
        except OSError as error:
            # A path that the user gave and nobody may look at, or that cannot be one.
            if verbose:
                traceback.print_exc()
            where = str(error.filename)[:200] if error.filename else "the file system"
            click.echo(f"Error: {where}: {error.strerror or error}; check the path", err=True)
            sys.exit(EXIT_UNUSABLE)
        except KeyboardInterrupt:
            click.echo("Interrupted; run the same command with --resume to go on.", err=True)
            sys.exit(EXIT_INTERRUPTED)
        if not quiet or as_json:
            (show or show_summary)(result, as_json)
        sys.exit(result.exit_code)

    common: list[click.Parameter] = [
        click.Option(["--json", "as_json"], is_flag=True, help="print the summary as one JSON"),
        click.Option(["-q", "--quiet"], is_flag=True, help="no progress, no summary table"),
        click.Option(["-v", "--verbose"], is_flag=True, help="show tracebacks of errors"),
    ]
    return _Verb(
        name,
        callback=callback,
        params=[*flags(options), *common],
        help=f"{summary}\n\n{text}",
        short_help=summary,
        epilog="\b\nExamples:\n" + "\n".join(f"  {example}" for example in examples),
        context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100},
    )


class _Verb(click.Command):
    """A command whose flags may come from a file that is itself wrong."""

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        """Parse flags and ``--config``; what is wrong with the file is a usage error."""
        try:
            return super().parse_args(ctx, args)
        except DatakitError as error:
            raise click.UsageError(str(error), ctx) from error
        except click.MissingParameter as error:
            # click lists the choices on a line each; an error of ours is one sentence.
            kind = error.param.type if error.param else None
            if error.param is None or not isinstance(kind, click.Choice):
                raise
            flag, listed = error.param.opts[-1], ", ".join(map(str, kind.choices))
            text = f"Missing option {flag!r}; choose one of: {listed}"
            raise click.UsageError(text, ctx) from error


def show_summary(result: Summary, as_json: bool) -> None:
    """Print a summary to stdout."""
    if as_json:
        click.echo(msgspec.json.encode(result))
    else:
        # rich is imported when there is something to draw.
        from datakit.cli.tables import summary_table

        summary_table(result)
