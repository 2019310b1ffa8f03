"""``label-studio``: tasks with what people drew, and with predictions for them to correct."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, ClassVar
from urllib.parse import quote
from xml.sax.saxutils import quoteattr

import msgspec

from datakit.errors import InputError
from datakit.io.layouts.annotated import UNLABELLED, AnnotatedReader, Listed, size_or_none
from datakit.io.layouts.base import Item, ReadSettings
from datakit.io.layouts.image_names import IMAGE_NAME, plain_name
from datakit.io.layouts.json_files import UNREADABLE, head_of, mapped, one_of_many, reason
from datakit.io.layouts.region_labels import NO_AREA, labels_of, with_labels
from datakit.io.layouts.sample_names import SOFT, side
from datakit.io.layouts.writer import Facts, Settings, Written
from datakit.io.store.files import Root
from datakit.records.failure import Failure
from datakit.records.labels import LabelObject

if TYPE_CHECKING:  # a reader writes nothing, and does without the library of pixels
    from datakit.io.layouts.picture import Picture

LOCAL_FILES = "/data/local-files/?d="
"""Label Studio's address of a file below LABEL_STUDIO_LOCAL_FILES_DOCUMENT_ROOT."""

LAST, AGREE = "last", "agree"
"""What ``--annotator`` takes beside a name."""

_TABLE = ".label-studio"
_SHA256 = re.compile(r"[0-9a-f]{64}")
_KEYS = (b'"data"', b'"annotations"', b'"original_width"', b'"annotation_id"', b'"annotator"')


class _Task(msgspec.Struct):
    data: dict[str, Any]
    annotations: list[Any] = []
    completions: list[Any] = []
    """What releases before 1.0 call annotations."""
    predictions: list[Any] = []
    meta: Any = None
    id: Any = None


@dataclass(frozen=True)
class _Answer:
    """What one person drew on one image."""

    annotator: str
    result: list[Any]


