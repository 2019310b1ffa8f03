"""What the files of ``prelabel`` hold: its history and ``--resume`` go by content, not by place."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from pathlib import Path

from datakit.models.runtimes.contract import shipped_names
from datakit.models.segmenters.base import Identity


def decided_by(models: Sequence[Identity], contract: str | None) -> tuple[str, ...]:
    """Return what decides a label beside the options: digests of the weights and of the contract.

    Examples
    --------
    >>> decided_by([Identity(name="otsu")], None)
    ('otsu None', 'contract None')
    """
    parts = [part for model in models for part in (model, *model.members)]
    digests = [f"{part.name} {part.sha256}" for part in parts]
    return (*digests, f"contract {contract_content(contract)}")


def contract_content(given: str | None) -> str | None:
    """Return which contract it is: the name of a shipped one, else a file's name and digest.

    Examples
    --------
    >>> contract_content("isnet")
    'isnet'
    """
    if given is None or given in shipped_names():
        return given
    path = Path(given)
    return f"{path.name} (sha256 {hashlib.sha256(path.read_bytes()).hexdigest()})"
