"""What a network is worth: the scores of ``eval`` on samples at their own size."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt
import torch
from torch import nn

from datakit.core.images import network_input
from datakit.core.metrics.mask_metrics import mask_scores
from datakit.core.metrics.matting_metrics import mad, mse
from datakit.io.layouts.base import Item
from datakit.training.networks import NetworkSpec, logits_of
from datakit.training.samples import THRESHOLD, read_photo

Alpha = npt.NDArray[np.float32]


def predict(network: nn.Module, spec: NetworkSpec, image: npt.NDArray[np.uint8]) -> Alpha:
    """Return (H, W) float32 in [0, 1] for an (H, W, 3) uint8 RGB image; in evaluation mode."""
    height, width = image.shape[:2]
    placement = network_input.place((height, width), (spec.size_px, spec.size_px), "stretch")
    small = network_input.to_input(image, placement, (0, 0, 0))
    device = next(network.parameters()).device
    batch = torch.from_numpy(small.transpose(2, 0, 1)[None].astype(np.float32) / 255).to(device)
    with torch.inference_mode():
        probability = torch.sigmoid(logits_of(network, batch, spec.name)[0])[0, 0]
    return np.clip(network_input.to_image_size(probability.cpu().numpy(), placement), 0, 1)


def scores_of(
    network: nn.Module, spec: NetworkSpec, items: Sequence[Item]
) -> list[dict[str, float]]:
    """Return ``eval``'s scores of each sample; the network is left as it was.

    Returns
    -------
    list of dict
        ``iou``, ``dice``, ``boundary_iou``, ``precision``, ``recall`` of the masks at 0.5, and
        ``mse`` and ``mad`` of the alphas, at the samples' own size; ``foreground`` and
        ``true_foreground``: the shares of the known pixels that are predicted and true.
    """
    training = network.training
    network.eval()
    rows: list[dict[str, float]] = []
    for item in items:
        photo = read_photo(item)
        alpha = predict(network, spec, photo.image)
        known = photo.known
        inside = np.ones(alpha.shape, bool) if known is None else known
        region = None if known is None else known.view(np.uint8)
        found, true = (alpha >= THRESHOLD) & inside, (photo.alpha >= THRESHOLD) & inside
        row = mask_scores(found, true)
        row["mse"] = mse(alpha, photo.alpha, region)
        row["mad"] = mad(alpha, photo.alpha, region)
        pixels = max(1, np.count_nonzero(inside))
        row["foreground"] = np.count_nonzero(found) / pixels
        row["true_foreground"] = np.count_nonzero(true) / pixels
        rows.append(row)
    network.train(training)
    return rows
