"""The review in a real browser: what a person does, and that nothing of it is lost."""

from __future__ import annotations

import json
import re
import signal
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

import datakit
from datakit.pages.review_app import ASSETS
from tests.pages.conftest import logs

WAIT_S = 20


class Page:
    """The page as a person sees it."""

    def __init__(self, browser: Any, url: str) -> None:
        self.browser = browser
        browser.get(url)
        self.until("return document.documentElement.dataset.ready")
        self.until("return document.getElementById('stage').dataset.shown")

    def run(self, script: str, *values: object) -> Any:
        return self.browser.execute_script(script, *values)

    def until(self, script: str, *values: object) -> Any:
        from selenium.webdriver.support.ui import WebDriverWait

        wait = WebDriverWait(self.browser, WAIT_S, poll_frequency=0.03)
        return wait.until(lambda driver: driver.execute_script(script, *values))

    def keys(self, text: str) -> None:
        from selenium.webdriver.common.action_chains import ActionChains

        ActionChains(self.browser, duration=20).send_keys(text).perform()

    def find(self, css: str) -> Any:
        from selenium.webdriver.common.by import By

        return self.browser.find_element(By.CSS_SELECTOR, css)

    @property
    def name(self) -> str:
        return str(self.run("return document.getElementById('name').textContent"))

    def shows(self, name: str) -> None:
        self.until("return document.getElementById('stage').dataset.shown === arguments[0]", name)

    def saved(self) -> None:
        self.until("return document.getElementById('saved').textContent === 'All saved'")

    def drag(self, start: tuple[float, float], by: tuple[int, int]) -> None:
        """Drag over the picture, from a place given in shares of it."""
        from selenium.webdriver.common.action_chains import ActionChains

        box = self.run("return document.getElementById('world').getBoundingClientRect().toJSON()")
        x, y = (
            int(box["left"] + start[0] * box["width"]),
            int(box["top"] + start[1] * box["height"]),
        )
        chain = ActionChains(self.browser, duration=40)
        chain.w3c_actions.pointer_action.move_to_location(x, y)
        chain.w3c_actions.pointer_action.pointer_down()
        chain.w3c_actions.pointer_action.move_to_location(x + by[0], y + by[1])
        chain.w3c_actions.pointer_action.pointer_up()
        chain.perform()


def latest(folder: Path) -> dict[str, dict[str, Any]]:
    rows = map(json.loads, (folder / "review.jsonl").read_text().splitlines())
    return {row["id"]: row for row in rows}


def label(page: Page, at: int) -> np.ndarray:
    """Read what the page's canvas holds of the label: (H, W) coverage."""
    script = (
        "const c = document.querySelector('canvas.label'), copy = document.createElement('canvas');"
        "Object.assign(copy, {width: c.width, height: c.height});"
        "const p = copy.getContext('2d', {willReadFrequently: true}); p.drawImage(c, 0, 0);"
        "return [c.width, c.height, Array.from(p.getImageData(0, 0, c.width, c.height).data)"
        ".filter((_, i) => i % 4 === 3)]"
    )
    width, height, values = page.run(script)
    return np.array(values, np.uint8).reshape(height, width)


