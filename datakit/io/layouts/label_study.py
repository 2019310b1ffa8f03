"""What the label pictures of a source hold, found by sampling some of them.

Plain folders do not say whether a picture is a mask of 0 and 255, of class indices, of colours, or
a matte. The conclusion is reported in a note; a picture that does not fit it later is a failure.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any

from datakit.errors import InputError
from datakit.io.layouts.base import MaskCoding
from datakit.io.layouts.class_names import ClassNames, Colour
from datakit.io.store.files import FileRef
from datakit.records.labels import BACKGROUND, FOREGROUND, IGNORED, role_of

if TYPE_CHECKING:  # numpy and the decoders are heavy, and a source of photos needs neither
    import numpy.typing as npt

FEW = 8
"""Labels that are measured first; enough where all of them are 0 and 255."""

MANY = 200
"""Labels that are measured to learn which classes there are."""

MAX_CLASSES = 254
_MAX_LEVELS = 64
_MAX_COLOURS = 64
_MAX_SHOWN = 32
"""Classes that most masks of indices show at most; a grey mask shows more levels."""

_RESIDUE = 9
"""Levels next to 0 and 255 that JPEG leaves behind."""

_HALF = 128
_ENDS_SHARE = 0.5
_END_SHARE = 0.02
_SOFT_SHARE = 0.003
_SOFT_LEVELS = 16
_GRAY_MIDDLE = (126, 127, 128, 129, 130)

VOID_COLOUR: Colour = (224, 224, 192)
"""The colour of VOC's void border."""


@dataclass(frozen=True, kw_only=True)
class Study:
    """What the labels of a source are.

    Attributes
    ----------
    kind : {"mask", "alpha", "trimap"}
    label_map : mapping
        Class name -> value; empty where the masks do not tell.
    coding : MaskCoding
        How the mask files say it.
    notes : tuple of str
        What was concluded.
    """

    kind: str = "mask"
    label_map: Mapping[str, int] = field(default_factory=dict)
    coding: MaskCoding = field(default_factory=MaskCoding)
    notes: tuple[str, ...] = ()


PLAIN = Study()
BINARY: Mapping[str, int] = {BACKGROUND: 0, FOREGROUND: IGNORED}
_CUT = MaskCoding(values=tuple((v, IGNORED if v >= _HALF else 0) for v in range(1, IGNORED)))
"""Masks of 0 and 255 that JPEG blurred."""


@dataclass(frozen=True, kw_only=True)
class PixelStatistics:
    """What the pixels of one picture hold.

    Attributes
    ----------
    values : frozenset of int
        Its levels, or indices of its palette; empty when it is coloured.
    colours : frozenset
        Its colours, when it is coloured, or a palette, and has few.
    palette : bool
        Whether the values are indices.
    soft : float
        Share of the pixels that are neither near 0 nor near 255.
    label : bool
        Whether it looks like a label rather than a photo.
    deep : bool
        Whether it has 16 bits.
    cutout : bool
        Whether the label is the opacity of a coloured picture.
    lossy : bool
        Whether the file is a JPEG, whose levels are not those that were drawn.
    """

    values: frozenset[int] = frozenset()
    colours: frozenset[Colour] = frozenset()
    palette: bool = False
    soft: float = 0.0
    label: bool = False
    deep: bool = False
    cutout: bool = False
    lossy: bool = False
    size_wh: tuple[int, int] = (0, 0)

    @property
    def kind(self) -> str:
        """The kind of label that this picture is, if it is one."""
        if self.cutout:
            return "alpha"
        if self.values and not self.palette and not self.deep:
            middle = self.values - {0, 255}
            if middle and middle <= set(_GRAY_MIDDLE) and len(self.values) == 3:
                return "trimap"
            if len(self.values) > _SOFT_LEVELS and self.soft > _SOFT_SHARE:
                return "alpha"
        return "alpha" if self.deep and len(self.values) > 2 * IGNORED else "mask"


def measure_file(file: FileRef) -> PixelStatistics:
    """Measure one picture.

    Raises
    ------
    InputError
        If it cannot be read or decoded.
    """
    from datakit.io.pixels.decoders import decode_mask, decode_stored
    from datakit.io.pixels.images import probe

    data = file.read()
    measured = statistics_of(decode_stored(data, file.name))
    if data.startswith(b"\xff\xd8\xff"):
        return replace(measured, lossy=True)
    if not data.startswith(b"\x89PNG") or probe(data, file.name).mode != "P":
        return measured
    indices = statistics_of(decode_mask(data, file.name))
    return replace(indices, palette=True, label=True, colours=measured.colours)


