"""A teacher labels the photos without a label: the mean of its models' maps, as soft alphas.

Hinton, Vinyals, Dean: Distilling the Knowledge in a Neural Network. arXiv:1503.02531 (2015).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from contextlib import closing
from dataclasses import dataclass, replace
from typing import Any

import cv2
import numpy as np

from datakit.engine.base import LazyTask, ordered_map
from datakit.io.dataset import output
from datakit.io.layouts.base import Item
from datakit.io.pixels import images
from datakit.io.store import atomic
from datakit.io.store.files import FileRef
from datakit.io.store.storage import location
from datakit.models.factory import Identity, Settings
from datakit.models.prediction import Prediction
from datakit.models.segmenters.base import SEGMENTERS, build, identify
from datakit.records.failure import Failure
from datakit.records.product import Product
from datakit.training.samples import read_image
from datakit.verbs.shared.basis import Basis
from datakit.verbs.shared.recorded import Recorded
from datakit.verbs.train.options import VERB, Options

TAUGHT = "taught"
"""Folder of the soft labels, at the photos' size."""
_OWN = "-"

ModelSpec = tuple[str, Mapping[str, Any]]
"""A segmenter's name, and the `Settings` to build it with."""


def teachers_of(options: Options) -> tuple[ModelSpec, ...]:
    """Return the models that teach, each with its weights, contract and device."""
    names = options.teacher
    nothing = (_OWN,) * len(names)
    given = zip(
        names,
        options.teacher_weights or nothing,
        options.teacher_contract or nothing,
        strict=True,
    )
    specs = []
    for name, weights, contract in given:
        uses = SEGMENTERS.load(name).USES
        settings: dict[str, Any] = {"sides": False}
        if weights != _OWN:
            settings["weights"] = (weights,)
        if contract != _OWN:
            settings["contract"] = contract
        if "device" in uses:
            settings["device"] = options.device
        if "effort" in uses:
            settings["effort"] = "default"
        specs.append((name, settings))
    return tuple(specs)


def identify_teachers(options: Options) -> list[Identity]:
    """Say which models would teach; raises as `datakit.models.segmenters.base.identify`."""
    return [identify(name, Settings(**settings)) for name, settings in teachers_of(options)]


def taught(
    options: Options, items: Sequence[Item], writer: output.DatasetWriter
) -> tuple[Item, ...]:
    """Return photos with the labels that the teacher gave them; the others are failures."""
    task = LazyTask(
        "datakit.verbs.train.teach:Teach",
        {"out": options.out, "teachers": teachers_of(options)},
    )
    work = Recorded(task, Basis(task), options.out)

    def recorded(item: Item) -> Product | None:
        return writer.recorded(_key(item.key))

    found = []
    with closing(ordered_map(options.make_engine(), work, items, recorded=recorded)) as outcomes:
        for item, outcome in zip(items, outcomes, strict=True):
            if outcome.value is None:
                error = outcome.error or "nothing was predicted"
                writer.fail(Failure(id=item.key, file=item.source_name, step=VERB, error=error))
                continue
            writer.add(_key(item.key), outcome.value)
            (name,) = outcome.value.files
            found.append(replace(item, alpha=FileRef(str(location(options.out)), name)))
    return tuple(found)


def _key(item: str) -> str:
    return f"{TAUGHT} {item}"


@dataclass
class Teach:
    """The task: one photo without a label -> its soft label."""

    out: str
    teachers: Sequence[ModelSpec]

    def __post_init__(self) -> None:
        self._models = [build(name, Settings(**settings)) for name, settings in self.teachers]

    def __call__(self, item: Item) -> Product:
        """Label a photo; InputError when it cannot be read."""
        image = read_image(item)
        maps = [_soft(model.segment([image])[0]) for model in self._models]
        alpha = np.mean(maps, axis=0, dtype=np.float32)
        data = images.encode_png(np.asarray(cv2.convertScaleAbs(alpha, alpha=255)))
        name = item.place(TAUGHT, ".png")
        atomic.write_bytes(location(self.out, name), data)
        return Product(files={name: len(data)})


def _soft(prediction: Prediction) -> np.ndarray[Any, np.dtype[np.float32]]:
    """Return a map at the photo's size; empty where the model verified that nobody is there."""
    found = prediction.to_image_size()
    return np.zeros_like(found) if prediction.is_person is False else found
