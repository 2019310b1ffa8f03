"""A round trip through a running Label Studio: out, in by its API, accepted, exported, merged."""

from __future__ import annotations

import json
import shutil
from collections.abc import Iterator
from pathlib import Path
from urllib.error import HTTPError

import numpy as np
import pytest

import datakit
from datakit.errors import InputError
from datakit.io.layouts.sources import open_sources
from datakit.io.pixels.decoders import decode_ignore, decode_mask
from tests.verbs.exports import Export, box, rle
from tests.verbs.prelabel.label_studio_server import LabelStudio, install, serving

WIDTH, HEIGHT = 96, 80

pytestmark = pytest.mark.slow


def _drafts(root: Path) -> Path:
    """An object with a hole, one of two parts, two that overlap, an unknown region; no object."""
    export = Export(root / "coco/train")
    ring, parts, unknown = (np.zeros((HEIGHT, WIDTH), bool) for _ in range(3))
    ring[8:40, 8:44] = True
    ring[18:28, 18:30] = False
    parts[50:70, 8:24] = parts[50:70, 34:50] = True
    unknown[72:78, 60:90] = True
    holes = export.image("holes.png", wh=(WIDTH, HEIGHT))
    export.annotate(holes, rle(ring))
    export.annotate(holes, rle(unknown), iscrowd=1, ignore=1)
    plain = export.image("sub/plain.png", wh=(WIDTH, HEIGHT))
    export.annotate(plain, rle(parts), category=2)
    export.annotate(plain, [box(60, 10, 30, 40)])
    export.annotate(plain, [box(70, 30, 20, 30)], category=2)
    export.image("empty.png", wh=(WIDTH, HEIGHT))
    export.write()
    datakit.coco2mask(root / "coco", root / "drafts", kind="instance", workers=0)
    return root / "drafts"


@pytest.fixture(scope="module")
def places(tmp_path_factory: pytest.TempPathFactory) -> Path:
    root = tmp_path_factory.mktemp("label-studio")
    datakit.export(_drafts(root), root / "for-label-studio", format="label-studio", workers=0)
    return root


@pytest.fixture(scope="module")
def server(places: Path) -> Iterator[LabelStudio]:
    program = install(places / "environment")
    with serving(program, places / "data", places / "for-label-studio") as running:
        yield running


@pytest.fixture(scope="module")
def project(server: LabelStudio, places: Path) -> int:
    """A project with the exported tasks, whose predictions people have accepted."""
    sent = places / "for-label-studio"
    config = (sent / "config.xml").read_text()
    made = server.call("/api/projects", {"title": "drafts", "label_config": config})["id"]
    storage = {"project": made, "path": str(sent / "images"), "use_blob_urls": True}
    with pytest.raises(HTTPError):
        server.call("/api/storages/localfiles", {**storage, "path": str(sent)})
    server.call("/api/storages/localfiles", storage)
    tasks = json.loads((sent / "tasks.json").read_text())
    answer = server.call(f"/api/projects/{made}/import", tasks)
    assert (answer["task_count"], answer["prediction_count"]) == (3, 3)
    for task in server.tasks(made):
        address = task["data"]["image"]
        assert server.fetch(address) == (sent / address.partition("?d=")[2]).read_bytes()
    server.accept_predictions(made)
    return made


@pytest.fixture
def copy(places: Path, tmp_path: Path) -> Path:
    return Path(shutil.copytree(places / "drafts", tmp_path / "drafts"))


def _labels(path: Path) -> dict[str, tuple[object, ...]]:
    """Image -> its mask, its unknown region and its objects."""
    found = {}
    for item in open_sources([str(path)]).items():
        assert item.mask is not None and item.sample is not None
        mask = decode_mask(item.mask.read())
        ignore = decode_ignore(item.ignore.read()).tobytes() if item.ignore else None
        named = tuple((one.id, one.category, one.area) for one in item.sample.instances)
        found[item.rel] = (mask.tobytes(), ignore, named)
    return found


@pytest.mark.parametrize("kind", ["JSON", "JSON_MIN"])
def test_json_brings_everything_back(
    server: LabelStudio, project: int, copy: Path, kind: str
) -> None:
    before = _labels(copy)
    review = server.export(project, kind, copy.parent / "project.json")
    summary = datakit.prelabel(merge=str(review), into=str(copy), workers=0)
    assert (summary.failed, summary.counts["reviewed"]) == (0, 3)
    assert "changed" not in summary.counts and _labels(copy) == before


@pytest.mark.parametrize("kind", ["COCO", "COCO_WITH_IMAGES"])
def test_coco_brings_polygons_back_and_empties_nothing(
    server: LabelStudio, project: int, copy: Path, kind: str
) -> None:
    before = _labels(copy)
    review = server.export(project, kind, copy.parent / "project.zip")
    summary = datakit.prelabel(merge=str(review), into=str(copy), workers=0)
    assert (summary.failed, summary.counts["reviewed"]) == (1, 2)
    assert "changed" not in summary.counts and _labels(copy) == before
    [row] = (copy / "failures.jsonl").read_text().splitlines()
    failure = json.loads(row)
    assert failure["id"] == "train/holes.png" and "leaves brush masks out" in failure["error"]


@pytest.mark.parametrize("kind", ["BRUSH_TO_COCO", "YOLO_WITH_IMAGES"])
def test_exports_that_change_shapes_are_refused(
    server: LabelStudio, project: int, copy: Path, kind: str
) -> None:
    before = _labels(copy)
    review = server.export(project, kind, copy.parent / "project.zip")
    with pytest.raises(InputError, match="export the project as JSON"):
        datakit.prelabel(merge=str(review), into=str(copy), workers=0)
    assert _labels(copy) == before


def test_what_a_person_changes_comes_back_and_nothing_else(
    server: LabelStudio, project: int, copy: Path
) -> None:
    """Last: it changes the project."""
    [task] = [t for t in server.tasks(project) if "empty" in t["data"]["image"]]
    [annotation] = task["annotations"]
    corners = [(12, 20), (36, 20), (36, 60), (12, 60)]
    points = [[100 * x / WIDTH, 100 * y / HEIGHT] for x, y in corners]
    region = {
        "id": "drawn",
        "from_name": "polygon",
        "to_name": "image",
        "type": "polygonlabels",
        "original_width": WIDTH,
        "original_height": HEIGHT,
        "image_rotation": 0,
        "value": {"points": points, "closed": True, "polygonlabels": ["dog"]},
    }
    server.call(f"/api/annotations/{annotation['id']}", {"result": [region]}, "PATCH")
    before = _labels(copy)
    review = server.export(project, "JSON", copy.parent / "project.json")
    summary = datakit.prelabel(merge=str(review), into=str(copy), workers=0)
    assert (summary.failed, summary.counts["changed"]) == (0, 1)
    after = _labels(copy)
    assert {name for name in after if after[name] != before[name]} == {"empty.png"}
    [(_, category, area)] = after["empty.png"][2]  # type: ignore[misc]
    assert (category, area) == ("dog", 24 * 40)
