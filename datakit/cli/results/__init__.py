"""How results are printed: one file for each kind of record that a verb returns."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from datakit.registry import Registry

SHOWS: Registry[Callable[[Any], None]] = Registry(
    "result",
    {
        "Audit": "datakit.cli.results.audit:show",
        "Difference": "datakit.cli.results.difference:show",
        "Drafting": "datakit.cli.results.drafting:show",
        "Evaluation": "datakit.cli.results.evaluation:show",
        "Problems": "datakit.cli.results.problems:show",
        "Quality": "datakit.cli.results.quality:show",
        "RunSummary": "datakit.cli.results.pipeline:show",
        "Statistics": "datakit.cli.results.statistics:show",
        "Summary": "datakit.cli.results.summary:show",
        "Training": "datakit.cli.results.training:show",
        "WeightsReport": "datakit.cli.results.stored_weights:show",
    },
)
"""The name of a record -> the function that prints it for a person."""


def show(result: Any) -> None:
    """Print a result on stdout, as its kind of record is printed."""
    SHOWS.load(type(result).__name__)(result)
