"""Tensors are picked out of checkpoints, whatever lies beside them; nothing of a file is run."""

from __future__ import annotations

import argparse
import io
import os
import pathlib
from collections import OrderedDict, defaultdict
from fractions import Fraction
from typing import Any

import numpy as np
import pytest

torch = pytest.importorskip("torch")

from datakit.errors import ModelError  # noqa: E402
from datakit.models.weights.files import read_tensors  # noqa: E402

WEIGHTS = OrderedDict([("a.weight", torch.arange(6.0).reshape(2, 3)), ("b", torch.tensor(3))])
MOVED = OrderedDict((key, value + 1) for key, value in WEIGHTS.items())
NAMES = set(WEIGHTS)


def under(prefix: str) -> dict[str, Any]:
    return {prefix + key: value for key, value in WEIGHTS.items()}


def whole_model() -> torch.nn.Module:
    model = torch.nn.Module()
    model.a = torch.nn.Linear(3, 2, bias=False)
    model.a.weight.data = WEIGHTS["a.weight"].clone()
    model.register_buffer("b", WEIGHTS["b"])
    return model


FILES: dict[str, Any] = {
    "namespace": {"net": WEIGHTS, "args": argparse.Namespace(lr=0.1, out=pathlib.PurePath("a"))},
    "numpy": {"model": WEIGHTS, "best": np.float64(0.9), "history": np.arange(3)},
    "prefix": {"state_dict": under("anything.at.all."), "epoch": 3},
    "generator": {"generator": WEIGHTS, "optimizer": {"state": {0: {"m": torch.zeros(9)}}}},
    "params_ema": {"params_ema": WEIGHTS},
    "list": [3, WEIGHTS],
    "foreign head": {"state_dict": {**under("net."), "loss.weight": torch.zeros(2)}},
    "default dict": {"state": defaultdict(list, WEIGHTS), "fraction": Fraction(1, 3)},
    "whole model": {"model": whole_model()},
}


def saved(value: Any, **options: Any) -> bytes:
    target = io.BytesIO()
    torch.save(value, target, **options)
    return target.getvalue()


@pytest.mark.parametrize("zipped", [True, False])
@pytest.mark.parametrize("protocol", [2, 4])
@pytest.mark.parametrize("name", FILES)
def test_the_weights_are_found(name: str, protocol: int, zipped: bool) -> None:
    options = {"pickle_protocol": protocol, "_use_new_zipfile_serialization": zipped}
    if not zipped and protocol != 2:
        pytest.skip("files of before torch 1.6 are told by the protocol of their head")
    tensors, _ = read_tensors(saved(FILES[name], **options), "file", NAMES)
    assert set(tensors) == NAMES
    assert all(torch.equal(tensors[key], value) for key, value in WEIGHTS.items())


@pytest.mark.parametrize("order", [1, -1])
def test_of_two_the_moving_average_is_taken(order: int) -> None:
    both = {"model": WEIGHTS, "model_ema": MOVED}
    tensors, _ = read_tensors(saved(dict([*both.items()][::order])), "file", NAMES)
    assert torch.equal(tensors["b"], MOVED["b"])


def test_without_tensors_the_keys_are_listed() -> None:
    with pytest.raises(ModelError, match=r"keys args, epoch.*argparse\.Namespace"):
        read_tensors(saved({"epoch": 3, "args": argparse.Namespace()}), "file", NAMES)


class Trap:
    def __reduce__(self) -> Any:
        return os.mkdir, ("ran",)


@pytest.mark.parametrize("zipped", [True, False])
def test_code_is_refused_and_never_run(
    zipped: bool, tmp_path: pathlib.Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    data = saved({"state_dict": WEIGHTS, "x": Trap()}, _use_new_zipfile_serialization=zipped)
    with pytest.raises(ModelError, match=r"mkdir"):
        read_tensors(data, "file", NAMES)
    assert not (tmp_path / "ran").exists()
