"""The errors datakit raises: one sentence each, with subject, expected, found and the way out."""

from __future__ import annotations

import errno
import re


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


_UNPRINTABLE = re.compile(
    "[\x00-\x1f\x7f-\x9f\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069\ufeff\ud800-\udfff]"
)


def printable(text: str) -> str:
    r"""Return ``text`` as it may reach a terminal, a log or a line of a table.

    Control characters, those that turn the direction of writing, and bytes of a name that is no
    Unicode are shown as escapes: a file name can neither move the cursor nor end a line.

    Examples
    --------
    >>> printable("a\x1b[31m\tb\n.png"), printable("né.png")
    ('a\\x1b[31m\\tb\\n.png', 'né.png')
    """
    return _UNPRINTABLE.sub(_escape, text)


def _escape(found: re.Match[str]) -> str:
    character = found[0]
    code = ord(character)
    if 0xDC80 <= code <= 0xDCFF:
        # How Python keeps a byte that is no UTF-8.
        return f"\\x{code - 0xDC00:02x}"
    return character.encode("unicode_escape", "surrogatepass").decode()


def resource_fault(error: OSError) -> str | None:
    """Return what this machine is short of, and the way out; None where it is something else.

    Such a fault would meet the next file too, whatever the path at hand.
    """
    if error.errno in (errno.EMFILE, errno.ENFILE):
        return (
            "too many open files: expected a higher limit; raise it (ulimit -n 4096) or use fewer "
            "--workers"
        )
    if error.errno == errno.ENOMEM:
        return "out of memory: use fewer --workers, or a machine with more of it"
    if error.errno == errno.EAGAIN:
        return (
            "no more processes: expected a higher limit; raise it (ulimit -u) or use fewer "
            "--workers"
        )
    return None
