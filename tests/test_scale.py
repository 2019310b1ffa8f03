"""docs/scale.md says what its script computes from RESULTS.md."""

from __future__ import annotations

import importlib.util
import sys
from pathlib import Path
from typing import Any

import pytest

ROOT = Path(__file__).resolve().parents[1]


@pytest.fixture(scope="module")
def scale() -> Any:
    spec = importlib.util.spec_from_file_location("scale", ROOT / "benchmarks" / "scale.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules["scale"] = module
    spec.loader.exec_module(module)
    return module


def test_the_page_says_what_the_script_computes(scale: Any) -> None:
    page = (ROOT / "docs" / "scale.md").read_text()
    expected = scale.page(page, scale.tables((ROOT / "benchmarks" / "RESULTS.md").read_text()))
    assert page == expected, "run `python benchmarks/scale.py --write`"


def test_a_rate_that_results_no_longer_name_is_an_error(scale: Any) -> None:
    with pytest.raises(SystemExit, match="expected a row for coco2mask ms"):
        scale.rates("| nothing |")


@pytest.mark.parametrize(
    ("value", "units", "text"),
    [(3.2e12, "BYTES", "3.2 TB"), (5.1e10, "BYTES", "51 GB"), (5400, "SECONDS", "1.5 hours")],
)
def test_amounts_are_in_units_that_people_read(
    scale: Any, value: float, units: str, text: str
) -> None:
    assert scale.amount(value, getattr(scale, units)) == text
