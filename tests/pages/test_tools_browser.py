"""Tools that point at something, in a real browser: what they change is drawn, kept and undone."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from tests.pages.conftest import logs
from tests.pages.test_review_browser import Page, label, latest


def changes(page: Page, act: Callable[[], object]) -> tuple[np.ndarray, np.ndarray]:
    """Return the label before and after something that changes it."""
    before = label(page, 0)
    act()
    page.until("return document.querySelector('#saved').textContent === 'All saved'")
    page.until("return !document.querySelector('#stage').classList.contains('waiting')")
    return before, label(page, 0)


@pytest.mark.parametrize(
    ("key", "start", "by"),
    [("c", (0.05, 0.05), (0, 0)), ("o", (0.02, 0.02), (60, 60)), ("l", (0.02, 0.02), (60, 60))],
)
def test_pointing_changes_the_label_and_undo_takes_it_back(
    browser: Any,
    review: Callable[..., Any],
    faces: Path,
    key: str,
    start: tuple[float, float],
    by: tuple[int, int],
) -> None:
    page = Page(browser, review(faces).url)
    page.keys(key)
    before, after = changes(page, lambda: page.drag(start, by))
    folder = faces.with_name("faces.review")
    if key == "c":
        assert (after >= before).all()
        assert (after > before).any()
    if not (folder / "review.jsonl").exists() or not (folder / "review.jsonl").read_text():
        return
    page.keys("u")
    page.saved()
    page.until("return !document.querySelector('#stage').classList.contains('waiting')")
    assert latest(folder)[page.run("return document.getElementById('stage').dataset.shown")][
        "edit"
    ] in (None, "")
    console, asked = logs(browser)
    assert not console
    assert all(url.startswith("http://127.0.0.1") for url in asked)


def test_repairs_and_hair(browser: Any, review: Callable[..., Any], faces: Path) -> None:
    page = Page(browser, review(faces).url)
    # What a repair would change is seen before, and nothing is done.
    page.find("[data-repair=grow]").send_keys("")
    page.until(
        "return /^Grow: [1-9].* more, 0 less/.test(document.querySelector('#message').textContent)"
    )
    assert page.run("return document.querySelector('canvas.changes').width") > 0
    page.run("document.activeElement.blur()")
    assert page.run("return document.querySelector('canvas.changes').width") == 0
    assert not latest(faces.with_name("faces.review"))
    before, grown = changes(page, lambda: page.keys("g"))
    assert (grown >= before).all()
    assert (grown > before).any()
    page.keys("y")
    _, solved = changes(page, lambda: page.drag((0.5, 0.2), (40, 0)))
    assert solved.shape == before.shape
    console, _ = logs(browser)
    assert not console


def test_tools_have_names_and_say_which_is_chosen(
    browser: Any, review: Callable[..., Any], faces: Path
) -> None:
    page = Page(browser, review(faces).url)
    # Whatever is in hand, the picture and the toolbar keep to their place beside the details.
    edge = (
        "return Math.max(...[...document.querySelectorAll('#stage, .tools button, .tools input')]"
    )
    edge += ".map((one) => one.getBoundingClientRect().right))"
    limit = page.run("return document.getElementById('details').getBoundingClientRect().left")
    for key in "bqy.;":
        page.keys(key)
        assert page.run(edge) <= limit
    # Nor does a toolbar that grows take back what a person zoomed to.
    page.keys(";+")
    zoomed = page.find("#zoom").text
    page.keys("b")
    page.run("return new Promise((done) => requestAnimationFrame(() => setTimeout(done, 50)))")
    assert page.find("#zoom").text == zoomed
    page.keys("0")
    assert page.find("#zoom").text != zoomed
    page.keys("l")
    # What the page says is said to screen readers, too.
    assert page.find("#message").get_attribute("role") == "status"
    assert "loose line" in page.find("#message").text
    pressed = "return [...document.querySelectorAll('#tools [aria-pressed=true]')].map(b => b.id)"
    assert page.run(pressed) == ["lasso"]
    page.keys("b")
    assert page.run(pressed) == ["add"]
    page.keys("\ue00c")
    assert page.run(pressed) == []
    nameless = "return [...document.querySelectorAll('button')].filter(b => !(b.textContent.trim()"
    assert page.run(f"{nameless} || b.getAttribute('aria-label'))).length") == 0


def test_a_soft_brush_fades_out_once_and_scribbles_are_solved(
    browser: Any, review: Callable[..., Any], faces: Path
) -> None:
    page = Page(browser, review(faces).url)
    slide = "const s = document.getElementById(arguments[0]); s.value = arguments[1];"
    slide += "s.dispatchEvent(new Event('input'))"
    sizes = []
    page.keys("b")
    for softness in (0, 100):
        page.run(slide, "soft", softness)
        before, after = changes(page, lambda: page.drag((0.1, 0.1), (80, 3)))
        added = after.astype(int) - before
        assert added.min() == 0
        sizes.append([(added > 0).sum(), ((added > 20) & (added < 235)).sum()])
        page.keys("u")
        page.saved()
        page.until(
            "return !/edited/.test(document.querySelector('.row[aria-selected=true]').textContent)"
        )
    # The rim is wide, and stays soft where the stroke passed several times.
    (hard, hard_rim), (soft, soft_rim) = sizes
    assert soft > hard and soft_rim > max(4 * hard_rim, soft / 3)
    page.keys("b")
    for key in ";'":
        page.keys(key)
        before, after = changes(page, lambda: page.drag((0.5, 0.2), (10, 0)))
        page.keys(key)
        assert after.shape == before.shape
    edits = latest(faces.with_name("faces.review"))
    assert [row["edit"] is not None for row in edits.values()] == [True]
    assert not logs(browser)[0]
