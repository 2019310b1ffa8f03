"""datakit: dataset curation and annotation for portrait segmentation and matting."""

from __future__ import annotations

__version__ = "0.1.0"
