"""A call of any verb: how long it took, and how photos were converted, are in its summary."""

from __future__ import annotations

import time
from collections.abc import Callable
from functools import wraps
from typing import Any

import msgspec

from datakit.io.pixels.conversions import conversion_notes, listening
from datakit.records.pipeline import RunSummary


def summed_up(run: Callable[..., Any]) -> Callable[..., Any]:
    """Return a verb's run whose summary has the wall seconds of all of it, and these notes."""

    @wraps(run)
    def called(*args: Any, **kwargs: Any) -> Any:
        started = time.perf_counter()
        with listening() as heard:
            result = run(*args, **kwargs)
        known: dict[str, Any] = {}
        if "seconds" in result.__struct_fields__:
            known["seconds"] = time.perf_counter() - started
        # The steps of a pipeline say it of their own photos.
        if "notes" in result.__struct_fields__ and not isinstance(result, RunSummary):
            known["notes"] = (*result.notes, *conversion_notes(heard))
        return msgspec.structs.replace(result, **known)

    return called
