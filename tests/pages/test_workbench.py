"""A promptable model answers clicks and boxes of the page, and has looked before they come."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import numpy as np
import pytest

pytest.importorskip("onnx")
pytest.importorskip("onnxruntime")

from datakit.core.images import network_input
from datakit.core.interactive.prompts import Click, Prompts
from datakit.io.dataset.decisions import open_log, read_decisions
from datakit.models.factory import Identity, Settings
from datakit.models.prediction import Prediction
from datakit.models.segmenters.promptable import PROMPTABLE, PromptableSegmenter
from datakit.pages.person_maps import PersonMaps
from datakit.pages.review_queue import Ask, ReviewQueue, Subject
from datakit.pages.subject import Paint
from datakit.pages.thumbnails import Thumbnails
from datakit.pages.tool_use import ToolUse
from tests.models import prompt_makers
from tests.pages.test_review_queue import labelled, overlay, write


@pytest.fixture
def segmenter(tmp_path: Path) -> PromptableSegmenter:
    weights, contract = prompt_makers.files(tmp_path)
    return PROMPTABLE(Settings(weights=weights, contract=contract, device="cpu"))


@pytest.fixture
def queue(tmp_path: Path, segmenter: PromptableSegmenter) -> Iterator[ReviewQueue]:
    photo = np.full((100, 200, 3), 20, np.uint8)
    photo[30:60, 20:50] = photo[30:60, 120:160] = 230
    empty = np.zeros((100, 200), np.uint8)
    subjects = [
        Subject(
            id=name,
            image=write(tmp_path / f"{name}.png", photo),
            labelled=labelled(name, mask=write(tmp_path / f"{name}_mask.png", empty)),
        )
        for name in ("a", "b", "c")
    ]
    with (
        open_log(tmp_path / "review") as log,
        closing(Thumbnails(log.folder / "thumbnails")) as small,
        closing(ReviewQueue(subjects, lambda _: {}, log, small, "", segmenter)) as made,
    ):
        yield made


def test_boxes_and_clicks_are_answered_and_recorded(queue: ReviewQueue, tmp_path: Path) -> None:
    first = queue.use_tool(ToolUse(id="a", prompts=Prompts(box=(10, 20, 60, 70))))
    shown = overlay(queue.labels.overlay(queue.subject(0), first["edit"])) > 0
    assert shown[32:58, 22:48].all() and not shown[:, 60:].any()
    # The tiny model reads its first two points as corners: a click on what is none changes nothing.
    held = Prompts(clicks=(Click(110, 20, positive=False), Click(170.5, 70.5)))
    second = queue.use_tool(ToolUse(id="a", prompts=held))
    shown = overlay(queue.labels.overlay(queue.subject(0), second["edit"])) > 0
    assert shown[32:58, 22:48].all()
    decision = read_decisions(tmp_path / "review")["a"]
    assert [(one.name, one.licence) for one in decision.models] == [("promptable", "unknown")]
    queue.decide(Ask(id="a", edit=None, models=()))
    assert read_decisions(tmp_path / "review")["a"].is_open
    # A repair is not the model's.
    queue.use_tool(ToolUse(id="b", repair="grow"))
    assert "b" not in read_decisions(tmp_path / "review")


def test_the_encoder_looks_ahead_and_once(
    queue: ReviewQueue, segmenter: PromptableSegmenter, monkeypatch: pytest.MonkeyPatch
) -> None:
    seen: list[int] = []
    encode = segmenter.model.encode
    monkeypatch.setattr(segmenter.model, "encode", lambda one: seen.append(1) or encode(one))
    queue.prepare([0, 1])
    for name in ("a", "b"):
        assert queue.use_tool(ToolUse(id=name, prompts=Prompts(box=(10, 20, 60, 70))))["patch"]
    queue.prepare([1, 2])
    assert queue.use_tool(ToolUse(id="c", prompts=Prompts(box=(10, 20, 60, 70))))["patch"]
    assert len(seen) == 3


class SeenRight:
    """Sees a person on the right of a photo, in place of the networks."""

    identity = Identity(name="seen", sha256="0" * 64, licence="Apache-2.0")

    def look(self, image: np.ndarray) -> Prediction:
        likely = np.zeros(image.shape[:2], np.float32)
        likely[20:80, 100:180] = 1
        return Prediction(likely, network_input.identity(likely.shape), raw_max=1.0)


def test_people_that_are_seen_are_whole_after_one_click(tmp_path: Path) -> None:
    grey = write(tmp_path / "photo.png", np.full((100, 200, 3), 90, np.uint8))
    mask = write(tmp_path / "mask.png", np.zeros((100, 200), np.uint8))
    palette = (Paint(1, "hat", "hat"), Paint(2, "coat", "coat"))
    subjects = [
        Subject(id=name, image=grey, labelled=labelled(name, mask=mask), palette=paints)
        for name, paints in (("whole", ()), ("parts", palette))
    ]
    click = Prompts(clicks=(Click(120.5, 50.5),))
    with (
        open_log(tmp_path / "review") as log,
        closing(Thumbnails(log.folder / "thumbnails")) as small,
        closing(ReviewQueue(subjects, lambda _: {}, log, small, people=SeenRight())) as queue,
    ):
        states = {one.id: queue.use_tool(ToolUse(id=one.id, prompts=click)) for one in subjects}
        shown = overlay(queue.labels.overlay(queue.subject(0), states["whole"]["edit"])) > 0
    assert shown[20:80, 100:180].all() and shown.sum() == 60 * 80
    models = {key: one.models for key, one in read_decisions(tmp_path / "review").items()}
    assert [one.name for one in models["whole"]] == ["seen"] and not models["parts"]


def test_nobody_is_seen_on_an_empty_photo() -> None:
    pytest.importorskip("ai_edge_litert")
    people = PersonMaps()
    assert people.look(np.full((64, 48, 3), 128, np.uint8)) is None
    assert people.identity.licence == "Apache-2.0"
