"""``datakit doctor``: what is installed here, and what each verb can do with it."""

from __future__ import annotations

import platform
import re
import shutil
from collections.abc import Iterable
from importlib import metadata
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import click
import msgspec

from datakit.checks import FAMILIES
from datakit.errors import printable
from datakit.io.layouts import READERS, WRITERS
from datakit.machine import shared_memory, usable_cpus
from datakit.models.faces.base import FACE_DETECTORS
from datakit.models.segmenters.base import SEGMENTERS
from datakit.verbs.table import VERBS
from datakit.version import __version__

LIBRARIES = ("numpy", "opencv-python-headless", "pillow", "albumentations", "pyarrow", "pandas")

ABILITIES: tuple[tuple[str, str, str], ...] = (
    ("prelabel", "--model mediapipe-selfie, the default", "faces"),
    ("prelabel", "--model u2netp, u2net, unet, onnx and other networks", "prelabel"),
    ("anonymize", "find faces", "faces"),
    ("matte", "--method knn and lbdm", "matte"),
    ("review", "the page", "review"),
    ("train", "train a network", "prelabel"),
    ("every verb", "--engine ray", "ray"),
    ("every verb", "s3:// as SRC and DST", "s3"),
    ("every verb", "gs:// as SRC and DST", "gs"),
    ("every verb", "read HEIC", "heic"),
    ("every verb", "read JPEG XL", "jxl"),
)
"""(verb, what it does, the extra that this needs); all else needs no extra."""


class Ability(msgspec.Struct, frozen=True):
    """Something that a verb can do, and what it lacks for it here."""

    verb: str
    what: str
    extra: str
    missing: tuple[str, ...]


class Diagnosis(msgspec.Struct, frozen=True):
    """What `examine` found."""

    versions: dict[str, str]
    limits: dict[str, str]
    devices: tuple[str, ...]
    plugins: tuple[str, ...]
    abilities: tuple[Ability, ...]


def examine() -> Diagnosis:
    """Look at this installation and this machine; nothing is changed or downloaded."""
    versions = {"datakit": __version__, "Python": platform.python_version()}
    versions |= {name: _version(name) or "not installed" for name in LIBRARIES}
    needed = requirements()
    # An installation older than the code does not know every extra: it needs to be made again.
    stale = {extra: [f"datakit's metadata of {extra}"] for _, _, extra in ABILITIES}
    return Diagnosis(
        versions=versions,
        limits=_limits(),
        devices=_devices(),
        plugins=_plugins(),
        abilities=tuple(
            Ability(verb, what, extra, _missing((stale | needed)[extra]))
            for verb, what, extra in ABILITIES
        ),
    )


def requirements() -> dict[str, list[str]]:
    """Return extra -> the names of the packages that it installs, as the metadata say."""
    found: dict[str, list[str]] = {}
    for line in metadata.requires("datakit") or ():
        extra = re.search(r"extra\s*==\s*['\"]([\w-]+)['\"]", line)
        name = re.match(r"[\w.-]+", line)
        if extra and name:
            found.setdefault(extra[1], []).append(name[0])
    return found


def _missing(packages: Iterable[str]) -> tuple[str, ...]:
    return tuple(name for name in packages if _version(name) is None)


def _version(package: str) -> str | None:
    try:
        return metadata.version(package)
    except metadata.PackageNotFoundError:
        return None


def _limits() -> dict[str, str]:
    found = {
        "system": f"{platform.system()} {platform.release()}, {platform.machine()}",
        "CPUs that may be used": str(usable_cpus()),
    }
    folder = shared_memory()
    if folder is not None and folder.is_dir():
        free = shutil.disk_usage(folder).free
        found["shared memory"] = f"{free / 2**20:,.0f} MiB free"
    found["disk, in this folder"] = f"{shutil.disk_usage(Path.cwd()).free / 2**30:,.1f} GiB free"
    return found


def _plugins() -> tuple[str, ...]:
    """Return what other packages add: family, name and module."""
    found = [
        f"{registry.family} {name} ({target})"
        for registry in (READERS, WRITERS, SEGMENTERS, FACE_DETECTORS, FAMILIES)
        for name, target in registry.plugins().items()
    ]
    verbs = [f"verb {name} ({row.package})" for name, row in VERBS.items() if row.package]
    return (*verbs, *found)


def _devices() -> tuple[str, ...]:
    if find_spec("torch") is None:
        return ("CPU (torch is not installed)",)
    import torch

    if not torch.cuda.is_available():
        return (f"CPU (torch {torch.__version__} finds no CUDA device)",)
    return tuple(torch.cuda.get_device_name(n) for n in range(torch.cuda.device_count()))


def show(found: Diagnosis) -> None:
    """Print a diagnosis for a person."""
    for heading, rows in (("Versions", found.versions), ("This machine", found.limits)):
        click.echo(f"{heading}\n" + "".join(f"  {k:<24}{printable(v)}\n" for k, v in rows.items()))
    click.echo("Devices\n" + "".join(f"  {printable(one)}\n" for one in found.devices))
    if found.plugins:
        click.echo("From other packages\n" + "".join(f"  {one}\n" for one in found.plugins))
    click.echo("Verbs (what is not listed needs no extra)")
    for one in found.abilities:
        way = f"needs {', '.join(one.missing)}: pip install 'datakit[{one.extra}]'"
        click.echo(f"  {one.verb:<12}{one.what:<56}{way if one.missing else 'ready'}")


def command() -> click.Command:
    """Return ``doctor``."""

    def callback(**given: Any) -> None:
        found = examine()
        if given["as_json"]:
            click.echo(msgspec.json.encode(found))
        else:
            show(found)

    return click.Command(
        "doctor",
        callback=callback,
        params=[click.Option(["--json", "as_json"], is_flag=True, help="print one JSON object")],
        help="Say what is installed here, what this machine has, and what each verb can do.",
        context_settings={"help_option_names": ["-h", "--help"]},
    )
