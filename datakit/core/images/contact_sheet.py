"""Contact sheets: many small pictures with captions on one page, and labels drawn over photos."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import cv2
import numpy as np
import numpy.typing as npt
from PIL import Image, ImageDraw, ImageFont

from datakit.core.images.resizing import Resizing
from datakit.errors import InputError

Image8 = npt.NDArray[np.uint8]

PAPER = (250, 250, 248)
INK = (40, 40, 40)
ACCENT = (0, 158, 115)
"""Bluish green of the Okabe-Ito palette: distinct from skin also to colour-blind eyes."""

_GAP_PX = 8
_CAPTION_PX = 13
_HEADING_PX = 20
_LINE_PX = 17


def contact_sheet(
    tiles: Sequence[Image8],
    captions: Sequence[str] = (),
    *,
    title: str = "",
    columns: int = 6,
    tile_px: int = 200,
) -> Image8:
    """Lay pictures out in rows, each fitted into a square, with a caption below it.

    Parameters
    ----------
    tiles : sequence of (H, W, 3) uint8 RGB
        Any sizes; larger ones are shrunk, smaller ones are not blown up.
    captions : sequence of str
        One a tile, or none; a line break starts a new line, long lines are cut at the tile's width.
    title : str
        Heading of the page.
    columns : int
        Tiles a row.
    tile_px : int
        Side of a tile's square.

    Returns
    -------
    (H, W, 3) uint8 RGB

    Raises
    ------
    InputError
        Without tiles, or if tiles and captions differ in number.

    Examples
    --------
    >>> contact_sheet([np.zeros((4, 8, 3), np.uint8)] * 3, columns=2, tile_px=50).shape
    (124, 124, 3)
    """
    if not tiles or (captions and len(captions) != len(tiles)):
        raise InputError(f"contact sheet: {len(tiles)} tiles need as many captions or none")
    lines = max((caption.count("\n") + 1 for caption in captions), default=0)
    columns = min(columns, len(tiles))
    rows = -(-len(tiles) // columns)
    head = 28 + _GAP_PX if title else 0
    cell_wh = (tile_px + _GAP_PX, tile_px + _GAP_PX + lines * _LINE_PX)
    heading = ImageFont.load_default(_HEADING_PX)
    # A title may be longer than a row of few tiles.
    width = max(columns * cell_wh[0], _GAP_PX + int(heading.getlength(title)) + 1)
    size_wh = (width + _GAP_PX, head + rows * cell_wh[1] + _GAP_PX)
    page = Image.new("RGB", size_wh, PAPER)
    draw = ImageDraw.Draw(page)
    if title:
        draw.text((_GAP_PX, _GAP_PX), title, INK, heading)
    font = ImageFont.load_default(_CAPTION_PX)
    for number, tile in enumerate(tiles):
        left = _GAP_PX + number % columns * cell_wh[0]
        top = _GAP_PX + head + number // columns * cell_wh[1]
        small = _fitted(tile, tile_px)
        centred = ((tile_px - small.shape[1]) // 2, (tile_px - small.shape[0]) // 2)
        page.paste(Image.fromarray(small), (left + centred[0], top + centred[1]))
        if captions:
            text = "\n".join(_cut(line, font, tile_px) for line in captions[number].split("\n"))
            draw.text((left, top + tile_px + 2), text, INK, font, spacing=_LINE_PX - _CAPTION_PX)
    return np.asarray(page)


def overlay(image: Image8, label: npt.NDArray[Any], strength: float = 0.45) -> Image8:
    """Draw a label over a photo: the foreground tinted, its outline drawn.

    Parameters
    ----------
    image : (H, W, 3) uint8 RGB
    label : (H, W), bool, integer or float
        Foreground where it is above 0 (above half for floats); floats tint by their value.
    strength : float
        Share of the tint in full foreground.

    Returns
    -------
    (H, W, 3) uint8 RGB

    Raises
    ------
    InputError
        If label and image differ in size.
    """
    if label.shape != image.shape[:2]:
        raise InputError(f"overlay: label {label.shape} must equal image {image.shape[:2]}")
    soft = np.issubdtype(label.dtype, np.floating)
    weight = (label if soft else label > 0).astype(np.float32)[..., None] * strength
    tinted = image * (1 - weight) + np.array(ACCENT, np.float32) * weight
    out = np.ascontiguousarray(np.rint(tinted).astype(np.uint8))
    inside = (label > 0.5 if soft else label > 0).astype(np.uint8)
    contours, _ = cv2.findContours(inside, cv2.RETR_LIST, cv2.CHAIN_APPROX_NONE)
    thickness = max(1, round(max(label.shape) / 400))
    return np.asarray(cv2.drawContours(out, contours, -1, ACCENT, thickness))


def hatched(image: Image8, unknown: npt.NDArray[Any]) -> Image8:
    """Draw diagonal stripes over the pixels whose label is unknown.

    Parameters
    ----------
    image : (H, W, 3) uint8 RGB
    unknown : (H, W), bool or integer
        Above 0 where the label is not known.

    Returns
    -------
    (H, W, 3) uint8 RGB

    Raises
    ------
    InputError
        If the two differ in size.

    Examples
    --------
    >>> striped = hatched(np.zeros((32, 32, 3), np.uint8), np.ones((32, 32), bool))
    >>> sorted(np.unique(striped).tolist())
    [0, 255]
    """
    if unknown.shape != image.shape[:2]:
        raise InputError(f"hatched: {unknown.shape} must equal image {image.shape[:2]}")
    height, width = unknown.shape
    period = max(8, max(height, width) // 40)
    rows, columns = np.ogrid[:height, :width]
    stripes = ((rows + columns) % period < max(2, period // 3)) & (unknown > 0)
    out = image.copy()
    out[stripes] = 255
    return out


def _fitted(tile: Image8, side_px: int) -> Image8:
    height, width = tile.shape[:2]
    scale = min(1.0, side_px / max(height, width))
    to_wh = (max(1, round(width * scale)), max(1, round(height * scale)))
    return Resizing((width, height), to_wh).image(tile) if scale < 1 else tile


def _cut(line: str, font: Any, width_px: int) -> str:
    """Shorten a line in its middle, where file names differ least, until it fits."""
    if font.getlength(line) <= width_px:
        return line
    keep = len(line)
    while keep > 2 and font.getlength(line[: keep // 2] + "…" + line[-(keep // 2) :]) > width_px:
        keep -= 1
    return line[: keep // 2] + "…" + line[-(keep // 2) :]
