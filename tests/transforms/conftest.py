"""Importing datakit's room first keeps Albumentations from asking the network for updates."""

import datakit.transforms  # noqa: F401
