"""What every verb says of the photos that it had to change to read them."""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps
from typing import Any

import msgspec

from datakit.io.pixels.conversions import conversion_notes, listening
from datakit.records.pipeline import RunSummary


def with_conversion_notes(run: Callable[..., Any]) -> Callable[..., Any]:
    """Return a verb's run whose summary has a note on each kind of conversion of photos."""

    @wraps(run)
    def noted(*args: Any, **kwargs: Any) -> Any:
        with listening() as heard:
            result = run(*args, **kwargs)
        # The steps of a pipeline say it of their own photos.
        if isinstance(result, RunSummary) or "notes" not in result.__struct_fields__:
            return result
        return msgspec.structs.replace(result, notes=(*result.notes, *conversion_notes(heard)))

    return noted
