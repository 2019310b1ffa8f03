"""One labelled sample -> its image, and its masks as COCO annotations."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np
import numpy.typing as npt

from datakit.core.masks.values import values_in
from datakit.errors import InputError
from datakit.io.layouts.base import Item
from datakit.io.layouts.drawn import Drawing
from datakit.io.layouts.picture import Picture
from datakit.io.layouts.roboflow import RoboflowWriter
from datakit.verbs.export.task import ExportSample


@dataclass
class MaskToCoco(ExportSample):
    """The task of ``mask2coco``; see `datakit.verbs.mask2coco.options.Options` for the fields."""

    drawing: Drawing = field(default_factory=Drawing)
    threshold: int | None = None

    def __post_init__(self) -> None:
        self._writer = RoboflowWriter(self.settings, self.drawing, root="")

    def _picture(self, item: Item) -> Picture:
        picture = super()._picture(item)
        if picture.mask is None or picture.row.instances:
            return picture
        return replace(picture, mask=self._classes(picture.mask, item.source_name))

    def _classes(self, mask: npt.NDArray[Any], name: str) -> npt.NDArray[Any]:
        """Return the mask, every value of which means something; InputError when one does not."""
        if self.threshold is not None:
            return np.where(mask >= self.threshold, np.uint8(255), np.uint8(0))
        values = [value for value in values_in(mask) if value]
        if len(self.settings.classes) > 1:
            strange = sorted(set(values) - set(self.settings.label_map.values()))
            if strange:
                raise InputError(
                    f"{name}: expected the values of the classes in its mask "
                    f"({_listed(sorted(self.settings.label_map.values()))}), found "
                    f"{_listed(strange)}; name each value's class with --category"
                )
        elif len(values) > 1:
            raise InputError(
                f"{name}: expected a mask of one value, found {len(values)} "
                f"({_listed(values)}); name the classes of 1, 2, … with --category, or "
                "say from which value on a gray mask is inside: --threshold 128"
            )
        return mask


def _listed(values: list[int]) -> str:
    return ", ".join(map(str, values[:5])) + (", …" if len(values) > 5 else "")
