"""What the page is given: pictures that browsers know, labels as overlays, decisions."""

from __future__ import annotations

import json
import os
import shutil
from collections.abc import Iterator
from contextlib import closing
from io import BytesIO
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from datakit.errors import InputError
from datakit.io.dataset.decisions import open_log, read_decisions
from datakit.io.layouts.base import Item, MaskCoding
from datakit.io.store.files import FileRef
from datakit.pages import mask_overlay
from datakit.pages.decoding import DecodingProcess
from datakit.pages.review_queue import Ask, ReviewQueue, Subject
from datakit.pages.thumbnails import Thumbnails
from tests.verbs.exports import photo


def write(path: Path, pixels: np.ndarray) -> FileRef:
    Image.fromarray(pixels).save(path)
    return FileRef(str(path.parent), path.name)


def overlay(png: bytes) -> np.ndarray:
    return np.asarray(Image.open(BytesIO(png)).convert("RGBA"))[..., 3]


def stroke(value: int, size_wh: tuple[int, int]) -> bytes:
    buffer = BytesIO()
    Image.new("RGBA", size_wh, (value, value, value, 255)).save(buffer, "PNG")
    return buffer.getvalue()


def labelled(name: str, **files: Any) -> Item:
    return Item(name, name, name, **files)


@pytest.fixture
def alpha() -> np.ndarray:
    return np.linspace(0, 65535, 24 * 32).astype(np.uint16).reshape(24, 32)


@pytest.fixture
def queue(tmp_path: Path, alpha: np.ndarray) -> Iterator[ReviewQueue]:
    classes = np.zeros((24, 32), np.uint8)
    classes[4:9, 3:20] = 2
    classes[:2, :4] = 255
    subjects = [
        Subject(
            id="tiff",
            image=write(tmp_path / "a.tif", photo(32, 24)),
            labelled=labelled("tiff", alpha=write(tmp_path / "a.png", alpha)),
        ),
        Subject(
            id="png",
            image=write(tmp_path / "b.png", photo(32, 24, 1)),
            labelled=labelled(
                "png",
                mask=write(tmp_path / "c.png", classes),
                ignore=write(tmp_path / "e.png", np.pad(np.full((8, 16), 255, np.uint8), 8)),
                coding=MaskCoding(ignored=(255,)),
            ),
            earlier=labelled("png", mask=write(tmp_path / "d.png", np.zeros_like(classes))),
        ),
        Subject(id="waits", waiting=True),
    ]
    with (
        open_log(tmp_path / "review") as log,
        closing(Thumbnails(log.folder / "thumbnails")) as thumbnails,
    ):
        yield ReviewQueue(subjects, lambda subject: {"id": subject.id}, log, thumbnails)


def test_what_nobody_knows_is_striped(queue: ReviewQueue) -> None:
    stripes = overlay(queue.labels.unknown(queue.subject(1), None))
    assert stripes.shape == (24, 32)
    assert set(np.unique(stripes[8:16, 8:16])) == {0, 255}
    # What the mask itself leaves open is unknown too, and nothing that covers.
    assert stripes[:2, :4].any() and not stripes[2:8].any() and not stripes[:8, 4:].any()
    assert json.loads(queue.queue())["columns"]["unknown"] == [False, True, False]
    with pytest.raises(InputError, match="expected an ignore mask"):
        queue.labels.unknown(queue.subject(0), None)


def test_pictures_that_browsers_know(queue: ReviewQueue, tmp_path: Path) -> None:
    data, kind = queue.image(0)
    assert kind == "image/png"
    assert (np.asarray(Image.open(BytesIO(data))) == photo(32, 24)).all()
    assert queue.image(1) == ((tmp_path / "b.png").read_bytes(), "image/png")
    with pytest.raises(InputError, match="no picture"):
        queue.image(2)


def test_labels_as_overlays(queue: ReviewQueue, alpha: np.ndarray) -> None:
    assert (overlay(queue.labels.overlay(queue.subject(0), None)) == alpha >> 8).all()
    mask = overlay(queue.labels.overlay(queue.subject(1), None))
    assert set(np.unique(mask)) == {0, 255}
    assert (mask[4:9, 3:20] == 255).all() and not mask[:2].any()
    assert not overlay(queue.labels.before(queue.subject(1))).any()
    for call in (
        lambda: queue.labels.before(queue.subject(0)),
        lambda: queue.labels.overlay(queue.subject(2), None),
    ):
        with pytest.raises(InputError, match="no label"):
            call()


