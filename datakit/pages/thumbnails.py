"""Thumbnails, made on first view, in a cache of bounded size."""

from __future__ import annotations

import hashlib
import os
import threading
from pathlib import Path

from datakit.errors import DatakitError
from datakit.io.store import atomic
from datakit.io.store.files import FileRef
from datakit.pages.decoding import DecodingProcess

SIDE_PX = 128
MOST_BYTES = 256 << 20


class Thumbnails:
    """JPEGs of at most `SIDE_PX`, each under the sha256 of the image that it shows.

    Parameters
    ----------
    folder : Path
        Theirs alone.
    most_bytes : int
        When the folder holds more, those that were not looked at for longest go.
    """

    def __init__(self, folder: Path, most_bytes: int = MOST_BYTES) -> None:
        self._folder = folder
        self._most_bytes = most_bytes
        self._mutex = threading.Lock()
        self._bytes: int | None = None
        self._decoding = DecodingProcess()

    def get(self, image: FileRef, *, keep: bool) -> tuple[bytes, str]:
        """Return the thumbnail of an image, and the sha256 of the image's bytes.

        Parameters
        ----------
        image : FileRef
            The picture.
        keep : bool
            Whether the thumbnail may lie on the disk.

        Raises
        ------
        InputError
            If the picture cannot be read or decoded.
        """
        data = image.read()
        digest = hashlib.sha256(data).hexdigest()
        if not keep:
            return self._decoding.small(data, image.name, SIDE_PX), digest
        path = self._folder / digest[:2] / f"{digest}-{SIDE_PX}.jpg"
        try:
            small = path.read_bytes()
            os.utime(path)
        except OSError:
            small = self._decoding.small(data, image.name, SIDE_PX)
            self._keep(path, small)
        return small, digest

    def close(self) -> None:
        """End the process that decodes."""
        self._decoding.close()

    def _keep(self, path: Path, small: bytes) -> None:
        try:
            atomic.write_bytes(path, small)
        except DatakitError:
            # A full disk must not hide the picture; it is made again the next time.
            return
        with self._mutex:
            if self._bytes is None:
                self._bytes = sum(size for _, size, _ in self._files())
            else:
                self._bytes += len(small)
            if self._bytes > self._most_bytes:
                self._bytes = self._shrink()

    def _shrink(self) -> int:
        """Remove the oldest until a fifth of the room is free; return the bytes that are left."""
        files = sorted(self._files())
        left = sum(size for _, size, _ in files)
        for _, size, path in files:
            if left <= self._most_bytes * 0.8:
                break
            Path(path).unlink(missing_ok=True)
            left -= size
        return left

    def _files(self) -> list[tuple[float, int, str]]:
        found = []
        for parent, _, names in os.walk(self._folder):
            for name in names:
                try:
                    facts = Path(parent, name).stat()
                except OSError:
                    continue
                found.append((facts.st_mtime, facts.st_size, str(Path(parent, name))))
        return found
