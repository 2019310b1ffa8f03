"""``train``: a first segmenter from the first reviewed labels, for ``prelabel``."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from contextlib import closing, contextmanager
from typing import TYPE_CHECKING

import msgspec

from datakit.engine.base import LazyTask, ordered_map
from datakit.errors import InputError
from datakit.io.dataset import output
from datakit.io.layouts.base import Item
from datakit.io.layouts.sources import Collection
from datakit.io.store import atomic
from datakit.io.store.storage import location
from datakit.records.card import Card
from datakit.records.failure import Failure
from datakit.records.product import Product
from datakit.records.training import SAMPLES, Epoch, Training
from datakit.training.verdict import verdict_of
from datakit.verbs.shared.options import existing_inputs
from datakit.verbs.shared.progress import ProgressListener, SilentProgress
from datakit.verbs.shared.run_record import Run
from datakit.verbs.train.options import VERB, Options
from datakit.verbs.train.partition import Partition, partition

if TYPE_CHECKING:
    from datakit.training.loop import Trainer

FRESH_LR, GENTLE_LR = 1e-3, 3e-5
"""Learning rates from random weights, and from weights that are good already."""

WEIGHTS = "model.safetensors"
CHECKPOINT = "checkpoint.safetensors"
HISTORY = "history.jsonl"
RESULT = "training.json"


def run(options: Options, progress: ProgressListener | None = None) -> Training:
    """Train a segmenter on a dataset's labels; the result is what ``prelabel --weights`` loads.

    Parameters
    ----------
    options : Options
        What to train on, which network, how long.
    progress : ProgressListener, optional
        Where progress is reported.

    Returns
    -------
    Training

    Raises
    ------
    InputError
        If SRC has too few labels, DST must not be written, the size does not fit the network, or
        torch is missing.
    ModelError
        If the weights do not fit, CUDA is asked for and not there or its memory runs out, or the
        training diverges.
    """
    out = location(options.out)
    origins = tuple(map(location, options.src))
    output.check_target(out, options.mode, origins, existing_inputs(options))
    source = options.open(progress)
    parts = partition(source, options.val_share, options.seed)
    if options.dry_run:
        notes = (*parts.notes, "dry run: nothing was written")
        return _result(options, parts, notes=notes)
    if options.resume and output.is_finished(out):
        return _read_result(Run(VERB, options, source))
    with _torch_threads(options.threads):
        return _train(options, source, parts, progress or SilentProgress())


def _train(
    options: Options,
    source: Collection,
    parts: Partition,
    progress: ProgressListener,
) -> Training:
    out = location(options.out)
    keys = [[item.key for item in part] for part in (parts.train, parts.val)]
    # All that can be wrong with what was given is found before anything is written.
    parts, failures, samples, contents = _readable(options, source, parts)
    # A checkpoint that learnt from other photos is not gone on from.
    run = Run(VERB, options, source, (msgspec.json.encode(keys).decode(), contents))
    trainer, given_sha256 = _trainer(options, parts)
    with output.create(out, run.fingerprint, options.mode, {HISTORY: "", SAMPLES: ""}) as writer:
        for failure in failures:
            writer.fail(failure)
        before, verdict = _epochs(options, trainer, writer, samples, progress)
        weights = trainer.weights()
        atomic.write_bytes(out / WEIGHTS, weights, durable=True)
        result = msgspec.structs.replace(
            _result(options, parts, (*parts.notes, verdict, *_device_note(options, trainer))),
            parameters=sum(part.numel() for part in trainer.network.parameters()),
            before=before,
            epochs=len(trainer.history),
            best=trainer.best,
            weights=WEIGHTS,
            weights_sha256=hashlib.sha256(weights).hexdigest(),
            started_from_sha256=given_sha256,
            failed=writer.failed,
        )
        text = msgspec.json.format(msgspec.json.encode(result), indent=2) + b"\n"
        atomic.write_bytes(out / RESULT, text)
        card = Card(counts=result.counts, commands=(*source.commands, run.command))
        # A model is no dataset, also not one without samples.
        writer.finish(card, manifest=False)
    return result


def _readable(
    options: Options, source: Collection, parts: Partition
) -> tuple[Partition, list[Failure], str, str]:
    """Read every sample once.

    Returns
    -------
    parts : Partition
        The samples that can be read.
    failures : list of Failure
        The others.
    samples : str
        The lines of the table that says which sample was in which split.
    contents : str
        sha256 of all that was read.
    """
    task = LazyTask("datakit.training.check:CheckPhoto", {})
    failures = list(source.failures)
    kept: dict[str, list[Item]] = {"train": [], "val": []}
    foreground = dict.fromkeys(kept, 0.0)
    contents = hashlib.sha256()
    for split, items in (("train", parts.train), ("val", parts.val)):
        by_key = {item.key: item for item in items}
        with closing(ordered_map(options.make_engine(), task, items)) as outcomes:
            for outcome in outcomes:
                item = by_key[outcome.key]
                if outcome.error is None and outcome.value is not None:
                    kept[split].append(item)
                    foreground[split] += outcome.value.foreground
                    contents.update(outcome.value.sha256.encode())
                else:
                    error = outcome.error or "nothing was read"
                    failures.append(
                        Failure(id=item.key, file=item.source_name, step=VERB, error=error)
                    )
    if failures and options.strict:
        raise InputError(f"--strict: {failures[0].id}: {failures[0].error}")
    for split, found in kept.items():
        if not found:
            raise InputError(
                f"train: none of the {split} samples can be read; the first error: "
                f"{failures[0].error}"
            )
        if foreground[split] == 0:
            raise InputError(
                f"train: expected a subject in some of the {len(found)} {split} samples, found all "
                "of them empty: scores on them say nothing; put labelled people in both splits "
                "(`datakit split`, --val-share)"
            )
    rows = [{"id": item.key, "side": split} for split, found in kept.items() for item in found]
    text = "".join(msgspec.json.encode(row).decode() + "\n" for row in rows)
    parts = Partition(tuple(kept["train"]), tuple(kept["val"]), parts.notes)
    return parts, failures, text, contents.hexdigest()


def _trainer(options: Options, parts: Partition) -> tuple[Trainer, str | None]:
    """Build the network, put given weights into it, and set up its training."""
    try:
        import torch

        from datakit.models.runtimes.devices import choose_device
        from datakit.training.data import PortraitDataset
        from datakit.training.loop import Trainer, TrainSettings
        from datakit.training.networks import NetworkSpec, start_from
    except ImportError as error:
        raise InputError(
            f"train needs torch, found {error}; install it: pip install 'datakit[prelabel]'"
        ) from None
    given: bytes | None = None
    if options.weights is not None:
        given = _read_weights(options.weights)
        spec, network = start_from(options.model, options.size, given, options.weights)
    else:
        spec = NetworkSpec(options.model, options.size, options.width, options.depth)
        network = spec.build(options.seed)
    count = torch.cuda.device_count() if torch.cuda.is_available() else 0
    device, _ = choose_device(options.device, count, "torch")
    pipeline = None if options.pipeline == "none" else options.pipeline
    train = PortraitDataset(parts.train, pipeline=pipeline, size_px=options.size, seed=options.seed)
    settings = TrainSettings(
        epochs=options.epochs,
        batch_size=options.batch_size,
        lr=options.lr or (FRESH_LR if given is None else GENTLE_LR),
        gentle=given is not None,
        patience=options.patience,
        seed=options.seed,
        workers=options.workers,
        device=device,
        mse=options.mse,
        ssim=options.ssim,
        bce=options.bce,
    )
    digest = hashlib.sha256(given).hexdigest() if given is not None else None
    return Trainer(spec, network, train, parts.val, settings), digest


def _device_note(options: Options, trainer: Trainer) -> tuple[str, ...]:
    chosen = options.device == "auto"
    return (f"device: {trainer.settings.device} (chosen by auto)",) if chosen else ()


def _read_weights(file: str) -> bytes:
    try:
        return location(file).read_bytes()
    except OSError as error:
        raise InputError(
            f"--weights {file}: cannot be read ({error.strerror or error}); check the path"
        ) from None


def _epochs(
    options: Options,
    trainer: Trainer,
    writer: output.DatasetWriter,
    samples: str,
    progress: ProgressListener,
) -> tuple[dict[str, float], str]:
    """Train until it is enough, with a checkpoint and a row for each epoch.

    Returns
    -------
    before : dict of str to float
        The scores before the first epoch.
    verdict : str
        What the best epoch is worth against them.
    """
    from datakit.training.scoring import means_of

    out = location(options.out)
    before = trainer.sample_scores()
    checkpoint = out / CHECKPOINT
    if options.resume and checkpoint.is_file():
        trainer.restore(checkpoint.read_bytes(), str(checkpoint))
        writer.keep(CHECKPOINT)
    progress.begin(options.epochs, VERB)
    try:
        for row in trainer.history:
            _note(writer, row, samples)
            progress.advance(writer.failed)
        while not trainer.finished:
            row = trainer.run_epoch()
            atomic.write_bytes(checkpoint, trainer.state(), durable=True)
            _note(writer, row, samples)
            progress.advance(writer.failed)
            progress.note(
                f"epoch {row.epoch}: loss {row.loss['total']:.4f}, IoU {row.scores['iou']:.4f}"
                f"{', the best so far' if row.best else ''}"
            )
    finally:
        progress.end()
    trainer.take_best()
    return means_of(before), verdict_of(before, trainer.sample_scores(), options.seed)


def _note(writer: output.DatasetWriter, row: Epoch, samples: str) -> None:
    """Put an epoch on record; the first one brings the table of samples."""
    lines = {HISTORY: msgspec.json.encode(row).decode() + "\n"}
    if row.epoch == 0:
        lines[SAMPLES] = samples
    writer.add(f"epoch {row.epoch}", Product(lines=lines))


def _result(options: Options, parts: Partition, notes: tuple[str, ...]) -> Training:
    return Training(
        out=options.out,
        model=options.model,
        parameters=0,
        size_px=options.size,
        counts={"train": len(parts.train), "val": len(parts.val)},
        notes=notes,
    )


def _read_result(run: Run) -> Training:
    """Return the result of a training that ended before."""
    out = run.target
    if not any(run.made(command) for command in output.read_card(out).commands[-1:]):
        raise InputError(
            f"{out}: --resume found a training with other options that is done; choose another "
            "folder, or --overwrite"
        )
    result = msgspec.json.decode((out / RESULT).read_bytes(), type=Training)
    notes = (*result.notes, "this run was complete already; nothing was done")
    return msgspec.structs.replace(result, notes=notes)


@contextmanager
def _torch_threads(threads: int | None) -> Iterator[None]:
    if threads is None:
        yield
        return
    import torch

    before = torch.get_num_threads()
    torch.set_num_threads(threads)
    try:
        yield
    finally:
        torch.set_num_threads(before)
