"""Names for interchangeable parts (formats, engines, models, checks), imported when first used."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from importlib import import_module
from typing import Generic, TypeVar, cast

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

    def __init__(self, family: str, parts: Mapping[str, str] | None = None) -> None:
        self.family = family
        self._targets: dict[str, str] = {}
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
        if name not in self._targets:
            known = ", ".join(self._targets) or "none is registered"
            raise InputError(f"{self.family} {name!r} is not known; choose one of: {known}")
        module, attribute = self._targets[name].split(":")
        return cast(T, getattr(import_module(module), attribute))

    def __iter__(self) -> Iterator[str]:
        return iter(self._targets)

    def __len__(self) -> int:
        return len(self._targets)

    def __contains__(self, name: object) -> bool:
        return name in self._targets
