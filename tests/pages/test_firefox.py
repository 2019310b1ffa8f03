"""The review and the report in Firefox: Debian's; skipped where there is none."""

from __future__ import annotations

import json
import shutil
import socket
import subprocess
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

import datakit
from tests.pages.page_rules import LOW_CONTRAST, NAMELESS, TOO_WIDE
from tests.pages.test_review_browser import latest
from tests.verbs.test_report import finding, table

WAIT_S = 30
PREFERENCES = {
    "app.update.enabled": False,
    "browser.shell.checkDefaultBrowser": False,
    "datareporting.policy.dataSubmissionEnabled": False,
    # What the page says on its console comes out on stdout.
    "devtools.console.stdout.content": True,
    "network.captive-portal-service.enabled": False,
    "network.connectivity-service.enabled": False,
}
_ERRORS = ("JavaScript error: http://127.0.0.1", "JavaScript error: file:")


class Firefox:
    """A page in Firefox as a person sees it.

    Firefox speaks the WebDriver commands itself, over its Marionette socket: a message is its
    length, a colon, and JSON (Mozilla's "Marionette protocol"). Debian has no geckodriver.
    """

    def __init__(self, port: int, said: Path) -> None:
        self.said = said
        self._port = port
        self._number = 0

    def __enter__(self) -> Firefox:
        end = time.monotonic() + WAIT_S
        while True:
            try:
                self._socket = socket.create_connection(("127.0.0.1", self._port), WAIT_S)
                break
            except ConnectionRefusedError:
                assert time.monotonic() < end, self.said.read_text()
                time.sleep(0.1)
        self._stream = self._socket.makefile("rb")
        self._read()  # what it is
        self.ask("WebDriver:NewSession", {"capabilities": {}})
        self.ask("WebDriver:SetWindowRect", {"width": 1280, "height": 900})
        return self

    def __exit__(self, *_: object) -> None:
        self._stream.close()
        self._socket.close()

    def ask(self, command: str, parameters: dict[str, Any]) -> Any:
        self._number += 1
        message = json.dumps([0, self._number, command, parameters])
        self._socket.sendall(f"{len(message)}:{message}".encode())
        _, _, error, value = self._read()
        assert error is None, (command, error)
        return value

    def _read(self) -> Any:
        digits = b""
        while (letter := self._stream.read(1)) != b":":
            assert letter, "Firefox has ended"
            digits += letter
        return json.loads(self._stream.read(int(digits)))

    def open(self, url: str) -> None:
        self.go(url)
        self.until("return document.documentElement.dataset.ready")
        self.until("return document.getElementById('stage').dataset.shown")

    def go(self, url: str) -> None:
        self.ask("WebDriver:Navigate", {"url": url})

    def run(self, script: str) -> Any:
        return self.ask("WebDriver:ExecuteScript", {"script": script, "args": []})["value"]

    def until(self, script: str) -> Any:
        end = time.monotonic() + WAIT_S
        while not (found := self.run(script)):
            assert time.monotonic() < end, script
            time.sleep(0.05)
        return found

    def keys(self, text: str) -> None:
        steps = [
            {"type": kind, "value": letter} for letter in text for kind in ("keyDown", "keyUp")
        ]
        self._act({"type": "key", "id": "keys", "actions": steps})

    def drag(self, start: tuple[float, float], by: tuple[int, int]) -> None:
        box = self.run("return document.getElementById('world').getBoundingClientRect().toJSON()")
        x = int(box["left"] + start[0] * box["width"])
        y = int(box["top"] + start[1] * box["height"])
        steps = [
            {"type": "pointerMove", "x": x, "y": y},
            {"type": "pointerDown", "button": 0},
            {"type": "pointerMove", "x": x + by[0], "y": y + by[1], "duration": 60},
            {"type": "pointerUp", "button": 0},
        ]
        mouse = {"parameters": {"pointerType": "mouse"}, "id": "mouse"}
        self._act({"type": "pointer", **mouse, "actions": steps})

    def _act(self, actions: dict[str, Any]) -> None:
        self.ask("WebDriver:PerformActions", {"actions": [actions]})

    def saved(self) -> None:
        self.until("return document.getElementById('saved').textContent === 'All saved'")
        self.until("return !document.querySelector('#stage').classList.contains('waiting')")

    def problems(self) -> list[str]:
        lines = self.said.read_text().splitlines()
        return [line for line in lines if line.startswith(_ERRORS)]


@pytest.fixture(scope="module")
def firefox(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Firefox]:
    program = shutil.which("firefox-esr") or shutil.which("firefox")
    if program is None:
        pytest.skip("no firefox here (scripts/test-programs.sh installs it)")
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    profile = tmp_path_factory.mktemp("profile")
    said = profile.with_name("said")
    settings = {**PREFERENCES, "marionette.port": port}
    lines = [f"user_pref({name!r}, {json.dumps(value)});" for name, value in settings.items()]
    (profile / "user.js").write_text("\n".join(lines))
    with said.open("w") as out:
        process = subprocess.Popen(
            [program, "--headless", "--marionette", "--no-remote", "--profile", str(profile)],
            stdout=out,
            stderr=subprocess.STDOUT,
        )
        try:
            with Firefox(port, said) as page:
                yield page
        finally:
            process.kill()
            process.wait()


def test_a_session_in_firefox(firefox: Firefox, review: Callable[..., Any], faces: Path) -> None:
    server = review(faces)
    firefox.open(server.url)
    first = firefox.run("return document.getElementById('name').textContent")
    firefox.keys("a")
    firefox.saved()
    folder = faces.with_name("faces.review")
    assert latest(folder)[first]["verdict"] == "accept"
    for key, start, by in (
        ("b", (0.1, 0.1), (40, 10)),
        ("q", (0.1, 0.5), (40, 10)),
        ("c", (0.05, 0.05), (0, 0)),
        ("y", (0.5, 0.2), (30, 5)),
        ("v", (0.5, 0.5), (5, 5)),
    ):
        firefox.keys(key)
        firefox.drag(start, by)
        firefox.saved()
    second = firefox.run("return document.getElementById('name').textContent")
    assert latest(folder)[second]["edit"]
    firefox.keys("szg")
    firefox.saved()
    for view in "12345":
        firefox.keys(view)
    firefox.keys("u")
    firefox.saved()
    assert not firefox.problems()


def test_a_report_in_firefox(firefox: Firefox, faces: Path, tmp_path: Path) -> None:
    table(faces / "qc.jsonl", finding("bald_beard.jpg"))
    datakit.report(faces, tmp_path / "r.html", workers=0)
    firefox.go((tmp_path / "r.html").as_uri())
    firefox.run("document.getElementById('query').focus()")
    firefox.keys("bald\ue015")  # the arrow down
    firefox.until("return document.querySelector('#detail img')?.naturalWidth > 0")
    assert firefox.run("return document.querySelector('#detail h3').textContent") == (
        "bald_beard.jpg"
    )
    firefox.run("document.querySelector('.command button').click()")
    firefox.until(
        "return !document.querySelector('.command button').textContent.startsWith('Copy')"
    )
    for rule in (LOW_CONTRAST, NAMELESS):
        assert firefox.run(rule) == []
    firefox.ask("WebDriver:SetWindowRect", {"width": 390, "height": 844})
    assert firefox.run(TOO_WIDE) == 0
    firefox.ask("WebDriver:SetWindowRect", {"width": 1280, "height": 900})
    assert not firefox.problems()
