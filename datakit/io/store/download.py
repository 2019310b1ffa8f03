"""One file from the network: its digest and size are known before, and it appears whole or not."""

from __future__ import annotations

import hashlib
import http.client
import urllib.error
import urllib.request
from pathlib import Path

from datakit.errors import InputError
from datakit.io.store import atomic

TIMEOUT_S = 60.0
_CHUNK_BYTES = 1 << 20


def download(url: str, path: Path, sha256: str, size_bytes: int) -> None:
    """Fetch a file to ``path``, through a temporary one beside it.

    Nothing is kept unless all bytes came and their sha256 is the expected one; what is longer
    than expected is cut off as soon as that shows.

    Parameters
    ----------
    url : str
        ``https://`` (or ``http://``, for a server of one's own: the digest is what is trusted).
    path : Path
        Where the file goes; its folder is made.
    sha256 : str
    size_bytes : int

    Raises
    ------
    InputError
        If the server cannot be reached, says no, or gives another file.
    OutputError
        If it cannot be written.
    """
    if not url.startswith(("https://", "http://")):
        raise InputError(f"{url}: expected an https:// address")
    digest, received = hashlib.sha256(), 0
    request = urllib.request.Request(url, headers={"User-Agent": "datakit"})
    with atomic.writing(path, durable=True) as handle:
        try:
            with urllib.request.urlopen(request, timeout=TIMEOUT_S) as answer:
                while chunk := answer.read(_CHUNK_BYTES):
                    received += len(chunk)
                    if received > size_bytes:
                        raise InputError(
                            f"{url}: expected {size_bytes:,} bytes, found more; nothing was kept"
                        )
                    digest.update(chunk)
                    handle.write(chunk)
        except (
            urllib.error.URLError,
            http.client.HTTPException,
            TimeoutError,
            ConnectionError,
        ) as e:
            reason = getattr(e, "reason", None) or e
            raise InputError(
                f"{url}: cannot be downloaded ({reason}); check the network, or fetch it by hand "
                "and run `datakit weights add FILE`"
            ) from None
        if received != size_bytes:
            raise InputError(
                f"{url}: expected {size_bytes:,} bytes, found {received:,}; nothing was kept, run "
                "it again"
            )
        if digest.hexdigest() != sha256:
            raise InputError(
                f"{url}: expected sha256 {sha256[:12]}…, found {digest.hexdigest()[:12]}…: the "
                "file was changed; nothing was kept"
            )
