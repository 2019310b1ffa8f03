"""A real browser, and the review's server as a person starts it; tests skip where there is none."""

from __future__ import annotations

import json
import os
import re
import shutil
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest
from PIL import Image

HOSTILE = "<img src=x onerror=alert(1)>.jpg"
"""An id that would run if it were ever taken for HTML."""

FLAGS = (
    "--headless",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--disable-dev-shm-usage",
    "--window-size=1280,820",
)


@pytest.fixture(scope="session")
def driver(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Any]:
    """Debian's Chromium, driven by selenium; one for all tests."""
    chromium, chromedriver = shutil.which("chromium"), shutil.which("chromedriver")
    if not (chromium and chromedriver):
        pytest.skip("no chromium and chromedriver here (scripts/test-programs.sh installs them)")
    webdriver = pytest.importorskip("selenium.webdriver", reason="selenium is not installed")
    options = webdriver.ChromeOptions()
    options.binary_location = chromium
    for flag in (*FLAGS, f"--user-data-dir={tmp_path_factory.mktemp('profile')}"):
        options.add_argument(flag)
    options.set_capability("goog:loggingPrefs", {"browser": "ALL", "performance": "ALL"})
    # A driver of its own: selenium would look for one on the network.
    service = webdriver.ChromeService(chromedriver)
    made = webdriver.Chrome(options=options, service=service)
    yield made
    made.quit()


@pytest.fixture
def browser(driver: Any) -> Iterator[Any]:
    """The browser, with an empty log before; afterwards its console must have stayed silent."""
    logs(driver)
    yield driver
    driver.get("about:blank")


def logs(driver: Any) -> tuple[list[str], set[str]]:
    """Return what the console said, and the addresses that were asked for, since the last call."""
    console = [entry["message"] for entry in driver.get_log("browser") if entry["level"] != "INFO"]
    asked = set()
    for entry in driver.get_log("performance"):
        message = json.loads(entry["message"])["message"]
        if message["method"] == "Network.requestWillBeSent":
            asked.add(message["params"]["request"]["url"])
    return console, {url for url in asked if url.startswith(("http", "ws", "ftp"))}


class Review:
    """A review's server in a process of its own."""

    def __init__(self, *arguments: object, port: int = 0) -> None:
        command = [sys.executable, "-m", "datakit", "review", *map(str, arguments)]
        self.process = subprocess.Popen(
            [*command, "--no-browser", "--port", str(port), "--json"],
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            env={**os.environ, "PYTHONWARNINGS": "ignore", "OMP_NUM_THREADS": "1"},
        )
        assert self.process.stderr is not None
        line = self.process.stderr.readline()
        found = re.search(r"(http://127\.0\.0\.1:(\d+)/([\w-]+)/)", line)
        assert found, line + self.process.stderr.read()
        self.url, self.port, self.token = found[1], int(found[2]), found[3]

    def end(self, how: signal.Signals = signal.SIGINT) -> dict[str, Any]:
        """End it; return its summary when it was ended as a person does."""
        self.process.send_signal(how)
        out, _ = self.process.communicate(timeout=20)
        return json.loads(out) if how is signal.SIGINT else {}


@pytest.fixture
def review() -> Iterator[Callable[..., Review]]:
    """Start reviews that end with the test."""
    started: list[Review] = []

    def start(*arguments: object, port: int = 0) -> Review:
        started.append(Review(*arguments, port=port))
        return started[-1]

    yield start
    for one in started:
        if one.process.poll() is None:
            with suppress(subprocess.TimeoutExpired):
                one.end(signal.SIGKILL)


@pytest.fixture
def faces(tmp_path: Path, sample_data: Path) -> Path:
    """A dataset of the sample portraits with their alphas and drafts."""
    portraits, out = sample_data / "portraits", tmp_path / "faces"
    rows, queue = [], []
    for kind in ("images", "alphas"):
        shutil.copytree(portraits / kind, out / kind)
    for rank, image in enumerate(sorted((out / "images").iterdir()), 1):
        with Image.open(image) as opened:
            width, height = opened.size
        key = HOSTILE if image.stem == "astronaut" else image.name
        row = {"id": key, "file_name": f"images/{image.name}", "width": width}
        alpha = f"alphas/{image.stem}.png"
        rows.append(row | {"height": height, "alpha_file_name": alpha, "source": {"name": "x"}})
        uncertainty = round(1 - rank / 20, 2)
        draft = {"rank": rank, "id": key, "file_name": image.name, "doubt": uncertainty}
        queue.append(draft | {"reason": "spread", "parts": {"spread": uncertainty}})
    for name, table in (("metadata.jsonl", rows), ("queue.jsonl", queue)):
        (out / name).write_text("".join(json.dumps(row) + "\n" for row in table))
    (out / "dataset.json").write_text('{"format": "datakit"}')
    return out
