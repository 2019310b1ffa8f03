"""``modnet``: image, trimap and matte, as MODNet's supervised training wants them."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from typing import ClassVar

from datakit.io.layouts.base import Item, ReadSettings
from datakit.io.layouts.picture import Picture, counted
from datakit.io.layouts.pictures import PictureReader, by_folder, is_image, refs_of
from datakit.io.layouts.sample_names import side
from datakit.io.layouts.writer import Facts, Settings, Written
from datakit.io.store.files import Root

_KINDS = {"image": "image", "trimap": "trimap", "matte": "alpha"}


class ModNetReader(PictureReader):
    """``[SPLIT/]{image/NAME.jpg, trimap/NAME.png, matte/NAME.png}``."""

    def __init__(
        self,
        root: Root,
        names: list[str],
        settings: ReadSettings = ReadSettings(),  # noqa: B008
    ) -> None:
        places = {name: by_folder(name, _KINDS) for name in names if is_image(name)}
        super().__init__(root, names, refs_of(root, places))

    @staticmethod
    def accepts(root: Root, names: list[str]) -> bool:
        """Tell whether there are folders ``image`` and ``matte`` with pictures."""
        wanted = ("/image/", "/matte/")
        return all(any(kind in f"/{n}" and is_image(n) for n in names) for kind in wanted)


class ModNetWriter:
    """``SPLIT/{image/NAME.jpg, trimap/NAME.png, matte/NAME.png}``; no split is ``train``.

    A trimap that the sample lacks is made of its matte, as P3M makes trimaps.
    """

    FACTS: ClassVar[Facts] = Facts(
        reader="MODNet's supervised training (image, trimap, matte)",
        loses="8-bit mattes without classes; JPEG images",
    )

    def __init__(self, settings: Settings) -> None:
        pass

    def folder(self, item: Item) -> str | None:
        """Return the split's folder."""
        return side(item)

    def write(self, picture: Picture) -> Written:
        """Return image, trimap and matte."""
        from datakit.io.pixels import images

        folder = self.folder(picture.item)
        image, again, converted = picture.rgb_jpeg()
        trimap, made = picture.trimap_or_made()
        names = {
            "image": f"{folder}/image/{picture.name}.jpg",
            "trimap": f"{folder}/trimap/{picture.name}.png",
            picture.matte_role: f"{folder}/matte/{picture.name}.png",
        }
        return Written(
            files={
                names["image"]: image,
                names["trimap"]: images.encode_png(trimap),
                names[picture.matte_role]: images.encode_png(picture.matte),
            },
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
