"""``train``: a first segmenter from the first reviewed labels, for ``prelabel``."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Sequence
from contextlib import closing, contextmanager
from dataclasses import dataclass, replace

import msgspec

from datakit.engine.base import LazyTask, ordered_map
from datakit.errors import InputError
from datakit.io.dataset import output
from datakit.io.dataset.record import Record, record_lines
from datakit.io.layouts.base import Item
from datakit.io.layouts.sources import Collection
from datakit.io.store import atomic
from datakit.io.store.storage import location
from datakit.models.factory import Identity
from datakit.records.card import Card
from datakit.records.failure import Failure
from datakit.records.training import FOLDS, HISTORY, SAMPLES, Training
from datakit.verbs.shared.lost_labels import Losses
from datakit.verbs.shared.models import decided_by, licence_notes
from datakit.verbs.shared.options import existing_inputs
from datakit.verbs.shared.progress import ProgressListener, SilentProgress
from datakit.verbs.shared.run_record import Run
from datakit.verbs.train.course import Course
from datakit.verbs.train.options import VERB, Options
from datakit.verbs.train.partition import Partition, partition
from datakit.verbs.train.recipe import Recipe, Stage
from datakit.verbs.train.teach import identify_teachers, taught

WEIGHTS = "model.safetensors"
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
        If the weights do not fit, a teacher's are missing or damaged, CUDA is asked for and not
        there or its memory runs out, or the training diverges.
    """
    out = location(options.out)
    origins = tuple(map(location, options.src))
    output.check_target(out, options.mode, origins, existing_inputs(options))
    source = options.open(progress)
    parts = partition(source, options.val_share, options.seed, taught=bool(options.teacher))
    if options.dry_run:
        notes = (*parts.notes, "dry run: nothing was written")
        return _result(options, parts, notes)
    if options.resume and output.is_finished(out):
        read = _readable(options, source, parts)
        return _read_result(_run(options, source, parts, read, identify_teachers(options)))
    with _torch_threads(options.threads):
        return _train(options, source, parts, progress or SilentProgress())


def _train(
    options: Options,
    source: Collection,
    parts: Partition,
    progress: ProgressListener,
) -> Training:
    out = location(options.out)
    # All that can be wrong with what was given is found before anything is written.
    read = _readable(options, source, parts)
    recipe = Recipe.read(options)
    device = recipe.trainer(Stage(read.parts.train, read.parts.val)).settings.device
    teachers = identify_teachers(options)
    run = _run(options, source, parts, read, teachers)
    tables = {HISTORY: "", SAMPLES: ""} | ({} if parts.val else {FOLDS: ""})
    with output.create(out, run.fingerprint, options.mode, tables, identity=run.identity) as writer:
        for failure in read.failures:
            writer.fail(failure)
        parts = replace(read.parts, untaught=taught(options, read.parts.untaught, writer))
        done = Course(recipe, writer, progress, _table(parts)).run(parts)
        trainer = done.trainer
        weights = trainer.weights()
        atomic.write_bytes(out / WEIGHTS, weights, durable=True)
        notes = [*parts.notes, *read.notes, *done.notes, *licence_notes(teachers, "soft labels")]
        if options.device == "auto":
            notes.append(f"device: {device} (chosen by auto)")
        result = msgspec.structs.replace(
            _result(options, parts, tuple(notes)),
            parameters=sum(part.numel() for part in trainer.network.parameters()),
            before=done.before_means,
            epochs=len(trainer.history),
            best=None if done.folds else trainer.best,
            folds=len(done.folds),
            out_of_fold=done.out_of_fold(options.seed),
            learned=done.learned,
            weights=WEIGHTS,
            weights_sha256=hashlib.sha256(weights).hexdigest(),
            started_from_sha256=recipe.given_sha256,
            teachers=tuple(f"{one.name} (sha256 {one.sha256})" for one in teachers),
            failed=writer.failed,
        )
        text = msgspec.json.format(msgspec.json.encode(result), indent=2) + b"\n"
        atomic.write_bytes(out / RESULT, text)
        card = Card(counts=result.counts, commands=(*source.commands, run.command))
        # A model is no dataset, also not one without samples.
        writer.finish(card, manifest=False)
    return result


@dataclass(frozen=True)
class _Read:
    """What the first pass over the samples found.

    Attributes
    ----------
    parts : Partition
        The samples that can be read.
    failures : sequence of Failure
        The others.
    sha256 : str
        Of all that was read.
    notes : tuple of str
        Of labels that the training's size leaves nothing of.
    """

    parts: Partition
    failures: Sequence[Failure]
    sha256: str
    notes: tuple[str, ...]


