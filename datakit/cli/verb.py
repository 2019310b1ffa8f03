"""What all verbs share on the command line: errors, exit codes, progress, the summary."""

from __future__ import annotations

import sys
import traceback
from typing import Any

import click
import msgspec

from datakit.cli.flags import flags
from datakit.cli.progress import make_progress
from datakit.cli.results import show
from datakit.errors import DatakitError
from datakit.verbs.verb import Verb

EXIT_UNUSABLE = 2
EXIT_INTERRUPTED = 130


def command(row: Verb) -> click.Command:
    """Make the command of a verb: a flag for each of its options, and the common ones."""
    options = row.options()

    def callback(*, as_json: bool, quiet: bool, verbose: bool, **values: Any) -> None:
        try:
            given = {key: tuple(v) if isinstance(v, list) else v for key, v in values.items()}
            result = row.run()(options(**given), make_progress(quiet=quiet))
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
            resumes = "resume" in options.__struct_fields__
            way = "with --resume to go on" if resumes else "again: it goes on where it was"
            click.echo(f"Interrupted; run the same command {way}.", err=True)
            sys.exit(EXIT_INTERRUPTED)
        if as_json:
            click.echo(msgspec.json.encode(result))
        elif not quiet:
            show(result)
        sys.exit(result.exit_code)

    common: list[click.Parameter] = [
        click.Option(["--json", "as_json"], is_flag=True, help="print the summary as one JSON"),
        click.Option(["-q", "--quiet"], is_flag=True, help="no progress, no summary table"),
        click.Option(["-v", "--verbose"], is_flag=True, help="show tracebacks of errors"),
    ]
    return _Verb(
        row.name,
        callback=callback,
        params=[*flags(options), *common],
        help=f"{row.summary}\n\n{row.text}",
        short_help=row.summary,
        epilog="\b\nExamples:\n" + "\n".join(f"  {example}" for example in row.examples),
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
