"""Draws docs/pictures/review.png from `sample_data/` alone; needs Chromium and the extras.

python docs/pictures/make_review.py
"""

from __future__ import annotations

import re
import shutil
import subprocess
import sys
import tempfile
import time
from io import BytesIO
from pathlib import Path

from PIL import Image
from selenium import webdriver

import datakit

HERE = Path(__file__).resolve().parent
ROOT = HERE.parents[1]
COLOURS = 160
FLAGS = (
    *("--headless", "--no-sandbox", "--disable-gpu", "--no-first-run", "--disable-sync"),
    *("--disable-background-networking", "--disable-component-update", "--hide-scrollbars"),
)
PRESS = (
    "const press = new KeyboardEvent('keydown', {key: arguments[0], bubbles: true});"
    "document.body.dispatchEvent(press)"
)


def main() -> None:
    """Draft the sample portraits, decide a few, and take the picture."""
    with tempfile.TemporaryDirectory() as folder:
        drafts, checked = f"{folder}/drafts", f"{folder}/qc"
        datakit.prelabel(ROOT / "sample_data/portraits/images", drafts, workers=1)
        datakit.qc(drafts, checked, workers=1, sheet=0)
        command = [sys.executable, "-m", "datakit", "review", drafts, "--records", checked]
        server = subprocess.Popen([*command, "--no-browser"], stderr=subprocess.PIPE, text=True)
        try:
            assert server.stderr is not None
            found = (re.search(r"http\S+", line) for line in server.stderr)
            address = next(one[0] for one in found if one)
            picture = photographed(address, f"{folder}/profile")
        finally:
            server.terminate()
            server.wait()
    small = Image.open(BytesIO(picture)).convert("RGB").quantize(COLOURS, dither=Image.Dither.NONE)
    small.save(HERE / "review.png", optimize=True)


def photographed(address: str, profile: str) -> bytes:
    """Open the page, accept two, reject one, and return a PNG of it."""
    options = webdriver.ChromeOptions()
    options.binary_location = str(shutil.which("chromium"))
    for flag in (*FLAGS, f"--user-data-dir={profile}"):
        options.add_argument(flag)
    service = webdriver.ChromeService(shutil.which("chromedriver"))
    driver = webdriver.Chrome(options=options, service=service)
    try:
        size = {"width": 1280, "height": 760, "deviceScaleFactor": 1, "mobile": False}
        driver.execute_cdp_cmd("Emulation.setDeviceMetricsOverride", size)
        driver.get(address)
        for key in ("a", "a", "r", "ArrowRight"):
            time.sleep(1)
            driver.execute_script(PRESS, key)
        time.sleep(1)
        return bytes(driver.get_screenshot_as_png())
    finally:
        driver.quit()


if __name__ == "__main__":
    main()