class LabelStudioReader(AnnotatedReader):
    """Every JSON array of tasks below the root, and of JSON-MIN.

    Where several people annotated an image and do not agree, ``--annotator`` decides. Predictions
    are a model's: they are counted, and read only when that is asked for.
    """

    layout = "label-studio"
    uses = frozenset({"images_dir", "annotator", "predictions"})

    def __init__(
        self,
        root: Root,
        names: list[str],
        settings: ReadSettings = ReadSettings(),  # noqa: B008
    ) -> None:
        super().__init__(root, names, settings)
        files = _files(root, names)
        if not files:
            raise InputError(f"{root.root}: expected Label Studio's tasks, found none")
        self._settings = settings
        self._predicted = self._disagreeing = 0
        self._people: set[str] = set()
        failures: list[Failure] = []
        listed = [entry for name in files for entry in self._read(root, name, failures)]
        self._check_annotator(root)
        self.failures = tuple(failures)
        self.notes = tuple(self._import_notes())
        self.index(listed, files)

    @staticmethod
    def accepts(root: Root, names: list[str]) -> bool:
        """Tell whether there is an array of tasks."""
        return bool(_files(root, names))

    @staticmethod
    def objects(item: Item, size_wh: tuple[int, int]) -> list[LabelObject]:
        """Return an image's regions."""
        from datakit.io.layouts.label_studio_regions import read_regions

        return read_regions(item.annotations or b"[]", size_wh)

    def _check_annotator(self, root: Root) -> None:
        """Refuse a name of ``--annotator`` that is nobody's."""
        wanted = self._settings.annotator
        if wanted not in (None, LAST, AGREE, *self._people):
            people = ", ".join(sorted(filter(None, self._people))) or "nobody by name"
            raise InputError(
                f"--annotator {wanted}: expected one of those who labelled {root.root}: {people}; "
                f"or {LAST}, or {AGREE}"
            )

    def _import_notes(self) -> Iterator[str]:
        if self._predicted and not self._settings.predictions:
            yield (
                f"images with predictions that nobody answered: {self._predicted:,}; predictions "
                "are no labels, --predictions reads them"
            )
        if self._disagreeing:
            yield (
                f"images on which annotators disagree: {self._disagreeing:,}, left without a label "
                f"by --annotator {AGREE}"
            )

    def _read(self, root: Root, name: str, failures: list[Failure]) -> Iterator[Listed]:
        minimal: dict[str, list[dict[str, Any]]] = {}
        for number, text in enumerate(_entries(root, name)):
            try:
                found = msgspec.json.decode(text)
                if isinstance(found, dict) and "data" not in found:
                    minimal.setdefault(_key(found), []).append(found)
                    continue
                yield self._task(msgspec.convert(found, _Task), name, number)
            except (InputError, *UNREADABLE) as error:
                failures.append(_failure(name, f"task {number}", number, error))
        for number, group in enumerate(minimal.values()):
            try:
                yield self._minimal(group, name, number)
            except InputError as error:
                failures.append(_failure(name, f"task {number}", number, error))

    def _task(self, task: _Task, file: str, number: int) -> Listed:
        image = _image_name(task.data)
        answers = [
            _Answer(_person(found.get("completed_by")), found.get("result") or [])
            for found in sorted(
                (one for one in (*task.annotations, *task.completions) if isinstance(one, dict)),
                key=_age,
            )
            if not found.get("was_cancelled")
        ]
        predicted = [one for one in task.predictions if isinstance(one, dict)]
        if not answers and predicted:
            self._predicted += 1
            if self._settings.predictions:
                answers = [_Answer("", predicted[-1].get("result") or [])]
        sha256 = task.meta.get("sha256") if isinstance(task.meta, dict) else None
        return self._listed(image, file, number, answers, task.id, sha256)

    def _minimal(self, group: list[dict[str, Any]], file: str, number: int) -> Listed:
        image = _image_name({k: v for k, v in group[0].items() if isinstance(v, str)})
        answers = [
            _Answer(_person(one.get("annotator")), _minimal_result(one))
            for one in sorted(group, key=_age)
        ]
        return self._listed(image, file, number, answers, group[0].get("id"), None)

    def _listed(
        self,
        image: str,
        file: str,
        number: int,
        answers: list[_Answer],
        task: object,
        sha256: object,
    ) -> Listed:
        chosen = self._chosen(image, answers)
        result = None if chosen is None else with_labels(chosen)
        sizes = {
            (region.get("original_width"), region.get("original_height"))
            for region in result or ()
            if isinstance(region, dict) and region.get("original_width")
        }
        if len(sizes) > 1:
            shown = " and ".join(sorted(f"{width}x{height}" for width, height in sizes))
            raise InputError(f"{image}: expected shapes for one size, found {shown}")
        width, height = sizes.pop() if sizes else (None, None)
        if not all(side is None or isinstance(side, int | float) for side in (width, height)):
            raise InputError(f"{image}: expected a size in numbers, found {width!r} x {height!r}")
        for region in result or ():
            if isinstance(region, dict) and str(region.get("type")) not in NO_AREA:
                self._classes.update(dict.fromkeys(labels_of(region)))
        return Listed(
            name=plain_name(image),
            file=file,
            place=UNLABELLED if result is None else self._spool.add(msgspec.json.encode(result)),
            id=f"task {task if task is not None else number}",
            path=f"$[{number}]",
            folders=("", "images"),
            stated_wh=size_or_none(width, height),
            shown=True,
            sha256=str(sha256) if _SHA256.fullmatch(str(sha256)) else None,
        )

    def _chosen(self, image: str, answers: list[_Answer]) -> list[Any] | None:
        """Return whose answer counts; None when nobody answered, or they do not agree.

        Raises
        ------
        InputError
            If several people say different things and nothing decides.
        """
        wanted = self._settings.annotator
        self._people.update(answer.annotator for answer in answers)
        if not answers:
            return None
        if wanted not in (None, LAST, AGREE):
            own = [answer for answer in answers if answer.annotator == wanted]
            return own[-1].result if own else None
        alone = wanted == LAST or len(answers) == 1
        if alone or len({_sense(answer.result) for answer in answers}) == 1:
            return answers[-1].result
        if wanted == AGREE:
            self._disagreeing += 1
            return None
        people = ", ".join(dict.fromkeys(answer.annotator or "?" for answer in answers))
        raise InputError(
            f"{image}: expected one annotation, found {len(answers)} that differ (by {people}); "
            f"say which counts with --annotator NAME, --annotator {LAST} or --annotator {AGREE}"
        )


def _entries(root: Root, name: str) -> Iterator[bytes]:
    """Yield the entries of a file's array, one at a time."""
    with mapped(root, name) as text:
        try:
            raws = msgspec.json.decode(text, type=list[msgspec.Raw])
        except UNREADABLE as error:
            raise InputError(f"{name}: expected Label Studio's tasks; {reason(error)}") from None
        # Each is a view of the map and has to go before it.
        raws.reverse()
        while raws:
            yield bytes(raws.pop())


def _sense(result: list[Any]) -> str:
    """Return what regions say, without the ids and positions that the tool gives them."""
    regions = [
        {key: region.get(key) for key in ("type", "value")}
        for region in result
        if isinstance(region, dict)
    ]
    return "\n".join(sorted(msgspec.json.encode(one, order="sorted").decode() for one in regions))


def _age(found: dict[str, Any]) -> str:
    return str(found.get("updated_at") or found.get("created_at") or "")


def _person(found: object) -> str:
    if isinstance(found, dict):
        return str(found.get("email") or found.get("username") or found.get("id") or "")
    return "" if found is None else str(found)


def _key(found: dict[str, Any]) -> str:
    return str(found["id"]) if "id" in found else msgspec.json.encode(found).decode()


