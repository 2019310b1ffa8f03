"""How fast the review's page is, measured inside a real browser.

    python benchmarks/review.py [--samples 20000] [--side 1280]

Makes a dataset, starts `datakit review`, opens it in Debian's Chromium (headless, no GPU) and
measures with the page's own clock:

- first paint: from the start of the navigation to the browser's first contentful paint, and to the
  first picture with its label; in a fresh profile, several times;
- next image: from the key to the frame after the one in which picture and label are drawn; a person
  looks at each for --look seconds, as the neighbours are fetched meanwhile;
- jump: the same to samples all over the list, of which nothing was fetched before;
- scrolling: time between frames while the list of all samples is scrolled from end to end.

Bars: first paint 1.5 s, next image 150 ms.
"""

from __future__ import annotations

import argparse
import re
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from benchmarks.pages_data import make_dataset
from tests.pages.conftest import FLAGS

OPENED = """
const done = arguments[0], stage = document.getElementById("stage");
const tell = () => {
  const paint = performance.getEntriesByName("first-contentful-paint")[0];
  if (!stage?.dataset.shown || !paint) return setTimeout(tell, 5);
  const rows = document.querySelectorAll(".row").length;
  done([paint.startTime, window.shownAt || performance.now(), rows]);
};
tell();
"""
WATCH = """
new MutationObserver((changes, observer) => {
  const stage = document.getElementById("stage");
  if (!stage?.dataset.shown) return;
  window.shownAt = performance.now();
  observer.disconnect();
}).observe(document, {
  attributes: true, childList: true, subtree: true, attributeFilter: ["data-shown"],
});
"""
STEP = """
const [how, done] = arguments, stage = document.getElementById("stage");
const was = stage.dataset.shown, start = performance.now();
new MutationObserver((changes, observer) => {
  if (stage.dataset.shown === was) return;
  observer.disconnect();
  requestAnimationFrame(() => requestAnimationFrame(() => done(performance.now() - start)));
}).observe(stage, { attributes: true, attributeFilter: ["data-shown"] });
if (how === "next") {
  document.body.dispatchEvent(new KeyboardEvent("keydown", { key: "a", bubbles: true }));
} else {
  const rows = [...document.querySelectorAll(".row:not([aria-selected=true])")];
  rows[Math.floor(rows.length / 2)].click();
}
"""
PLACE = """
const height = document.getElementById("rows").offsetHeight;
document.getElementById("list").scrollTop = arguments[0] * height;
"""
SCROLL = """
const done = arguments[1], frames = arguments[0], list = document.getElementById("list");
const by = (list.scrollHeight - list.clientHeight) / frames, times = [];
let last = performance.now(), at = 0;
list.scrollTop = 0;
const step = (now) => {
  times.push(now - last);
  last = now;
  if (at++ >= frames) return done(times.slice(1));
  list.scrollTop = at * by;
  requestAnimationFrame(step);
};
requestAnimationFrame(step);
"""


def open_browser(profile: Path) -> Any:
    from selenium import webdriver

    options = webdriver.ChromeOptions()
    options.binary_location = str(shutil.which("chromium"))
    for flag in (*FLAGS, f"--user-data-dir={profile}"):
        options.add_argument(flag)
    service = webdriver.ChromeService(shutil.which("chromedriver"))
    driver = webdriver.Chrome(options=options, service=service)
    driver.execute_cdp_cmd("Page.addScriptToEvaluateOnNewDocument", {"source": WATCH})
    driver.set_script_timeout(60)
    return driver


def told(name: str, values: list[float], bar: float | None = None) -> None:
    ordered = sorted(values)
    late = ordered[min(len(ordered) - 1, int(0.95 * len(ordered)))]
    middle = statistics.median(values)
    text = f"{name}: median {middle:.0f} ms, 95 % {late:.0f}, worst {ordered[-1]:.0f}"
    print(text + (f" (bar {bar:.0f})" if bar else "") + f", {len(values)} times", flush=True)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--samples", type=int, default=20_000)
    parser.add_argument("--side", type=int, default=1280, help="width of the photos, 4:3")
    parser.add_argument("--opens", type=int, default=5)
    parser.add_argument("--steps", type=int, default=40)
    parser.add_argument("--look", type=float, default=0.4, help="seconds a person looks")
    given = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        make_dataset(Path(folder, "set"), given.samples, given.side, given.side * 3 // 4)
        command = [sys.executable, "-m", "datakit", "review", f"{folder}/set", "--no-browser"]
        started = time.perf_counter()
        server = subprocess.Popen(
            command, stderr=subprocess.PIPE, stdout=subprocess.DEVNULL, text=True
        )
        try:
            # Before its address it says as what it reads the dataset.
            found = (re.search(r"http\S+", line) for line in server.stderr or ())
            url = next(one[0] for one in found if one)
            print(f"server: ready after {time.perf_counter() - started:.1f} s")
            measure(url, given, Path(folder))
        finally:
            server.terminate()
            server.wait()


def measure(url: str, given: argparse.Namespace, folder: Path) -> None:
    paints, pictures = [], []
    for number in range(given.opens):
        driver = open_browser(folder / f"profile{number}")
        driver.get(url)
        paint, picture, rows = driver.execute_async_script(OPENED)
        paints.append(paint)
        pictures.append(picture)
        if number < given.opens - 1:
            driver.quit()
    print(f"{given.samples:,} samples, {rows} rows as elements")
    told("first contentful paint", paints, 1500)
    told("first picture with its label", pictures, 1500)
    nexts = []
    for _ in range(given.steps):
        time.sleep(given.look)
        nexts.append(driver.execute_async_script(STEP, "next"))
    told("next image, after accept", nexts, 150)
    jumps = []
    for number in range(given.steps):
        driver.execute_script(PLACE, (number * 0.618034) % 0.99)
        time.sleep(given.look)
        jumps.append(driver.execute_async_script(STEP, "jump"))
    told("jump to another place", jumps)
    told("frame while scrolling", driver.execute_async_script(SCROLL, 300))
    problems = [entry for entry in driver.get_log("browser") if entry["level"] == "SEVERE"]
    print(f"console errors: {len(problems)}")
    driver.quit()


if __name__ == "__main__":
    main()
