"""How long a person waits for the review's tools, and what a kill loses, in a real browser.

    python benchmarks/review_tools.py --pairs ppm100/image ppm100/alpha [--side 1920] [--uses 40]
    … --kills 100

A dataset is made of the photos (longest side --side) with the hard masks of their alphas as labels,
and reviewed in Debian's Chromium (headless, no GPU). Each use of a tool is timed with the page's
own clock, from the moment the pointer is lifted to the frame in which the changed label is drawn:
clicks beside the outline, and short strokes of the hair brush along it.

With --kills, strokes and decisions are made instead, and at a random moment after each the server
(every second time the tab, too) is killed and started again on the same port; what the page called
saved must be in review.jsonl, and what it had not saved is looked for after the next start.

Bars: 150 ms in the middle, 300 ms for 95 of 100; 0 of 100 lost.
"""

from __future__ import annotations

import argparse
import json
import random
import re
import signal
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

import cv2
import numpy as np
from review import open_browser, told
from selenium.webdriver.common.action_chains import ActionChains

WATCH = """
const stage = document.getElementById('stage');
window.answers = [];
const lift = () => { window.lifted = performance.now(); };
stage.addEventListener('pointerup', lift, { capture: true });
new MutationObserver(() => {
  const waits = stage.classList.contains('waiting');
  const ended = window.waited && !waits;
  window.waited = waits;
  if (!ended) return;
  const from = window.lifted;
  const drawn = () => window.answers.push(performance.now() - from);
  requestAnimationFrame(() => requestAnimationFrame(drawn));
}).observe(stage, { attributeFilter: ['class'] });
"""
READY = "return document.documentElement.dataset.ready && document.querySelector('[data-shown]')"
IDLE = "return !document.getElementById('stage').classList.contains('waiting')"
SAVED = "return document.getElementById('saved').textContent === 'All saved'"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--pairs", nargs=2, required=True, type=Path)
    parser.add_argument("--side", type=int, default=1920)
    parser.add_argument("--uses", type=int, default=40)
    parser.add_argument("--kills", type=int, default=0)
    parser.add_argument("--seed", type=int, default=0)
    given = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        outlines = make_set(Path(folder, "set"), *given.pairs, given.side)
        if given.kills:
            kill(Path(folder), given.kills, random.Random(given.seed))
        else:
            measure(Path(folder), outlines, given.uses, random.Random(given.seed))


