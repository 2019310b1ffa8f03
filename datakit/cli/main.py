"""The ``datakit`` command: the table of verbs, each imported when it is called."""

from __future__ import annotations

import os
from importlib import import_module

import click

from datakit.cli import ending, streams
from datakit.errors import DatakitError, printable
from datakit.records.suggestions import nearest
from datakit.verbs.table import VERBS, by_group
from datakit.version import __version__

OWN = {
    "completion": "Make TAB complete verbs, flags, values and paths in bash, zsh and fish.",
    "doctor": "Say what is installed here, and what each verb can do with it.",
}
"""Commands about datakit itself -> their summaries."""


class VerbTable(click.Group):
    """Knows the verbs by name and short help; imports one only to run it."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        """Return the verbs in the order of the work, then what is about datakit itself."""
        return [*VERBS, *OWN]

    def get_command(self, ctx: click.Context, name: str) -> click.Command | None:
        """Import a verb, or None for a name that is none."""
        if name == "completion":
            return import_module("datakit.cli.completion").command(app)  # type: ignore[no-any-return]
        if name == "doctor":
            return import_module("datakit.cli.doctor").command()  # type: ignore[no-any-return]
        if name not in VERBS:
            return None
        command: click.Command = import_module("datakit.cli.verb").command(VERBS[name])
        return command

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        """Find the verb; an unknown name is reported with the closest known one."""
        # Own names first: those of other packages take a while to look up.
        name = args[0] if args else ""
        if name and name not in OWN and name not in VERBS and not name.startswith("-"):
            close = nearest(name, self.list_commands(ctx))
            hint = f"did you mean {close!r}?" if close else "datakit --help lists them"
            ctx.fail(f"No such verb {name!r}; {hint}")
        return super().resolve_command(ctx, args)

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """List the verbs from the table, group by group."""
        for group, rows in by_group().items():
            with formatter.section(group):
                formatter.write_dl([(row.name, row.summary) for row in rows], col_max=10)
        with formatter.section("This installation"):
            formatter.write_dl([*OWN.items()], col_max=10)


@click.group(
    cls=VerbTable,
    epilog=(
        "\b\nEach verb explains itself:  datakit VERB --help\n"
        "A pipeline to start from:   datakit run --init roboflow > mine.yaml"
    ),
    context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100},
)
@click.version_option(__version__, "-V", "--version", prog_name="datakit")
def app() -> None:
    """Curate and annotate data for portrait segmentation and matting.

    Every verb reads SRC, which it never changes, and writes a new folder DST.
    Exit codes: 0 done; 1 done, with findings; 2 wrong usage or input, no dataset was written;
    3 done, but some items failed (see failures.jsonl); 70 a fault of datakit, of a library, or of
    the output's own; 130 interrupted.
    """


def main() -> int:
    """Run the command line and return its exit code."""
    streams.prepare()
    ending.listen(ending.end_at_once)
    # albumentations asks PyPI for its version when imported; datakit makes no such call.
    os.environ["NO_ALBUMENTATIONS_UPDATE"] = "1"
    try:
        app.main(prog_name="datakit", standalone_mode=False)
        code = 0
    except SystemExit as ended:
        code = ended.code if isinstance(ended.code, int) else ending.EXIT_FAULT
    except click.ClickException as error:
        error.message = printable(error.message)  # type: ignore[misc]
        error.show()
        code = error.exit_code
    except (click.Abort, KeyboardInterrupt):
        code = ending.interrupted(KeyboardInterrupt(), "again")
    except DatakitError as error:
        # What another package adds may be wrong before a verb begins.
        ending.report(f"Error: {error}")
        code = ending.EXIT_UNUSABLE
    except Exception as error:  # noqa: BLE001
        code = ending.fault(error)
    return ending.finish(code)
