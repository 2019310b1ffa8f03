"""The verb ``tiny-count``."""

from __future__ import annotations

from datakit.verbs.verb import Verb

VERB = Verb(
    name="tiny-count",
    group="Looking",
    summary="Count the images of a source.",
    text="It is a test.",
    examples=("datakit tiny-count photos",),
    package="tiny_plugin.count",
)
