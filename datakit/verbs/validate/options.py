"""The options of ``validate``."""

from __future__ import annotations

from datakit.verbs.shared.options import ReadOptions

VERB = "validate"


class Options(ReadOptions, frozen=True, kw_only=True):
    """Options of ``validate``."""
