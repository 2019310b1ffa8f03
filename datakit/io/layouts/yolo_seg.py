"""``yolo-seg``: images, one text file of polygons per image, and ``data.yaml``."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Iterator, Mapping
from pathlib import PurePosixPath
from typing import TYPE_CHECKING, Any, ClassVar

import msgspec

from datakit.errors import InputError
from datakit.io.layouts.annotated import UNLABELLED, AnnotatedReader, Listed
from datakit.io.layouts.base import Item, ReadSettings
from datakit.io.layouts.image_names import split_named
from datakit.io.layouts.json_files import head_of
from datakit.io.layouts.sample_names import KEPT_SUFFIXES, side
from datakit.io.layouts.writer import Facts, Settings, Written
from datakit.io.store.files import Root
from datakit.records.labels import LabelObject

if TYPE_CHECKING:  # a reader writes nothing, and does without the library of pixels
    from datakit.io.layouts.picture import Picture

_YAML = frozenset({"data.yaml", "data.yml", "dataset.yaml", "dataset.yml"})
_NAMES = frozenset({"classes.txt", "obj.names", "labels.txt"})
_SPLITS = ("train", "val", "test")
_LOOKED_AT = 20
"""Label files that are looked at to recognise the layout."""
_MAX_YAML_BYTES = 1 << 22


class YoloSegReader(AnnotatedReader):
    """Ultralytics' and Roboflow's trees: ``images/`` beside ``labels/``, or each within a split.

    An image whose label file is empty has no object; one without a label file was not labelled.
    Names of classes are in ``data.yaml`` or ``classes.txt``; a class that has none is called by its
    number.
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
        yaml = next(iter(sorted(filter(_is_yaml, names), key=_depth)), None)
        config = _read_yaml(root, yaml) if yaml else {}
        self._categories = _class_names(config, root, names)
        self._labels: list[str] = []
        splits = _folders_of_splits(config, yaml)
        texts = {name for name in names if name.endswith(".txt")}
        used: list[str] = [yaml] if yaml else []
        listed = []
        for image in self.images:
            label = next((one for one in _label_names(image) if one in texts), None)
            if label is not None:
                self._labels.append(label)
                used.append(label)
            listed.append(
                Listed(
                    name=image,
                    file=label or image,
                    place=UNLABELLED if label is None else len(self._labels) - 1,
                    split=_split_of(image, splits),
                    categories=self._categories,
                )
            )
        used += [name for name in names if PurePosixPath(name).name in _NAMES]
        self.index(listed, used)

    @staticmethod
    def accepts(root: Root, names: list[str]) -> bool:
        """Tell whether label files of numbers lie where those of the images have to."""
        texts = {name for name in names if name.endswith(".txt")}
        if not texts:
            return False
        found = (one for name in names for one in _label_names(name) if one in texts)
        labels = [name for _, name in zip(range(_LOOKED_AT), found, strict=False)]
        filled = [head for name in labels if (head := head_of(root, name, 1 << 12)).strip()]
        return bool(filled) and all(map(_has_numbers, filled))

    def text(self, listed: Listed) -> bytes:
        """Return an image's label file."""
        return self._root.read(self._labels[listed.place])

    @property
    def classes(self) -> tuple[str, ...]:
        """Class names in the order of their numbers."""
        return tuple(dict.fromkeys(str(name) for name in self._categories.values()))

    @staticmethod
    def objects(item: Item, size_wh: tuple[int, int]) -> list[LabelObject]:
        """Return the lines of an image's label file, in pixels."""
        from datakit.io.layouts.yolo_lines import read_lines

        return read_lines(item.annotations or b"", item.categories, size_wh)


def _is_yaml(name: str) -> bool:
    return PurePosixPath(name).name.lower() in _YAML


def _depth(name: str) -> tuple[int, str]:
    return name.count("/"), name


def _read_yaml(root: Root, name: str) -> dict[str, Any]:
    try:
        found = msgspec.yaml.decode(root.read(name, _MAX_YAML_BYTES))
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise InputError(f"{name}: expected a YAML file of a YOLO dataset; {error}") from None
    return found if isinstance(found, dict) else {}


def _class_names(config: Mapping[str, Any], root: Root, names: list[str]) -> dict[str, str]:
    """Return class number -> name; two classes of one name are one."""
    listed = config.get("names")
    if listed is None:
        lines = next((name for name in names if PurePosixPath(name).name in _NAMES), None)
        if lines is not None:
            text = root.read(lines, _MAX_YAML_BYTES).decode("utf-8-sig", "replace")
            listed = [line.strip() for line in text.splitlines() if line.strip()]
    if isinstance(listed, dict):
        return {str(number).strip(): str(name).strip() for number, name in listed.items()}
    if isinstance(listed, list):
        return {str(number): str(name).strip() for number, name in enumerate(listed)}
    count = config.get("nc")
    return {str(number): str(number) for number in range(count if isinstance(count, int) else 1)}


def _folders_of_splits(config: Mapping[str, Any], yaml: str | None) -> dict[str, str]:
    """Return folder of images -> split, as ``data.yaml`` says; paths are matched by their end."""
    found: dict[str, str] = {}
    for split in _SPLITS:
        places = config.get(split)
        for place in places if isinstance(places, list) else [places]:
            if isinstance(place, str) and not place.endswith(".txt"):
                parts = [p for p in place.replace("\\", "/").split("/") if p not in ("", ".", "..")]
                base = (yaml or "").rpartition("/")[0]
                path = "/".join(parts)
                found.setdefault(f"{base}/{path}" if base else path, split)
    # Roboflow names one folder twice where there is no such split.
    return found


def _split_of(image: str, splits: Mapping[str, str]) -> str | None:
    for folder, split in splits.items():
        if image.startswith(f"{folder}/"):
            inside = next(filter(None, map(split_named, image.split("/")[:-1])), None)
            return inside or split
    return None


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
        found = {name: name for name in _SPLITS if name in self._splits}
        # A training wants both: the split that there is stands for the one that there is not.
        for name, others in (("train", ("val", "test")), ("val", ("test", "train"))):
            other = next((one for one in others if one in self._splits), None)
            if name not in found and other is not None:
                found[name] = other
        text = [f"{name}: images/{found[name]}\n" for name in _SPLITS if name in found]
        text += [f"nc: {len(self._classes)}\n", "names:\n"]
        # JSON strings are YAML strings, whatever a class is called.
        text += [f"  {n}: {json.dumps(name)}\n" for n, name in enumerate(self._classes)]
        yield "data.yaml", [line.encode() for line in text]
