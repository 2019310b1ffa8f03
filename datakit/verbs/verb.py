"""One row of the table of verbs.

The package of a verb has two modules by which it is found: ``options`` with a record ``Options``
and ``COMMON``, the names of those that most people set, and ``run`` with a function ``run``.
"""

from __future__ import annotations

from collections.abc import Callable
from importlib import import_module
from typing import TYPE_CHECKING, Any, NamedTuple

if TYPE_CHECKING:
    from datakit.records.base import Options


class Verb(NamedTuple):
    """What is known of a verb before it is imported.

    Parameters
    ----------
    name : str
        The word on the command line, the function of `datakit`, and the package below this one.
    group : str
        The heading under which ``datakit --help`` and docs/README.md list it.
    summary : str
        One sentence.
    text : str
        The rest of its help.
    examples : tuple of str
        Command lines that work.
    """

    name: str
    group: str
    summary: str
    text: str
    examples: tuple[str, ...]

    def options(self) -> type[Options]:
        """Import and return the record of the verb's options."""
        found: type[Options] = self._options_module().Options
        return found

    def common(self) -> tuple[str, ...]:
        """Import and return the options that help lists first, after those that are needed."""
        found: tuple[str, ...] = self._options_module().COMMON
        return found

    def run(self) -> Callable[..., Any]:
        """Import and return the function that does the work: ``run(options, watch)``."""
        found: Callable[..., Any] = import_module(f"datakit.verbs.{self.name}.run").run
        return found

    def _options_module(self) -> Any:
        return import_module(f"datakit.verbs.{self.name}.options")
