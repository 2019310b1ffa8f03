"""Letting reviewed photos into a finished dataset: only they are done again."""

from __future__ import annotations

import hashlib
from typing import Any, TypeVar

import msgspec

from datakit.errors import InputError
from datakit.io.dataset import output
from datakit.io.layouts.sources import Collection
from datakit.io.store.storage import Location, location
from datakit.records.anonymization import AUDIT, REVIEW, Anonymization
from datakit.records.product import Product
from datakit.records.sample import Sample
from datakit.verbs.anonymize.rows import rows
from datakit.verbs.shared.options import WriteOptions, recorded_options
from datakit.verbs.shared.run_record import Run

Released = TypeVar("Released", bound=WriteOptions)


def reopen_for_release(
    verb: str, options: Released, released: frozenset[str], source: Collection
) -> Released:
    """Prepare a finished dataset for ``--release IDS --resume``; nothing happens in other cases.

    Parameters
    ----------
    verb, options : str, WriteOptions
        The run.
    released : frozenset of str
        The ids of ``--release``.
    source : Collection
        The opened source.

    Returns
    -------
    WriteOptions
        The options, with the ids that were released before added.

    Raises
    ------
    InputError
        If the dataset was made with other options than ``--release``.
    """
    out = location(options.out)
    if not (released and options.resume and not options.dry_run and _is_audited(out)):
        return options
    last = output.read_card(out).commands[-1]
    if last.verb != verb or _text(last.options) != _text(recorded_options(options)):
        raise InputError(
            f"{out}: --resume --release expected the options that made this dataset, found others; "
            "repeat them, or use --overwrite"
        )
    together = tuple(sorted({*last.options.get("release", ()), *released}))
    options = msgspec.structs.replace(options, release=together)
    # A release that was killed has its journal already, and goes on with it.
    if output.is_finished(out):
        products = finished_products(out, source, released)
        output.reopen(out, Run(verb, options, source).fingerprint, products)
    return options


def finished_products(
    out: Location, source: Collection, released: frozenset[str]
) -> dict[str, Product]:
    """Return what stays of a finished dataset: id -> product, for photos not to be done again.

    A photo whose file is gone or is not the one of the audit is left out, and so done again.

    Parameters
    ----------
    out : Path or ObjectPath
        The finished dataset.
    source : Collection
        What it was made from.
    released : frozenset of str
        Ids that are to be let in.

    Raises
    ------
    InputError
        If an id to release neither waits for review nor is in the dataset.
    """
    decoder = msgspec.json.Decoder(Sample)
    with (out / output.MANIFEST).open("rb") as lines:
        samples = {sample.id: sample for sample in map(decoder.decode, lines)}
    names = {item.key: item.source_name for item in source.items()}
    kept: dict[str, Product] = {}
    auditor = msgspec.json.Decoder(Anonymization)
    with (out / AUDIT).open("rb") as lines:
        for record in map(auditor.decode, lines):
            waiting = record.file_name is None
            sample = samples.get(record.id)
            if record.id not in names or (waiting and record.id in released):
                continue
            if waiting:
                kept[record.id] = rows(record, names[record.id], None, {})
            elif sample is not None and (files := _files(out, sample, record)):
                kept[record.id] = rows(record, names[record.id], sample, files)
    return kept


def unknown_release(released: frozenset[str], source: Collection) -> str | None:
    """Return the first id to release that the source does not have."""
    missing = sorted(released - {item.key for item in source.items()}) if released else []
    return (
        f"--release {missing[0]}: expected an id of the source, as {REVIEW} lists them"
        if missing
        else None
    )


def _files(out: Location, sample: Sample, record: Anonymization) -> dict[str, int]:
    named = (
        sample.file_name,
        sample.mask_file_name,
        sample.alpha_file_name,
        sample.trimap_file_name,
    )
    paths = {name: out / name for name in named if name is not None}
    if not all(path.is_file() for path in paths.values()):
        return {}
    photo = paths[str(sample.file_name)].read_bytes()
    if hashlib.sha256(photo).hexdigest() != record.sha256_out:
        return {}
    return {name: path.stat().st_size for name, path in paths.items()}


def _is_audited(out: Location) -> bool:
    return (out / AUDIT).is_file() and (out / output.CARD).is_file()


def _text(options: dict[str, Any]) -> bytes:
    others = {name: value for name, value in options.items() if name != "release"}
    return msgspec.json.encode(others, order="deterministic")
