"""``yolo-seg``: images, one text file of polygons per image, and ``data.yaml``."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import TYPE_CHECKING, ClassVar

from datakit.errors import InputError
from datakit.io.layouts.annotated import UNLABELLED, AnnotatedReader, Listed
from datakit.io.layouts.base import Item, ReadSettings
from datakit.io.layouts.json_files import head_of
from datakit.io.layouts.sample_names import KEPT_SUFFIXES, side
from datakit.io.layouts.writer import Facts, Settings, Written
from datakit.io.layouts.yolo_sets import SPLITS, YoloSets, class_number, is_card
from datakit.io.store.files import Root
from datakit.records.labels import LabelObject

if TYPE_CHECKING:  # a reader writes nothing, and does without the library of pixels
    from datakit.io.layouts.picture import Picture

_EXAMINED = 20
"""Label files that are looked at to recognise the layout."""


class YoloSegReader(AnnotatedReader):
    """Ultralytics' and Roboflow's trees: ``images/`` beside ``labels/``, or each within a split.

    An image whose label file is empty has no object; one without a label file was not labelled.
    Names of classes are in ``data.yaml`` or ``classes.txt``, of several the one above the label
    file; where they are not named, classes are called by their numbers.
    """

    layout = "yolo-seg"

    def __init__(
        self,
        root: Root,
        names: list[str],
        settings: ReadSettings = ReadSettings(),  # noqa: B008
    ) -> None:
        super().__init__(root, names, settings)
        if not list(self.images):
            raise InputError(f"{root.root}: expected images with label files, found none")
        self._root = root
        sets = YoloSets(root, names, self.images)
        notes = [name for name in names if _is_label_studios(root, name)]
        if notes:
            self.unfit_for_review = (
                "Label Studio's YOLO export, which leaves brush masks out; export the project as "
                "JSON"
            )
            self.notes = (f"read as it stands: {self.unfit_for_review}",)
        texts = _texts(names)
        labels = {image: _label_of(image, texts) for image in self.images}
        self._labels = [label for label in labels.values() if label is not None]
        named = {label: sets.categories(label) for label in self._labels}
        nameless = _numbers_in(root, (label for label in self._labels if not named[label]))
        # Numbers in their order come first where none is named.
        self._classes = dict.fromkeys(
            name for one in (nameless, *named.values()) for name in one.values()
        )
        places = {label: place for place, label in enumerate(self._labels)}
        self.index(
            (
                Listed(
                    name=image,
                    file=label or image,
                    place=UNLABELLED if label is None else places[label],
                    split=sets.split(image),
                    categories={} if label is None else named[label] or nameless,
                )
                for image, label in labels.items()
            ),
            [*sets.files, *notes, *self._labels],
        )

    @staticmethod
    def accepts(root: Root, names: list[str]) -> bool:
        """Tell whether label files of numbers lie where those of the images have to.

        Empty ones, of images without objects, tell it beside a ``data.yaml``.
        """
        texts = _texts(names)
        if not texts:
            return False
        found = (label for name in names if (label := _label_of(name, texts)))
        labels = [name for _, name in zip(range(_EXAMINED), found, strict=False)]
        filled = [head for name in labels if (head := head_of(root, name, 1 << 12)).strip()]
        if not filled:
            return bool(labels) and any(map(is_card, names))
        return all(map(_has_numbers, filled))

    def text(self, listed: Listed) -> bytes:
        """Return an image's label file."""
        return self._root.read(self._labels[listed.place])

    @staticmethod
    def objects(item: Item, size_wh: tuple[int, int]) -> list[LabelObject]:
        """Return the lines of an image's label file, in pixels."""
        from datakit.io.layouts.yolo_lines import read_lines

        return read_lines(item.annotations or b"", item.categories, size_wh)


def _is_label_studios(root: Root, name: str) -> bool:
    """Tell whether a file is the one by which Label Studio signs its YOLO exports."""
    return name.rpartition("/")[2] == "notes.json" and b'"Label Studio"' in head_of(root, name)


def _numbers_in(root: Root, labels: Iterable[str]) -> dict[str, str]:
    """Return the numbers that label files give classes, as their names; in their order."""
    found = {
        class_number(line.split()[0])
        for name in labels
        for line in root.read(name).decode("utf-8-sig", "replace").splitlines()
        if line.strip()
    }
    whole = sorted(int(number) for number in found if number.isdecimal())
    return {str(number): str(number) for number in whole}


