"""Training on a dataset: samples for a DataLoader, losses, and the loop of ``datakit train``.

    from torch.utils.data import DataLoader
    from datakit.training import PortraitDataset

    train = PortraitDataset("dataset", "train", pipeline="light", size_px=320, seed=7)
    for epoch in range(10):
        train.set_epoch(epoch)
        for batch in DataLoader(train, batch_size=8, num_workers=2):
            batch["image"], batch["alpha"]

Needs torch (``pip install 'datakit[prelabel]'``), which is imported when a name is first used.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from datakit.training.data import PortraitDataset
    from datakit.training.loop import Trainer
    from datakit.training.losses import PortraitLoss

__all__ = ["PortraitDataset", "PortraitLoss", "Trainer"]

_HOMES = {
    "PortraitDataset": "datakit.training.data",
    "PortraitLoss": "datakit.training.losses",
    "Trainer": "datakit.training.loop",
}


def __getattr__(name: str) -> Any:
    """Import torch (seconds) only when a name that needs it is asked for."""
    if name not in _HOMES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(_HOMES[name]), name)
