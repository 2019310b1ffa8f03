"""The loop: epochs over a `PortraitDataset`, scored on held-out samples, stopped and resumed."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass

import cv2
import msgspec
import torch
from torch import Tensor, nn, optim
from torch.utils.data import DataLoader, Sampler

from datakit.core.images.randomness import derive_rng
from datakit.errors import ModelError
from datakit.io.layouts.base import Item
from datakit.records.training import Epoch
from datakit.training.average import WeightAverage
from datakit.training.checkpoints import (
    STAGE,
    encode_state,
    encode_weights,
    restore_state,
    stage_of,
)
from datakit.training.data import PortraitDataset
from datakit.training.losses import PortraitLoss
from datakit.training.networks import NetworkSpec, encoder_of, logits_of
from datakit.training.scoring import scores_of
from datakit.training.verdict import Scores, is_gain, means_of

MONITOR = "iou"
"""The score whose best epoch is kept; of equals that of the least MSE, then the best outline."""


def rank(scores: Mapping[str, float]) -> tuple[float, ...]:
    """Return what epochs are compared by: the larger, the better.

    Examples
    --------
    >>> poor, good = {"iou": 0.0, "mse": 0.2}, {"iou": 0.0, "mse": 0.1}
    >>> rank({**good, "boundary_iou": 0.0}) > rank({**poor, "boundary_iou": 0.5})
    True
    """
    return scores[MONITOR], -scores["mse"], scores["boundary_iou"]


@dataclass(frozen=True, kw_only=True)
class TrainSettings:
    """How to train.

    Attributes
    ----------
    epochs, batch_size : int
    lr : float
        Learning rate of the first epoch; it falls to 0 along half a cosine.
    gentle : bool
        Go on from weights that are good already: the learning rate grows over the first epoch,
        what is scored and kept is a moving average of the weights (Polyak and Juditsky 1992), and
        the weights at the start are kept where no epoch is better.
    frozen : bool
        The encoder stays as it is, its norms too; the rest is trained.
    weight_decay : float
        AdamW's (Loshchilov and Hutter 2019, arXiv:1711.05101).
    patience : int
        Stop after this many epochs without a score that improved beyond its 95 % interval; 0 never
        stops.
    last : int, optional
        Stop after this many epochs of the schedule, whatever they bring.
    seed : int
    workers : int
        Processes that decode and augment; 0: this one.
    device : str
        ``cpu`` or ``cuda``.
    mse, ssim, bce : float
        Weights of the loss's parts.
    """

    epochs: int = 30
    batch_size: int = 8
    lr: float = 1e-3
    gentle: bool = False
    frozen: bool = False
    weight_decay: float = 1e-4
    patience: int = 10
    last: int | None = None
    seed: int = 0
    workers: int = 0
    device: str = "cpu"
    mse: float = 1.0
    ssim: float = 1.0
    bce: float = 1.0


class EpochBatches(Sampler[list[int]]):
    """The batches of an epoch: an order drawn from (seed, epoch), cut into equal parts.

    A last batch of a single sample joins the one before it, where batches are larger: batch norms
    learn little from one.

    Examples
    --------
    >>> batches = EpochBatches(5, 2, seed=0)
    >>> [len(batch) for batch in batches], list(batches) == list(batches)
    ([2, 3], True)
    """

    def __init__(self, count: int, batch_size: int, seed: int) -> None:
        self._count, self._batch_size, self._seed = count, batch_size, seed
        self.epoch = 0

    def __iter__(self) -> Iterator[list[int]]:
        order = derive_rng(self._seed, "order", self.epoch).permutation(self._count).tolist()
        step = self._batch_size
        batches = [order[start : start + step] for start in range(0, self._count, step)]
        if len(batches) > 1 and len(batches[-1]) == 1 < step:
            last = batches.pop()
            batches[-1] += last
        yield from batches

    def __len__(self) -> int:
        whole, rest = divmod(self._count, self._batch_size)
        return whole + (rest > 1 or (rest == 1 and not whole))


class Trainer:
    """A network on its way: train epoch by epoch, keep the best weights, save and restore.

    Every draw of randomness belongs to (seed, epoch, sample): a run that is restored from a
    checkpoint after any epoch ends with the same weights as one that was never stopped, on the
    CPU of the same machine with the same number of threads; on a GPU the last bits differ.

    Parameters
    ----------
    spec : NetworkSpec
    network : torch.nn.Module
        As `NetworkSpec.build` gives it; trained in place.
    train : PortraitDataset
    held_out : sequence of Item
        What each epoch is scored on; without any the last epoch is kept.
    settings : TrainSettings
    """

    def __init__(
        self,
        spec: NetworkSpec,
        network: nn.Module,
        train: PortraitDataset,
        held_out: Sequence[Item],
        settings: TrainSettings,
    ) -> None:
        self.spec, self.settings = spec, settings
        self.network = network.to(settings.device)
        self.history: list[Epoch] = []
        self.best_weights: dict[str, Tensor] = {}
        self._train, self._held_out = train, held_out
        self._start: Scores = ()
        self._mark: Scores = ()
        self._encoder = encoder_of(self.network, spec.name) if settings.frozen else ()
        for part in self._encoder:
            part.requires_grad_(False)
        self._average = WeightAverage(self.network) if settings.gentle else None
        self._loss = PortraitLoss(settings.mse, settings.ssim, settings.bce)
        self._optimizer = optim.AdamW(
            [part for part in network.parameters() if part.requires_grad],
            lr=settings.lr,
            weight_decay=settings.weight_decay,
        )
        self._batches = EpochBatches(len(train), settings.batch_size, settings.seed)
        self._loader = DataLoader(
            train,
            batch_sampler=self._batches,
            num_workers=settings.workers,
            persistent_workers=settings.workers > 0,
            worker_init_fn=_one_thread,
        )

    @property
    def best(self) -> Epoch | None:
        """The epoch whose weights are kept; None for those at the start."""
        return next((row for row in reversed(self.history) if row.best), None)

    @property
    def finished(self) -> bool:
        """Whether all epochs are done, or the last ones brought nothing."""
        last = self.settings.epochs if self.settings.last is None else self.settings.last
        if len(self.history) >= last:
            return True
        gained = [row.epoch for row in self.history if row.gained]
        since = len(self.history) - 1 - max(gained, default=-1)
        return 0 < self.settings.patience <= since

    @property
    def _scored(self) -> nn.Module:
        """The network that is scored and kept."""
        return self.network if self._average is None else self._average.network

    def _set_lr(self, lr: float) -> None:
        for group in self._optimizer.param_groups:
            group["lr"] = lr

    def sample_scores(self) -> list[dict[str, float]]:
        """Return the scores of the network as it is now, one row a held-out sample."""
        return scores_of(self._scored, self.spec, self._held_out)

    def begin(self) -> Scores:
        """Score the network before the first epoch: what later ones are measured against."""
        self._start = self._mark = self.sample_scores()
        if self.settings.gentle:
            self._keep()
        return self._start

    def _keep(self) -> None:
        state = self._scored.state_dict()
        self.best_weights = {key: value.detach().cpu().clone() for key, value in state.items()}

    def take_best(self) -> None:
        """Put the best weights so far into the network."""
        self._scored.load_state_dict(self.best_weights)

    def run_epoch(self) -> Epoch:
        """Train one epoch, score it, and keep its weights if they are the best.

        Raises
        ------
        ModelError
            If the loss is no number any more, or the device's memory runs out.
        """
        number = len(self.history)
        lr = self.settings.lr * 0.5 * (1 + math.cos(math.pi * number / self.settings.epochs))
        self._set_lr(lr)
        with deterministic(self.settings.device):
            try:
                loss = self._pass(number)
            except torch.cuda.OutOfMemoryError:
                raise ModelError(
                    f"a batch of {self.settings.batch_size} at {self.spec.size_px} px does not fit "
                    f"into the memory of {self.settings.device}; train with a smaller "
                    "--batch-size or --size"
                ) from None
            rows = self.sample_scores()
        scores = means_of(rows)
        better = self._is_best(scores)
        gained = bool(rows) and is_gain(self._mark, rows, self.settings.seed)
        if better:
            self._keep()
        if gained:
            self._mark = rows
        row = Epoch(epoch=number, lr=lr, loss=loss, scores=scores, best=better, gained=gained)
        self.history.append(row)
        return row

    def _is_best(self, scores: Mapping[str, float]) -> bool:
        if not scores:
            return True
        if self.best is not None:
            return rank(scores) > rank(self.best.scores)
        return not self.settings.gentle or rank(scores) > rank(means_of(self._start))

    def weights(self) -> bytes:
        """Return the best weights as a file that ``prelabel --weights`` loads."""
        return encode_weights(self.best_weights, self.spec.metadata())

    def state(self, stage: str = "") -> bytes:
        """Return a checkpoint of everything, which `restore` takes for the same stage alone."""
        metadata = {
            STAGE: stage,
            "history": msgspec.json.encode(self.history).decode(),
            "mark": msgspec.json.encode(self._mark).decode(),
        }
        average = {} if self._average is None else self._average.network.state_dict()
        return encode_state(self.network, self._optimizer, self.best_weights, average, metadata)

    def restore(self, data: bytes, name: str, stage: str = "") -> None:
        """Go back to a checkpoint, if it is of this stage; ModelError when of another network."""
        if stage_of(data, name) != stage:
            return
        average = None if self._average is None else self._average.network
        self.best_weights, metadata = restore_state(
            data, name, self.network, self._optimizer, average
        )
        try:
            self.history = msgspec.json.decode(metadata.get("history", ""), type=list[Epoch])
            self._mark = msgspec.json.decode(metadata.get("mark", ""), type=list[dict[str, float]])
        except msgspec.DecodeError as error:
            raise ModelError(f"{name}: its history cannot be read ({error})") from None

    def _pass(self, number: int) -> dict[str, float]:
        """Go over the training samples once; return the mean losses."""
        self.network.train()
        for part in self._encoder:
            part.eval()
        self._batches.epoch = number
        self._train.set_epoch(number)
        sums: dict[str, float] = {}
        lr = self._optimizer.param_groups[0]["lr"]
        for step, batch in enumerate(self._loader):
            if self.settings.gentle and number == 0:
                self._set_lr(lr * (step + 1) / len(self._batches))
            images = batch["image"].to(self.settings.device)
            alpha = batch["alpha"].to(self.settings.device)
            known = None if bool(batch["known"].all()) else batch["known"].to(alpha.device)
            parts = self._loss(logits_of(self.network, images, self.spec.name), alpha, known)
            if not torch.isfinite(parts["total"]):
                found = float(parts["total"].detach())
                raise ModelError(
                    f"epoch {number}: expected a finite loss, found {found}; train with a "
                    "smaller --lr"
                )
            self._optimizer.zero_grad()
            parts["total"].backward()
            self._optimizer.step()
            if self._average is not None:
                self._average.follow(self.network, number * len(self._batches) + step)
            for name, value in parts.items():
                sums[name] = sums.get(name, 0.0) + float(value.detach()) * len(images)
        return {name: total / len(self._train) for name, total in sums.items()}


@contextmanager
def deterministic(device: str) -> Iterator[None]:
    """Let torch take only algorithms that give the same result again (on a CPU it has them all)."""
    before = torch.are_deterministic_algorithms_enabled()
    torch.use_deterministic_algorithms(device == "cpu")
    try:
        yield
    finally:
        torch.use_deterministic_algorithms(before)


def _one_thread(worker: int) -> None:
    cv2.setNumThreads(0)
    torch.set_num_threads(1)
