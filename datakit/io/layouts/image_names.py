"""Finding the image that an annotation file means: the exact path first, then what is safe."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable, Iterator
from urllib.parse import unquote

IMAGE_NAME = re.compile(r"\.(?:jpe?g|jfif|jpe|png|webp|tiff?|bmp)$", re.IGNORECASE)
"""Suffixes of the images that datakit decodes."""

EXACT = "exact"
CASE = "letter case"
BY_TAIL = "the end of the path"
"""How an image was found whose whole path is not known to be that of the name."""

_UPLOADED = re.compile(r"^[0-9a-f]{8}-")
"""What Label Studio puts before the name of an uploaded file."""

_SPLIT_FOLDER = re.compile(r"(train|training|val|valid|validation|test|testing)(?:20\d\d)?")
_SPLIT_OF = {"training": "train", "valid": "val", "validation": "val", "testing": "test"}
_CONTAINERS = frozenset({"images", "image", "imgs", "img", "data", "jpegimages"})


def split_named(folder: str) -> str | None:
    """Return the split that a folder or a subset names.

    Examples
    --------
    >>> split_named("train2017"), split_named("Valid"), split_named("default") is None
    ('train', 'val', True)
    """
    found = _SPLIT_FOLDER.fullmatch(folder.lower())
    return _SPLIT_OF.get(found[1], found[1]) if found else None


def placed(path: str) -> tuple[str | None, str]:
    """Return the split that an image's folders name, and its path without them and ``images``.

    Examples
    --------
    >>> placed("images/train2017/cam/x.jpg"), placed("set/img/x.jpg"), placed("x.jpg")
    (('train', 'cam/x.jpg'), (None, 'set/x.jpg'), (None, 'x.jpg'))
    """
    *folders, name = path.split("/")
    split = None
    kept = []
    contained = False
    for folder in folders:
        if split is None and (split := split_named(folder)):
            continue
        if not contained and folder.lower() in _CONTAINERS:
            contained = True
            continue
        kept.append(folder)
    return split, "/".join([*kept, name])


def without_upload(name: str) -> str:
    """Return a name without what Label Studio puts before that of an uploaded file.

    Examples
    --------
    >>> without_upload("0123abcd-a.jpg"), without_upload("a.jpg")
    ('a.jpg', 'a.jpg')
    """
    return _UPLOADED.sub("", name)


class ImageNames:
    """The images of a source, found by the names that annotation files give them.

    Parameters
    ----------
    names : iterable of str
        The files of the source, also those that are no images.
    """

    def __init__(self, names: Iterable[str]) -> None:
        self._names = frozenset(name for name in names if IMAGE_NAME.search(name))
        self._by_tail: dict[str, list[str]] | None = None
        self._by_caseless_tail: dict[str, list[str]] | None = None

    def __contains__(self, path: str) -> bool:
        return path in self._names

    def __iter__(self) -> Iterator[str]:
        return iter(sorted(self._names))

    def find(self, name: str, folders: Iterable[str] = ("",)) -> tuple[str, str]:
        r"""Return the one file that a name means, and how it was found.

        The exact path below one of ``folders``, else the path with back slashes as slashes,
        its URL decoded, in the other Unicode form or with the suffix in another letter case, else
        without regard to letter case at all; else the file whose path's end is equal for the
        longest stretch.

        Parameters
        ----------
        name : str
            As the annotation file has it.
        folders : iterable of str
            Where images may lie, in the order in which they are asked.

        Returns
        -------
        (path, how)
            ``how`` is "exact", or what it took, in words. Path and ``how`` are empty when no file
            fits; when several fit, the path is empty and ``how`` names some of them.

        Examples
        --------
        >>> images = ImageNames(["images/a b.JPG", "images/c.jpg", "old/c.jpg"])
        >>> images.find("a%20b.jpg", ["images"])
        ('images/a b.JPG', 'URL decoding, letter case of the suffix')
        >>> images.find("C:\\data\\images\\c.jpg"), images.find("c.jpg")
        (('images/c.jpg', 'the end of the path'), ('', 'images/c.jpg, old/c.jpg'))
        """
        listed = tuple(dict.fromkeys(folders))
        for folder in listed:
            path = f"{folder}/{name}" if folder else name
            if path in self._names:
                return path, EXACT
        plain = plain_name(name)
        tails = self._tails()
        found = tails.get(_folded(plain.rpartition("/")[2]), ())
        if not found and (bare := without_upload(plain.rpartition("/")[2])):
            found = tails.get(_folded(bare), ())
            plain = f"{plain.rpartition('/')[0]}/{bare}".lstrip("/")
        if not found:
            found = self._caseless_tails().get(_caseless(plain.rpartition("/")[2]), ())
        for fold in (_folded, _caseless):
            for folder in listed:
                wanted = fold(f"{folder}/{plain}" if folder else plain)
                same = [path for path in found if fold(path) == wanted]
                if len(same) == 1:
                    how = _difference(name, same[0]) if fold is _folded else CASE
                    return same[0], how
        return _longest_tail(plain, found)

    def _caseless_tails(self) -> dict[str, list[str]]:
        if self._by_caseless_tail is None:
            self._by_caseless_tail = {}
            for path in sorted(self._names):
                last = _caseless(path.rpartition("/")[2])
                self._by_caseless_tail.setdefault(last, []).append(path)
        return self._by_caseless_tail

    def _tails(self) -> dict[str, list[str]]:
        if self._by_tail is None:
            self._by_tail = {}
            for path in sorted(self._names):
                self._by_tail.setdefault(_folded(path.rpartition("/")[2]), []).append(path)
        return self._by_tail


def _longest_tail(name: str, found: Iterable[str]) -> tuple[str, str]:
    parts = _caseless(name).split("/")
    reach: dict[int, list[str]] = {}
    for path in found:
        same = 0
        for mine, theirs in zip(
            reversed(parts), reversed(_caseless(path).split("/")), strict=False
        ):
            if mine != theirs:
                break
            same += 1
        reach.setdefault(same, []).append(path)
    best = reach.get(max(reach, default=0), [])
    if len(best) == 1:
        return best[0], BY_TAIL
    return "", ", ".join(best[:3])


def plain_name(name: str) -> str:
    """Return a name as a path with slashes: without an address, a query, or URL coding."""
    text = name.strip()
    if "?d=" in text:
        text = text.rpartition("?d=")[2].partition("&")[0]
    elif "://" in text:
        text = text.partition("://")[2].partition("?")[0].partition("#")[0]
    text = unquote(text).replace("\\", "/")
    return "/".join(part for part in text.split("/") if part not in ("", ".", ".."))


def _folded(path: str) -> str:
    """Return a path in one Unicode form, its suffix in lower case."""
    stem, dot, suffix = unicodedata.normalize("NFC", path).rpartition(".")
    return f"{stem}{dot}{suffix.lower()}" if dot else suffix


def _caseless(path: str) -> str:
    return unicodedata.normalize("NFC", path).casefold()


def _difference(name: str, path: str) -> str:
    """Return in words what a name had to be changed by to be a path's end."""
    steps = [
        ("\\" in name, "back slashes"),
        (unquote(name) != name, "URL decoding"),
        (not unicodedata.is_normalized("NFC", name + path), "Unicode form"),
        (name.rpartition(".")[2] != path.rpartition(".")[2], "letter case of the suffix"),
    ]
    return ", ".join(word for differs, word in steps if differs) or "the plain form of the path"