def make_set(out: Path, photos: Path, alphas: Path, side: int) -> dict[str, np.ndarray]:
    """Write the dataset; return id -> points (x, y) of the outline, in shares of the photo."""
    for name in ("images", "masks"):
        (out / name).mkdir(parents=True)
    outlines, rows = {}, []
    by_stem = {path.stem: path for path in alphas.iterdir()}
    for photo in sorted(path for path in photos.iterdir() if path.stem in by_stem):
        image = cv2.imread(str(photo))
        scale = min(1.0, side / max(image.shape[:2]))
        wh = round(image.shape[1] * scale), round(image.shape[0] * scale)
        image = cv2.resize(image, wh, interpolation=cv2.INTER_AREA)
        alpha = cv2.resize(
            cv2.imread(str(by_stem[photo.stem]), 0), wh, interpolation=cv2.INTER_AREA
        )
        mask = np.where(alpha > 127, np.uint8(255), np.uint8(0))
        name = f"{photo.stem}.jpg"
        cv2.imwrite(str(out / "images" / name), image)
        cv2.imwrite(str(out / "masks" / f"{photo.stem}.png"), mask)
        rows.append(
            {"id": name, "file_name": f"images/{name}", "width": wh[0], "height": wh[1]}
            | {"mask_file_name": f"masks/{photo.stem}.png", "source": {"name": name}}
        )
        found, _ = cv2.findContours(mask, cv2.RETR_EXTERNAL, cv2.CHAIN_APPROX_NONE)
        outlines[name] = max(found, key=len)[:, 0] / np.array(wh)
    (out / "metadata.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows))
    (out / "dataset.json").write_text('{"format": "datakit"}')
    return outlines


class Server:
    """The review of a dataset, started again on the same port when it was killed."""

    def __init__(self, source: Path) -> None:
        self.source, self.port = source, 0
        self.start()

    def start(self) -> None:
        command = [sys.executable, "-m", "datakit", "review", str(self.source), "--no-browser"]
        self.process = subprocess.Popen(
            [*command, "--port", str(self.port)],
            stderr=subprocess.PIPE,
            stdout=subprocess.DEVNULL,
            text=True,
        )
        found = None
        while found is None:
            line = self.process.stderr.readline()  # type: ignore[union-attr]
            assert line, "the server has ended"
            found = re.search(r"http://127\.0\.0\.1:(\d+)/\S+", line)
        self.url, self.port = found[0], int(found[1])

    def kill(self) -> None:
        self.process.send_signal(signal.SIGKILL)
        self.process.communicate()


def until(driver: Any, script: str, seconds: float = 30) -> None:
    end = time.monotonic() + seconds
    while not driver.execute_script(script):
        assert time.monotonic() < end, script
        time.sleep(0.02)


def drag(driver: Any, start: tuple[float, float], by: tuple[int, int]) -> None:
    """Drag over the picture, from a place given in shares of it."""
    box = driver.execute_script(
        "return document.getElementById('world').getBoundingClientRect().toJSON()"
    )
    x, y = box["left"] + start[0] * box["width"], box["top"] + start[1] * box["height"]
    chain = ActionChains(driver, duration=30)
    mouse = chain.w3c_actions.pointer_action
    mouse.move_to_location(int(x), int(y))
    mouse.pointer_down()
    mouse.move_to_location(int(x) + by[0], int(y) + by[1])
    mouse.pointer_up()
    chain.perform()


def press(driver: Any, keys: str) -> None:
    ActionChains(driver, duration=10).send_keys(keys).perform()


def measure(
    folder: Path, outlines: dict[str, np.ndarray], uses: int, chance: random.Random
) -> None:
    server = Server(folder / "set")
    driver = open_browser(folder / "profile")
    try:
        driver.get(server.url)
        until(driver, READY)
        driver.execute_script(WATCH)
        for key, name in (("c", "a click"), ("y", "a hair stroke")):
            driver.execute_script("window.answers = []")
            press(driver, key)
            for number in range(uses):
                shown = driver.execute_script(
                    "return document.getElementById('stage').dataset.shown"
                )
                x, y = chance.choice(outlines[shown])
                beside = (min(0.98, max(0.02, x + chance.uniform(-0.02, 0.02))), y)
                before = driver.execute_script("return window.answers.length")
                drag(driver, beside, (0, 0) if key == "c" else (0, 24))
                until(driver, f"return window.answers.length > {before}")
                until(driver, IDLE)
                # To and fro through the list: the end of it has no next.
                onward = (number // max(1, len(outlines) - 1)) % 2 == 0
                press(driver, "\ue014" if onward else "\ue012")
                time.sleep(0.5)
            told(name, driver.execute_script("return window.answers"), 150)
            press(driver, key)
    finally:
        driver.quit()
        server.kill()


def kill(folder: Path, times: int, chance: random.Random) -> None:
    server = Server(folder / "set")
    driver = open_browser(folder / "profile")
    promised: dict[str, str] = {}
    lost = late = 0
    try:
        for number in range(times):
            driver.get(server.url)
            until(driver, READY)
            until(driver, SAVED)
            shown = driver.execute_script("return document.getElementById('stage').dataset.shown")
            press(driver, "b")
            drag(driver, (chance.random() * 0.8 + 0.1, chance.random() * 0.8 + 0.1), (30, 5))
            time.sleep(chance.random())
            is_saved = driver.execute_script(SAVED)
            server.kill()
            if is_saved:
                promised[shown] = shown
            if number % 2:
                driver.execute_script("window.onbeforeunload = null")
                driver.quit()
                driver = open_browser(folder / "profile")
            server.start()
            rows = [
                json.loads(line)
                for line in (folder / "set.review/review.jsonl").read_text().splitlines()
            ]
            edited = {row["id"] for row in rows if row["edit"]}
            lost += not set(promised) <= edited
            late += not is_saved
        print(f"{times} kills: {lost} lost what was called saved; {late} came before it was saved")
    finally:
        driver.quit()
        server.kill()


if __name__ == "__main__":
    main()
