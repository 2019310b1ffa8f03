"""What a pipeline did, as plain values for a manifest."""

from __future__ import annotations

from typing import Any, TypedDict

import numpy as np

CONSTANT = {"fill", "fill_mask", "interpolation", "shape"}
"""Parameters that come from the document or the image, and were not drawn."""
MAX_VALUES = 16


class AppliedTransform(TypedDict):
    """One transform that took place, with the values it drew."""

    name: str
    params: dict[str, Any]


def describe_applied(applied: list[tuple[str, dict[str, Any]]]) -> list[AppliedTransform]:
    """Return Albumentations' record of applied transforms as plain values.

    Arrays of more than `MAX_VALUES` values (warp maps, noise) are described by their shape: the
    copy's seed draws them again.

    Examples
    --------
    >>> describe_applied([("Affine", {"scale": np.float64(1.5), "map": np.zeros((9, 9))})])
    [{'name': 'Affine', 'params': {'scale': 1.5, 'map': 'array (9, 9)'}}]
    """
    return [
        AppliedTransform(
            name=name,
            params={str(k): _plain(v) for k, v in params.items() if k not in CONSTANT},
        )
        for name, params in applied
    ]


def _plain(value: Any) -> Any:
    if isinstance(value, np.generic):
        value = value.item()
    if value is None or isinstance(value, bool | int | float | str):
        return value
    if isinstance(value, np.ndarray):
        return value.tolist() if value.size <= MAX_VALUES else f"array {value.shape}"
    if isinstance(value, dict):
        return {str(key): _plain(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        if len(value) > MAX_VALUES:
            return f"{len(value)} values"
        return [_plain(item) for item in value]
    return type(value).__name__
