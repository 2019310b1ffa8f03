"""The errors: what catches what."""

from __future__ import annotations

import inspect
import pickle

import pytest

from datakit import errors

ALL = [
    kind
    for _, kind in inspect.getmembers(errors, inspect.isclass)
    if issubclass(kind, errors.DatakitError)
]


@pytest.mark.parametrize("kind", ALL)
def test_every_error_is_documented_and_travels_between_processes(
    kind: type[errors.DatakitError],
) -> None:
    assert kind.__doc__
    error = pickle.loads(pickle.dumps(kind("a.jpg: expected an image")))
    assert type(error) is kind
    assert str(error) == "a.jpg: expected an image"


def test_families() -> None:
    assert issubclass(errors.SchemaError, errors.InputError)
    assert issubclass(errors.WorkerLost, errors.EngineError)
    # A full disk must not be taken for one item's fault.
    assert not issubclass(errors.OutputError, errors.InputError)
