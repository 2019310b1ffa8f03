"""Registries: lazy, without doubles, and helpful about unknown names."""

from __future__ import annotations

import sys
from typing import Any

import pytest

from datakit.checks import FAMILIES
from datakit.engine import ENGINES
from datakit.errors import InputError
from datakit.io.layouts import READERS
from datakit.models.faces.base import FACE_DETECTORS
from datakit.registry import Registry


def test_a_duplicate_raises_instead_of_replacing() -> None:
    registry: Registry[Any] = Registry("join", {"path": "posixpath:join"})
    with pytest.raises(ValueError, match="join 'path' is registered twice: posixpath:join"):
        registry.add("path", "ntpath:join")
    assert registry.load("path")("a", "b") == "a/b"


def test_an_unknown_name_lists_the_known_ones() -> None:
    registry: Registry[Any] = Registry("join", {"posix": "posixpath:join", "nt": "ntpath:join"})
    with pytest.raises(InputError, match="join 'dos' is not known; choose one of: posix, nt"):
        registry.load("dos")
    empty: Registry[Any] = Registry("join")
    with pytest.raises(InputError, match="none is registered"):
        empty.load("dos")


@pytest.mark.parametrize("target", ["posixpath", "posixpath:join:x", ""])
def test_a_target_is_a_module_and_an_attribute(target: str) -> None:
    with pytest.raises(ValueError, match="expected 'module:attribute'"):
        Registry("join", {"path": target})


def test_a_part_is_imported_when_it_is_loaded() -> None:
    sys.modules.pop("this_is_not_there", None)
    registry: Registry[Any] = Registry("part", {"absent": "this_is_not_there:x"})
    assert list(registry) == ["absent"]
    assert "absent" in registry
    assert len(registry) == 1
    with pytest.raises(ModuleNotFoundError):
        registry.load("absent")


REGISTRIES = {
    "checks": FAMILIES,
    "engines": ENGINES,
    "face detectors": FACE_DETECTORS,
    "formats": READERS,
}
PARTS = [(family, name) for family, registry in REGISTRIES.items() for name in registry]


@pytest.mark.parametrize(("family", "name"), PARTS)
def test_every_part_of_datakit_exists(family: str, name: str) -> None:
    try:
        assert REGISTRIES[family].load(name) is not None
    except ModuleNotFoundError as error:
        assert not str(error.name).startswith("datakit")
        pytest.skip(f"{error.name} is not installed")
