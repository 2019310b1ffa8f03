"""What the storage tests and the fault campaign share: every verb that writes, and its tree."""

from __future__ import annotations

import atexit
import shutil
import tempfile
from collections.abc import Callable
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

import pytest

import datakit
from datakit.io.store.lock import WORK
from datakit.io.store.storage import location

MANIFEST, CARD = "metadata.jsonl", "dataset.json"
ASTRONAUT = str(Path(__file__).resolve().parents[1] / "sample_data/portraits/images/astronaut.jpg")


@dataclass(frozen=True)
class Case:
    """One way to call a verb.

    Attributes
    ----------
    verb : str
        The function.
    sources : tuple of str
        Names of the sources that `make_sources` makes.
    options : dict
        Beside src, out and workers.
    resumes : bool
        Whether it has ``--resume``; what has not is done again with ``--overwrite``.
    suffix : str
        Of the target, when it is a file.
    heavy : bool
        Not in the fast slice: it takes long, or another one does the like.
    varies : tuple of str
        Files that tell where they are and how long it took.
    faces : bool
        Whether it compares faces, which it does by a model that knows colours alone.
    """

    verb: str
    sources: tuple[str, ...]
    options: dict[str, Any]
    resumes: bool = True
    suffix: str = ""
    heavy: bool = False
    varies: tuple[str, ...] = ()
    faces: bool = False

    def run(self, sources: dict[str, str], out: str, workers: int = 0, **more: Any) -> Any:
        """Call the verb on sources that may be URLs."""
        function: Callable[..., Any] = getattr(datakit, self.verb)
        src = tuple(sources[name] for name in self.sources)
        options = {"workers": workers, **self.options, **more}
        if self.faces:
            options |= face_model()
        return function(src, out=out + self.suffix, **options)

    def again(self) -> dict[str, Any]:
        """Return the options that continue what was stopped."""
        return {"resume": True} if self.resumes else {"overwrite": True}


@cache
def face_model() -> dict[str, Any]:
    """Return the options of a face embedding that is written for this process."""
    pytest.importorskip("onnxruntime", reason="the extra 'prelabel' is not installed")
    from tests.models.weight_makers import tint_model

    folder = tempfile.mkdtemp()
    atexit.register(shutil.rmtree, folder)
    contract, weights = tint_model(Path(folder), threshold=40)
    return {"face_model": str(contract), "face_weights": (str(weights),)}


