"""What `make` installs is named twice: by pin in constraints.txt, by hash in requirements.lock."""

from __future__ import annotations

import re
import tomllib
from pathlib import Path

ROOT = Path(__file__).parents[1]
_PIN = re.compile(r"^([\w.-]+)==([^\s;]+)", re.MULTILINE)
# Which build of it is right depends on the machine (scripts/lock.sh).
UNLOCKED = {"torch"}


def pins(name: str) -> set[tuple[str, str]]:
    """Return every package, its name normalised, with its version."""
    return {(normal(key), version) for key, version in _PIN.findall((ROOT / name).read_text())}


def normal(name: str) -> str:
    return re.sub(r"[-_.]+", "-", name).lower()


def test_the_lock_says_what_the_constraints_say() -> None:
    constrained = pins("constraints.txt")
    names = {name for name, _ in constrained}
    # What only other operating systems need is in the lock alone.
    assert {pin for pin in pins("requirements.lock") if pin[0] in names} <= constrained


def test_every_pin_of_the_lock_has_a_hash() -> None:
    lines = (ROOT / "requirements.lock").read_text().splitlines()
    for line, following in zip(lines, [*lines[1:], ""], strict=True):
        if not line.startswith((" ", "#")):
            assert following.strip().startswith("--hash=sha256:"), line


def test_every_dependency_is_locked() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    extras = project["optional-dependencies"]
    wanted = [*project["dependencies"], *extras["dev"]]
    [own] = extras["all"]
    for extra in own.removeprefix("datakit[").removesuffix("]").split(","):
        wanted += extras[extra]
    names = {normal(re.match(r"[\w.-]+", text).group()) for text in wanted}  # type: ignore[union-attr]
    assert names - {name for name, _ in pins("requirements.lock")} <= UNLOCKED