def _readable(options: Options, source: Collection, parts: Partition) -> _Read:
    """Read every sample once; InputError when too few are left, or none shows a subject."""
    task = LazyTask("datakit.verbs.train.check:CheckPhoto", {"size_px": options.size})
    failures = list(source.failures)
    groups = {"train": parts.train, "val": parts.val, "untaught": parts.untaught}
    kept: dict[str, list[Item]] = {name: [] for name in groups}
    foreground = dict.fromkeys(groups, 0.0)
    contents = hashlib.sha256()
    losses = Losses()
    for name, items in groups.items():
        by_key = {item.key: item for item in items}
        with closing(ordered_map(options.make_engine(), task, items)) as outcomes:
            for outcome in outcomes:
                item, found = by_key[outcome.key], outcome.value
                if found is None:
                    error = outcome.error or "nothing was read"
                    failures.append(
                        Failure(id=item.key, file=item.source_name, step=VERB, error=error)
                    )
                    continue
                kept[name].append(item)
                foreground[name] += found.foreground
                contents.update(found.sha256.encode())
                losses.add({} if found.lost is None else {item.key: found.lost})
    if failures and options.strict:
        raise InputError(f"--strict: {failures[0].id}: {failures[0].error}")
    for name in ("train", "val") if parts.val else ("train",):
        if not kept[name]:
            raise InputError(
                f"train: none of the {name} samples can be read; the first error: "
                f"{failures[0].error}"
            )
        if foreground[name] == 0:
            raise InputError(
                f"train: expected a subject in some of the {len(kept[name])} {name} samples, found "
                "all of them empty: scores on them say nothing; put labelled people in both splits "
                "(`datakit split`, --val-share)"
            )
    train, val, untaught = (tuple(items) for items in kept.values())
    readable = replace(parts, train=train, val=val, untaught=untaught)
    return _Read(readable, failures, contents.hexdigest(), losses.notes(tagged=False))


def _run(
    options: Options,
    source: Collection,
    parts: Partition,
    read: _Read,
    teachers: Sequence[Identity],
) -> Run:
    """Return this run: decided by its photos, labels and teachers beside its options.

    What learnt from others, finished or not, is neither gone on from nor taken for it.
    """
    groups = (parts.train, parts.val, parts.untaught)
    keys = [[item.key for item in group] for group in groups]
    contracts = [part for given in options.teacher_contract for part in decided_by((), given)]
    decides = (msgspec.json.encode(keys).decode(), read.sha256, *decided_by(teachers, None))
    return Run(VERB, options, source, (*decides, *contracts))


def _table(parts: Partition) -> str:
    """Return the lines of the table that says which sample was in which split."""
    groups = {"train": parts.train, "val": parts.val, "taught": parts.untaught}
    rows = [{"id": item.key, "side": side} for side, items in groups.items() for item in items]
    return "".join(msgspec.json.encode(row).decode() + "\n" for row in rows)


def _result(options: Options, parts: Partition, notes: tuple[str, ...]) -> Training:
    taught_count = {"taught": len(parts.untaught)} if parts.untaught else {}
    return Training(
        out=options.out,
        model=options.model,
        parameters=0,
        size_px=options.size,
        counts={"train": len(parts.train), "val": len(parts.val), **taught_count},
        notes=notes,
    )


def _read_result(run: Run) -> Training:
    """Return the result of a training that ended before.

    Raises
    ------
    InputError
        If it had other options, learnt from other photos, labels or weights, or its own files
        are not as it left them.
    """
    out = run.target
    way = "choose another folder, or --overwrite"
    if not any(run.made(command) for command in output.read_card(out).commands[-1:]):
        raise InputError(f"{out}: --resume found a training with other options that is done; {way}")
    if Record(record_lines(out)).fingerprint != run.identity:
        raise InputError(
            f"{out}: --resume expected the photos, labels and weights that this finished training "
            f"learnt from, found that some are new, gone or changed; {way}"
        )
    try:
        result = msgspec.json.decode((out / RESULT).read_bytes(), type=Training)
        weights = (out / WEIGHTS).read_bytes()
    except (OSError, msgspec.DecodeError, UnicodeDecodeError) as error:
        raise InputError(
            f"{out}: --resume found a finished training that is not whole ({error}); {way}"
        ) from None
    if hashlib.sha256(weights).hexdigest() != result.weights_sha256:
        raise InputError(
            f"{out / WEIGHTS}: expected the weights of the finished training, found others; {way}"
        )
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
