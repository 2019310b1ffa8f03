"""What history, licence notes and ``--resume`` keep of the models that a verb runs.

They go by content: the digest of a file counts, not its place.
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from pathlib import Path

import msgspec

from datakit.models.factory import Identity
from datakit.models.inpainting.contract import SHIPPED as INPAINTING
from datakit.models.runtimes.contract import shipped_names
from datakit.models.runtimes.prompt_contract import SHIPPED
from datakit.records.sample import Operation


def decided_by(models: Sequence[Identity], contract: str | None) -> tuple[str, ...]:
    """Return what decides a result beside the options: digests of the weights and of the contract.

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
    if given is None or given in (*shipped_names(), *SHIPPED, *INPAINTING):
        return given
    path = Path(given)
    return f"{path.name} (sha256 {hashlib.sha256(path.read_bytes()).hexdigest()})"


def with_models(step: Operation, models: Sequence[Identity]) -> Operation:
    """Return a step with what ran: names, digests and licences of the models.

    Examples
    --------
    >>> step = with_models(Operation(verb="prelabel", version="1"), [Identity(name="otsu")])
    >>> msgspec.json.decode(step.params)["models"][0]["name"]
    'otsu'
    """
    params = msgspec.json.decode(step.params)
    params["models"] = msgspec.to_builtins(models)
    return msgspec.structs.replace(
        step, params=msgspec.json.encode(params, order="deterministic").decode()
    )


def licence_notes(models: Sequence[Identity], results: str) -> tuple[str, ...]:
    """Return a sentence for each model whose licence forbids commercial use of its results.

    Examples
    --------
    >>> licence_notes([Identity(name="x", licence="CC-BY-NC-4.0", noncommercial=True)], "labels")
    ('x is CC-BY-NC-4.0: its labels may not be used commercially; each is tagged \
noncommercial-model',)
    """
    return tuple(
        f"{model.name} is {model.licence}: its {results} may not be used commercially; each is "
        "tagged noncommercial-model"
        for model in models
        if model.noncommercial
    )
