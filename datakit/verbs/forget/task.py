"""Whether one sample is, or comes from, a photo that must be removed."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from datakit.core.similarity.duplicates import Colours, are_flat, same_colours, same_picture
from datakit.core.similarity.hashing import THUMBNAIL_PX, thumbnail
from datakit.core.similarity.picture_match import compare
from datakit.core.similarity.windows import SAME_WINDOW, SIDE_PX, window_correlation
from datakit.errors import InputError
from datakit.io.layouts.base import Item
from datakit.io.pixels.decoders import decode_outline, decode_photo
from datakit.io.store.reads import sha256
from datakit.records.removal import RemovalReason
from datakit.verbs.shared.near_duplicates import pixels_sha256, shown_colours


@dataclass(frozen=True)
class Query:
    """A photo that must go.

    Attributes
    ----------
    pixels : str
        sha256 of its decoded pixels.
    thumbnail : (64, 64) uint8
    colours : (4,) float64
    outline : (H, W) uint8
        In gray and small.
    """

    pixels: str
    thumbnail: npt.NDArray[np.uint8]
    colours: Colours
    outline: npt.NDArray[np.uint8]


@dataclass(frozen=True)
class SearchResult:
    """Whether a sample matches, and why.

    Attributes
    ----------
    sha256 : str or None
        Of the image's bytes; None where the source has only a record of it.
    reason : str or None
        Why it must go; None: it may stay.
    score : float, optional
        How well it matches: the difference for ``near``, the correlation for ``window``.
    """

    sha256: str | None
    reason: RemovalReason | None = None
    score: float | None = None


def query_of(data: bytes, name: str) -> Query:
    """Return the query of a photo's bytes."""
    outline = decode_outline(data, name, side_px=max(SIDE_PX, 2 * THUMBNAIL_PX))
    pixels, colours = pixels_sha256(decode_photo(data, name)), shown_colours(data, name)
    return Query(pixels, thumbnail(outline), colours, outline)


@dataclass(frozen=True)
class Search:
    """Compare one sample with all that must go.

    Parameters
    ----------
    queries : tuple of Query
    digests : frozenset of str
        sha256 of files that must go.
    """

    queries: tuple[Query, ...]
    digests: frozenset[str]

    def __call__(self, item: Item) -> SearchResult:
        """Search one sample; the plainest reason is given."""
        source = item.sample.source.sha256 if item.sample else None
        if item.image is None:
            if item.sample is None:
                raise InputError(f"{item.source_name}: expected an image, the source names none")
            # A row of an export whose pictures are in shards: only its record can be asked.
            return SearchResult(None, "source" if source in self.digests else None)
        data = item.image.read()
        digest = sha256(data)
        if digest in self.digests:
            return SearchResult(digest, "file")
        if not self.queries:
            return SearchResult(digest, "source" if source in self.digests else None)
        pixels = pixels_sha256(decode_photo(data, item.image.name))
        if any(pixels == query.pixels for query in self.queries):
            return SearchResult(digest, "pixels")
        outline = decode_outline(data, item.image.name, side_px=max(SIDE_PX, 2 * THUMBNAIL_PX))
        small = thumbnail(outline)
        near = []
        for query in self.queries:
            match = compare(query.thumbnail, small)
            if same_picture(match) and (
                not are_flat(query.thumbnail, small)
                or same_colours(query.colours, shown_colours(data, item.image.name))
            ):
                near.append(match.error)
        if near:
            return SearchResult(digest, "near", round(min(near), 4))
        if source in self.digests:
            return SearchResult(digest, "source")
        fit = max(window_correlation(query.outline, outline) for query in self.queries)
        if fit >= SAME_WINDOW:
            return SearchResult(digest, "window", round(fit, 4))
        return SearchResult(digest)
