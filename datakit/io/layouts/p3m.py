"""``p3m``: the folders of P3M-10k."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from typing import ClassVar

from datakit.io.layouts.base import Item, ReadSettings
from datakit.io.layouts.picture import Picture, counted
from datakit.io.layouts.pictures import PictureReader, refs_of
from datakit.io.layouts.placements import Placement, is_image
from datakit.io.layouts.writer import Facts, Settings, Written
from datakit.io.store.files import Root

_KINDS = {
    "blurred_image": "image",
    "original_image": "image",
    "mask": "alpha",
    "trimap": "trimap",
    "fg": "",
    "bg": "",
    "facemask": "",
}


class P3mReader(PictureReader):
    """P3M-10k's layout.

    ``train/blurred_image`` (or ``original_image``) with ``train/mask`` (these are alpha mattes),
    ``validation/P3M-500-P`` and ``P3M-500-NP`` with ``blurred_image`` or ``original_image``,
    ``mask`` and ``trimap``. ``fg``, ``bg`` and ``facemask`` are no samples.
    """

    def __init__(
        self,
        root: Root,
        names: list[str],
        settings: ReadSettings = ReadSettings(),  # noqa: B008
    ) -> None:
        super().__init__(root, names, refs_of(root, {n: _place(n) for n in names if is_image(n)}))

    @staticmethod
    def accepts(root: Root, names: list[str]) -> bool:
        """Tell whether there is one of P3M's image folders."""
        return any("/blurred_image/" in f"/{n}" or "/original_image/" in f"/{n}" for n in names)


def _place(name: str) -> Placement | None:
    parts = name.split("/")
    if len(parts) < 2 or parts[-2] not in _KINDS:
        return None
    kind, part = _KINDS[parts[-2]], parts[-3] if len(parts) > 2 else ""
    if part == "train":
        return Placement(kind, "train", parts[-1])
    return Placement(kind, "val", f"{part}/{parts[-1]}" if part else parts[-1])


HIDDEN = "faces-hidden"
"""Tag of photos whose faces ``anonymize`` made unrecognisable."""

_PRIVATE = ("validation/P3M-500-P", "blurred_image")
_PUBLIC = ("validation/P3M-500-NP", "original_image")


class P3mWriter:
    """``train/{blurred_image, mask, fg, bg}`` and ``validation/P3M-500-{P, NP}``.

    Of validation, samples with hidden faces are P (privacy-preserving, ``blurred_image``), all
    others NP (``original_image``). ``mask`` holds alpha mattes; ``fg`` and ``bg`` are the
    foreground's and the background's own colours, estimated from image and matte.
    """

    FACTS: ClassVar[Facts] = Facts(
        reader="P3M-Net (P3M-10k's folders)",
        loses="8-bit mattes without classes; JPEG images; there is no side but train and val, "
        "and trimaps are of val alone, as P3M's own code makes those of train",
        takes_empty=False,
        binary=True,
    )

    def __init__(self, settings: Settings) -> None:
        pass

    def folder(self, item: Item) -> str | None:
        """Return the part that a sample belongs to; None: P3M has no such side."""
        if item.split in (None, "train"):
            return "train"
        if item.split != "val":
            return None
        return (_PRIVATE if _hidden(item) else _PUBLIC)[0]

    def write(self, picture: Picture) -> Written:
        """Return image and matte, with colours (train) or trimap (validation)."""
        from datakit.io.pixels import images

        part = self.folder(picture.item)
        name = picture.name
        image, again, converted = picture.rgb_jpeg()
        names = {picture.matte_role: f"{part}/mask/{name}.png"}
        files = {names[picture.matte_role]: images.encode_png(picture.matte)}
        made = 0
        if part == "train":
            names["image"] = f"{part}/blurred_image/{name}.jpg"
            files[f"{part}/fg/{name}.png"] = images.encode_png(picture.foreground())
            files[f"{part}/bg/{name}.jpg"] = images.encode_jpeg(picture.background())
        else:
            folder = (_PRIVATE if _hidden(picture.item) else _PUBLIC)[1]
            names["image"] = f"{part}/{folder}/{name}.jpg"
            trimap, made = picture.trimap_or_made()
            names["trimap"] = f"{part}/trimap/{name}.png"
            files[names["trimap"]] = images.encode_png(trimap)
        files[names["image"]] = image
        return Written(
            files=files,
            roles=names,
            counts=counted(
                images_encoded_again=again, images_made_RGB=converted, trimaps_made=made
            ),
        )

    def finish(
        self, lines: Callable[[str], Iterator[bytes]]
    ) -> Iterator[tuple[str, Iterable[bytes]]]:
        """Write nothing more."""
        yield from ()


def _hidden(item: Item) -> bool:
    return item.sample is not None and HIDDEN in item.sample.tags
