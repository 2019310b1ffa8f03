"""What all verbs share on the command line: errors, exit codes, progress, the summary."""

from __future__ import annotations

import sys
import traceback
from collections.abc import Sequence
from typing import Any

import click

from datakit.cli import ending
from datakit.cli.flags import COMMON, FINE_TUNING, HOW_IT_RUNS, NEEDED, flags, grouped
from datakit.cli.progress import make_progress
from datakit.cli.results import escaped_json, show
from datakit.cli.values import Value
from datakit.errors import DatakitError, printable, resource_fault
from datakit.records.suggestions import nearest
from datakit.verbs.verb import Verb


def command(row: Verb) -> click.Command:
    """Make the command of a verb: a flag for each of its options, and the common ones."""
    options = row.options()

    def callback(*, as_json: bool, quiet: bool, verbose: bool, **values: Any) -> None:
        try:
            given = {key: tuple(v) if isinstance(v, list) else v for key, v in values.items()}
            run = row.run()
            progress = make_progress(quiet=quiet, noted=as_json)
            with ending.working():
                result = run(options(**given), progress)
        except (DatakitError, OSError) as error:
            if verbose:
                sys.stderr.write(escaped_traceback(error))
            ending.report(f"Error: {_sentence(error)}")
            sys.exit(ending.EXIT_UNUSABLE)
        except KeyboardInterrupt as error:
            resumes = "resume" in options.__struct_fields__
            way = "with --resume to go on" if resumes else "again: it goes on where it was"
            sys.exit(ending.interrupted(error, way))
        if as_json:
            click.echo(escaped_json(result, progress.notes))
        elif not quiet:
            show(result)
        sys.exit(result.exit_code)

    common: list[click.Parameter] = [
        click.Option(["--json", "as_json"], is_flag=True, help="print the summary as one JSON"),
        click.Option(["-q", "--quiet"], is_flag=True, help="no progress, no summary table"),
        click.Option(["-v", "--verbose"], is_flag=True, help="show tracebacks of errors"),
    ]
    return _Verb(
        row,
        callback=callback,
        params=[*flags(options), *common],
        context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100},
    )


def _sentence(error: DatakitError | OSError) -> str:
    """Return what is wrong as one sentence."""
    if isinstance(error, DatakitError):
        return str(error)
    if short := resource_fault(error):
        return short
    # A path that the user gave and nobody may look at, or that cannot be one.
    where = str(error.filename)[:200] if error.filename else "the file system"
    return f"{where}: {error.strerror or error}; check the path"


def escaped_traceback(error: BaseException) -> str:
    """Return a traceback whose messages hold no control characters."""
    lines = traceback.format_tb(error.__traceback__)
    last = f"{type(error).__name__}: {printable(str(error))}"
    return f"Traceback (most recent call last):\n{''.join(lines)}{last}\n"


class _Verb(click.Command):
    """A command with grouped help, whose flags may come from a file that is itself wrong."""

    def __init__(self, row: Verb, **settings: Any) -> None:
        super().__init__(row.name, help=row.summary, short_help=row.summary, **settings)
        self._row = row

    def format_help(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """Write usage, what is needed, what is common, examples, and then the rest."""
        self.format_usage(ctx, formatter)
        self.format_help_text(ctx, formatter)
        groups = grouped(self.get_params(ctx), self._row.common())
        for heading in (NEEDED, COMMON):
            _write_group(ctx, formatter, heading, groups[heading])
        with formatter.section("Examples"):
            # As they are: a line of a shell cannot be wrapped.
            formatter.write("".join(f"  {example}\n" for example in self._row.examples))
        formatter.write_paragraph()
        formatter.write_text(self._row.text)
        for heading in (FINE_TUNING, HOW_IT_RUNS):
            _write_group(ctx, formatter, heading, groups[heading])

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        """Parse flags and ``--config``; what is wrong with the file is a usage error."""
        try:
            return super().parse_args(ctx, args)
        except DatakitError as error:
            raise click.UsageError(str(error), ctx) from error
        except click.NoSuchOption as error:
            # click lists whatever looks alike, by the alphabet.
            known = [flag for one in self.get_params(ctx) for flag in one.opts + one.secondary_opts]
            close = nearest(error.option_name, [flag for flag in known if flag.startswith("--")])
            meant = [close] if close else []
            raise click.NoSuchOption(error.option_name, possibilities=meant, ctx=ctx) from error
        except click.MissingParameter as error:
            # click lists the choices on a line each; an error of ours is one sentence.
            kind = error.param.type if error.param else None
            if error.param is None or not isinstance(kind, Value) or not kind.choices:
                raise
            flag, listed = error.param.opts[-1], ", ".join(kind.choices)
            text = f"Missing option {flag!r}; choose one of: {listed}"
            raise click.UsageError(text, ctx) from error


def _write_group(
    ctx: click.Context,
    formatter: click.HelpFormatter,
    heading: str,
    parameters: Sequence[click.Parameter],
) -> None:
    rows = [row for one in parameters if (row := one.get_help_record(ctx)) is not None]
    if rows:
        with formatter.section(heading):
            formatter.write_dl(rows, col_max=26)