def _minimal_result(found: dict[str, Any]) -> list[Any]:
    """Return the regions of an entry of JSON-MIN, whose members are the names of the controls."""
    result = []
    for control in found.values():
        if not isinstance(control, list):
            continue
        for value in control:
            if not isinstance(value, dict):
                continue
            kind = next((key for key in value if key.endswith("labels")), "")
            if kind or "points" in value or "rle" in value:
                sizes = ("original_width", "original_height", "image_rotation")
                result.append({"type": kind, "value": value, **{k: value.get(k) for k in sizes}})
    return result


def _image_name(data: dict[str, Any]) -> str:
    """Return the address of the image of a task, verbatim."""
    texts = [data["image"]] if "image" in data else list(data.values())
    for text in texts:
        if isinstance(text, str) and IMAGE_NAME.search(text.partition("?token")[0].strip()):
            return text
    for text in texts:
        if isinstance(text, str) and IMAGE_NAME.search(text.partition("?")[0]):
            return text
    raise InputError("expected the address of an image in the task's data, found none")


def _failure(file: str, task: str, number: int, error: Exception) -> Failure:
    text = str(error) if isinstance(error, InputError) else reason(error)
    return Failure(id=task, file=file, step="read", error=text, path=f"$[{number}]")


def _files(root: Root, names: list[str]) -> list[str]:
    found = []
    others = one_of_many(names)
    for name in names:
        if name.lower().endswith(".json") and name not in others:
            head = head_of(root, name)
            if head[:1] == b"[" and any(key in head for key in _KEYS):
                found.append(name)
    return found


class LabelStudioWriter:
    """``images/SPLIT/NAME.jpg``, ``tasks.json`` and ``config.xml``.

    An object without holes is a polygon for each of its parts, in percent of the picture; one with
    holes, which Label Studio's polygons cannot have, is a brush mask, and so is the unknown region,
    as ``ignore``. Serve the folder as local storage, paste ``config.xml`` into the labeling
    interface, and import ``tasks.json``.
    """

    FACTS: ClassVar[Facts] = Facts(
        reader="Label Studio (tasks with predictions)",
        loses=(
            "masks only: polygons keep an IoU of 0.99 and a boundary IoU of 0.95, objects with "
            f"holes are lossless brush masks; soft alphas wait in {SOFT}/ for the labels to come "
            "back"
        ),
        tables=(_TABLE,),
        carries_ignore=True,
    )

    def __init__(self, settings: Settings) -> None:
        self._classes = settings.classes
        self.categories: Mapping[str, str] = {}

    def folder(self, item: Item) -> str | None:
        """Return the folder of a split's images."""
        return f"images/{side(item)}"

    def write(self, picture: Picture) -> Written:
        """Return image and alpha, and the task."""
        from datakit.io.layouts.tool_files import image_name, written

        result = self._result(picture)
        path = f"images/{image_name(picture)}"
        task = {
            "data": {"image": LOCAL_FILES + quote(path)},
            "meta": {"id": picture.item.key, "sha256": picture.row.source.sha256},
            "predictions": [{"model_version": "datakit", "result": result}],
        }
        return written(
            picture,
            "images/",
            lines={_TABLE: msgspec.json.encode(task)},
            counts={"regions": len(result)},
        )

    def annotations(self, picture: Picture) -> bytes:
        """Return a sample's regions."""
        return msgspec.json.encode(self._result(picture))

    def _result(self, picture: Picture) -> list[dict[str, Any]]:
        from datakit.io.layouts.drawn import Drawing
        from datakit.io.layouts.label_studio_regions import regions_of
        from datakit.io.layouts.tool_files import shapes_of

        drawn = shapes_of(picture, self._classes, Drawing(holes="rle"))
        result = [region for n, shape in enumerate(drawn, 1) for region in regions_of(shape, n)]
        return [{**region, "id": f"region{n}"} for n, region in enumerate(result, 1)]

    def finish(
        self, lines: Callable[[str], Iterator[bytes]]
    ) -> Iterator[tuple[str, Iterable[bytes]]]:
        """Write the tasks and the interface."""
        yield "tasks.json", _array(lines(_TABLE))
        yield "config.xml", [self._interface().encode()]

    def _interface(self) -> str:
        names = dict.fromkeys([*self._classes, "ignore"])
        labels = "".join(f"<Label value={quoteattr(name)}/>" for name in names)
        return (
            '<View>\n  <Image name="image" value="$image" zoom="true"/>\n'
            f'  <PolygonLabels name="polygon" toName="image">{labels}</PolygonLabels>\n'
            f'  <BrushLabels name="brush" toName="image">{labels}</BrushLabels>\n</View>\n'
        )


def _array(rows: Iterable[bytes]) -> Iterator[bytes]:
    yield b"["
    for number, row in enumerate(rows):
        yield (b",\n" if number else b"\n") + row.rstrip(b"\n")
    yield b"\n]\n"
