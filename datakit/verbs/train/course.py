"""The trainings of a run, one after the other: of each fold, and of the model that is kept."""

from __future__ import annotations

from dataclasses import dataclass, field
from statistics import median_low
from typing import TYPE_CHECKING

import msgspec
import numpy as np

from datakit.core.images.randomness import derive_rng
from datakit.core.metrics.bootstrap import bootstrap_mean
from datakit.io.dataset import output
from datakit.io.store import atomic
from datakit.records.counts import counted
from datakit.records.product import Product
from datakit.records.training import FOLDS, HISTORY, SAMPLES, Epoch, Estimate, Fold
from datakit.training.verdict import Scores, means_of, verdict_of, why_useless
from datakit.verbs.shared.progress import ProgressListener
from datakit.verbs.train.options import VERB
from datakit.verbs.train.partition import Partition, fold_groups, group_of
from datakit.verbs.train.recipe import Recipe, Stage

if TYPE_CHECKING:
    from datakit.training.loop import Trainer

CHECKPOINT = "checkpoint.safetensors"


@dataclass(frozen=True)
class Trained:
    """What a run ends with.

    Attributes
    ----------
    trainer : Trainer
        With the best weights in its network.
    before, after : sequence of dict
        The scores of each held-out sample, or of the samples of all folds.
    folds : tuple of Fold
    notes : tuple of str
        What became better, and what was decided.
    """

    trainer: Trainer
    before: Scores
    after: Scores
    folds: tuple[Fold, ...]
    notes: tuple[str, ...]

    @property
    def before_means(self) -> dict[str, float]:
        """The scores before the first epoch."""
        return means_of(self.before)

    @property
    def learned(self) -> bool:
        """Whether the held-out samples say that it finds the subject."""
        return not why_useless(self.after)

    def out_of_fold(self, seed: int) -> dict[str, Estimate]:
        """Return the mean of each score over the samples of all folds, with its interval."""
        if not self.folds:
            return {}
        found = {}
        for name in self.after[0]:
            values = np.array([row[name] for row in self.after], np.float64)
            one = bootstrap_mean(values, derive_rng(seed, f"out of fold {name}", 0))
            found[name] = Estimate(mean=one.mean, low=one.low, high=one.high)
        return found


@dataclass
class Course:
    """Runs the trainings, with a checkpoint and a row for each epoch.

    Attributes
    ----------
    recipe : Recipe
    writer : DatasetWriter
    progress : ProgressListener
    samples : str
        The lines of the table of samples; the first epoch brings them.
    """

    recipe: Recipe
    writer: output.DatasetWriter
    progress: ProgressListener
    samples: str = field(repr=False)

    def run(self, parts: Partition) -> Trained:
        """Train on what is not held out; with nothing held out cross-validate first."""
        options = self.recipe.options
        folds = [] if parts.val else fold_groups(parts.train, options.folds, options.seed)
        self.progress.begin(options.epochs * (len(folds) + 1), VERB)
        try:
            if not folds:
                return self._held_out(parts)
            return self._cross_validated(parts, folds)
        finally:
            self.progress.end()

    def _held_out(self, parts: Partition) -> Trained:
        stage = Stage((*parts.train, *parts.untaught), parts.val)
        trainer, before, after = self._trained(stage)
        verdict = verdict_of(before, after, self.recipe.options.seed)
        kept = () if trainer.best else (_KEPT,)
        return Trained(trainer, before, after, (), (verdict, *kept))

    def _cross_validated(self, parts: Partition, folds: list[set[str]]) -> Trained:
        labelled, whole = parts.train, (*parts.train, *parts.untaught)
        done = []
        for number, groups in enumerate(folds):
            train = tuple(item for item in whole if group_of(item) not in groups)
            held_out = tuple(item for item in labelled if group_of(item) in groups)
            done.append(self._fold(Stage(train, held_out, fold=number)))
        before = [row for fold in done for row in fold.before]
        after = [row for fold in done for row in fold.after]
        last = median_low([fold.best for fold in done])
        trainer, _, _ = self._trained(Stage(whole, (), last=last))
        trained_for = (
            f"cross-validated in {len(folds)} folds; the model that is kept learnt from all "
            f"{counted(len(labelled), 'labelled samples')} for {counted(last, 'epochs')}, the "
            "median of the folds' best"
        )
        verdict = verdict_of(before, after, self.recipe.options.seed)
        kept = () if last else (_KEPT,)
        return Trained(trainer, before, after, tuple(done), (trained_for, verdict, *kept))

    def _fold(self, stage: Stage) -> Fold:
        """Train on all folds but one; what an interrupted run did of it is taken as it is."""
        product = self.writer.recorded(stage.name)
        if product is not None:
            fold = msgspec.json.decode(product.lines[FOLDS], type=Fold)
            for number in range(fold.epochs):
                key = _epoch_key(stage, number)
                epoch = self.writer.recorded(key)
                if epoch is not None:
                    self._take(key, epoch)
            self.writer.add(stage.name, product)
            return fold
        trainer, before, after = self._trained(stage)
        fold = Fold(
            fold=stage.fold or 0,
            ids=tuple(item.key for item in stage.held_out),
            epochs=len(trainer.history),
            best=0 if trainer.best is None else trainer.best.epoch + 1,
            before=tuple(before),
            after=tuple(after),
        )
        line = msgspec.json.encode(fold).decode() + "\n"
        self.writer.add(stage.name, Product(lines={FOLDS: line}))
        return fold

    def _trained(self, stage: Stage) -> tuple[Trainer, Scores, Scores]:
        """Train one stage; return it with its best weights, and the scores before and after."""
        trainer = self.recipe.trainer(stage)
        before = trainer.begin()
        checkpoint = self.writer.out / CHECKPOINT
        if self.recipe.options.resume and checkpoint.is_file():
            trainer.restore(checkpoint.read_bytes(), str(checkpoint), stage.name)
            self.writer.keep(CHECKPOINT)
        for row in trainer.history:
            self._note(stage, row)
        while not trainer.finished:
            row = trainer.run_epoch()
            atomic.write_bytes(checkpoint, trainer.state(stage.name), durable=True)
            self._note(stage, row)
            iou = f", IoU {row.scores['iou']:.4f}" if row.scores else ""
            best = ", the best so far" if row.best and row.scores else ""
            where = "" if stage.fold is None else f"{stage.name}, "
            self.progress.note(f"{where}epoch {row.epoch}: loss {row.loss['total']:.4f}{iou}{best}")
        trainer.take_best()
        return trainer, before, trainer.sample_scores()

    def _note(self, stage: Stage, row: Epoch) -> None:
        """Put an epoch on record; the first one brings the table of samples."""
        row = msgspec.structs.replace(row, fold=stage.fold)
        lines = {HISTORY: msgspec.json.encode(row).decode() + "\n"}
        if self.samples:
            lines[SAMPLES] = self.samples
        self._take(_epoch_key(stage, row.epoch), Product(lines=lines))

    def _take(self, key: str, epoch: Product) -> None:
        self.writer.add(key, epoch)
        self.samples = ""
        self.progress.advance(self.writer.failed)


def _epoch_key(stage: Stage, number: int) -> str:
    return f"{stage.name} epoch {number}"


_KEPT = "no epoch was better than the given weights, which are what model.safetensors holds"
