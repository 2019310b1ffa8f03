"""What is installed can be imported; what is imported is light, and talks to nobody."""

from __future__ import annotations

import json
import re
import subprocess
import sys
import tomllib
from importlib import import_module
from importlib.metadata import PackageNotFoundError, distribution
from pathlib import Path

import pytest

from datakit.verbs.table import VERBS

ROOT = Path(__file__).resolve().parents[1]
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]

MODULES = {
    "pillow-jxl-plugin": "pillow_jxl",
    "import-linter": "importlinter",
    "opencv-contrib-python": "cv2",
    "opencv-python": "cv2",
    "opencv-python-headless": "cv2",
    "pillow": "PIL",
    "pytest-xdist": "xdist",
    "pyyaml": "yaml",
    "scikit-image": "skimage",
}
"""Distributions whose module has another name."""

TYPES_ONLY = {"pandas-stubs", "types-pyyaml"}


def requirements(extra: str | None) -> list[str]:
    """Return the distributions that the base install or an extra asks for."""
    wanted = PROJECT["optional-dependencies"][extra] if extra else PROJECT["dependencies"]
    names = [re.split(r"[\[<>=!~; ]", line)[0].lower() for line in wanted]
    return [name for name in names if name != "datakit" and name not in TYPES_ONLY]


CASES = [
    (extra, name)
    for extra in (None, *PROJECT["optional-dependencies"])
    for name in requirements(extra)
]


@pytest.mark.parametrize(("extra", "name"), CASES)
@pytest.mark.filterwarnings("ignore")  # other people's deprecations at import are not ours
def test_every_dependency_can_be_imported(
    extra: str | None, name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    try:
        distribution(name)
    except PackageNotFoundError:
        if extra is None:
            raise
        pytest.skip(f"{name} of the extra {extra!r} is not installed")
    monkeypatch.setenv("NO_ALBUMENTATIONS_UPDATE", "1")
    assert import_module(MODULES.get(name, name.replace("-", "_")))


def run(program: str, *arguments: str, check: bool = True) -> str:
    done = subprocess.run(
        [sys.executable, "-c", program, *arguments], capture_output=True, text=True, check=False
    )
    assert not check or done.returncode == 0, done.stderr
    return done.stdout


# `--help` is answered by the standard library, click, and a table of verbs.

LISTED = """
import json, sys
before = set(sys.modules)
sys.argv = ["datakit", *json.loads(sys.argv[1])]
from datakit.cli.main import main
try:
    main()
except SystemExit as end:
    assert not end.code, end.code
print("\\n" + json.dumps(sorted(set(sys.modules) - before)))
"""


@pytest.mark.parametrize("arguments", [["--help"], ["--version"], []])
def test_help_imports_nothing_heavy(arguments: list[str]) -> None:
    program = LISTED if arguments else LISTED.replace("assert not end.code", "assert end.code == 2")
    loaded = json.loads(run(program, json.dumps(arguments)).splitlines()[-1])
    strange = {
        name
        for name in loaded
        if name.split(".")[0] not in (sys.stdlib_module_names | {"click", "datakit"})
    }
    # click may look for its own plug-ins; nothing else is asked.
    assert strange <= {"colorama"}
    ours = {name for name in loaded if name.startswith("datakit")}
    # The version needs no row of a verb.
    rows = () if arguments == ["--version"] else VERBS.built_in
    assert ours == {
        *("datakit", "datakit.cli", "datakit.cli.main", "datakit.cli.ending"),
        *("datakit.cli.streams", "datakit.errors", "datakit.machine"),
        *(
            "datakit.records",
            "datakit.records.suggestions",
            "datakit.registry",
            "datakit.verbs",
            "datakit.verbs.table",
            "datakit.verbs.verb",
            "datakit.version",
        ),
        *(f"datakit.verbs.{name}" for name in rows),
    }


def test_importing_datakit_imports_no_library() -> None:
    program = "import sys, datakit; dir(datakit); print(*sys.modules)"
    loaded = {name.split(".")[0] for name in run(program).split()}
    heavy = {"numpy", "cv2", "pandas", "msgspec", "click", "rich", "albumentations", "PIL"}
    assert not loaded & heavy


@pytest.mark.parametrize("verb", ["coco2mask", "validate", "stats"])
def test_help_of_a_verb_imports_no_array_library(verb: str) -> None:
    loaded = json.loads(run(LISTED, json.dumps([verb, "--help"])).splitlines()[-1])
    heavy = {"cv2", "pandas", "albumentations", "torch", "mediapipe", "matplotlib", "ray", "PIL"}
    assert not heavy & {name.split(".")[0] for name in loaded}


# No network

OFFLINE = """
import json, os, socket, sys

def refuse(*arguments, **keywords):
    raise SystemExit(f"network: {arguments}")

for name in ("connect", "connect_ex", "sendto"):
    setattr(socket.socket, name, refuse)
for name in ("getaddrinfo", "gethostbyname", "create_connection"):
    setattr(socket, name, refuse)
"""


def test_coco2mask_talks_to_nobody(sample_data: Path, tmp_path: Path) -> None:
    program = OFFLINE + (
        "sys.argv = ['datakit', 'coco2mask', *sys.argv[1:], '--workers', '0', '--json']\n"
        "from datakit.cli.main import main\n"
        "main()\n"
    )
    out = run(program, str(sample_data / "roboflow_export"), "-o", str(tmp_path / "out"))
    assert json.loads(out)["counts"]["samples"] == 13


def test_albumentations_is_told_not_to_ask_for_its_version() -> None:
    program = OFFLINE + (
        "import importlib, pkgutil, warnings\n"
        "warnings.simplefilter('ignore')\n"
        "import datakit.transforms\n"
        "for module in pkgutil.iter_modules(datakit.transforms.__path__):\n"
        "    importlib.import_module(f'datakit.transforms.{module.name}')\n"
        "assert 'albumentations' in sys.modules\n"
        "print(os.environ['NO_ALBUMENTATIONS_UPDATE'])\n"
    )
    assert run(program).strip() == "1"


def test_the_refusal_refuses() -> None:
    program = OFFLINE + "import urllib.request as r\nr.urlopen('http://127.0.0.1:9')"
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, check=False)
    assert b"network: " in done.stderr