def test_strokes_add_up_and_verdicts_stay(
    queue: ReviewQueue, alpha: np.ndarray, tmp_path: Path
) -> None:
    queue.decide(Ask(id="tiff", verdict="flag", note="why"))
    first = queue.paint("tiff", stroke(0, (10, 4)), (2, 3))
    second = queue.paint("tiff", stroke(255, (4, 4)), (6, 3))
    assert first["edit"] != second["edit"]
    assert (second["verdict"], second["note"]) == ("flag", "why")
    shown = overlay(queue.labels.overlay(queue.subject(0), second["edit"]))
    expected = (alpha >> 8).astype(np.uint8)
    expected[3:7, 2:12] = 0
    expected[3:7, 6:10] = 255
    assert np.abs(shown.astype(int) - expected).max() <= 1
    # Taking the last stroke back is naming the edit before; what is not named stays.
    queue.decide(Ask(id="tiff", edit=first["edit"]))
    decision = read_decisions(tmp_path / "review")["tiff"]
    assert (decision.verdict, decision.note, decision.edit) == ("flag", "why", first["edit"])
    assert decision.image is not None
    queue.decide(Ask(id="tiff", verdict=None, note="", edit=None))
    assert read_decisions(tmp_path / "review")["tiff"].is_open
    assert json.loads(queue.queue())["states"] == {}


@pytest.mark.parametrize(
    ("png", "at_xy"),
    [
        (stroke(0, (33, 1)), (0, 0)),
        (stroke(0, (4, 4)), (30, 0)),
        (stroke(0, (4, 4)), (-1, 0)),
        (stroke(0, (4, 4))[:60], (0, 0)),
        (b"", (0, 0)),
        (b"GIF89a", (0, 0)),
    ],
)
def test_strokes_that_do_not_fit(
    queue: ReviewQueue, tmp_path: Path, png: bytes, at_xy: tuple[int, int]
) -> None:
    with pytest.raises(InputError):
        queue.paint("tiff", png, at_xy)
    with pytest.raises(InputError):
        queue.paint("waits", stroke(0, (1, 1)), (0, 0))
    assert not (tmp_path / "review/review.jsonl").read_bytes()


def test_an_edit_of_a_label_that_was_resized_is_not_laid_over_it(
    queue: ReviewQueue, tmp_path: Path
) -> None:
    edit = queue.paint("tiff", stroke(0, (4, 4)), (2, 3))["edit"]
    for height, width in ((48, 64), (12, 16)):
        write(tmp_path / "a.png", np.zeros((height, width), np.uint8))
        with pytest.raises(InputError, match=f"{width}x{height}.*resized"):
            queue.labels.overlay(queue.subject(0), edit)
        with pytest.raises(InputError, match="resized"):
            queue.paint("tiff", stroke(0, (4, 4)), (2, 3))


def test_a_sample_whose_picture_is_gone_can_still_be_rejected(
    queue: ReviewQueue, tmp_path: Path
) -> None:
    (tmp_path / "b.png").unlink()
    queue.decide(Ask(id="png", verdict="reject"))
    decision = read_decisions(tmp_path / "review")["png"]
    assert (decision.verdict, decision.image) == ("reject", None)


def test_thumbnails_do_not_grow_for_ever(tmp_path: Path) -> None:
    rng = np.random.default_rng(0)
    refs = [
        write(tmp_path / f"{at}.png", rng.integers(0, 256, (200, 300, 3), np.uint8))
        for at in range(6)
    ]
    folder = tmp_path / "thumbnails"
    with closing(Thumbnails(folder)) as thumbnails:
        first, digest = thumbnails.get(refs[0], keep=True)
    assert Image.open(BytesIO(first)).size == (128, 85)
    assert [path.name for path in folder.rglob("*.jpg")] == [f"{digest}-128.jpg"]
    with closing(Thumbnails(folder, most_bytes=3 * len(first))) as bounded:
        for ref in refs:
            bounded.get(ref, keep=True)
        assert len(list(folder.rglob("*.jpg"))) <= 3
        assert bounded.get(refs[0], keep=True)[0] == first
        # A folder that cannot be written to hides no picture.
        shutil.rmtree(folder)
        folder.write_text("in the way")
        assert bounded.get(refs[0], keep=True)[0] == first


def test_a_picture_that_ends_its_process_is_an_error_and_others_are_shown(tmp_path: Path) -> None:
    good = write(tmp_path / "good.png", np.zeros((20, 30, 3), np.uint8))
    with closing(DecodingProcess()) as process:
        with pytest.raises(InputError, match="died 3 times"):
            process.small(Deadly(), "bad.png", 128)  # type: ignore[arg-type]
        assert process.small(good.read(), "good.png", 128).startswith(b"\xff\xd8")


class Deadly:
    """Ends the process that unpickles it, as a picture may that a codec cannot bear."""

    def __reduce__(self) -> object:
        return os._exit, (1,)


def test_other_depths(tmp_path: Path) -> None:
    floats = write(tmp_path / "f.tif", np.array([[0, 0.5, 1]], np.float32))
    assert mask_overlay.coverage(floats).tolist() == [[0, 128, 255]]


def test_the_page_lists_what_the_server_knows() -> None:
    from importlib.resources import files

    from datakit.pages.review_app import ASSETS

    page = (files("datakit.pages") / "static/review.html").read_text()
    found: dict[str, Any] = {name: (files("datakit.pages") / "static" / name) for name in ASSETS}
    assert all(one.is_file() for one in found.values())
    assert "assets/app.js" in page
