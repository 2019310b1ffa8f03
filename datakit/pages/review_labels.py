"""Labels of a review, with what was painted over them, as the page draws them."""

from __future__ import annotations

import threading
from collections import OrderedDict

import msgspec
import numpy as np

from datakit.core.interactive.outline_edit import outline_rings
from datakit.core.matting.brush import Layer, paint_ignore, paint_mask
from datakit.errors import InputError
from datakit.io.dataset.decisions import DecisionLog, read_edit
from datakit.io.layouts.base import Item
from datakit.io.layouts.label_pixels import decode_ignored, decode_label
from datakit.pages import mask_overlay
from datakit.pages.mask_overlay import Coverage
from datakit.pages.subject import Subject

_HALF = 128
MOST_BYTES = 128 << 20
"""Of the edits that are held beside the last one; three of 12 megapixels fit."""


class ReviewLabels:
    """The labels, and the edits that are laid over them (None: the label as it is).

    Parameters
    ----------
    log : DecisionLog
        Where edits are kept; the latest that were used are held in memory, too.
    """

    def __init__(self, log: DecisionLog) -> None:
        self._log = log
        self._mutex = threading.Lock()
        self._layers: OrderedDict[tuple[str, tuple[int, int]], Layer] = OrderedDict()

    def shown(self, subject: Subject, edit: str | None) -> Coverage:
        """Return a label with an edit painted over it, (H, W) uint8."""
        shown = coverage_of(subject, subject.labelled)
        if edit is None:
            return shown
        return with_layer(subject, shown, self.layer(edit, size_wh_of(shown)))

    def overlay(self, subject: Subject, edit: str | None) -> bytes:
        """Return a label as a PNG overlay."""
        return mask_overlay.overlay_png(self.shown(subject, edit))

    def before(self, subject: Subject) -> bytes:
        """Return the label to compare with, as a PNG overlay."""
        return mask_overlay.overlay_png(coverage_of(subject, subject.earlier))

    def unknown(self, subject: Subject, edit: str | None) -> bytes:
        """Return stripes over the unknown pixels, as a PNG to lay over the label."""
        unknown = None if subject.labelled is None else decode_ignored(subject.labelled)
        if edit is not None:
            layer = self.layer(edit, size_wh_of(coverage_of(subject, subject.labelled)))
            unknown = paint_ignore(unknown, layer)
            if unknown is None:
                # An edit that marks nothing as unknown has no stripes: that is no error.
                return mask_overlay.overlay_png(np.zeros((1, 1), np.uint8))
        if unknown is None:
            raise InputError(f"{subject.id}: expected an ignore mask, the sample has none")
        return mask_overlay.overlay_png(mask_overlay.striped(unknown))

    def colours(self, subject: Subject, edit: str | None) -> bytes:
        """Return a mask of classes or objects in their colours, as a PNG."""
        item = subject.labelled
        if item is None or item.mask is None:
            raise InputError(f"{subject.id}: expected a mask, the sample has none")
        mask = decode_label(item, "mask", item.mask)
        if edit is not None:
            mask = paint_mask(mask, self.layer(edit, size_wh_of(mask)), new_value=1)
        return mask_overlay.colours_png(mask)

    def outline(self, subject: Subject, edit: str | None) -> bytes:
        """Return the rings of a label's outline as JSON."""
        return msgspec.json.encode(outline_rings(self.shown(subject, edit) >= _HALF))

    def layer(self, edit: str, size_wh: tuple[int, int]) -> Layer:
        """Return an edit as a layer of a label's size."""
        with self._mutex:
            kept = self._layers.get((edit, size_wh))
        if kept is not None:
            return kept
        png = read_edit(self._log.folder, edit)
        return self._hold(edit, mask_overlay.edit_layer(png, f"edit {edit[:12]}", size_wh))

    def keep(self, layer: Layer) -> str:
        """Write an edit to the disk; the next one on the same sample begins with it."""
        edit = self._log.keep_edit(mask_overlay.layer_png(layer))
        self._hold(edit, layer)
        return edit

    def _hold(self, edit: str, layer: Layer) -> Layer:
        with self._mutex:
            key = edit, (layer.shape[1], layer.shape[0])
            self._layers[key] = layer
            self._layers.move_to_end(key)
            held = sum(one.nbytes for one in self._layers.values())
            while len(self._layers) > 1 and held > MOST_BYTES:
                held -= self._layers.popitem(last=False)[1].nbytes
        return layer


def coverage_of(subject: Subject, item: Item | None) -> Coverage:
    """Return an item's label of the kind that the subject's is; InputError when it has none."""
    if subject.label_kind == "alpha" and item is not None and item.alpha is not None:
        return mask_overlay.coverage(item.alpha)
    if subject.label_kind == "mask" and item is not None and item.mask is not None:
        return mask_overlay.mask_coverage(item, item.mask)
    raise InputError(f"{subject.id}: no label to show")


def with_layer(subject: Subject, shown: Coverage, layer: Layer) -> Coverage:
    """Return a label with a layer over it; a mask has no subject where nobody knows, as applied."""
    if subject.label_kind == "mask":
        return np.asarray(paint_mask(shown, layer, new_value=255) > 0, np.uint8) * np.uint8(255)
    return mask_overlay.painted(shown, layer)


def size_wh_of(shown: Coverage) -> tuple[int, int]:
    """Return width and height of a label."""
    return shown.shape[1], shown.shape[0]
