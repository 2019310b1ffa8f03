"""What a person says of a label beyond subject and background, in a real browser."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest

import datakit
from tests.pages.conftest import logs
from tests.pages.test_review_browser import Page, latest


@pytest.fixture
def export(tmp_path: Path, sample_data: Path) -> Path:
    """An export of photos of a person and a sign, a class each."""
    out = tmp_path / "export"
    shutil.copytree(sample_data / "roboflow_export/valid", out / "valid")
    file = out / "valid/_annotations.coco.json"
    coco = json.loads(file.read_text())
    coco["categories"].append({"id": 2, "name": "sign"})
    for image in coco["images"]:
        corner = [4, 4, 40, 4, 40, 24, 4, 24]
        sign = {"id": 900 + image["id"], "image_id": image["id"], "category_id": 2}
        coco["annotations"].append(
            sign | {"segmentation": [corner], "bbox": [4, 4, 36, 20], "area": 720, "iscrowd": 0}
        )
    file.write_text(json.dumps(coco))
    return out


@pytest.fixture
def classes(tmp_path: Path, export: Path) -> Path:
    """A dataset whose masks tell classes apart."""
    out = tmp_path / "classes"
    datakit.coco2mask(export, out, kind="semantic", workers=0)
    return out


@pytest.fixture
def objects(tmp_path: Path, export: Path) -> Path:
    """A dataset whose masks tell objects apart."""
    out = tmp_path / "objects"
    datakit.coco2mask(export, out, kind="instance", workers=0)
    return out


def settle(page: Page) -> None:
    page.saved()
    page.until("return !document.querySelector('#stage').classList.contains('waiting')")


def applied(source: Path, key: str) -> tuple[dict[str, Any], np.ndarray, np.ndarray | None]:
    """Return a sample's row, mask and ignore mask in the dataset of what was decided."""
    out = source.with_name("applied")
    datakit.review(source, out, apply=True, workers=0)
    rows = map(json.loads, (out / "metadata.jsonl").read_text().splitlines())
    row = next(row for row in rows if row["id"] == key)
    mask = cv2.imread(str(out / row["mask_file_name"]), cv2.IMREAD_UNCHANGED)
    ignore = row["ignore_file_name"] and cv2.imread(str(out / row["ignore_file_name"]), 0)
    return row, mask, ignore


def stored(source: Path, key: str) -> np.ndarray:
    rows = map(json.loads, (source / "metadata.jsonl").read_text().splitlines())
    name = next(row["mask_file_name"] for row in rows if row["id"] == key)
    return cv2.imread(str(source / name), cv2.IMREAD_UNCHANGED)


def test_what_nobody_can_know_becomes_the_ignore_mask(
    browser: Any, review: Callable[..., Any], classes: Path
) -> None:
    page = Page(browser, review(classes).url)
    page.keys("q")
    page.drag((0.3, 0.3), (60, 20))
    settle(page)
    page.until("return document.querySelector('#world .unknown')")
    page.keys("a")
    settle(page)
    (key,) = latest(classes.with_name("classes.review"))
    _, mask, ignore = applied(classes, key)
    assert ignore is not None
    assert 0 < (ignore == 255).sum() < ignore.size / 2
    known = ignore == 0
    assert (mask[known] == stored(classes, key)[known]).all()
    assert not mask[~known].any()
    assert not logs(browser)[0]


def test_a_brush_adds_the_class_that_is_chosen(
    browser: Any, review: Callable[..., Any], classes: Path
) -> None:
    page = Page(browser, review(classes).url)
    page.until("return document.querySelectorAll('#palette button').length > 2")
    page.keys("b2")
    chosen = int(
        page.run("return document.querySelector('#palette [aria-checked=true]').dataset.value")
    )
    page.drag((0.05, 0.05), (50, 0))
    settle(page)
    (key,) = latest(classes.with_name("classes.review"))
    row, mask, _ = applied(classes, key)
    before = stored(classes, key)
    changed = mask != before
    assert changed.any()
    assert (mask[changed] == chosen).all()
    assert row["history"][-1]["verb"] == "review"
    assert not logs(browser)[0]


def test_a_new_object_is_listed_with_its_class(
    browser: Any, review: Callable[..., Any], objects: Path
) -> None:
    page = Page(browser, review(objects).url)
    page.until("return document.querySelectorAll('#palette button').length > 2")
    page.keys("b")
    new = page.run(
        "const b = [...document.querySelectorAll('#palette button')]"
        ".find((one) => one.textContent.includes('new ')); b.click();"
        "return [Number(b.dataset.value), b.textContent.replace(/.*new /, '')]"
    )
    page.drag((0.05, 0.05), (50, 0))
    settle(page)
    (key,) = latest(objects.with_name("objects.review"))
    # The next new object is another one.
    page.until("return document.querySelector('#palette [aria-checked=true]').dataset.value")
    page.until(
        "return ![...document.querySelectorAll('#palette button')]"
        f".some((one) => one.dataset.value === '{new[0]}' && one.textContent.includes('new '))"
    )
    row, mask, _ = applied(objects, key)
    added = next(one for one in row["instances"] if one["id"] == new[0])
    assert added["category"] == new[1]
    assert added["area"] == (mask == new[0]).sum() > 0
    page.keys("u")
    settle(page)
    assert latest(objects.with_name("objects.review"))[key]["objects"] == {}


