"""Run one task over many samples: in this process, in worker processes, or on a cluster."""

from __future__ import annotations

from typing import Any

from datakit.registry import Registry

ENGINES: Registry[Any] = Registry(
    "engine",
    {"local": "datakit.engine.local:LocalEngine", "ray": "datakit.engine.ray:RayEngine"},
)
"""Engine classes by name; each is built with the number of workers (None: all CPUs).

Those that reach beyond this machine take an address as a second argument.
"""