def test_a_session(browser: Any, review: Callable[..., Any], faces: Path, tmp_path: Path) -> None:
    server = review(faces)
    folder = tmp_path / "faces.review"
    page = Page(browser, server.url)
    ids = page.run("return [...document.querySelectorAll('.row b')].map((row) => row.textContent)")
    assert len(ids) == 7
    page.shows(ids[0])

    # The list was fetched once, and the picture before all that can wait for it.
    page.until("return document.querySelector('#reasons h3')")
    fetched = page.run("return performance.getEntriesByType('resource').map((one) => one.name)")
    kinds = [re.sub(r"\?.*|/\d+", "", url.removeprefix(server.url)) for url in fetched]
    assert kinds.count("api/queue") == 1
    assert max(kinds.index("image"), kinds.index("label")) < kinds.index("api/sample")
    loaded = {kind.removeprefix("assets/") for kind in kinds if kind.startswith("assets/")}
    assert loaded | {"icon.svg"} == set(ASSETS)

    # Filter and search.
    page.find("#search").send_keys("bald")
    page.until("return document.getElementById('found').textContent === '1 shown'")
    page.shows("bald_beard.jpg")
    page.find("#search").send_keys("\ue003" * 4)  # Backspace
    page.until("return document.getElementById('found').textContent === '7 shown'")
    page.run("document.activeElement.blur()")

    # Zoom, pan, the five views, the keys' list.
    before = page.find("#zoom").text
    page.keys("++")
    assert page.find("#zoom").text != before
    place = page.run("return document.getElementById('world').style.transform")
    page.drag((0.5, 0.5), (40, 25))
    assert page.run("return document.getElementById('world').style.transform") != place
    page.keys("0")
    assert page.find("#zoom").text == before
    for key, view in zip("2345", ("alpha", "cutout", "difference", "slider"), strict=True):
        page.keys(key)
        assert page.run("return document.getElementById('world').classList[0]") == view
    assert page.run("return !document.getElementById('handle').hidden")
    page.keys("1?")
    assert page.run("return document.getElementById('keys').open")
    page.keys("\ue00c")

    # Accept, reject, flag by key and by button, a note, undo.
    page.find("#list").click()
    page.keys("\ue011")  # Home
    page.shows(ids[0])
    page.keys("a")
    page.shows(ids[1])
    page.keys("r")
    page.shows(ids[2])
    page.find("#flag").click()
    page.shows(ids[3])
    page.keys("n")
    page.keys("hair & <b>hat</b>")
    page.run("document.activeElement.blur()")
    page.keys("a")
    page.shows(ids[4])
    page.keys("u")
    page.shows(ids[3])
    page.saved()
    found = latest(folder)
    verdicts = [found[key]["verdict"] for key in ids[:4]]
    assert verdicts == ["accept", "reject", "flag", None]
    assert found[ids[3]]["note"] == "hair & <b>hat</b>"

    # The brush: two strokes, the second taken back.
    untouched = label(page, 3)
    page.keys("e")
    page.drag((0.45, 0.6), (60, 0))
    erased = label(page, 3)
    assert (erased < untouched).sum() > 500
    page.keys("b")
    page.drag((0.05, 0.1), (50, 10))
    assert (label(page, 3) > erased).sum() > 500
    page.keys("\ue00cu")
    page.saved()
    page.until("return document.querySelector('#world img').complete")
    page.shows(ids[3])
    page.keys("a")
    page.saved()
    edit = latest(folder)[ids[3]]["edit"]
    assert (folder / "edits" / f"{edit}.png").is_file()

    # Reload: everything is as it was left.
    page = Page(browser, server.url)
    assert page.find("#count").text == "4 of 7 decided"
    page.run("document.getElementById('list').focus()")
    page.keys("\ue011")
    page.shows(ids[0])
    page.keys("\ue014" * 3)
    page.shows(ids[3])
    assert page.find("#note").get_attribute("value") == "hair & <b>hat</b>"
    assert page.find("#accept").get_attribute("aria-pressed") == "true"
    again = label(page, 3)
    assert np.abs(again.astype(int) - erased).max() <= 2

    # Nothing but this host was asked, nothing complained, and every picture has words.
    console, asked = logs(browser)
    assert console == []
    assert {url.split("/")[2] for url in asked} == {f"127.0.0.1:{server.port}"}
    assert page.run("return [...document.images].every((one) => one.hasAttribute('alt'))")
    assert ids[3] in page.find("#world img").get_attribute("alt")
    unnamed = page.run(
        "return [...document.querySelectorAll('button, input, select, textarea')].filter((one) =>"
        " !(one.textContent.trim() || one.getAttribute('aria-label') || one.labels?.length))"
        ".map((one) => one.id)"
    )
    assert unnamed == []

    # And it becomes a dataset.
    counts = server.end()["counts"]
    assert (counts["accepted"], counts["rejected"], counts["flagged"]) == (2, 1, 1)
    summary = datakit.review(faces, tmp_path / "out", apply=True, workers=0)
    assert summary.counts["samples"] == 6
    row = next(
        json.loads(line)
        for line in (tmp_path / "out/metadata.jsonl").read_text().splitlines()
        if json.loads(line)["id"] == ids[3]
    )
    alpha = np.asarray(Image.open(tmp_path / "out" / row["alpha_file_name"])).astype(int)
    hidden = (erased < untouched) & (erased == 0)
    assert hidden.any()
    assert alpha[hidden].max() == 0