def _texts(names: Iterable[str]) -> dict[str, str]:
    """Return path in lower case -> text file."""
    return {name.lower(): name for name in names if name.lower().endswith(".txt")}


def _label_of(image: str, texts: Mapping[str, str]) -> str | None:
    """Return the label file of an image, without regard to letter case."""
    return next((texts[one] for one in _label_names(image.lower()) if one in texts), None)


def _label_names(image: str) -> Iterator[str]:
    """Yield where the label of an image may lie: ``labels/`` for ``images/``, or beside it.

    Examples
    --------
    >>> list(_label_names("images/train/x.jpg"))
    ['labels/train/x.txt', 'images/train/x.txt']
    """
    stem = image.rpartition(".")[0]
    if not stem or image.endswith(".txt"):
        return
    before, folder, after = f"/{stem}".rpartition("/images/")
    if folder:
        yield f"{before}/labels/{after}.txt".lstrip("/")
    yield f"{stem}.txt"


def _has_numbers(head: bytes) -> bool:
    """Tell whether a text's first line is a class and at least four numbers."""
    parts = head.split(b"\n")[0].split()
    least = 5
    try:
        return len(parts) >= least and all(float(part) == float(part) for part in parts)
    except ValueError:
        return False


class YoloSegWriter:
    """``images/SPLIT/NAME.jpg``, ``labels/SPLIT/NAME.txt``, ``data.yaml``.

    A line of a label is ``class x1 y1 x2 y2 …``, a ring along the borders of the pixels, as shares
    of width and height. A label without lines says that nothing is there. ``data.yaml`` names no
    ``path``: Ultralytics then looks where the file lies, whatever folder it is called from.
    """

    FACTS: ClassVar[Facts] = Facts(
        reader="YOLO segmentation trainings (Ultralytics)",
        loses=(
            "masks only: an alpha is cut at one half where there is no mask; each part of an "
            "object is a line, and holes hang on their ring by a bridge without width"
        ),
    )

    def __init__(self, settings: Settings) -> None:
        self._classes = settings.classes
        self.categories: Mapping[str, str] = {
            str(number): name for number, name in enumerate(settings.classes)
        }
        self._splits = sorted({split or "train" for split in settings.splits})

    def folder(self, item: Item) -> str | None:
        """Return the folder of a split's images."""
        return f"images/{side(item)}"

    def write(self, picture: Picture) -> Written:
        """Return image and label."""
        from datakit.io.layouts.picture import counted

        suffix = picture.suffix if picture.suffix in KEPT_SUFFIXES else ".png"
        image, again = picture.image_file(suffix)
        rows = self._lines(picture)
        names = {
            "image": f"images/{side(picture.item)}/{picture.name}{suffix}",
            "label": f"labels/{side(picture.item)}/{picture.name}.txt",
        }
        text = "".join(f"{row}\n" for row in rows)
        return Written(
            files={names["image"]: image, names["label"]: text.encode()},
            roles={"image": names["image"]},
            counts=counted(
                images_encoded_again=again,
                polygons=len(rows),
                alphas_cut=int(picture.mask is None),
            ),
        )

    def annotations(self, picture: Picture) -> bytes:
        """Return a sample's lines; classes are their numbers, as in ``data.yaml``."""
        return "".join(f"{line}\n" for line in self._lines(picture)).encode()

    def _lines(self, picture: Picture) -> list[str]:
        from datakit.io.layouts.objects import objects_of
        from datakit.io.layouts.yolo_lines import lines_of

        return [
            line
            for found in objects_of(picture, self._classes)
            for line in lines_of(found.mask, self._classes.index(found.category))
        ]

    def finish(
        self, lines: Callable[[str], Iterator[bytes]]
    ) -> Iterator[tuple[str, Iterable[bytes]]]:
        """Write ``data.yaml``."""
        found = {name: name for name in SPLITS if name in self._splits}
        # A training wants both: the split that there is stands for the one that there is not.
        for name, others in (("train", ("val", "test")), ("val", ("test", "train"))):
            other = next((one for one in others if one in self._splits), None)
            if name not in found and other is not None:
                found[name] = other
        text = [f"{name}: images/{found[name]}\n" for name in SPLITS if name in found]
        text += [f"nc: {len(self._classes)}\n", "names:\n"]
        # JSON strings are YAML strings, whatever a class is called.
        text += [f"  {n}: {json.dumps(name)}\n" for n, name in enumerate(self._classes)]
        yield "data.yaml", [line.encode() for line in text]
