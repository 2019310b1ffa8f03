"""The values of command-line flags: taken as people write them, shown in help, completed by TAB."""

from __future__ import annotations

from typing import Any

import click
from click.shell_completion import CompletionItem

from datakit.errors import InputError
from datakit.records.option_values import choices_of, meant

MAX_SHOWN = 40
"""Characters of choices that stand for a value in help; longer lists are in the description."""


class Value(click.ParamType):  # type: ignore[type-arg]
    """The value of one option, or one of its values.

    Parameters
    ----------
    bare : Any
        The option's type without notes.
    extra : dict
        Of its notes.
    """

    def __init__(self, bare: Any, extra: dict[str, Any]) -> None:
        self._bare, self._extra = bare, extra
        self.choices = choices_of(bare, extra)
        self.name = self._extra.get("metavar") or self._what()

    def _what(self) -> str:
        listed = "|".join(self.choices)
        if self.choices:
            return f"[{listed}]" if len(listed) <= MAX_SHOWN else "NAME"
        if self.is_path:
            return "PATH"
        return "NUMBER" if self._bare in (int, float) else "TEXT"

    @property
    def is_path(self) -> bool:
        """Whether the value names a file or a folder."""
        return "input" in self._extra or "output" in self._extra

    def get_metavar(self, param: click.Parameter, ctx: click.Context) -> str:
        """Return the word that stands for the value in help."""
        return self.name

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> Any:
        """Return the value that is meant; a usage error says what was expected."""
        try:
            found = meant(value, self._bare, self._extra)
        except InputError as error:
            self.fail(str(error), param, ctx)
        if self._bare not in (int, float):
            return str(found)
        try:
            return self._bare(found)
        except (TypeError, ValueError):
            expected = "a whole number" if self._bare is int else "a number"
            self.fail(f"expected {expected}; found {value!r}", param, ctx)

    def shell_complete(
        self, ctx: click.Context, param: click.Parameter, incomplete: str
    ) -> list[CompletionItem]:
        """Return the choices that begin so; for a path, word that the shell completes files."""
        found = [CompletionItem(one) for one in self.choices if one.startswith(incomplete)]
        return [*found, CompletionItem(incomplete, type="file")] if self.is_path else found
