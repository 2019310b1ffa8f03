"""When a photo was taken, as its EXIF data tell."""

from __future__ import annotations

import warnings
from datetime import UTC, datetime
from io import BytesIO

from PIL import Image

from datakit.io.pixels.jpeg_header import plain_jpeg

_EXIF_IFD = 0x8769
_ORIGINAL, _DIGITIZED = 0x9003, 0x9004
_SUBSEC_ORIGINAL, _SUBSEC_DIGITIZED = 0x9291, 0x9292
_MODEL = 0x0110
# Formats whose EXIF data are reached without decoding a pixel.
_FORMATS = ("JPEG", "MPO", "WEBP", "TIFF")


def capture_time(data: bytes) -> tuple[str, float] | None:
    """Return the camera and the time of a photo, or None when the file does not tell both.

    Parameters
    ----------
    data : bytes
        The file.

    Returns
    -------
    (str, float) or None
        The camera's model, empty when it is not named, and seconds (without a time zone, as
        cameras write it), with fractions where the camera wrote them (Exif 3.0,
        DateTimeOriginal and SubSecTimeOriginal).
    """
    if plain_jpeg(data) is not None:
        return None
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            with Image.open(BytesIO(data), formats=_FORMATS) as image:
                exif = image.getexif()
                more = exif.get_ifd(_EXIF_IFD)
    # A photo with damaged EXIF data is a photo without a time; its pixels are judged elsewhere.
    except Exception:  # noqa: BLE001
        return None
    for tag, fraction in ((_ORIGINAL, _SUBSEC_ORIGINAL), (_DIGITIZED, _SUBSEC_DIGITIZED)):
        seconds = _seconds(more.get(tag), more.get(fraction))
        if seconds is not None:
            return str(exif.get(_MODEL, "")).strip("\0 "), seconds
    return None


def _seconds(text: object, fraction: object) -> float | None:
    try:
        moment = datetime.strptime(str(text).strip("\0 "), "%Y:%m:%d %H:%M:%S").replace(tzinfo=UTC)
    except ValueError:
        return None
    digits = str(fraction or "").strip("\0 ")
    part = float(f"0.{digits}") if digits.isascii() and digits.isdigit() else 0.0
    return moment.timestamp() + part
