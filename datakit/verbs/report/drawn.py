"""What a worker hands back of one sample: its small pictures, and what it measured on them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass


@dataclass(frozen=True)
class Drawn:
    """One small picture, encoded."""

    jpeg: bytes
    width: int
    height: int


@dataclass(frozen=True)
class Illustrated:
    """The pictures of one sample.

    Attributes
    ----------
    checks : mapping
        Check -> picture of where it looked.
    plain : Drawn or None
        With the label drawn, when it was asked for.
    share : float or None
        Of the image that the label covers, 0 to 1; None without a label or a plain picture.
    """

    checks: Mapping[str, Drawn]
    plain: Drawn | None = None
    share: float | None = None