def statistics_of(pixels: npt.NDArray[Any]) -> PixelStatistics:
    """Measure decoded pixels: (H, W) or (H, W, C), of any depth."""
    import numpy as np

    from datakit.core.matting.alpha_coding import take_plane

    size_wh = (pixels.shape[1], pixels.shape[0])
    stored = pixels
    pixels, channel = take_plane(stored)
    if channel == "red":
        return _coloured(stored, size_wh)
    if pixels.dtype.kind == "f":
        return PixelStatistics(label=True, values=frozenset(range(256)), soft=1.0, size_wh=size_wh)
    values, counts = np.unique(pixels, return_counts=True)
    top = int(np.iinfo(pixels.dtype).max)
    dark = float(counts[values <= top * _RESIDUE // 255].sum()) / pixels.size
    light = float(counts[values >= top - top * _RESIDUE // 255].sum()) / pixels.size
    few = len(values) <= _MAX_LEVELS
    ends = dark + light >= _ENDS_SHARE and min(dark, light) >= _END_SHARE
    return PixelStatistics(
        values=frozenset(map(int, values)),
        soft=1 - dark - light,
        cutout=channel == "alpha",
        label=few or ends or channel == "alpha",
        deep=pixels.dtype.itemsize > 1,
        size_wh=size_wh,
    )


def _coloured(pixels: npt.NDArray[Any], size_wh: tuple[int, int]) -> PixelStatistics:
    import numpy as np

    if pixels.dtype != np.uint8:
        return PixelStatistics(size_wh=size_wh)
    codes = pixels[..., :3].astype(np.uint32) @ np.array([1 << 16, 1 << 8, 1], np.uint32)
    found = np.unique(codes)
    if len(found) > _MAX_COLOURS:
        return PixelStatistics(size_wh=size_wh)
    colours = frozenset((int(c) >> 16, int(c) >> 8 & 255, int(c) & 255) for c in found)
    return PixelStatistics(colours=colours, label=True, size_wh=size_wh)


def spread(files: Sequence[FileRef], number: int) -> list[FileRef]:
    """Return at most ``number`` files, evenly spread over the order given.

    Examples
    --------
    >>> [file.name for file in spread([FileRef("", str(n)) for n in range(9)], 3)]
    ['0', '3', '6']
    """
    if len(files) <= number:
        return list(files)
    return [files[index * len(files) // number] for index in range(number)]


def measure_files(files: Sequence[FileRef], number: int) -> list[PixelStatistics]:
    """Measure some files; those that cannot be decoded become failures when they are read."""
    found = []
    for file in spread(files, number):
        try:
            found.append(measure_file(file))
        except InputError:
            # The verb that reads this file will say what is wrong with it.
            continue
    return found


def study(files: Sequence[FileRef], names: ClassNames | None, *, kind: str | None) -> Study:
    """Conclude what label pictures hold.

    Parameters
    ----------
    files : sequence of FileRef
        All labels, in order.
    names : ClassNames, optional
        What a file beside the labels says of their classes.
    kind : {"mask", "alpha", "trimap"}, optional
        What they are, where it is known.
    """
    seen = measure_files(files, FEW)
    kind = kind or _kind(seen)
    if kind != "mask" or not seen:
        return Study(kind=kind)
    if names or any(measured.colours or not measured.values <= {0, IGNORED} for measured in seen):
        seen = measure_files(files, MANY)
    if names and _in_colours(seen, names.colours):
        return _named_colours(names.colours)
    if any(measured.colours and not measured.palette for measured in seen):
        return _colour_study(seen)
    levels = frozenset[int]().union(*(measured.values for measured in seen))
    if any(measured.deep for measured in seen):
        # Object ids: nobody says which classes they are of.
        return Study(kind=kind)
    lossy = any(measured.lossy for measured in seen)
    if _is_residue(levels, lossy=lossy) or (
        lossy and not names and max(levels, default=0) >= _HALF
    ):
        note = f"the masks, such as {files[0].name}, went through JPEG: from 128 on is foreground"
        return Study(label_map=BINARY, coding=_CUT, notes=(note,))
    if names and not levels <= {0, IGNORED}:
        return named_study(levels, names.values)
    counts = sorted(len(measured.values) for measured in seen if not measured.palette)
    if counts and counts[len(counts) // 2] > _MAX_SHOWN:
        # Grey masks, of JPEG or soft: their values are no classes.
        return Study(kind=kind)
    return _index_study(
        levels, palette=any(measured.palette for measured in seen), looked=len(seen)
    )


def _is_residue(levels: frozenset[int], *, lossy: bool) -> bool:
    """Tell whether levels are 0 and 255 with what JPEG left beside them, and no indices."""
    light = {level for level in levels if level >= IGNORED - _RESIDUE}
    near = all(level <= _RESIDUE for level in levels - light)
    return near and (len(light) > 1 or (lossy and bool(light)))


def _in_colours(seen: Sequence[PixelStatistics], named: Mapping[Colour, str]) -> bool:
    shown = frozenset[Colour]().union(*(measured.colours for measured in seen))
    return bool(shown) and shown <= {*named, VOID_COLOUR}


def _named_colours(named: Mapping[Colour, str]) -> Study:
    label_map = {BACKGROUND: 0}
    coded: dict[Colour, int] = {VOID_COLOUR: IGNORED}
    for colour, name in named.items():
        role = role_of(name)
        if role == "object":
            label_map.setdefault(name, len(label_map))
        coded[colour] = {"object": label_map.get(name, 0), "background": 0, "ignore": IGNORED}[role]
    coding = MaskCoding(colours=tuple(coded.items()), ignored=(IGNORED,))
    return Study(label_map=label_map, coding=coding)


def _kind(seen: Sequence[PixelStatistics]) -> str:
    kinds = [
        measured.kind for measured in seen if not (measured.values and len(measured.values) == 1)
    ]
    if "alpha" in kinds:
        return "alpha"
    return "trimap" if kinds and all(kind == "trimap" for kind in kinds) else "mask"


def named_study(levels: frozenset[int], classes: Mapping[int, str]) -> Study:
    """Conclude what values mean that have names.

    Classes named like ``void``, and the value 255 without a name, are unknown. Where
    value 0 has a class of its own, all classes move up by one: 0 is background.
    """
    roles = {value: role_of(name) for value, name in classes.items()}
    shift = int(roles.get(0) == "object")
    values: dict[int, int] = {}
    label_map = {BACKGROUND: 0}
    for value, name in sorted(classes.items()):
        new = {"object": value + shift, "background": 0, "ignore": IGNORED}[roles[value]]
        if roles[value] == "object":
            label_map[name] = new
        if new != value:
            values[value] = new
    void = "ignore" in roles.values() or (IGNORED in levels and IGNORED not in classes)
    coding = MaskCoding(values=tuple(values.items()), ignored=(IGNORED,) if void else ())
    return Study(label_map=label_map, coding=coding)


def _index_study(levels: frozenset[int], *, palette: bool, looked: int) -> Study:
    if levels <= {0, IGNORED}:
        return Study(label_map=BINARY)
    shown = levels - {0}
    only = min(shown)
    if len(shown) == 1 and not palette and (only == 1 or only > IGNORED // 2):
        coding = MaskCoding(values=((only, IGNORED),))
        return Study(
            label_map=BINARY,
            coding=coding,
            notes=(f"the masks are coded 0 and {only}: {only} is the foreground",),
        )
    named = sorted(levels - {0, IGNORED})
    label_map = {BACKGROUND: 0, **{f"class_{value}": value for value in named}}
    void = IGNORED in levels
    note = f"the masks hold class indices without names: {_listed(named)}, seen in {looked}"
    note += " masks; 255 is unknown" if void else " masks"
    return Study(
        label_map=label_map, coding=MaskCoding(ignored=(IGNORED,) if void else ()), notes=(note,)
    )


def _colour_study(seen: Sequence[PixelStatistics]) -> Study:
    colours = frozenset[Colour]().union(*(measured.colours for measured in seen))
    colours |= {(v, v, v) for measured in seen if not measured.colours for v in measured.values}
    shown = sorted(colours - {(0, 0, 0)})
    if len(shown) == 1:
        coding = MaskCoding(colours=(((0, 0, 0), 0), (shown[0], IGNORED)))
        note = f"the masks' one colour beside black, {shown[0]}, is the foreground"
        return Study(label_map=BINARY, coding=coding, notes=(note,))
    if len(shown) > MAX_CLASSES:
        raise InputError(
            f"masks: expected at most {MAX_CLASSES} colours, found {len(shown)} and nobody says "
            "which class each is; add a labelmap.txt with lines NAME:R,G,B::"
        )
    label_map = {BACKGROUND: 0}
    coded: list[tuple[Colour, int]] = [((0, 0, 0), 0)]
    for value, colour in enumerate(shown, 1):
        label_map["colour_{:02x}{:02x}{:02x}".format(*colour)] = value
        coded.append((colour, value))
    note = (
        f"the masks hold {len(shown)} colours without names; each is a class, black is "
        "background (a labelmap.txt beside them would name them)"
    )
    return Study(label_map=label_map, coding=MaskCoding(colours=tuple(coded)), notes=(note,))


def is_unnamed(label_map: Mapping[str, int]) -> bool:
    """Tell whether the classes of a map are values that nobody named.

    Examples
    --------
    >>> is_unnamed({"background": 0, "class_7": 7}), is_unnamed({"background": 0, "hair": 1})
    (True, False)
    """
    named = {name: value for name, value in label_map.items() if value}
    return bool(named) and all(name == f"class_{value}" for name, value in named.items())


def _listed(values: Sequence[int]) -> str:
    shown = ", ".join(map(str, values[:10]))
    return shown + (", …" if len(values) > 10 else "")
