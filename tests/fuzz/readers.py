"""The readers of files that anybody may have written, each as a function of the file's bytes.

What a reader refuses by an error of ours is well; anything else that it raises is a broken promise.
`benchmarks/fuzz_readers.py` drives them guided by coverage; `test_readers.py` reads what it found.
"""

from __future__ import annotations

import contextlib
import tempfile
from collections.abc import Callable
from functools import cache
from pathlib import Path

from datakit.errors import DatakitError
from datakit.io.layouts import READERS
from datakit.io.layouts.sources import open_sources
from datakit.io.pixels.decoders import decode_photo
from datakit.io.pixels.jpeg_header import plain_jpeg
from datakit.io.pixels.jpeg_stream import jpeg_end
from datakit.io.store.zip_folder import ZipFolder
from datakit.models.runtimes.onnx_file import read_onnx
from datakit.models.weights.onnx_external import inlined
from datakit.records.yaml_text import parse
from datakit.transforms.document import parse_document

FOUND = Path(__file__).parent / "corpus" / "readers"
"""A folder per reader: small inputs that reach the most of its code, and those that broke it."""

SIZE_WH = (64, 48)
_START = b"\xff\xd8\xff"


@cache
def _folder() -> Path:
    """Return this process's folder, with the photo that annotation files may speak of."""
    import numpy as np
    from PIL import Image

    folder = Path(tempfile.mkdtemp(prefix="readers-"))
    Image.fromarray(np.zeros(SIZE_WH[::-1], np.uint8)).save(folder / "a.jpg")
    return folder


def _read_annotations(data: bytes, name: str, layout: str) -> None:
    path = _folder() / name
    path.write_bytes(data)
    try:
        [(_, _, reader)] = open_sources([str(_folder())], layout=layout).parts
        for item in reader.items():
            with contextlib.suppress(DatakitError):
                READERS.load(layout).objects(item, SIZE_WH)
    finally:
        path.unlink()


def read_coco(data: bytes) -> None:
    """Read an annotation file of COCO, and the objects of its image."""
    _read_annotations(data, "_annotations.coco.json", "coco")


def read_xml(data: bytes) -> None:
    """Read an annotation file of CVAT, and the objects of its image."""
    _read_annotations(data, "annotations.xml", "cvat")


def read_yaml(data: bytes) -> None:
    """Read options, then a pipeline of transforms."""
    text = data.decode(errors="replace")
    for read in (parse, parse_document):
        with contextlib.suppress(DatakitError):
            read(text, "x.yaml")


def read_zip(data: bytes) -> None:
    """Open an archive and read every entry."""
    path = _folder() / "archive"
    path.write_bytes(data)
    try:
        archive = ZipFolder(path)
        for name in archive.names():
            with contextlib.suppress(DatakitError):
                archive.read(name)
    finally:
        path.unlink()


def read_model(data: bytes) -> None:
    """Read an ONNX model, and look for the files it names."""
    inlined(data, _folder() / "model.onnx")
    read_onnx(data)


def read_pickle(data: bytes) -> None:
    """Read a state dict, zipped or a bare pickle."""
    from datakit.models.weights.torch_archives import read_states

    read_states(data, "weights.pth")


def read_jpeg(data: bytes) -> None:
    """Walk over the markers of a JPEG, and decode it."""
    data = _START + data
    plain_jpeg(data)
    jpeg_end(data)
    decode_photo(data, "a.jpg")


TARGETS: dict[str, Callable[[bytes], None]] = {
    "coco": read_coco,
    "xml": read_xml,
    "yaml": read_yaml,
    "zip": read_zip,
    "onnx": read_model,
    "pickle": read_pickle,
    "jpeg": read_jpeg,
}


def survive(name: str, data: bytes) -> None:
    """Let a reader have bytes; an error of ours is an answer."""
    with contextlib.suppress(DatakitError):
        TARGETS[name](data)
