"""One image -> its true objects and those predicted, as COCO knows them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from datakit.errors import InputError
from datakit.verbs.eval.instances import Matched
from datakit.verbs.eval.labels import kinds_of
from datakit.verbs.shared.coco_objects import CocoImage, coco_image


@dataclass(frozen=True)
class Objects:
    """The task of ``eval --metrics coco``; label maps of the truth and of the predictions."""

    label_maps: tuple[Mapping[str, int], Mapping[str, int]]

    def __call__(self, matched: Matched) -> tuple[CocoImage, CocoImage | None]:
        """Read both; InputError where they are of different sizes."""
        gt = coco_image(matched.gt, self.label_maps[0])
        if matched.pred is None or not kinds_of(matched.pred):
            return gt, None
        pred = coco_image(matched.pred, self.label_maps[1])
        if (pred.width, pred.height) != (gt.width, gt.height):
            raise InputError(
                f"{matched.pred.source_name}: expected {gt.width}x{gt.height} pixels as the "
                f"truth's, found {pred.width}x{pred.height}"
            )
        return gt, pred
