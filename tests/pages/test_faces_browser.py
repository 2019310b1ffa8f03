"""Before and after anonymize, in a real browser."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest

import datakit
from tests.pages.conftest import logs
from tests.pages.test_review_browser import Page

pytest.importorskip("ai_edge_litert", reason="the extra 'faces' is not installed")

PIXELS = (
    "const i = document.querySelector(arguments[0]), c = document.createElement('canvas');"
    "Object.assign(c, {width: i.naturalWidth, height: i.naturalHeight});"
    "const p = c.getContext('2d'); p.drawImage(i, 0, 0);"
    "return [c.width, c.height, Array.from(p.getImageData(0, 0, c.width, c.height).data)]"
)


def seen(page: Page, css: str) -> np.ndarray:
    """Read a picture of the page: (H, W, 3) int."""
    width, height, values = page.run(PIXELS, css)
    return np.array(values).reshape(height, width, 4)[..., :3]


@pytest.fixture
def source(tmp_path: Path, sample_data: Path) -> Path:
    """Two small portraits."""
    out = tmp_path / "photos"
    out.mkdir()
    for name in ("astronaut.jpg", "red_wind_blown.png"):
        image = cv2.imread(str(sample_data / "portraits/images" / name))
        small = cv2.resize(image, None, fx=0.5, fy=0.5, interpolation=cv2.INTER_AREA)
        cv2.imwrite(str(out / name), small)
    return out


def test_before_and_after(
    browser: Any, review: Callable[..., Any], source: Path, tmp_path: Path
) -> None:
    out = tmp_path / "safe"
    datakit.anonymize(source, out, workers=0)
    rows = [json.loads(line) for line in (out / "anonymize.jsonl").read_text().splitlines()]
    assert [row["status"] for row in rows] == ["anonymized", "anonymized"]
    # One of them waits, as if a detector had still seen its face.
    rows[0] |= {"status": "review", "file_name": None, "sha256_out": None}
    rows[0]["reasons"] = ["face [1, 2, 3, 4]: a detector still sees a face there (score 0.61)"]
    (out / "anonymize.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows))
    samples = (out / "metadata.jsonl").read_text().splitlines(keepends=True)
    kept = [line for line in samples if json.loads(line)["id"] != rows[0]["id"]]
    (out / "metadata.jsonl").write_text("".join(kept))

    page = Page(browser, review(out, "--photos", source).url)
    page.shows(rows[0]["id"])
    page.until("return document.querySelectorAll('.boxes rect').length === 1")
    assert "a detector still sees a face there" in page.find("#reasons").text
    page.keys("5")
    page.until("return document.querySelector('.counterpart')")
    before, after = seen(page, "img.photo"), seen(page, "img.counterpart")
    x0, y0, x1, y1 = rows[0]["faces"][0]["box_xyxy"]
    inner = np.s_[(3 * y0 + y1) // 4 : (y0 + 3 * y1) // 4, (3 * x0 + x1) // 4 : (x0 + 3 * x1) // 4]
    difference = np.abs(before - after)
    assert difference[inner].mean() > 10
    assert difference[: max(1, y0 // 2)].mean() < 3
    # The sample in the dataset is beside the photo as it was.
    page.run("document.getElementById('kind').value = ''")
    page.run("document.getElementById('kind').dispatchEvent(new Event('change'))")
    page.keys("\ue014")
    page.shows(rows[1]["id"])
    page.until("return document.querySelector('.counterpart')")
    was = cv2.imread(str(source / rows[1]["id"]))[..., ::-1]
    assert (seen(page, "img.counterpart") == was).all()
    assert not logs(browser)[0]
    assert not list((tmp_path / "safe.review").rglob("*.png"))
