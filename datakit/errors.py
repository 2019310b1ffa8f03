"""The errors datakit raises: one sentence each, with subject, expected, found and the way out."""

from __future__ import annotations


class DatakitError(Exception):
    """Base of every error that datakit raises on purpose; its text is meant for a person."""


class InputError(DatakitError):
    """A file, a folder, an option or an array is not what the operation needs."""


class TruncatedError(InputError):
    """A file ends before its format says so: it was cut off on its way."""


class SchemaError(InputError):
    """A document (COCO JSON, manifest, configuration) does not follow its schema."""


class OutputError(DatakitError):
    """The target cannot be written (full disk, no permission); the run stops and can be resumed."""


class ModelError(DatakitError):
    """A model, its weights or its runtime is missing, damaged, or of another architecture."""


class EngineError(DatakitError):
    """The engine could not run the work: a missing backend, or workers that cannot start."""


class WorkerLost(EngineError):
    """A worker process died while it held one item, also when that item was run alone."""
