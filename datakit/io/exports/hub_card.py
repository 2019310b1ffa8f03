"""The ``README.md`` by which Hugging Face's ``load_dataset(DST)`` finds the shards."""

from __future__ import annotations

from collections.abc import Iterable, Iterator


def hub_card(splits: Iterable[str], suffix: str) -> Iterator[tuple[str, Iterable[bytes]]]:
    """Yield the card that names each split's shards below ``data/``.

    Parameters
    ----------
    splits : iterable of str
    suffix : str
        ``.tar`` or ``.parquet``.
    """
    lines = ["---\n", "configs:\n", "- config_name: default\n", "  data_files:\n"]
    for split in sorted(splits):
        lines += [f"  - split: {split}\n", f"    path: data/{split}-*{suffix}\n"]
    lines += ["---\n", "Written by datakit; metadata.jsonl says where each sample comes from.\n"]
    yield "README.md", [line.encode() for line in lines]
