"""Its options."""

from __future__ import annotations

from datakit.verbs.shared.options import SourceOptions

COMMON = ()


class Options(SourceOptions, frozen=True, kw_only=True):
    """Options of ``tiny-count``."""
