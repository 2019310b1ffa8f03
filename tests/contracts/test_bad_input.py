"""Every layout of annotation files on bad input: a bad part costs the part, and is said.

Encodings, names that lead out of the source, entries of the wrong kind, and files cut in the
middle; each reader meets the same ones.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from datakit.errors import DatakitError
from datakit.io.layouts import READERS
from datakit.io.layouts.base import Item
from datakit.io.layouts.sources import Collection, open_sources
from datakit.records.labels import LabelObject
from tests.contracts.annotated_sources import HEIGHT, MAKERS, NAMES, RING, WIDTH

TEXTS = (".json", ".xml", ".txt", ".yaml", ".csv")
CLASS = "人物"


def make_coco(root: Path) -> Path:
    MAKERS["via"](root)
    (root / "via_region_data.json").unlink()
    document = {
        "images": [
            {"id": n, "file_name": name, "width": WIDTH, "height": HEIGHT}
            for n, name in enumerate(NAMES)
        ],
        "annotations": [
            {
                "id": n,
                "image_id": n,
                "category_id": 1,
                "segmentation": [[value for point in RING for value in point]],
            }
            for n in range(len(NAMES))
        ],
        "categories": [{"id": 1, "name": "person"}],
    }
    (root / "coco.json").write_text(json.dumps(document))
    return root


def make_via_csv(root: Path) -> Path:
    MAKERS["via"](root)
    entries = json.loads((root / "via_region_data.json").read_text())
    (root / "via_region_data.json").unlink()
    lines = [
        "#filename,file_size,file_attributes,region_count,region_id,region_shape_attributes,"
        "region_attributes"
    ]
    for entry in entries.values():
        cells = [
            '"' + json.dumps(one).replace('"', '""') + '"' for one in entry["regions"][0].values()
        ]
        lines.append(",".join([entry["filename"], "9", "{}", "1", "0", *cells]))
    (root / "via.csv").write_text("\n".join(lines) + "\n")
    return root


SOURCES: dict[str, tuple[str, Callable[[Path], Path]]] = {
    **{name: (name, make) for name, make in MAKERS.items()},
    "coco": ("coco", make_coco),
    "via-csv": ("via", make_via_csv),
}


@pytest.fixture(params=SOURCES)
def layout(request: pytest.FixtureRequest, tmp_path: Path) -> tuple[str, Path]:
    name, make = SOURCES[request.param]
    return name, make(tmp_path / "src")


def texts(root: Path) -> list[Path]:
    return sorted(path for path in root.rglob("*") if path.suffix in TEXTS)


def rewrite(root: Path, change: Callable[[str], str], encoding: str = "utf-8") -> None:
    for path in texts(root):
        path.write_bytes(change(path.read_text("utf-8")).encode(encoding))


def opened(name: str, root: Path) -> Collection:
    return open_sources([str(root)], layout=name)


def drawn(source: Collection, name: str) -> dict[str, list[LabelObject]]:
    """The objects of each image; what cannot be read at all is an empty list."""
    reader = READERS.load(name)

    def of(item: Item) -> Iterator[LabelObject]:
        if item.annotations is not None:
            yield from reader.objects(item, (WIDTH, HEIGHT))

    found = {}
    for item in source.items():
        try:
            found[item.source_name.replace("img/", "")] = list(of(item))
        except DatakitError as error:
            assert "\n" not in str(error)
            found[item.source_name.replace("img/", "")] = []
    return found


def good(objects: list[LabelObject]) -> int:
    return sum(one.problem is None and bool(one.rings) for one in objects)


def test_a_byte_order_mark_changes_nothing(layout: tuple[str, Path]) -> None:
    name, root = layout
    rewrite(root, lambda text: text.replace("person", CLASS), "utf-8-sig")
    source = opened(name, root)
    assert source.classes == (CLASS,) and not source.failures
    assert [good(objects) for objects in drawn(source, name).values()] == [1] * 4


@pytest.mark.parametrize("encoding", ["utf-16", "gbk"])
def test_another_encoding_is_named_or_read(layout: tuple[str, Path], encoding: str) -> None:
    name, root = layout
    rewrite(root, lambda text: text.replace("person", CLASS), encoding)
    words = []
    try:
        source = opened(name, root)
        words = [failure.error for failure in source.failures]
        if source.classes == (CLASS,) and not words:
            assert [good(objects) for objects in drawn(source, name).values()] == [1] * 4
            return
        for item in source.items():
            try:
                objects = READERS.load(name).objects(item, (WIDTH, HEIGHT))
                words += [one.problem for one in objects if one.problem]
            except DatakitError as error:
                words.append(str(error))
    except DatakitError as error:
        words.append(str(error))
    assert any(re.search("UTF-8", text) for text in words), words
    assert not any("\n" in text for text in words)


def test_a_name_that_leads_out_reaches_no_file(layout: tuple[str, Path]) -> None:
    name, root = layout
    secret = root.parent / "secret.jpg"
    secret.write_bytes((next(root.rglob("*.jpg"))).read_bytes())
    quoted = re.compile(r"(images/)?train/a\.jpg|(?<=\")a\.jpg(?=\")")
    rewrite(root, lambda text: quoted.sub("../secret.jpg", text))
    try:
        source = opened(name, root)
    except DatakitError as error:
        assert "\n" not in str(error)
        return
    for item in source.items():
        assert item.image is not None
        path = Path(item.image.root, item.image.name).resolve()
        assert path.is_relative_to(root.resolve())


def test_a_bad_part_costs_the_part(layout: tuple[str, Path]) -> None:
    """Of one image the points are text; the other three are as they were."""
    name, root = layout
    broken = False

    def first_only(text: str) -> str:
        nonlocal broken
        for good_part, bad in BAD_PARTS:
            if not broken and re.search(good_part, text):
                broken = True
                return re.sub(good_part, bad, text, count=1)
        return text

    rewrite(root, first_only)
    assert broken
    source = opened(name, root)
    counts = [good(objects) for objects in drawn(source, name).values()]
    assert sum(counts) == 3 and len(counts) + len(source.failures) >= 4


BAD_PARTS: tuple[tuple[str, Any], ...] = (
    # via's CSV: a cell that is cut off.
    (r'"\{""name"": ""polygon"", ""all_points_x"": \[', '"{""name"": ""poly"'),
    (r'"all_points_x": \[2\.0', '"all_points_x": ["two"'),
    (r'points="2\.0,2\.0', 'points="two,2.0'),
    (r'"segmentation": \[\[2\.0', '"segmentation": [["two"'),
    (r'"(points|exterior)": \[\[\d+\.\d+, ', r'"\1": [["two", '),
    (r"^0 0\.0625", "0 two"),
)


def test_a_file_that_is_cut_off_is_said(layout: tuple[str, Path]) -> None:
    name, root = layout
    if name == "yolo-seg":
        pytest.skip("lines of numbers have no end: what is left of them is a label")
    path = texts(root)[0]
    path.write_bytes(path.read_bytes()[:-20])
    try:
        source = opened(name, root)
    except DatakitError as error:
        assert path.name in str(error) and "\n" not in str(error)
        return
    found = drawn(source, name)
    assert sum(map(good, found.values())) == 3
    assert len(found) == 4 or source.failures