@pytest.mark.parametrize("asleep", [False, True])
def test_a_server_that_is_killed_loses_nothing(
    browser: Any, review: Callable[..., Any], faces: Path, tmp_path: Path, asleep: bool
) -> None:
    server = review(faces)
    folder = tmp_path / "faces.review"
    page = Page(browser, server.url)
    first = page.name
    page.keys("a")
    page.saved()
    # The brush needs a label: those of the next two photos have to be here before the server goes.
    page.until(
        "return performance.getEntriesByType('resource')"
        ".filter((one) => /label\\/\\d+$/.test(one.name) && one.responseStatus === 200).length >= 4"
    )
    if asleep:
        # Clicks come while the server has the request and has not answered yet.
        server.process.send_signal(signal.SIGSTOP)
        page.keys("r")
    server.end(signal.SIGKILL)
    # Clicks come while there is no server; the last one is a stroke.
    second = page.run("return document.getElementById('name').textContent")
    page.keys("f")
    page.keys("e")
    third = page.run("return document.getElementById('name').textContent")
    page.drag((0.45, 0.6), (60, 0))
    page.until("return document.getElementById('saved').className === 'problem'")
    assert set(latest(folder)) == {first}

    again = review(faces, port=server.port)
    page.until("return /new address/.test(document.getElementById('saved').textContent)")
    page.run("window.onbeforeunload = null")
    browser.execute_cdp_cmd("Page.enable", {})
    browser.execute_script("location.href = arguments[0]", again.url)
    from selenium.common.exceptions import NoAlertPresentException
    from selenium.webdriver.support.ui import WebDriverWait

    def leave(driver: Any) -> bool:
        with suppress(NoAlertPresentException):
            driver.switch_to.alert.accept()
        return str(driver.current_url).startswith(again.url)

    WebDriverWait(browser, WAIT_S).until(leave)
    page.until("return document.documentElement.dataset.ready")
    page.saved()
    # What was sent late is seen too: the page had its list before that.
    page.until(
        "return document.querySelector('#count').textContent.startsWith(arguments[0])",
        str(2 + asleep),
    )
    page.saved()
    found = latest(folder)
    assert found[first]["verdict"] == "accept"
    assert found[second]["verdict"] == "flag"
    assert found[third]["edit"]
    assert len(found) == (4 if asleep else 3)
    logs(browser)  # the console told of the server that was gone, as it should


def test_a_foreign_page_learns_nothing(
    browser: Any, review: Callable[..., Any], faces: Path, tmp_path: Path
) -> None:
    server = review(faces)
    other = review(faces, "--decisions", tmp_path / "other")
    # A page of another origin (another port of this host) that even knows the token.
    browser.get(other.url)
    script = (
        "const done = arguments[2], url = arguments[0] + 'api/decide';"
        "fetch(url, {method: 'POST', mode: 'no-cors', body: arguments[1]})"
        ".then((r) => done(r.type), (e) => done('refused'))"
    )
    body = json.dumps({"id": "bald_beard.jpg", "verdict": "reject"})
    assert browser.execute_async_script(script, server.url, body) == "refused"
    assert (tmp_path / "faces.review/review.jsonl").read_bytes() == b""
    logs(browser)
