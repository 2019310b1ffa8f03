"""``datakit completion``: TAB completes verbs, flags, values and paths in bash, zsh and fish."""

from __future__ import annotations

import os
from pathlib import Path

import click
from click.shell_completion import get_completion_class

from datakit.cli.ending import EXIT_UNUSABLE, report
from datakit.errors import OutputError
from datakit.io.store import atomic

VARIABLE = "_DATAKIT_COMPLETE"
SHELLS = ("bash", "zsh", "fish")

_FILES = {
    "bash": ".local/share/bash-completion/completions/datakit",
    "zsh": ".local/share/zsh/site-functions/_datakit",
    "fish": ".config/fish/completions/datakit.fish",
}
"""Where a shell looks for the completions of one user, below the home folder."""

_NEXT = {
    "bash": "it works in new shells where the package bash-completion is installed",
    "zsh": "have `fpath+=~/.local/share/zsh/site-functions` before `compinit` in ~/.zshrc",
    "fish": "it works in new shells",
}


def script(app: click.Command, shell: str) -> str:
    """Return the text that makes a shell complete the commands of ``app``."""
    kind = get_completion_class(shell)
    if kind is None:
        raise ValueError(f"click completes no {shell}")
    return kind(app, {}, "datakit", VARIABLE).source()


def install(app: click.Command, shell: str, home: Path) -> Path:
    """Write the script where the shell looks for it; return that file.

    Raises
    ------
    OutputError
        If the file cannot be written.
    """
    target = home / _FILES[shell]
    target.parent.mkdir(parents=True, exist_ok=True)
    atomic.write_bytes(target, script(app, shell).encode())
    return target


def login_shell() -> str | None:
    """Return which of the shells the user's own is; None for another one."""
    name = Path(os.environ.get("SHELL", "")).name
    return name if name in SHELLS else None


def command(app: click.Command) -> click.Command:
    """Return ``completion`` for the command line ``app``."""

    def callback(what: str, shell: str | None) -> None:
        if what != "install":
            click.echo(script(app, what))
            return
        chosen = shell or login_shell()
        if chosen is None:
            raise click.UsageError(
                f"SHELL is {os.environ.get('SHELL', 'not set')!r}; name one of: {', '.join(SHELLS)}"
            )
        try:
            target = install(app, chosen, Path.home())
        except (OSError, OutputError) as error:
            report(f"Error: {error}; print the script with `datakit completion {chosen}` instead")
            raise SystemExit(EXIT_UNUSABLE) from None
        click.echo(f"{target} is written; {_NEXT[chosen]}")

    return click.Command(
        "completion",
        callback=callback,
        params=[
            click.Argument(["what"], type=click.Choice([*SHELLS, "install"])),
            click.Argument(["shell"], type=click.Choice(SHELLS), required=False),
        ],
        help=(
            "Print or install what makes TAB complete verbs, flags, values and paths.\n\n"
            "\b\ndatakit completion install         for the shell that SHELL names\n"
            "datakit completion install fish    for another one\n"
            'eval "$(datakit completion bash)"  for this shell only'
        ),
        context_settings={"help_option_names": ["-h", "--help"]},
    )
