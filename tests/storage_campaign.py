"""Faults by table: what is injected into one run of a verb, and what must hold after it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from datakit.errors import DatakitError
from datakit.io.dataset.workspace import has_journal
from datakit.io.store import files
from datakit.io.store.lock import claim
from datakit.io.store.storage import location
from tests.object_server import Fault, Faulty
from tests.storage_cases import CARD, Case, tree

WRITES, READS = "PUT", "GET|HEAD"


@dataclass(frozen=True)
class Trouble:
    """A row of the table.

    Attributes
    ----------
    side : {"src", "out"}
        Whose requests fail.
    passes : bool
        It happens once; else it stays until the run has ended.
    at : float
        Which request is the first to fail, as a share of the undisturbed run's.
    """

    kind: str
    side: str
    passes: bool
    at: float = 0.5

    def __str__(self) -> str:
        return f"{self.kind}, {self.side}, {'once' if self.passes else 'from then on'}"


TROUBLES = tuple(
    Trouble(kind, side, passes)
    for side, kinds in (
        ("out", ("500", "503", "timeout", "reset", "silence", "denied", "full")),
        ("src", ("500", "503", "timeout", "reset", "denied", "short read")),
    )
    for kind in kinds
    for passes in (True, False)
    # What a store says once and means ends the run the first time.
    if not (passes and kind in ("denied", "full"))
)


@dataclass(frozen=True)
class Undisturbed:
    """What a verb makes when nothing is wrong, and how many requests that takes."""

    exit_code: int
    tree: dict[str, bytes]
    requests: dict[str, int]


class Campaign:
    """Runs of verbs between two buckets of one server."""

    def __init__(self, server: Faulty, sources: dict[str, str], src: str, out: str) -> None:
        self.server, self.sources, self.src, self.out = server, sources, src, out

    def undisturbed(self, name: str, case: Case) -> Undisturbed:
        """Run a verb once in peace."""
        self.server.requests.clear()
        files._open_zip.cache_clear()
        code, error = self._run(case, name)
        assert error is None, error
        counts = {
            "out": self._count(WRITES, self.out),
            "src": self._count(READS, self.src),
        }
        return Undisturbed(code, tree(self._place(name, case)), counts)

    def trial(self, name: str, case: Case, trouble: Trouble, peace: Undisturbed) -> list[str]:
        """Run a verb with one fault, and again without it; return what should not have been."""
        number = peace.requests[trouble.side]
        fault = Fault(
            trouble.kind,
            methods=WRITES if trouble.side == "out" else READS,
            path=f"^/{(self.out if trouble.side == 'out' else self.src).removeprefix('s3://')}",
            after=min(int(number * trouble.at), number - 1),
            times=1 if trouble.passes else 1 << 30,
        )
        self.server.faults[:] = [fault]
        # An archive that is still open from the run before would not be read again.
        files._open_zip.cache_clear()
        code, error = self._run(case, name)
        self.server.faults.clear()
        wrong = [] if fault.fired else ["the fault was not met"]
        if error is not None and not isinstance(error, DatakitError | OSError):
            wrong.append(f"traceback: {error!r}")
        if error is not None and "test-secret" in str(error):
            wrong.append(f"a secret is shown: {error}")
        # A fault that stays may come when all is read (a buffered archive): then the run may end.
        expected = {peace.exit_code} if trouble.passes else {peace.exit_code, 2}
        if code not in expected:
            wrong.append(f"exit code {code}, expected {expected} ({error})")
        wrong += self.half_written(name, case, peace)
        if code != 2 and tree(self._place(name, case)).keys() != peace.tree.keys():
            wrong.append(f"exit code {code}, but the target is not whole")
        wrong += self.resumed(name, case, peace)
        return wrong

    def half_written(self, name: str, case: Case, peace: Undisturbed) -> list[str]:
        """Return what in the target is neither absent nor as it should be."""
        place = self._place(name, case)
        there = tree(place) if location(place).exists() else {}
        wrong = [
            f"half-written: {file}"
            for file, data in there.items()
            if file not in case.varies and peace.tree.get(file) != data
        ]
        finished = CARD in there and not has_journal(location(place))
        if finished and there.keys() != peace.tree.keys():
            wrong.append("called finished, but is not whole")
        return wrong

    def resumed(self, name: str, case: Case, peace: Undisturbed) -> list[str]:
        """Continue the run and compare."""
        code, error = self._run(case, name, **case.again())
        if code != peace.exit_code:
            return [f"resumed: exit code {code}, expected {peace.exit_code} ({error})"]
        there = tree(self._place(name, case))
        lost = sorted(peace.tree.keys() - there.keys())
        new = sorted(there.keys() - peace.tree.keys())
        other = [
            file
            for file, data in there.items()
            if file not in case.varies and peace.tree.get(file, data) != data
        ]
        return [
            f"resumed: {what}: {', '.join(files[:3])}"
            for what, files in (("lost", lost), ("new", new), ("other bytes", other))
            if files
        ]

    def second_run(self, name: str, case: Case) -> list[str]:
        """Return what is wrong with the refusal of a second run into one target."""
        with claim(location(self._place(name, case))):
            code, error = self._run(case, name)
        if code != 2 or "another run is writing here (process " not in str(error):
            return [f"second run: exit code {code} ({error})"]
        return []

    def clear(self, name: str, case: Case) -> None:
        """Empty a target."""
        place = location(self._place(name, case))
        place.store.remove([entry.key for entry in place.store.below(place.key)])  # type: ignore[union-attr]
        place.unlink(missing_ok=True)

    def _place(self, name: str, case: Case) -> str:
        return f"{self.out}/{name}{case.suffix}"

    def _count(self, methods: str, url: str) -> int:
        probe = Fault("", methods=methods, path=f"^/{url.removeprefix('s3://')}")
        return sum(probe.takes(method, path) for method, path in self.server.requests)

    def _run(self, case: Case, name: str, **more: Any) -> tuple[int, Exception | None]:
        try:
            result = case.run(self.sources, f"{self.out}/{name}", **more)
        # As the command line does; what is neither shows as a traceback.
        except Exception as error:  # noqa: BLE001
            return 2, error
        return result.exit_code, None
