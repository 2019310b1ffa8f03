"""The ``README.md`` by which Hugging Face's Hub and ``load_dataset(DST)`` know a dataset."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping

from datakit.io.layouts.writer import Settings
from datakit.records.labels import is_binary

_SIZES = ((1_000, "n<1K"), (10_000, "1K<n<10K"), (100_000, "10K<n<100K"), (1_000_000, "100K<n<1M"))
_LARGE = "n>1M"


def hub_card(
    settings: Settings, data_files: Mapping[str, str]
) -> Iterator[tuple[str, Iterable[bytes]]]:
    """Yield the card: licence, task, size, and where the files of each split are.

    Parameters
    ----------
    settings : Settings
    data_files : mapping of str to str
        Split -> glob of its files; empty where Hugging Face's datasets finds them itself.
    """
    lines = ["---", f"license: {settings.license}", "task_categories:", "- image-segmentation"]
    lines += ["task_ids:", f"- {_task(settings)}", "tags:", "- datakit"]
    if "alpha" in settings.kinds:
        lines += ["- image-matting"]
    lines += ["size_categories:", f"- {_size(settings.samples)}"]
    if data_files:
        lines += ["configs:", "- config_name: default", "  data_files:"]
    for split, glob in sorted(data_files.items()):
        lines += [f"  - split: {split}", f"    path: {glob}"]
    lines += ["---", "Written by datakit; metadata.jsonl says where each sample comes from.", ""]
    classes = [(value, name) for name, value in settings.label_map.items()]
    if not is_binary(settings.label_map):
        lines += ["| value in the masks | class |", "|---|---|"]
        lines += [f"| {value} | {_cell(name)} |" for value, name in sorted(classes)]
        lines += [""]
    if settings.notes:
        lines += [*(f"- {_cell(note)}" for note in settings.notes), ""]
    yield "README.md", ["\n".join(lines).encode()]


def shard_globs(splits: Iterable[str], suffix: str) -> dict[str, str]:
    """Return split -> glob of its shards below ``data/``.

    Examples
    --------
    >>> shard_globs(["train"], ".tar")
    {'train': 'data/train-*.tar'}
    """
    return {split: f"data/{split}-*{suffix}" for split in splits}


def _task(settings: Settings) -> str:
    return "instance-segmentation" if settings.instances else "semantic-segmentation"


def _size(samples: int) -> str:
    return next((word for limit, word in _SIZES if samples < limit), _LARGE)


def _cell(text: str) -> str:
    """Return a text that cannot end a cell, a line or be taken for markup."""
    plain = " ".join(text.split())
    return "".join(f"\\{char}" if char in r"\|<>[]*_`" else char for char in plain)
