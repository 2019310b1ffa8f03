"""Which stored mask values are foreground."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt


def foreground(mask: npt.NDArray[np.uint8] | npt.NDArray[np.uint16]) -> npt.NDArray[np.bool_]:
    """Return where a stored mask is foreground.

    Class indices and object ids count from 1, a 0/255 mask from 128: one that went through JPEG
    has residue near both ends.

    Examples
    --------
    >>> foreground(np.uint8([[0, 3, 252, 255]])).tolist()
    [[False, False, True, True]]
    >>> foreground(np.uint8([[0, 1, 2]])).tolist()
    [[False, True, True]]
    """
    if mask.dtype == np.uint8 and mask.max(initial=0) >= 128:
        return mask >= 128
    return mask > 0
