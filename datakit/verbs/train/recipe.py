"""What every training of a run has in common: the network it starts from, and the settings."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from typing import TYPE_CHECKING

from datakit.errors import InputError
from datakit.io.layouts.base import Item
from datakit.io.store.storage import location
from datakit.models.runtimes.devices import choose_device
from datakit.verbs.train.options import Options

if TYPE_CHECKING:
    from datakit.training.loop import Trainer

FRESH_LR, GENTLE_LR = 1e-3, 3e-5
"""Learning rates from random weights, and from weights that are good already."""
FRESH_PATIENCE, GENTLE_PATIENCE = 10, 3


@dataclass(frozen=True)
class Stage:
    """One training of a run.

    Attributes
    ----------
    train, held_out : tuple of Item
        What it learns from, and what it is scored on.
    fold : int, optional
        Of the cross-validation; None for the model that is kept.
    last : int, optional
        After how many epochs it ends, whatever they bring.
    """

    train: tuple[Item, ...]
    held_out: tuple[Item, ...]
    fold: int | None = None
    last: int | None = None

    @property
    def name(self) -> str:
        """What journal and checkpoint call it."""
        return "model" if self.fold is None else f"fold {self.fold}"


@dataclass(frozen=True)
class Recipe:
    """Builds the trainers of a run.

    Attributes
    ----------
    options : Options
    given : bytes, optional
        The weights to go on from.
    """

    options: Options
    given: bytes | None

    @classmethod
    def read(cls, options: Options) -> Recipe:
        """Read the weights that are given; InputError when they cannot be read."""
        if options.weights is None:
            return cls(options, None)
        place = location(options.weights)
        try:
            # Reading anything else (a pipe, a device) may never end.
            if place.exists() and not place.is_file():
                raise InputError(f"--weights {place}: expected a file, found something else")
            return cls(options, place.read_bytes())
        except OSError as error:
            raise InputError(
                f"--weights {options.weights}: cannot be read ({error.strerror or error}); check "
                "the path"
            ) from None

    @property
    def given_sha256(self) -> str | None:
        """The digest of the weights to go on from."""
        return None if self.given is None else hashlib.sha256(self.given).hexdigest()

    def trainer(self, stage: Stage) -> Trainer:
        """Build the network, put given weights into it, and set up its training.

        Raises
        ------
        InputError
            If torch is missing, the size does not fit, or the pipeline cannot be read.
        ModelError
            If the weights do not fit, or CUDA is asked for and not there.
        """
        try:
            import torch

            from datakit.training.data import PortraitDataset
            from datakit.training.loop import Trainer, TrainSettings
            from datakit.training.networks import NetworkSpec, start_from
        except ImportError as error:
            raise InputError(
                f"train needs torch, found {error}; install it: pip install 'datakit[prelabel]'"
            ) from None
        options, gentle = self.options, self.given is not None
        if self.given is not None:
            spec, network = start_from(
                options.model, options.size, self.given, str(options.weights)
            )
        else:
            spec = NetworkSpec(options.model, options.size, options.width, options.depth)
            network = spec.build(options.seed)
        count = torch.cuda.device_count() if torch.cuda.is_available() else 0
        device, _ = choose_device(options.device, count, "torch")
        pipeline = None if options.pipeline == "none" else options.pipeline
        patience = options.patience
        if patience is None:
            patience = GENTLE_PATIENCE if gentle else FRESH_PATIENCE
        settings = TrainSettings(
            epochs=options.epochs,
            batch_size=options.batch_size,
            lr=options.lr or (GENTLE_LR if gentle else FRESH_LR),
            gentle=gentle,
            frozen=options.freeze == "encoder",
            patience=patience,
            last=stage.last,
            seed=options.seed,
            workers=options.workers,
            device=device,
            mse=options.mse,
            ssim=options.ssim,
            bce=options.bce,
        )
        train = PortraitDataset(
            stage.train, pipeline=pipeline, size_px=options.size, seed=options.seed
        )
        return Trainer(spec, network, train, stage.held_out, settings)
