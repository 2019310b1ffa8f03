"""Conditions on samples: ``--where``, ``--val-where``, ``--skip-where`` in one language.

The language is `datakit.core.splitting.expressions`; these are the columns that it may speak of.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import PurePosixPath
from typing import Any

import numpy as np
import numpy.typing as npt

from datakit.core.splitting.expressions import parse
from datakit.errors import InputError
from datakit.records.sample import Sample
from datakit.records.suggestions import nearest

COLUMNS = {
    "id": "the sample's id",
    "file_name": "path in the source",
    "source": "name of the photo it was made from",
    "group": "the group that it belongs to",
    "split": "the split it has in the source",
    "split_source": "the same",
    "width": "pixels",
    "height": "pixels",
    "categories": "classes with a label here",
    "class": "the same",
    "tags": "tags of the manifest",
    "annotations": "objects",
    "label_state": "complete, partial (some object could not be drawn) or none",
    "fg_ratio": "share of foreground, 0 to 1",
    "people": "how many people the photo shows, by their faces and bodies",
    "anonymized": "whether anonymize is in its history",
    "parent": "what it is a copy of",
}
"""Column -> what it holds."""

NUMBERS = frozenset({"width", "height", "annotations", "fg_ratio", "people"})


@dataclass(frozen=True)
class Condition:
    """A condition on one sample, whose row tells every column.

    Parameters
    ----------
    text : str
        For example ``'celebrity' in tags and split == 'train'``.

    Raises
    ------
    InputError
        If the text is no such condition, or names a column that samples do not have.

    Examples
    --------
    >>> from datakit.records.sample import Source
    >>> sample = Sample(id="a", width=4, height=3, source=Source(name="a.jpg"), tags=("x",))
    >>> Condition("'x' in tags and width >= 4")(sample), Condition("split == 'val'")(sample)
    (True, False)
    """

    text: str

    def __post_init__(self) -> None:
        check_columns(self.text, parse(self.text).columns)

    @property
    def columns(self) -> frozenset[str]:
        """The columns that it speaks of."""
        return parse(self.text).columns

    def __call__(self, sample: Sample, people: int | None = None) -> bool:
        """Tell whether the sample meets the condition; InputError where it has no answer.

        ``people`` is the one column that no row tells: its caller counts them.
        """
        expression = parse(self.text)
        values = {**row_values(sample), "people": people}
        # One column more, so that a condition that speaks of none has a row to be true of.
        table = {name: as_column(name, [values[name]]) for name in {"id", *expression.columns}}
        try:
            return bool(expression.matches(table)[0])
        except InputError as error:
            raise InputError(f"{sample.id}: {error}") from None


def check_columns(text: str, named: frozenset[str]) -> None:
    """Raise InputError for a column that there is not."""
    unknown = sorted(named - set(COLUMNS))
    if unknown:
        raise InputError(f"expression {text!r}: {unknown_column(unknown[0], COLUMNS)}")


def unknown_column(name: str, known: Iterable[str]) -> str:
    """Say that there is no such column, which there are, and what may have been meant.

    Examples
    --------
    >>> unknown_column("widht", ["height", "width"])
    "column 'widht' is unknown; expected some of: height, width; did you mean width?"
    >>> unknown_column("complete", ["label_state"])
    "column 'complete' is unknown; expected some of: label_state; text needs quotes: 'complete'"
    """
    names = list(known)
    near = nearest(name, names)
    meant = f"did you mean {near}?" if near else f"text needs quotes: {name!r}"
    return f"column {name!r} is unknown; expected some of: {', '.join(names)}; {meant}"


def as_column(name: str, values: list[Any]) -> npt.NDArray[Any]:
    """Return the values of a column as the language compares them: None is NaN in numbers."""
    if name in NUMBERS:
        return np.array([np.nan if value is None else value for value in values], np.float64)
    column: npt.NDArray[Any] = np.empty(len(values), dtype=bool if name == "anonymized" else object)
    column[:] = values
    return column


def row_values(sample: Sample) -> dict[str, Any]:
    """Return the value of every column in a sample's row."""
    return {
        "id": sample.id,
        "file_name": sample.source.name,
        "source": sample.group or PurePosixPath(sample.source.name).with_suffix("").as_posix(),
        "group": sample.group,
        "split": sample.split,
        "split_source": sample.split,
        "width": sample.width,
        "height": sample.height,
        "categories": sample.categories,
        "class": sample.categories,
        "tags": sample.tags,
        "annotations": sample.annotations,
        "label_state": sample.label_state,
        "fg_ratio": sample.fg_ratio,
        "anonymized": any(step.verb == "anonymize" for step in sample.history),
        "parent": sample.parent,
    }
