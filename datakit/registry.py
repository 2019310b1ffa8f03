"""Names for interchangeable parts (formats, engines, models, checks), imported when first used."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from importlib import import_module
from typing import Any, Generic, TypeVar, cast

from datakit.errors import InputError

T = TypeVar("T")


class Registry(Generic[T]):
    """A family of parts by name; each part is written as ``"module:attribute"`` and loaded lazily.

    Parameters
    ----------
    family : str
        What the parts are, in the singular; it is the subject of error messages.
    parts : mapping of str to str, optional
        The first parts, name to ``"module:attribute"``.
    group : str, optional
        The group of entry points by which other installed packages add parts. They are looked for
        when a name is not among the first parts, or all are listed: that takes some 50 ms.
    families : mapping of str to str, optional
        Parts that another package names: ``FAMILY:NAME`` is what the function
        ``"module:attribute"`` gives for NAME. They are not listed.

    Raises
    ------
    ValueError
        If a name is added twice, or a target is not ``"module:attribute"``.

    Examples
    --------
    >>> joins: Registry[Any] = Registry("join", {"path": "posixpath:join"})
    >>> joins.load("path")("a", "b")
    'a/b'
    >>> joins.load("pth")
    Traceback (most recent call last):
    datakit.errors.InputError: join 'pth' is not known; choose one of: path
    """

    def __init__(
        self,
        family: str,
        parts: Mapping[str, str] | None = None,
        group: str | None = None,
        families: Mapping[str, str] | None = None,
    ) -> None:
        self.family = family
        self.group = group
        self._families = dict(families or {})
        self._targets: dict[str, str] = {}
        self._plugins: dict[str, str] | None = None
        for name, target in (parts or {}).items():
            self.add(name, target)

    def add(self, name: str, target: str) -> None:
        """Add a part; a name that is taken raises ValueError instead of replacing it."""
        if name in self._targets:
            raise ValueError(f"{self.family} {name!r} is registered twice: {self._targets[name]}")
        if target.count(":") != 1:
            raise ValueError(f"{self.family} {name!r}: expected 'module:attribute', got {target!r}")
        self._targets[name] = target

    def load(self, name: str) -> T:
        """Import and return the part; an unknown name raises InputError with the known ones."""
        if name not in self:
            known = ", ".join(self) or "none is registered"
            raise InputError(f"{self.family} {name!r} is not known; choose one of: {known}")
        family, _, inner = name.partition(":")
        if inner:
            return cast(T, _imported(self._families[family])(inner))
        return cast(T, _imported(self._targets.get(name) or self.plugins()[name]))

    def __iter__(self) -> Iterator[str]:
        # Those of other packages first: a layout of somebody's own is more particular than ours.
        return iter([*self.plugins(), *self._targets])

    def __len__(self) -> int:
        return len(self._targets) + len(self.plugins())

    def __contains__(self, name: object) -> bool:
        family, _, inner = str(name).partition(":")
        if inner:
            return family in self._families
        return name in self._targets or name in self.plugins()

    def own(self) -> tuple[str, ...]:
        """Return the names of the parts that no other package adds."""
        return tuple(self._targets)

    def plugins(self) -> Mapping[str, str]:
        """Return the parts of other packages, name -> ``"module:attribute"``.

        Raises
        ------
        InputError
            If one has the name of another part.
        """
        if self._plugins is None:
            self._plugins = self._found()
        return self._plugins

    def _found(self) -> dict[str, str]:
        if self.group is None:
            return {}
        from importlib.metadata import entry_points

        found: dict[str, str] = {}
        for point in entry_points(group=self.group):
            package = point.dist.name if point.dist else point.value
            if point.name in self._targets or point.name in found:
                raise InputError(
                    f"{self.family} {point.name!r} of the package {package}: this name is taken; "
                    "uninstall the package, or ask its authors for another name"
                )
            found[point.name] = point.value
        return found


def _imported(target: str) -> Any:
    module, attribute = target.split(":")
    return getattr(import_module(module), attribute)
