"""Frames of videos and bursts of photos, by file names and capture times."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Final

import numpy as np
import numpy.typing as npt

Indices = npt.NDArray[np.int64]

_VIDEO: Final = r"(?:mp4|mov|avi|mkv|webm|m4v|mpe?g|wmv|flv|3gp|mts|m2ts)"
# Names that say what they are: a frame of a named video, or a shot of a burst.
_CERTAIN: Final = tuple(
    re.compile(pattern, re.IGNORECASE)
    for pattern in (
        # Roboflow: clip_mp4-0014; OpenCV and others: clip.mp4_frame12, clip_frame_000012.
        rf"^(?P<series>.*{_VIDEO})[-_. ]?(?:frame)?[-_. ]?(?P<number>\d{{1,9}})$",
        r"^(?P<series>(?:.*/)?[^/]*[^-_. /][-_. ]+)(?:frame|frm)[-_. ]?(?P<number>\d{1,9})$",
        # Phones: 00001IMG_00001_BURST20190101120000123_COVER, IMG_20240101_120000_BURST001_COVER.
        r"^(?P<series>.*/|)(?P<number>\d{5})[^/]*(?P<more>_BURST\d{12,})(?:_COVER)?$",
        r"^(?P<series>.*_BURST)_?(?P<number>\d{1,6})(?:_COVER)?$",
        # Samsung: 20240101_120000_001; copies of one second elsewhere: IMG_20240101_120000(1).
        r"^(?P<series>(?:.*/)?[^/]*\d{8}[-_]\d{6})[_(](?P<number>\d{1,3})\)?$",
    )
)
_HINT: Final = re.compile(rf"{_VIDEO}|frame|frm|_burst|\d{{8}}[-_]\d{{6}}", re.IGNORECASE)
_NUMBERED: Final = re.compile(r"^(?P<series>(?:.*?\D)?)(?P<number>\d{1,9})$")
_TIMED: Final = re.compile(
    r"(?<!\d)((?:19|20)\d\d)(\d\d)(\d\d)[-_T ]?(\d\d)(\d\d)(\d\d)[-_.]?(\d{3})?(?!\d)"
)

NEAR_STEPS: Final = 2
"""Frames that are at most so many of their video's usual steps apart are neighbours."""


@dataclass(frozen=True, slots=True)
class FrameName:
    """What a file name tells of a place in a series.

    Attributes
    ----------
    series : str
        What the names of one series share, folder included.
    number : int
        The place in it.
    certain : bool
        Whether the name itself says video or burst; ``IMG_0014`` may be any photo.
    """

    series: str
    number: int
    certain: bool


def frame_name(name: str) -> FrameName | None:
    """Read a file name without its suffix; None when it ends in no number.

    Examples
    --------
    >>> frame_name("input_video_mp4-0014")
    FrameName(series='input_video_mp4', number=14, certain=True)
    >>> frame_name("clips/walk_frame_12").certain, frame_name("frame_0012").certain
    (True, False)
    >>> frame_name("00007IMG_00007_BURST20190101120000123_COVER").series
    '_BURST20190101120000123'
    >>> frame_name("IMG_0014")
    FrameName(series='IMG_', number=14, certain=False)
    >>> frame_name("portrait") is None
    True
    """
    for pattern in _CERTAIN if _HINT.search(name) else ():
        if match := pattern.match(name):
            found = match.groupdict()
            return FrameName(
                found["series"] + (found.get("more") or ""), int(found["number"]), certain=True
            )
    match = _NUMBERED.match(name)
    if match is None:
        return None
    return FrameName(match["series"], int(match["number"]), certain=False)


def time_in_name(name: str) -> float | None:
    """Return the capture time in seconds that a phone wrote into a file's name, or None.

    Examples
    --------
    >>> one, other = map(time_in_name, ("PXL_20240101_120000123", "PXL_20240101_120001000"))
    >>> round(other - one, 3)
    0.877
    >>> time_in_name("20249999_000000") is None
    True
    """
    match = _TIMED.search(name)
    if match is None:
        return None
    try:
        moment = datetime(*(int(part) for part in match.groups()[:6]), tzinfo=UTC)  # type: ignore[misc,arg-type]
    except ValueError:
        return None
    return moment.timestamp() + int(match[7] or 0) / 1000


def usual_step(numbers: Indices) -> int:
    """Return the usual distance of neighbouring frames: the lower median of the gaps; at least 1.

    Parameters
    ----------
    numbers : (N,) int64
        Frame numbers in any order, repeated ones too.

    Examples
    --------
    >>> usual_step(np.array([0, 30, 60, 60, 120])), usual_step(np.array([7]))
    (30, 1)
    """
    gaps = np.diff(np.unique(numbers))
    return int(np.sort(gaps)[(len(gaps) - 1) // 2]) if len(gaps) else 1


def runs(numbers: Indices) -> Indices:
    """Cut a series of frames where more than `NEAR_STEPS` usual steps are missing.

    Parameters
    ----------
    numbers : (N,) int64
        The number of each frame, in any order.

    Returns
    -------
    (N,) int64
        The run of each frame, from 0 in the order of the numbers.

    Examples
    --------
    >>> runs(np.array([3, 0, 1, 9, 10, 2])).tolist()
    [0, 0, 0, 1, 1, 0]
    """
    order = np.argsort(numbers, kind="stable")
    cuts = np.diff(numbers[order]) > NEAR_STEPS * usual_step(numbers)
    found = np.empty(len(numbers), np.int64)
    found[order] = np.concatenate([[0], np.cumsum(cuts)]) if len(numbers) else order
    return found