CASES = {
    "coco2mask": Case("coco2mask", ("export",), {}, heavy=True),
    "coco2mask-small": Case("coco2mask", ("small",), {}),
    "coco2mask-zip": Case("coco2mask", ("export.zip",), {"kind": "semantic"}),
    "trimap": Case("trimap", ("dataset",), {}),
    "matte": Case("matte", ("dataset",), {"method": "guided"}),
    "inpaint": Case("inpaint", ("dataset",), {"model": "telea"}),
    "augment": Case("augment", ("dataset",), {"preset": "p3m", "copies": 1}),
    "split": Case("split", ("dataset",), {"val": 0.4, "duplicates": "exact"}),
    "split-people": Case(
        "split",
        ("portraits",),
        {"val": 0.5, "group_by": "people", "keep_embeddings": True, "duplicates": "off"},
        heavy=True,
        faces=True,
    ),
    "select": Case("select", ("dataset",), {"diverse": 2}),
    "select-like": Case("select", ("dataset",), {"like": ASTRONAUT, "top": 2}, heavy=True),
    "select-people": Case("select", ("portraits",), {"where": "people == 1"}, heavy=True),
    "dedup": Case("dedup", ("dataset",), {}),
    "dedup-drop": Case("dedup", ("dataset",), {"drop": True}, heavy=True),
    "dedup-people": Case(
        "dedup",
        ("portraits",),
        {"people": True, "keep_embeddings": True},
        heavy=True,
        faces=True,
    ),
    "qc": Case("qc", ("mattes",), {"fail_on": "never", "sheet": 0}, heavy=True),
    "qc-fix": Case("qc", ("mattes",), {"fail_on": "never", "fix": "safe", "sheet": 0}, heavy=True),
    "qc-small": Case("qc", ("drafts",), {"fail_on": "never", "sheet": 0}),
    "qc-suspects": Case(
        "qc",
        ("mattes",),
        {"fail_on": "never", "sheet": 0, "suspects": 2, "segmenter": "otsu"},
        heavy=True,
    ),
    "eval": Case(
        "eval",
        ("mattes", "mattes2"),
        {"allow_synthetic": True},
        resumes=False,
        varies=("eval.json",),
    ),
    "diff": Case("diff", ("mattes", "mattes2"), {"sheet": 2}, resumes=False, varies=("diff.json",)),
    "forget": Case("forget", ("dataset",), {"sha256": (32 * "ab",), "apply": True}, heavy=True),
    "forget-photo": Case(
        "forget", ("dataset",), {"photo": (ASTRONAUT,), "apply": True}, heavy=True
    ),
    "forget-face": Case(
        "forget",
        ("portraits",),
        {"face": (ASTRONAUT,)},
        heavy=True,
        varies=("found.csv",),
        faces=True,
    ),
    "stats": Case("stats", ("drafts",), {"preview": 2}, resumes=False),
    "stats-balance": Case(
        "stats", ("portraits",), {"balance": True, "skin_tone": True}, resumes=False, heavy=True
    ),
    "prelabel": Case("prelabel", ("dataset",), {"model": "otsu"}),
    "mask2coco": Case("mask2coco", ("dataset",), {}),
    "export": Case("export", ("dataset",), {"format": "images-masks"}, heavy=True),
    "export-small": Case("export", ("drafts",), {"format": "images-masks"}),
    "export-webdataset": Case("export", ("dataset",), {"format": "webdataset", "shard_samples": 2}),
    "export-shards": Case("export", ("drafts",), {"format": "webdataset", "shard_samples": 2}),
    "export-parquet": Case("export", ("dataset",), {"format": "parquet"}, heavy=True),
    "report": Case("report", ("dataset",), {"pictures": 1}, resumes=False, suffix=".html"),
    "anonymize": Case("anonymize", ("portraits",), {}, heavy=True),
    "train": Case(
        "train",
        ("dataset",),
        {"size": 32, "width": 4, "depth": 2, "epochs": 1, "device": "cpu"},
        heavy=True,
        varies=("training.json",),
    ),
}


def make_sources(sample_data: Path, folder: Path) -> dict[str, str]:
    """Make small sources below ``folder``; return name -> path."""
    export = folder / "export"
    for split in ("train", "valid"):
        shutil.copytree(sample_data / "roboflow_export" / split, export / split)
    shutil.make_archive(str(export), "zip", export)
    shutil.copytree(export / "valid", folder / "small/valid")
    small = {"workers": 0, "size": "160x120"}
    datakit.coco2mask(str(folder / "small"), str(folder / "drafts"), **small)
    datakit.coco2mask(str(export), str(folder / "dataset"), **small)
    datakit.coco2mask(str(export), str(folder / "mattes"), kind="coverage", **small)
    shutil.copytree(folder / "mattes", folder / "mattes2")
    portraits = folder / "portraits"
    portraits.mkdir()
    for path in sorted((sample_data / "portraits").rglob("*.jpg"))[:2]:
        shutil.copy(path, portraits)
    names = sorted({name for case in CASES.values() for name in case.sources})
    return {name: str(folder / name) for name in names}


def upload(sources: dict[str, str], url: str) -> dict[str, str]:
    """Copy sources into a store under their own names; return name -> URL."""
    for path in sources.values():
        files = [Path(path)] if Path(path).is_file() else sorted(Path(path).rglob("*"))
        for file in files:
            if file.is_file():
                below = file.relative_to(Path(path).parent).as_posix()
                target = location(url, below)
                target.write_bytes(file.read_bytes())
    return {name: f"{url}/{name}" for name in sources}


def tree(place: str) -> dict[str, bytes]:
    """Return name -> bytes of every file below a place (or of the file), the runs' own left out."""
    root = location(place)
    if isinstance(root, Path):
        if root.is_file():
            return {"": root.read_bytes()}
        files = {p.relative_to(root).as_posix(): p for p in root.rglob("*") if p.is_file()}
        return {name: p.read_bytes() for name, p in files.items() if WORK not in name.split("/")}
    if root.is_file():
        return {"": root.read_bytes()}
    names = [entry.key.removeprefix(f"{root.key}/") for entry in root.store.below(root.key)]
    return {n: (root / n).read_bytes() for n in names if WORK not in n.split("/")}
