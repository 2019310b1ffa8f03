"""Several maps of where the subject is as one: those count most that hold what clicks say."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

from datakit.core.interactive.prompts import Click, click_pixel

FloatArray = npt.NDArray[np.float32]

_LEAST_LIKELIHOOD = 0.05


def consensus(maps: Sequence[FloatArray], clicks: Sequence[Click]) -> FloatArray | None:
    """Return the mean of maps, each weighted by how likely it holds what all clicks say.

    A click contradicts the label it mends, and with it the model that drew the label: where another
    model has it right, one click changes the whole of what they disagree about.

    Parameters
    ----------
    maps : sequence of (H, W) float32 in [0, 1]
        How likely each pixel is the subject, by different models.
    clicks : sequence of Click

    Returns
    -------
    (H, W) float32 in [0, 1] or None
        None without maps.

    Raises
    ------
    InputError
        If a click lies outside the maps.

    References
    ----------
    Hoeting, Madigan, Raftery, Volinsky 1999, doi:10.1214/ss/1009212519: Bayesian model averaging.

    Examples
    --------
    >>> left, right = np.float32([[0.9, 0.1]]), np.float32([[0.1, 0.9]])
    >>> (consensus([left, right], [Click(0.5, 0.5)]) > 0.5).tolist()
    [[True, False]]
    """
    if not maps:
        return None
    weights = np.ones(len(maps))
    for click in clicks:
        place = click_pixel(click, (maps[0].shape[0], maps[0].shape[1]))
        likely = np.array([float(one[place]) for one in maps])
        likelihood = likely if click.positive else 1 - likely
        weights *= np.maximum(likelihood, _LEAST_LIKELIHOOD)
    mean = np.zeros(maps[0].shape, np.float32)
    for weight, one in zip(weights / weights.sum(), maps, strict=True):
        mean += np.float32(weight) * one
    return np.clip(mean, 0, 1, out=mean)
