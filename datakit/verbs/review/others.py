"""Other reviewers of the same dataset: what they decided, and how often two agree."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from datakit.io.dataset.decisions import read_decisions
from datakit.io.store.storage import is_remote
from datakit.records.review import DECISIONS, Decision, Verdict
from datakit.verbs.review.options import ServeOptions

_ENDING = ".review"
_UNNAMED = "another reviewer"


def other_reviewers(options: ServeOptions) -> dict[str, dict[str, Decision]]:
    """Return name -> id -> decision of the other reviews beside SRC: ``SRC[.NAME].review``."""
    if is_remote(options.src[0]):
        return {}
    source, own = Path(options.src[0]), Path(options.folder).resolve()
    found = {}
    for folder in sorted(source.parent.glob(f"{_escaped(source.name)}*{_ENDING}")):
        name = folder.name.removeprefix(source.name).removesuffix(_ENDING)
        is_own = folder.resolve() == own
        if is_own or (name and not name.startswith(".")) or not (folder / DECISIONS).is_file():
            continue
        found[name.lstrip(".") or _UNNAMED] = read_decisions(folder)
    return found


def verdicts_of(others: Mapping[str, Mapping[str, Decision]], key: str) -> dict[str, Verdict]:
    """Return name -> verdict about one sample, of those who gave one."""
    return {
        name: verdict
        for name, decisions in others.items()
        if key in decisions and (verdict := decisions[key].verdict) is not None
    }


def agreement_notes(
    own: Mapping[str, Decision], others: Mapping[str, Mapping[str, Decision]]
) -> tuple[str, ...]:
    """Return in words how often each other reviewer came to the same verdict."""
    notes = []
    for name, decisions in others.items():
        pairs = [
            (one.verdict, decisions[key].verdict)
            for key, one in own.items()
            if one.verdict and key in decisions and decisions[key].verdict
        ]
        if pairs:
            same = sum(mine == theirs for mine, theirs in pairs)
            notes.append(f"{name}: the same verdict on {same} of {len(pairs)} samples")
    return tuple(notes)


def _escaped(name: str) -> str:
    return "".join(f"[{letter}]" if letter in "*?[" else letter for letter in name)
