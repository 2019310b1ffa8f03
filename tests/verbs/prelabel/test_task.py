"""The task of `prelabel`: the same files from every way of running it."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import cv2
import msgspec
import numpy as np
import pytest

from datakit.core.faces.detections import FaceDetection
from datakit.core.masks.polygons import polygon_mask
from datakit.engine.base import Outcome
from datakit.errors import EngineError
from datakit.io.layouts.base import Item
from datakit.io.layouts.drawn import Drawing, draw
from datakit.io.layouts.objects import Object
from datakit.io.store.files import FileRef
from datakit.models.factory import Settings
from datakit.models.segmenters.base import SEGMENTERS
from datakit.records.draft import DRAFTS, Draft
from datakit.records.product import Product
from datakit.records.sample import Operation
from datakit.verbs.prelabel import models
from datakit.verbs.prelabel import task as module
from datakit.verbs.prelabel.hints import hint_of
from datakit.verbs.prelabel.task import Prelabel, outlined_mask
from tests.verbs.exports import jpeg, tree
from tests.verbs.prelabel import segmenters


@pytest.fixture(autouse=True)
def registered(monkeypatch: pytest.MonkeyPatch) -> None:
    def build(name: str, settings: Settings) -> Any:
        if name == "noncommercial":
            return segmenters.Brightness(settings, "CC-BY-NC-4.0")
        return getattr(segmenters, name)(settings)

    monkeypatch.setattr(models, "build", build)
    assert "mediapipe-selfie" in SEGMENTERS


@pytest.fixture
def items(tmp_path: Path) -> list[Item]:
    rng = np.random.default_rng(5)
    (tmp_path / "src").mkdir()
    found = []
    for number in range(11):
        image = np.zeros((40 + number, 50, 3), np.uint8)
        centre = (10 + 3 * number, 20)
        cv2.circle(image, centre, 5 + number, (200, 220, 240), -1)
        image += rng.integers(0, 15, image.shape, dtype=np.uint8)
        name = f"{number:02}.jpg"
        (tmp_path / "src" / name).write_bytes(jpeg(image))
        found.append(
            Item(
                rel=name,
                stem=name[:2],
                source_name=name,
                image=FileRef(str(tmp_path / "src"), name),
            )
        )
    (tmp_path / "src/04.jpg").write_bytes(b"no photo")
    (tmp_path / "src/07.jpg").write_bytes(jpeg(np.zeros((30, 30, 3), np.uint8)))
    return found


def task(out: Path, **changes: Any) -> Prelabel:
    params: dict[str, Any] = {
        "out": str(out),
        "step": Operation(verb="prelabel", version="1"),
        "model": ("Brightness", {}),
        "second": ("Ahead", {}),
        "flip": True,
        "people": "verified",
        "prompts": "none",
        "thorough": False,
        "cleaning": {},
        "depth": 8,
        "outline": "rle",
        "category": "person",
        "instances": False,
        "batch": 1,
        "threads": 0,
    }
    return Prelabel(**{**params, **changes})


def products(outcomes: list[Outcome[Product]]) -> list[bytes]:
    return [
        msgspec.json.encode(one.value) if one.value else str(one.error).encode() for one in outcomes
    ]


@pytest.mark.parametrize("model", ["Brightness", "Ahead"])
@pytest.mark.parametrize(("batch", "threads"), [(1, 0), (4, 0), (4, 3), (64, 2)])
def test_batches_and_threads_change_no_byte(
    items: list[Item], tmp_path: Path, model: str, batch: int, threads: int
) -> None:
    plain = task(tmp_path / "plain")
    expected = [plain(item) for item in items if item.rel != "04.jpg"]
    found = task(tmp_path / "out", model=(model, {}), batch=batch, threads=threads).run_chunk(items)
    assert [one.key for one in found] == [item.key for item in items]
    assert "04.jpg" in str(found[4].error)
    assert products([one for one in found if one.value]) == [
        msgspec.json.encode(product) for product in expected
    ]
    assert tree(tmp_path / "out") == tree(tmp_path / "plain")
    assert set(found[-1].stages or ()) == {"read", "decode", "compute", "label", "write"}


def test_what_a_label_says_of_itself(items: list[Item], tmp_path: Path) -> None:
    product = task(tmp_path / "out", model=("noncommercial", {}))(items[0])
    [sample] = product.samples
    assert sample.tags == ("draft", "noncommercial-model", "synthetic-alpha")
    assert sample.annotations == 1
    assert sample.categories == ("person",)
    [step] = sample.history
    models = msgspec.json.decode(step.params)["models"]
    assert [one["licence"] for one in models] == ["CC-BY-NC-4.0", "MIT"]
    assert models[0]["sha256"] == "0" * 64
    draft = msgspec.json.decode(product.lines[DRAFTS], type=Draft)
    assert draft.sha256 == sample.source.sha256
    assert set(draft.parts) == {
        "entropy",
        "band",
        "sides",
        "flip",
        "second",
        "faint",
        "components",
        "border",
    }
    written = {path for path in (tmp_path / "out").rglob("*") if path.is_file()}
    assert written == {tmp_path / "out" / name for name in product.files}


def test_a_photo_without_a_subject(items: list[Item], tmp_path: Path) -> None:
    product = task(tmp_path / "out")(items[7])
    [sample] = product.samples
    assert sample.fg_ratio == 0
    assert sample.annotations == 0
    assert sample.categories == ()
    assert msgspec.json.decode(product.lines[DRAFTS], type=Draft).outlined is None
    assert (tmp_path / "out/probabilities/07.png").is_file()


def test_a_model_that_never_works_ends_the_run(items: list[Item], tmp_path: Path) -> None:
    outcomes = task(tmp_path / "out", model=("Never", {})).run_chunk(items[:2])
    assert isinstance(outcomes[0].fatal, EngineError)
    assert "does not fit" in str(outcomes[0].fatal)
    assert not (tmp_path / "out").exists()


@pytest.mark.parametrize("batch", [1, 64])
def test_a_model_that_fails_once_is_a_row(items: list[Item], tmp_path: Path, batch: int) -> None:
    green = np.zeros((30, 30, 3), np.uint8)
    green[:] = (0, 255, 0)
    (tmp_path / "src/02.jpg").write_bytes(cv2.imencode(".png", green)[1].tobytes())
    outcomes = task(tmp_path / "out", batch=batch).run_chunk(items[:4])
    assert [bool(one.error) for one in outcomes] == [False, False, True, False]
    assert "green is not seen" in str(outcomes[2].error)


def test_face_detectors_outlive_the_threads_of_a_chunk(
    items: list[Item], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    class Detector:
        built = 0

        def __init__(self, threshold: float | None, weights: tuple[str, ...]) -> None:
            Detector.built += 1

        def detect(self, image: Any) -> list[FaceDetection]:
            face = FaceDetection(np.array([1.0, 1, 9, 9]), np.zeros((4, 2)), 0.9, "tested")
            return [face] * bool(image.max() > 100)

    monkeypatch.setattr(module.FACE_DETECTORS, "load", lambda name: Detector)
    made = task(tmp_path / "out", people="faces", batch=4, threads=3)
    for _ in range(4):
        outcomes = made.run_chunk(items)
        ratios = [one.value.samples[0].fg_ratio for one in outcomes if one.value]
        assert [ratio == 0 for ratio in ratios] == [place == 6 for place in range(10)]
    assert Detector.built <= 3


def test_outlines() -> None:
    assert outlined_mask(np.zeros((9, 9), np.uint8), "rle") is None
    ring = np.zeros((60, 80), np.uint8)
    cv2.circle(ring, (40, 30), 20, 255, -1)
    solid = outlined_mask(ring, "polygons")
    assert solid is not None
    assert isinstance(solid.segmentation, list)
    assert solid.bbox == (20, 10, 41, 41)
    assert solid.area == cv2.countNonZero(ring)
    cv2.circle(ring, (40, 30), 9, 0, -1)
    holed = outlined_mask(ring, "polygons")
    assert holed is not None
    assert holed.segmentation["size"] == [60, 80]
    bridged = outlined_mask(ring, "bridged")
    assert bridged is not None
    [points] = bridged.segmentation
    assert not polygon_mask([np.reshape(points, (-1, 2))], 60, 80)[30, 40]
    assert (bridged.bbox, bridged.area) == (solid.bbox, cv2.countNonZero(ring))


@pytest.mark.parametrize("outline", ["rle", "polygons", "bridged"])
@pytest.mark.parametrize("hole_px", [0, 9])
def test_outlines_are_those_of_mask2coco(outline: str, hole_px: int) -> None:
    mask = np.zeros((60, 80), np.uint8)
    cv2.circle(mask, (40, 30), 20, 255, -1)
    cv2.circle(mask, (70, 50), 4, 255, -1)
    cv2.circle(mask, (40, 30), hole_px, 0, -1 if hole_px else 1)
    drawing = Drawing(
        shapes="rle" if outline == "rle" else "polygon",
        holes="bridge" if outline == "bridged" else "rle",
    )
    [expected] = draw([Object("person", mask > 0)], drawing)
    found = outlined_mask(mask, outline)
    assert found is not None
    assert found.segmentation == expected.segmentation()


def test_hints_come_from_annotations() -> None:
    item = Item(rel="a.jpg", stem="a", source_name="a.jpg", stated_wh=(40, 30))
    assert hint_of(item, (30, 40)) is None
    boxes = b'[{"id": 1, "bbox": [2, 3, 10, 5]}, {"id": 2, "bbox": [1, 9, 60, 4]}]'
    found = hint_of(with_annotations(item, boxes), (30, 40))
    assert found is not None
    assert found.box_xyxy == (1, 3, 40, 13)
    polygon = b'[{"id": 1, "segmentation": [[1, 1, 9, 1, 9, 9]], "bbox": [1, 1, 8, 8]}]'
    found = hint_of(with_annotations(item, polygon), (30, 40))
    assert found is not None
    assert [ring.tolist() for ring in found.polygons] == [[[1, 1], [9, 1], [9, 9]]]
    with pytest.raises(Exception, match="export again"):
        hint_of(with_annotations(item, boxes), (31, 40))


@pytest.mark.parametrize(("model", "second"), [("Hinted", None), ("Brightness", "Hinted")])
def test_only_models_that_take_hints_mind_the_size_of_annotations(
    items: list[Item], tmp_path: Path, model: str, second: str | None
) -> None:
    boxes = b'[{"id": 1, "bbox": [2, 3, 10, 5]}]'
    resized = replace(with_annotations(items[0], boxes), stated_wh=(7, 7))
    [outcome] = task(tmp_path / "out", second=None).run_chunk([resized])
    assert outcome.error is None
    hinted = task(tmp_path / "hinted", model=(model, {}), second=second and (second, {}))
    [outcome] = hinted.run_chunk([resized])
    assert "export again" in str(outcome.error)


def with_annotations(item: Item, text: bytes) -> Item:
    return replace(item, layout="coco", annotations=text)
