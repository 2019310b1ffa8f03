"""Target sizes of the splits, and the policies that set them."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import msgspec
from msgspec import Meta

from datakit.errors import InputError, SchemaError
from datakit.io.tables import yaml_files

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt

SPLITS = ("train", "val", "test")
POLICIES = Path(__file__).parent / "policies"

Amount = Annotated[float, Meta(gt=0)]


class Policy(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A split policy; the documented example is ``verbs/split/policies/p3m.yaml``."""

    train: Amount | None = None
    val: Amount | None = None
    test: Amount | None = None
    shrink: bool = False
    where: str | None = None
    val_where: str | None = None
    train_requires: str | None = None
    histogram: str | None = None


def read_policy(name: str | None) -> Policy:
    """Read a policy by name (``p3m``) or from a YAML file; the empty one for None.

    Raises
    ------
    InputError
        If there is no such policy.
    SchemaError
        If the file says something else than a policy.
    """
    if name is None:
        return Policy()
    path = Path(name)
    if path.suffix.lower() not in (".yaml", ".yml"):
        known = sorted(file.stem for file in POLICIES.glob("*.yaml"))
        if name not in known:
            raise InputError(
                f"--policy {name}: expected {' or '.join(known)}, or a .yaml file like it"
            )
        path = POLICIES / f"{name}.yaml"
    data, _ = yaml_files.load(path)
    try:
        return msgspec.convert(data, Policy)
    except msgspec.ValidationError as error:
        raise SchemaError(f"--policy {path}: {error}") from None


def split_sizes(
    total: int, eligible: int, asked: dict[str, float | None], *, shrink: bool
) -> tuple[dict[str, float], float]:
    """Return how many samples each split should get, and how many are left over.

    Parameters
    ----------
    total : int
        Samples to assign.
    eligible : int
        Those that val may take.
    asked : mapping
        Split -> a ratio below 1, a count from 1, or None: train takes the rest.
    shrink : bool
        Whether counts that are more than there is shrink in proportion.

    Raises
    ------
    InputError
        If ratios add up to 1 or more, counts to more than there is, or nothing is asked.

    Examples
    --------
    >>> split_sizes(100, 100, {"train": None, "val": 0.15, "test": 5.0}, shrink=False)
    ({'train': 80.0, 'val': 15.0, 'test': 5.0}, 0.0)
    >>> split_sizes(230, 230, {"train": 200.0, "val": 30.0, "test": None}, shrink=True)
    ({'train': 200.0, 'val': 30.0}, 0.0)
    """
    sizes: dict[str, float] = {}
    for split, amount in asked.items():
        if amount is None:
            continue
        if amount >= 1 and amount != int(amount):
            raise InputError(
                f"--{split} {amount:g}: expected a ratio below 1 (0.15), or a whole number of "
                "samples"
            )
        sizes[split] = amount if amount >= 1 else amount * total
    if not sizes:
        raise InputError(
            "split: expected how to split: --val 0.15, --train 10000 --val 1500, --folds 5, "
            "--policy p3m or --keep-existing"
        )
    if shrink:
        wanted = sum(sizes.values())
        factor = min(1.0, total / wanted, eligible / sizes["val"] if "val" in sizes else 1.0)
        sizes = {split: size * factor for split, size in sizes.items()}
    wanted = sum(sizes.values())
    listed = ", ".join(f"{split} {amount:g}" for split, amount in asked.items() if amount)
    if "train" in sizes:
        if wanted > total + 0.5:
            raise InputError(
                f"split: asked for {wanted:,.0f} samples ({listed}), found {total:,}; lower the "
                "counts, or name only --val and --test"
            )
        rest = total - wanted
    else:
        if wanted >= total:
            raise InputError(
                f"split: {listed} leaves nothing of {total:,} samples for train; ratios must add "
                "up to less than 1"
            )
        sizes["train"], rest = total - wanted, 0.0
    return {split: sizes[split] for split in SPLITS if split in sizes}, max(rest, 0.0)


def check_sizes(
    splits: list[str],
    sizes: npt.NDArray[np.float64],
    targets: npt.NDArray[np.float64],
    largest: str,
    way_out: str,
    tolerance: float,
) -> None:
    """Refuse an assignment that is not what was asked for.

    Parameters
    ----------
    splits, sizes, targets : list, array, array
        Names, and samples as assigned and as asked for.
    largest, way_out : str
        How large the largest group is and why, and what helps where no group can be given.
    tolerance : float
        As ``--tolerance``.

    Raises
    ------
    InputError
        If a split is empty, or further from its target than the tolerance allows.
    """
    total = float(sizes.sum())
    assigned = list(zip(splits, sizes.tolist(), targets.tolist(), strict=True))
    for split, size, target in assigned:
        if target > 0 and size == 0:
            raise InputError(
                f"{split}: expected about {target:,.1f} of {total:,.0f} samples, found no group to "
                f"give it: {largest}; {way_out}"
            )
    for split, size, target in assigned:
        # A split of 1.4 samples must be rounded: that is no failure.
        if abs(size - target) > max(tolerance * total, 1.0):
            raise InputError(
                f"{split}: expected about {target:,.1f} of {total:,.0f} samples; whole groups "
                f"allow {size:,.0f} at best: {largest}; ask for another size, or "
                f"allow it with --tolerance {abs(size - target) / total + 0.005:.2f}"
            )


def parse_strata(asked: tuple[str, ...]) -> list[tuple[str, int | None]]:
    """Read ``class,fg_ratio:5``: columns and into how many bins numbers are cut.

    Examples
    --------
    >>> parse_strata(("class,fg_ratio:5",))
    [('class', None), ('fg_ratio', 5)]
    """
    found: list[tuple[str, int | None]] = []
    for entry in (part.strip() for text in asked for part in text.split(",")):
        name, colon, bins = entry.partition(":")
        if not name or (colon and not (bins.isdigit() and 2 <= int(bins) <= 100)):
            raise InputError(
                f"--stratify {entry!r}: expected a column, or a column and 2 to 100 bins "
                "(fg_ratio:5)"
            )
        found.append((name, int(bins) if colon else None))
    return found