def test_vertices_are_dragged_added_and_taken_away(
    browser: Any, review: Callable[..., Any], objects: Path
) -> None:
    page = Page(browser, review(objects).url)
    page.keys("v")
    page.until("return document.querySelector('.vertices path')")
    place = page.run(
        "const d = document.querySelector('.vertices path').getAttribute('d');"
        "const [x, y] = d.slice(1).split('h0')[0].split(',').map(Number);"
        "const v = document.querySelector('.boxes').viewBox.baseVal;"
        "return [x / v.width, y / v.height]"
    )
    inwards = (25 if place[0] < 0.5 else -25, 25 if place[1] < 0.5 else -25)
    page.drag((place[0], place[1]), inwards)
    settle(page)
    (key,) = latest(objects.with_name("objects.review"))
    _, mask, _ = applied(objects, key)
    assert (mask != stored(objects, key)).any()
    assert not logs(browser)[0]


def test_aids_change_nothing(
    browser: Any, review: Callable[..., Any], faces: Path, tmp_path: Path
) -> None:
    rows = [json.loads(line) for line in (faces / "metadata.jsonl").read_text().splitlines()]
    for row in rows[2:5]:
        row["group"] = "shoot"
    (faces / "metadata.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows))
    page = Page(browser, review(faces).url)
    # Neighbours: those in the list, or the same group.
    page.keys("w")
    beside = "return [...document.querySelectorAll('#beside button')].map((b) => b.ariaLabel)"
    first = page.name
    assert [one.endswith(", in sight") for one in page.run(beside)] == [True, False]
    page.find("#beside li:last-child button").click()
    page.until("return document.getElementById('name').textContent !== arguments[0]", first)
    page.run("document.querySelectorAll('.row')[2].click()")
    page.until("return /3 of the same group/.test(document.querySelector('#beside').textContent)")
    page.until("return [...document.querySelectorAll('#beside img')].every((i) => i.naturalWidth)")
    page.keys("w")
    # A picture of one's own is a backdrop; nothing of it is sent.
    cv2.imwrite(str(tmp_path / "beach.png"), np.full((8, 8, 3), (200, 120, 10), np.uint8))
    page.find("#backdrop-file").send_keys(str(tmp_path / "beach.png"))
    page.until("return document.getElementById('world').classList.contains('picture')")
    style = "return getComputedStyle(document.getElementById('world')).backgroundImage"
    assert page.run(style).startswith('url("blob:')
    page.keys("3")
    assert page.run("return document.getElementById('world').className") == "cutout checker"
    page.keys("1")
    page.keys("sz")
    pressed = "return [...document.querySelectorAll('#contour, #lens')].map(b => b.ariaPressed)"
    assert page.run(pressed) == ["true", "true"]
    page.drag((0.4, 0.4), (10, 10))
    assert page.run("return document.querySelector('.lens').hidden") is False
    page.until("return /Why it is uncertain/.test(document.querySelector('#reasons').textContent)")
    folder = faces.with_name("faces.review")
    assert not (folder / "review.jsonl").exists() or not (folder / "review.jsonl").read_text()
    assert not logs(browser)[0]


def test_a_second_reviewer_sees_the_first_ones_verdicts_unless_blind(
    browser: Any, review: Callable[..., Any], faces: Path
) -> None:
    first = review(faces, "--reviewer", "anna")
    page = Page(browser, first.url)
    page.keys("a")
    page.saved()
    first.end()
    (decision,) = latest(faces.with_name("faces.anna.review")).values()
    assert decision["reviewer"] == "anna"
    assert decision["seconds"] > 0

    second = review(faces, "--reviewer", "ben")
    page = Page(browser, second.url)
    folded = (
        "return [...document.querySelectorAll('#reasons details')]"
        ".map((one) => one.textContent).find((words) => words.includes('anna'))"
    )
    assert "anna: accept" in page.until(folded)
    page.keys("r")
    page.saved()
    page.run(
        "const r = document.getElementById('reviewer'); r.value = '≠';"
        "r.dispatchEvent(new Event('change'))"
    )
    page.until("return document.getElementById('found').textContent === '1 shown'")
    assert "anna: the same verdict on 0 of 1 sample" in " ".join(second.end()["notes"])

    blind = review(faces, "--reviewer", "carl", "--blind")
    page = Page(browser, blind.url)
    assert page.run("return document.querySelector('#reviewer').hidden")
    assert "anna" not in page.run("return document.documentElement.outerHTML")


def test_two_fingers_zoom_and_paint_nothing(
    browser: Any, review: Callable[..., Any], faces: Path
) -> None:
    page = Page(browser, review(faces).url)
    page.keys("b")
    middle = page.run(
        "const b = document.getElementById('stage').getBoundingClientRect();"
        "return [b.left + b.width / 2, b.top + b.height / 2]"
    )
    before = page.run("return parseInt(document.getElementById('zoom').textContent)")

    def touch(kind: str, *offsets: int) -> None:
        points = [
            {"x": middle[0] + offset, "y": middle[1], "id": number}
            for number, offset in enumerate(offsets)
        ]
        command = {"type": kind, "touchPoints": points}
        browser.execute_cdp_cmd("Input.dispatchTouchEvent", command)

    touch("touchStart", -20)
    touch("touchStart", -20, 20)
    for spread in (40, 60, 80):
        touch("touchMove", -spread, spread)
    touch("touchEnd")
    page.until(f"return parseInt(document.getElementById('zoom').textContent) > {2 * before}")
    folder = faces.with_name("faces.review")
    assert not (folder / "review.jsonl").exists() or not (folder / "review.jsonl").read_text()
    # One finger paints.
    touch("touchStart", 0)
    touch("touchMove", 10)
    touch("touchMove", 20)
    touch("touchEnd")
    page.until(
        "return /edited/.test(document.querySelector('.row[aria-selected=true]').textContent)"
    )
    assert not logs(browser)[0]
