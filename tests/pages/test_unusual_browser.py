"""What goes wrong around a review, in a real browser: files that are broken, a second tab."""

from __future__ import annotations

import json
import signal
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from tests.pages.conftest import logs
from tests.pages.test_review_browser import Page, latest

MESSAGE = "return document.getElementById('message').textContent"


@pytest.fixture
def broken(tmp_path: Path) -> Path:
    """A dataset in which each sample but the first lacks something."""
    out = tmp_path / "broken"
    for kind in ("images", "masks"):
        (out / kind).mkdir(parents=True)
    mask = np.zeros((48, 64), np.uint8)
    mask[10:30, 20:40] = 255
    rows = []
    for name in ("good", "photo", "label", "gone", "size", "empty"):
        Image.fromarray(np.full((48, 64, 3), 90, np.uint8)).save(out / f"images/{name}.png")
        Image.fromarray(mask).save(out / f"masks/{name}.png")
        row = {"id": f"{name}.png", "file_name": f"images/{name}.png", "width": 64, "height": 48}
        rows.append(row | {"mask_file_name": f"masks/{name}.png", "source": {"name": name}})
    (out / "images/photo.png").write_bytes((out / "images/photo.png").read_bytes()[:60])
    (out / "masks/label.png").write_bytes(b"no picture")
    (out / "masks/gone.png").unlink()
    Image.fromarray(mask[::2, ::2]).save(out / "masks/size.png")
    Image.fromarray(0 * mask).save(out / "masks/empty.png")
    rows[-1]["fg_ratio"] = 0
    (out / "metadata.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows))
    (out / "dataset.json").write_text('{"format": "datakit"}')
    return out


def test_what_cannot_be_shown_or_changed_is_said(
    browser: Any, review: Callable[..., Any], broken: Path
) -> None:
    page = Page(browser, review(broken).url)
    said = {}
    for name in ("photo", "label", "gone", "size", "empty"):
        page.keys("\ue014")
        page.shows(f"{name}.png")
        if name == "size":
            page.keys("b")
            page.drag((0.1, 0.1), (30, 10))
            page.keys("b")
        said[name] = page.until(MESSAGE)
    assert "photo.png" in said["photo"]
    assert "label.png" in said["label"]
    assert "gone.png" in said["gone"]
    assert "32 × 24" in said["size"] and "64 × 48" in said["size"]
    assert "label is empty" in said["empty"]
    # A broken sample can be rejected all the same.
    page.keys("\ue012" * 4)
    page.shows("photo.png")
    page.keys("r")
    page.saved()
    found = latest(broken.with_name("broken.review"))
    assert [(key, one["verdict"], one["edit"]) for key, one in found.items()] == [
        ("photo.png", "reject", None)
    ]
    logs(browser)  # the console told of the files that are not there


def test_two_tabs_see_each_other_and_lose_nothing(
    browser: Any, review: Callable[..., Any], broken: Path
) -> None:
    server = review(broken)
    first = Page(browser, server.url)
    one = browser.current_window_handle
    browser.switch_to.new_window("tab")
    second = Page(browser, server.url)
    two = browser.current_window_handle
    second.keys("a")
    second.saved()
    browser.switch_to.window(one)
    first.until("return /accepted/.test(document.querySelector('.row').textContent)")
    # Both have something to send while nobody answers; then one of them is closed.
    server.process.send_signal(signal.SIGSTOP)
    first.keys("f")
    browser.switch_to.window(two)
    second.keys("r")
    browser.execute_cdp_cmd("Page.close", {})
    browser.switch_to.window(one)
    server.process.send_signal(signal.SIGCONT)
    first.saved()
    Page(browser, server.url).saved()
    folder = broken.with_name("broken.review")
    verdicts = sorted(str(row["verdict"]) for row in latest(folder).values())
    assert verdicts == ["flag", "reject"]
    logs(browser)
