"""A dataset of any layout as an object: ``len``, slices, conditions, tables, pictures."""

from __future__ import annotations

import html
import warnings
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from os import PathLike, fspath
from typing import TYPE_CHECKING, Any, overload

import msgspec
import numpy as np
from PIL import Image

from datakit.core.images.contact_sheet import contact_sheet
from datakit.core.splitting.expressions import parse
from datakit.errors import InputError
from datakit.io.layouts.base import Item, ReadSettings
from datakit.io.layouts.sources import Collection, open_sources
from datakit.notebook.coco import to_coco
from datakit.notebook.picture import Picture
from datakit.notebook.sample import SampleView
from datakit.records.conditions import unknown_column
from datakit.records.counts import counted
from datakit.records.labels import BACKGROUND, IGNORED, is_binary, numbered, only_class

if TYPE_CHECKING:
    import datasets
    import pandas as pd
    from pycocotools.coco import COCO

    from datakit.training import PortraitDataset

SHOWN = 12


@dataclass(frozen=True)
class Dataset:
    """Samples of one or several sources, in their order; nothing is decoded before it is used.

    Made by `datakit.open`. Slices and `where` give datasets, an index or an id gives a sample.

    Attributes
    ----------
    source : Collection
        What was opened.
    items : tuple of Item
    named : tuple of str
        The classes that the rows of the whole source name.

    Examples
    --------
    >>> import datakit
    >>> portraits = datakit.open("sample_data/portraits")
    >>> len(portraits), portraits[0].image.ndim, portraits[0].alpha.dtype
    (7, 3, dtype('float32'))
    >>> len(portraits[:2]), len(portraits.where("width > 10000"))
    (2, 0)
    """

    source: Collection
    items: tuple[Item, ...]
    named: tuple[str, ...] = ()

    def __len__(self) -> int:
        return len(self.items)

    @overload
    def __getitem__(self, key: int | str) -> SampleView: ...

    @overload
    def __getitem__(self, key: slice) -> Dataset: ...

    def __getitem__(self, key: int | str | slice) -> SampleView | Dataset:
        if isinstance(key, slice):
            return replace(self, items=self.items[key])
        if isinstance(key, str):
            found = [item for item in self.items if item.key == key]
            if not found:
                raise KeyError(f"{key!r}: no sample has this id; see `.ids`")
            return SampleView(found[0], self.label_map)
        return SampleView(self.items[key], self.label_map)

    def __iter__(self) -> Iterator[SampleView]:
        return (SampleView(item, self.label_map) for item in self.items)

    def __repr__(self) -> str:
        return f"Dataset({self._words()})"

    def _repr_html_(self) -> str:
        return f"<p>{html.escape(self._words())}</p>{self.show()._repr_html_()}"

    @property
    def ids(self) -> list[str]:
        """The samples' ids."""
        return [item.key for item in self.items]

    @property
    def splits(self) -> dict[str | None, int]:
        """Split -> number of samples."""
        return dict(Counter(item.split for item in self.items))

    @property
    def classes(self) -> tuple[str, ...]:
        """Class names in the order of their values in the masks."""
        if self.source.label_map and is_binary(self.source.label_map):
            return tuple(name for name in self.label_map if name != BACKGROUND)
        return self.source.classes or tuple(
            name for name in self.source.label_map if name != BACKGROUND
        )

    @cached_property
    def label_map(self) -> dict[str, int]:
        """Class name -> value in the masks that samples give."""
        known = self.source.label_map
        if known and not is_binary(known):
            return dict(known)
        if not known and len(self.source.classes) > 1:
            return numbered(self.source.classes)
        # A binary mask's class may be known of its row alone.
        return {BACKGROUND: 0, only_class(known, self.named or self.source.classes): IGNORED}

    @property
    def failures(self) -> tuple[dict[str, Any], ...]:
        """What could not be read, as plain values."""
        return tuple(msgspec.to_builtins(failure) for failure in self.source.failures)

    @property
    def frame(self) -> pd.DataFrame:
        """The rows as a pandas table, one sample per row, its id as index.

        A sample whose picture is missing or cannot be read keeps its row: ``problem`` says why,
        and what only the picture tells (its size) is missing. Elsewhere ``problem`` is missing.
        """
        import pandas as pd

        rows = [_plain(SampleView(item, self.label_map)) for item in self.items]
        return pd.DataFrame(rows).set_index("id") if rows else pd.DataFrame()

    def where(self, condition: str | Callable[[SampleView], bool]) -> Dataset:
        """Return the samples that meet a condition.

        Parameters
        ----------
        condition : str or callable
            As ``--where`` takes it (``"fg_ratio > 0.2 and 'person' in categories"``), on the
            columns of `frame`; or a function of a sample.

        Raises
        ------
        InputError
            If the text is no condition, or names a column that there is not.
        """
        if callable(condition):
            kept = tuple(one.item for one in self if condition(one))
            return replace(self, items=kept)
        expression = parse(condition)
        if not self.items:
            return self
        frame = self.frame.reset_index()
        unknown = sorted(expression.columns - set(frame.columns))
        if unknown:
            raise InputError(f"where: {unknown_column(unknown[0], frame.columns)}")
        table = {name: frame[name].to_numpy() for name in expression.columns}
        chosen = expression.matches(table)
        return replace(self, items=tuple(np.array(self.items, object)[chosen]))

    def show(self, n: int = SHOWN) -> Picture:
        """Return a contact sheet of ``n`` samples, spread evenly over the dataset.

        It is shown by notebooks; `Picture.save` writes it. Samples that cannot be drawn are left
        out: the heading counts them, and a `UserWarning` gives the first one's reason.
        """
        step = max(1, len(self.items) // n) if n > 0 else 1
        chosen = [*self][::step][:n]
        if not chosen:
            return Picture(np.full((40, 40, 3), 255, np.uint8))
        tiles, captions, problems = [], [], []
        for one in chosen:
            try:
                tiles.append(one.overlaid())
                captions.append(one.id)
            except InputError as error:
                problems.append(str(error))
        title = f"{len(tiles)} of {counted(len(self), 'samples')}"
        if problems:
            title += f", {len(problems)} left out: cannot be read"
            warnings.warn(
                f"show: {counted(len(problems), 'samples')} left out, as they cannot be read; "
                f"the first: {problems[0]}",
                stacklevel=2,
            )
        return Picture(contact_sheet(tiles, captions, title=title))

    def to_coco(self) -> COCO:
        """Return the labels as a pycocotools ``COCO``, masks as lossless RLE.

        Partial samples carry their ignore mask as a crowd region of each class.
        """
        return to_coco([*self], self.label_map)

    def torch(self, split: str | None = None, **options: Any) -> PortraitDataset:
        """Return a torch dataset of the labelled samples (`datakit.training.PortraitDataset`)."""
        from datakit.training.data import PortraitDataset

        return PortraitDataset(self.items, split, **options)

    def hf(self) -> datasets.Dataset:
        """Return a Hugging Face ``datasets.Dataset``: id, split, image, and each label there is.

        Raises
        ------
        InputError
            If ``datasets`` is not installed.
        """
        try:
            import datasets
        except ImportError:
            raise InputError(
                "hf(): expected the package datasets, found none; pip install datasets"
            ) from None
        rows = [_pictures(one) for one in self]
        kinds = {kind for row in rows for kind, value in row.items() if value is not None}
        features = {
            name: datasets.Image() if name not in ("id", "split") else datasets.Value("string")
            for name in ("id", "split", "image", "mask", "alpha", "trimap", "ignore")
            if name in kinds or name in ("id", "split")
        }
        columns = {name: [row[name] for row in rows] for name in features}
        return datasets.Dataset.from_dict(columns, features=datasets.Features(features))

    def fiftyone(self) -> Any:
        """Return a FiftyOne dataset of the images and masks that are files on this machine.

        Raises
        ------
        InputError
            If ``fiftyone`` is not installed.
        """
        try:
            import fiftyone
        except ImportError:
            raise InputError(
                "fiftyone(): expected the package fiftyone, found none; pip install fiftyone"
            ) from None
        made = fiftyone.Dataset()
        for one in self:
            path = one.item.image.path if one.item.image else None
            if path is None:
                continue
            sample = fiftyone.Sample(filepath=str(path), tags=[one.split] if one.split else [])
            if one.mask is not None:
                sample["mask"] = fiftyone.Segmentation(mask=one.mask.astype(np.uint8))
            made.add_sample(sample)
        return made

    def _words(self) -> str:
        parts = [f"{count:,} {split or 'no split'}" for split, count in self.splits.items()]
        classes = ", ".join(self.classes) or "none"
        return f"{counted(len(self), 'samples')} ({', '.join(parts) or 'none'}), classes: {classes}"


def open_dataset(
    src: str | PathLike[str] | Sequence[str | PathLike[str]],
    *,
    layout: str | None = None,
    images_dir: str | None = None,
    labels_dir: str | None = None,
    labels: str | None = None,
) -> Dataset:
    """Open a dataset, or anything else that datakit reads, to look at it and work with it.

    Parameters
    ----------
    src : path, or several
        Folders, .zip files, COCO .json files; local paths or URLs.
    layout : str, optional
        As ``--from``: the layout, when its content does not tell.
    images_dir, labels_dir, labels : str, optional
        As the options of these names.

    Returns
    -------
    Dataset

    Raises
    ------
    InputError
        If there is nothing to read, or no layout that is known.
    """
    paths = [src] if isinstance(src, str | PathLike) else [*src]
    settings = ReadSettings(images_dir=images_dir, labels_dir=labels_dir, labels=labels)
    source = open_sources([fspath(path) for path in paths], layout=layout, settings=settings)
    items = tuple(source.items())
    named = {name for item in items if item.sample for name in item.sample.categories}
    return Dataset(source, items, tuple(sorted(named)))


def _plain(one: SampleView) -> dict[str, Any]:
    try:
        row, problem = one.row, None
    except InputError as error:
        # The size is of the picture; all else is known without it.
        row, problem = one.item.describe(0, 0, None), str(error)
    return {
        "id": one.id,
        "file_name": row.file_name or one.item.source_name,
        "split": row.split,
        "group": row.group,
        "width": None if problem else row.width,
        "height": None if problem else row.height,
        "label_state": row.label_state,
        "categories": row.categories,
        "annotations": row.annotations,
        "fg_ratio": row.fg_ratio,
        "tags": row.tags,
        "parent": row.parent,
        "source": row.source.name,
        "problem": problem,
    }


def _pictures(one: SampleView) -> dict[str, Any]:
    """Return a sample's pictures as PIL images, labels in 8 or 16 bits."""

    def made(pixels: Any) -> Any:
        return None if pixels is None else Image.fromarray(pixels)

    mask = one.mask
    if mask is not None and mask.dtype == np.bool_:
        mask = np.where(mask, np.uint8(255), np.uint8(0))
    alpha = None if one.alpha is None else np.rint(one.alpha * 255).astype(np.uint8)
    ignore = None if one.ignore is None else np.where(one.ignore, np.uint8(255), np.uint8(0))
    return {
        "id": one.id,
        "split": one.split,
        "image": made(one.image) if one.item.image else None,
        "mask": made(mask),
        "alpha": made(alpha),
        "trimap": made(one.trimap),
        "ignore": made(ignore),
    }
