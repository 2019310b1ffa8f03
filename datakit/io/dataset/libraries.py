"""Versions of the libraries that decide pixels: decoding, resizing and warping differ by them."""

from __future__ import annotations

from functools import cache

_DECIDING = {
    "numpy": ("numpy",),
    "opencv": ("opencv-python-headless", "opencv-python"),
    "pillow": ("pillow",),
}
"""Library -> the packages that may bring it, the first that is installed counts."""


@cache
def pixel_libraries() -> dict[str, str]:
    """Return library -> version, read from what is installed; nothing is imported for it.

    Examples
    --------
    >>> sorted(pixel_libraries())
    ['numpy', 'opencv', 'pillow']
    """
    from importlib.metadata import PackageNotFoundError, version

    found = {}
    for library, packages in _DECIDING.items():
        for package in packages:
            try:
                found[library] = version(package)
            except PackageNotFoundError:
                continue
            break
    return found
