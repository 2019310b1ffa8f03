"""``trimap``: trimaps alone, from masks or alphas."""

from __future__ import annotations

from typing import Annotated, Literal

from msgspec import Meta

from datakit.verbs.shared.pipeline import Watch, operation, process
from datakit.verbs.matte.run import BandOptions
from datakit.engine.base import LazyTask
from datakit.io.layouts.sources import open_sources
from datakit.records.summary import Summary

VERB = "trimap"


class Options(BandOptions, frozen=True, kw_only=True):
    """Options of ``trimap``.

    Examples
    --------
    >>> Options(src=("p3m",), out="trimaps", style="p3m").kernel
    25
    """

    style: Annotated[
        Literal["band", "p3m", "dim"],
        Meta(
            description="band: along a mask's outline; p3m, dim: from an alpha, as P3M-10k and "
            "Deep Image Matting make them"
        ),
    ] = "band"
    kernel: Annotated[
        int, Meta(ge=1, le=999, description="p3m: diameter of the ellipse in pixels")
    ] = 25
    reach: Annotated[
        int, Meta(ge=0, le=499, description="dim: how far soft pixels grow, in pixels")
    ] = 10


def run(options: Options, watch: Watch | None = None) -> Summary:
    """Make trimaps; images and other labels are carried over.

    Parameters
    ----------
    options : Options
        What to read, which style, where to write.
    watch : Watch, optional
        Who is told of the progress.

    Returns
    -------
    Summary

    Raises
    ------
    InputError
        If SRC cannot be read, or DST must not be written.
    ModelError
        If a face detector's weights are missing.
    """
    source = open_sources(options.src, layout=options.layout)
    task = LazyTask(
        "datakit.verbs.trimap.task:Trimap",
        {
            "out": options.out,
            "step": operation(VERB, options),
            "style": options.style,
            "band_params": options.band_params,
            "kernel_px": options.kernel,
            "reach_px": options.reach,
        },
    )
    return process(VERB, options, source, task, watch=watch)
