"""How a model of any family is built: its settings, and the identity of what runs.

A model is built in two steps: ``identify`` says what would run (weights, licence) without loading
a runtime, so that a missing file is found before any work; the factory itself loads it.
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass, fields
from pathlib import Path
from typing import Literal, Protocol, TypeVar

from datakit.errors import InputError
from datakit.registry import Registry

Precision = Literal["float32", "bfloat16", "float16"]
Effort = Literal["fast", "default", "best"]
BEST: Effort = "best"
NOT_NEEDED = "not needed"

Built = TypeVar("Built", covariant=True)

_EVERYWHERE = frozenset({"device", "batch_size", "sides"})
# What runs on the CPU only takes these for granted.
_ON_CPU = ("auto", "cpu")


@dataclass(frozen=True, slots=True, kw_only=True)
class Identity:
    """What runs, for the history of every label.

    Attributes
    ----------
    name : str
        As in the registry.
    sha256 : str or None
        Digest of the weights' bytes; None for methods without weights.
    licence : str
        SPDX name, ``unknown`` for weights that no table knows, `NOT_NEEDED` for methods without.
    noncommercial : bool
        Whether the licence forbids commercial use: labels that it made inherit the restriction.
    release, source : str
        What the digest is known as, and where it is published; empty when it is not known.
    runtime : str
        What computes: library, version, device, precision.
    members : tuple of Identity
        The parts of an ensemble.
    """

    name: str
    sha256: str | None = None
    licence: str = "unknown"
    noncommercial: bool = False
    release: str = ""
    source: str = ""
    runtime: str = ""
    members: tuple[Identity, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    """How to build a segmenter; what its family has no use for is refused, not ignored.

    Attributes
    ----------
    weights : tuple of path
        The file (``--weights``), or folders to look in; for ``ensemble`` one per member, ``-`` for
        a member that finds its own.
    contract : path, optional
        The YAML contract of ``onnx``, ``torchscript`` and ``torch-export``, or the name of a
        shipped one.
    device : str
        ``cpu``, ``cuda``, ``cuda:N`` or ``auto``.
    batch_size : int
        Pictures that go through the model at once.
    precision : {"float32", "bfloat16", "float16"}
        Of the convolutions; probabilities are always computed in float32.
    compiled : bool
        Compile at a static size: slow to start, faster after.
    sides : bool
        Whether side outputs are wanted.
    members : tuple of str
        Names of the parts of ``ensemble``.
    effort : {"fast", "default", "best"}
        How often a photo is looked at: `datakit.models.segmenters.people` and `thorough`.
    """

    weights: tuple[str | Path, ...] = ()
    contract: str | Path | None = None
    device: str = "auto"
    batch_size: int = 8
    precision: Precision = "float32"
    compiled: bool = False
    sides: bool = True
    members: tuple[str, ...] = ()
    effort: Effort = "fast"


class Factory(Protocol[Built]):
    """Builds a segmenter or another model; a registry entry is one of these (a class will do).

    Attributes
    ----------
    USES : frozenset of str
        The fields of `Settings` that it reads. `device`: it can run on a GPU. The batch size
        and the wish for side outputs may be given to all.
    """

    USES: frozenset[str]

    def identify(self, settings: Settings) -> Identity:
        """Say what would run, from files alone; ModelError when something is missing."""
        ...

    def __call__(self, settings: Settings) -> Built:
        """Build it; ModelError when its runtime or its weights are missing or damaged."""
        ...


def joined(name: str, members: Sequence[Identity]) -> Identity:
    """Return the identity of several models that run as one."""
    licences = dict.fromkeys(member.licence for member in members)
    if len(licences) > 1:
        licences.pop(NOT_NEEDED, None)
    digests = "\n".join(f"{member.name} {member.sha256}" for member in members)
    return Identity(
        name=name,
        sha256=hashlib.sha256(digests.encode()).hexdigest(),
        licence=" AND ".join(licences),
        noncommercial=any(member.noncommercial for member in members),
        release=" + ".join(member.release or member.name for member in members),
        runtime=" + ".join(dict.fromkeys(m.runtime for m in members if m.runtime)),
        members=tuple(members),
    )


def chosen_factory(
    registry: Registry[Factory[Built]], name: str, settings: Settings
) -> Factory[Built]:
    """Return the factory of a model that has a use for all the settings.

    Raises
    ------
    InputError
        If the name is not known, a field is set that the model does not read, or a GPU is asked
        for and the model runs on the CPU only.
    """
    factory = registry.load(name)
    subject, uses = f"{registry.family} {name!r}", factory.USES
    plain = Settings()
    for field in fields(Settings):
        given = getattr(settings, field.name)
        unused = field.name not in uses and field.name not in _EVERYWHERE
        if unused and given != getattr(plain, field.name):
            flag = field.name.replace("_", "-")
            raise InputError(f"{subject} has no use for {flag} ({given}); leave it out")
    if "device" not in uses and settings.device not in _ON_CPU:
        raise InputError(
            f"--device {settings.device}: expected cpu or auto, as {subject} runs on the CPU only; "
            "leave it out, or take another model"
        )
    return factory
