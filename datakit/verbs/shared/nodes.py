"""Checks and notes of a run on several machines."""

from __future__ import annotations

from datakit.engine.base import Engine, Outcome
from datakit.errors import EngineError
from datakit.io.store.storage import Location
from datakit.records.product import Product


class SharedTarget:
    """Makes sure that what each node writes arrives where the manifest is written.

    A node that has a folder of the same name on a disk of its own would else lose its files in
    silence. The first files of each node are looked at, not all.
    """

    def __init__(self, out: Location) -> None:
        self._out = out
        self._seen = {""}

    def check(self, outcome: Outcome[Product]) -> None:
        """Look at the first files of a node; EngineError if they are not here."""
        if outcome.node in self._seen or outcome.value is None or not outcome.value.files:
            return
        self._seen.add(outcome.node)
        for name in outcome.value.files:
            path = self._out / name
            if not path.exists() and not path.is_symlink():
                raise EngineError(
                    f"node {outcome.node} wrote {name}, and it is not in {self._out} here: DST "
                    "must be on storage that all nodes share; name such a folder, or a URL"
                )


def node_notes(engine: Engine) -> tuple[str, ...]:
    """Return a line per node, for the summary; none for engines without nodes."""
    return tuple(f"node {name}: {rate:,.1f} items/s" for name, rate in engine.rates().items())
