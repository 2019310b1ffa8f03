"""Letting reviewed photos into a finished dataset: only they are done again."""

from __future__ import annotations

from typing import Any, TypeVar

import msgspec

from datakit.errors import InputError
from datakit.io.dataset import output
from datakit.io.layouts.sources import Collection
from datakit.io.store.storage import Location, location
from datakit.records.anonymization import AUDIT, REVIEW
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
        output.reopen(out, Run(verb, options, source).fingerprint)
    return options


def unknown_release(released: frozenset[str], source: Collection) -> str | None:
    """Return the first id to release that the source does not have."""
    missing = sorted(released - {item.key for item in source.items()}) if released else []
    return (
        f"--release {missing[0]}: expected an id of the source, as {REVIEW} lists them"
        if missing
        else None
    )


def _is_audited(out: Location) -> bool:
    return (out / AUDIT).is_file() and (out / output.CARD).is_file()


def _text(options: dict[str, Any]) -> bytes:
    others = {name: value for name, value in options.items() if name != "release"}
    return msgspec.json.encode(others, order="deterministic")
