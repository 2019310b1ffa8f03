"""The report in a real browser: silent console, no request, keys, search, dark colours."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import datakit
from tests.pages.conftest import logs
from tests.pages.page_rules import FOCUSABLE, LOW_CONTRAST, NAMELESS, NOT_REACHED, TOO_WIDE
from tests.pages.test_review_browser import Page
from tests.verbs.test_report import finding, table


def test_a_reader(browser: Any, faces: Path, tmp_path: Path) -> None:
    table(faces / "qc.jsonl", finding("bald_beard.jpg", words="a <b>halo</b>"))
    datakit.report(faces, tmp_path / "r.html", workers=0, title="Seven <i>faces</i>")
    browser.get((tmp_path / "r.html").as_uri())
    page = Page.__new__(Page)
    page.browser = browser
    assert page.find("h1").text == "Seven <i>faces</i>"
    assert page.run("return document.querySelectorAll('#rows [role=option]').length") == 7

    # Search, then the arrow keys from the field into the list.
    page.find("#query").send_keys("bald")
    page.until("return document.getElementById('matches').textContent === '1 of 7'")
    page.find("#query").send_keys("\ue015")
    assert page.run("return document.activeElement.id") == "rows"
    assert page.find("#detail h3").text == "bald_beard.jpg"
    assert "a <b>halo</b>" in page.find("#detail").text
    page.run("document.getElementById('only').click()")
    assert page.find("#matches").text == "1 of 7"

    # All is reachable without a mouse, everything has a name, nothing is wider than the window.
    assert page.run(NAMELESS) == []
    page.run("document.activeElement.blur()")
    count = page.run(FOCUSABLE)
    page.keys("\ue004" * (count + 3))
    assert page.run(NOT_REACHED) == []
    assert page.run("return [...document.images].every((one) => one.naturalWidth > 0)")
    browser.set_window_size(500, 844)
    frame = browser.get_window_size()["width"] - page.run("return innerWidth")
    browser.set_window_size(390 + frame, 844)
    assert page.run(TOO_WIDE) == 0
    browser.set_window_size(1280, 820)
    page.run("document.querySelector('#rows [role=option]').click()")
    for scheme in ("light", "dark"):
        media = {"features": [{"name": "prefers-color-scheme", "value": scheme}]}
        browser.execute_cdp_cmd("Emulation.setEmulatedMedia", media)
        assert page.run(LOW_CONTRAST) == [], scheme
    browser.execute_cdp_cmd("Emulation.setEmulatedMedia", {"features": []})
    console, asked = logs(browser)
    assert console == []
    assert asked == set()
