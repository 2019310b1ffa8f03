"""One row of the table of verbs.

The package of a verb has a row, ``ROW``, and two modules by which it is found: ``options`` with a
record ``Options`` and ``COMMON``, the names of those that most people set, and ``run`` with a
function ``run``.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from importlib import import_module
from typing import TYPE_CHECKING, Any, NamedTuple

from datakit.registry import Registry

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
    package : str
        Where its modules are; empty for ``datakit.verbs.NAME``.
    picture : tuple of str
        The fields of a row that may name what the verb makes of a photo: where DST is named like a
        picture, that alone is written. Empty for verbs whose result is a dataset.
    """

    name: str
    group: str
    summary: str
    text: str
    examples: tuple[str, ...]
    package: str = ""
    picture: tuple[str, ...] = ()

    def options(self) -> type[Options]:
        """Import and return the record of the verb's options."""
        found: type[Options] = self._module("options").Options
        return found

    def common(self) -> tuple[str, ...]:
        """Import and return the options that help lists first, after those that are needed."""
        found: tuple[str, ...] = self._module("options").COMMON
        return found

    def run(self) -> Callable[..., Any]:
        """Import and return the function that does the work: ``run(options, progress)``.

        Its summary also has the seconds that all of it took, and how photos were converted.
        """
        found: Callable[..., Any] = self._module("run").run
        shared = import_module("datakit.verbs.shared.call")
        made: Callable[..., Any] = shared.summed_up(found)
        if self.picture:
            shared = import_module("datakit.verbs.shared.one_picture")
            made = shared.or_one_picture(made, self.picture)
        return made

    def _module(self, name: str) -> Any:
        return import_module(f"{self.package or f'datakit.verbs.{self.name}'}.{name}")


class Verbs(Mapping[str, Verb]):
    """The verbs by name: datakit's own, then those that other installed packages add.

    A row is imported when it is asked for. A package adds a verb by an entry point of the group
    ``datakit.verbs`` whose value is its `Verb`; entry points are looked for when a name is not
    datakit's own, or all verbs are listed.

    Parameters
    ----------
    rows : Registry of Verb
        The first parts are datakit's own.
    """

    def __init__(self, rows: Registry[Verb]) -> None:
        self._rows = rows

    @property
    def built_in(self) -> Mapping[str, Verb]:
        """The verbs that no other package adds."""
        return {name: self._rows.load(name) for name in self._rows.own()}

    def __getitem__(self, name: str) -> Verb:
        if name not in self._rows:
            raise KeyError(name)
        return self._rows.load(name)

    def __iter__(self) -> Iterator[str]:
        yield from self._rows.own()
        yield from self._rows.plugins()

    def __len__(self) -> int:
        return len(self._rows)
