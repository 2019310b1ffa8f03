"""What the options of ``anonymize`` mean for its task."""

from __future__ import annotations

from pathlib import PurePosixPath

import msgspec

from datakit.errors import InputError
from datakit.io.store.files import FileRef, open_root
from datakit.verbs.anonymize.face_hiding import Hiding
from datakit.verbs.anonymize.options import VERB, Options
from datakit.verbs.shared.run_record import operation


def task_params(options: Options) -> dict[str, object]:
    """Return the keyword arguments of `datakit.verbs.anonymize.task.Anonymize`."""
    return {
        "out": options.out,
        # Who was let in is the card's business: every other photo is the same without it.
        "step": operation(VERB, msgspec.structs.replace(options, release=())),
        "detectors": options.detectors,
        "threshold": options.threshold,
        "residual_threshold": options.residual_threshold,
        "weights": options.weights,
        "region": options.region,
        "hiding": Hiding(
            method=options.method,
            sigma_iod=options.sigma,
            min_face_px=options.min_face,
            solid_on_residual=options.on_residual == "solid",
        ),
        "matte": options.matte,
        "alphas": _alphas(options.alpha_dir),
        "colour": options.colour,
        "on_no_face": options.on_no_face,
        "on_residual": options.on_residual,
        "skip_where": options.skip_where,
        "release": options.released,
        "facemask_dir": options.facemask_dir,
        "fairness": options.report_fairness,
        "source_digest": not options.no_source_digest,
    }


def _alphas(folder: str | None) -> dict[str, FileRef] | None:
    """Return stem -> matte of ``--alpha-dir``."""
    if folder is None:
        return None
    root = open_root(folder)
    found: dict[str, FileRef] = {}
    for name in root.names():
        stem = PurePosixPath(name).with_suffix("").as_posix()
        if stem in found:
            raise InputError(
                f"{folder}: expected one matte a stem, found {found[stem].name} and {name}"
            )
        found[stem] = FileRef(str(root.root), name)
    return found
