"""The pipeline: one random transform of an image and everything that is true of it."""

from __future__ import annotations

import random
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any, TypedDict, Unpack

import albumentations as A  # noqa: N812
import cv2
import numpy as np
import numpy.typing as npt
from albumentations.augmentations.crops.transforms import CropSizeError

from datakit.core.images.displacement import INVERSE_TOLERANCE_PX, invert_map
from datakit.core.matting.alpha_trimap import trimap_band_px, trimap_of_alpha
from datakit.errors import InputError
from datakit.transforms.applied import AppliedTransform, describe_applied
from datakit.transforms.build import build_transforms
from datakit.transforms.document import (
    Document,
    Step,
    leaf_steps,
    parse_document,
    preset_text,
    problem_list,
    read_document,
)
from datakit.transforms.joint import LABELS, PIXEL_CENTRE, READ_THE_MASK, keep_labels_exact
from datakit.transforms.points import (
    PointSet,
    bounds,
    box_outline,
    dense_ring,
    foreground_probes,
    simple_ring,
)
from datakit.transforms.probing import LEAST_IOU, label_agreement

Image = npt.NDArray[np.uint8]
Mask = npt.NDArray[Any]
Alpha = npt.NDArray[np.float32]
Points = npt.NDArray[np.float64]

PROBE_TOLERANCE_PX = 0.5
"""How well it must be known where a probe goes, to tell whether it leaves the frame."""


class Targets(TypedDict, total=False):
    """What is moved with an image (see `Pipeline.__call__`); None is as good as absent."""

    mask: Mask | None
    alpha: Alpha | None
    trimap: npt.NDArray[np.uint8] | None
    ignore: npt.NDArray[np.uint8] | None
    boxes: Points | None
    polygons: Sequence[Points] | None
    probes: Points | None


class Augmented(TypedDict, total=False):
    """What a pipeline returns: the arrays it was given, changed, and what was done.

    `visible` is the share of the foreground that is still inside the frame (1 without a label),
    `applied` lists the transforms that took place with the values they drew.
    """

    image: Image
    mask: Mask
    alpha: Alpha
    trimap: npt.NDArray[np.uint8]
    ignore: npt.NDArray[np.uint8]
    boxes: Points
    polygons: list[Points]
    visible: float
    applied: list[AppliedTransform]


class Pipeline:
    """A chain of Albumentations transforms that keeps image and labels together.

    Build it with `load_pipeline`. It can be pickled, and used by several processes; one object
    must not be used by several threads at once.

    Parameters
    ----------
    document : Document
        A parsed pipeline document.

    Raises
    ------
    SchemaError
        If it names an unknown transform or parameter, or one that cannot keep labels and image
        together (each is tried on a known picture); each problem with its line.
    """

    def __init__(self, document: Document) -> None:
        self.document = document
        self._compose = A.Compose(
            build_transforms(document),
            additional_targets=dict.fromkeys(("alpha", "trimap", "ignore"), "mask"),
            is_check_shapes=False,
            save_applied_params=True,
        )
        self._asks_for_mask = False
        self._tolerance_px = INVERSE_TOLERANCE_PX
        problems = []
        for transform, step in zip(_leaves(self._compose), leaf_steps(document.steps), strict=True):
            self._asks_for_mask |= isinstance(transform, READ_THE_MASK)
            if isinstance(transform, A.DualTransform):
                keep_labels_exact(transform, self._move_points)
                agreement = label_agreement(transform)
                if agreement < LEAST_IOU:
                    problems.append((step.line, _unfit_words(step, agreement)))
        if problems:
            raise problem_list(document.title, problems)

    def __reduce__(self) -> tuple[type[Pipeline], tuple[Document]]:
        return Pipeline, (self.document,)

    @property
    def name(self) -> str:
        """The name that is recorded with what the pipeline makes."""
        return self.document.name

    def __call__(
        self,
        *,
        image: Image,
        rng: np.random.Generator | None = None,
        **targets: Unpack[Targets],
    ) -> Augmented:
        """Transform an image and its labels together.

        Parameters
        ----------
        image : (H, W, 3) uint8 RGB
            The image.
        mask : (H, W) bool, uint8 or uint16, optional
            Classes or object ids; no value is new. A mask of one value is what covers half of a
            pixel where the picture shrinks.
        alpha : (H, W) float32 in [0, 1], optional
            Moved as the image is: with its interpolation, averaged where it shrinks. It stays in
            [0, 1].
        trimap : (H, W) uint8 {0, 128, 255}, optional
            Drawn anew around the moved alpha, with the width it had; without an alpha it is moved,
            and unknown wherever a pixel is not wholly known.
        ignore : (H, W) uint8 {0, 255}, optional
            A pixel that is touched by an ignored one is ignored.
        boxes : (N, 4) float, optional
            xyxy in pixel edges; each comes back as the box around the moved one, cut to the
            frame, in the same order. One that left the frame has no area.
        polygons : sequence of (M, 2) float, optional
            Rings of x, y in pixel edges; edges bend with the warp, points may leave the frame.
        probes : (N, 2) float, optional
            Points x, y in pixel indices, of which `visible` is the share that stays in the frame;
            by default `foreground_probes` of the alpha or mask. Hand them in to make several
            copies of one sample faster.
        rng : numpy.random.Generator, optional
            All randomness. By default fresh entropy from the system, which differs between
            workers; hand in a generator for results that can be repeated.

        Returns
        -------
        Augmented
            The same keys as given, and `visible` and `applied`. Padding is background (0) in
            every label.

        Raises
        ------
        InputError
            If a label's size differs from the image's, a dtype or a range is wrong, or a transform
            cannot work on this image (a crop larger than it).
        """
        if unknown := targets.keys() - Targets.__annotations__.keys():
            raise TypeError(
                f"expected targets among {', '.join(Targets.__annotations__)}; "
                f"found {', '.join(sorted(unknown))}"
            )
        _check(image, targets)
        return self.transform_checked(image, targets, rng)

    def transform_checked(
        self,
        image: Image,
        targets: Targets,
        rng: np.random.Generator | None = None,
    ) -> Augmented:
        """Transform as a call does, arrays that are known to be right: nothing is checked."""
        generator = np.random.default_rng() if rng is None else rng
        boxes, polygons = targets.get("boxes"), targets.get("polygons")
        rings = [box_outline(box) for box in _rows(boxes)]
        rings += [dense_ring(np.asarray(ring, np.float64)) for ring in polygons or ()]
        probes = targets.get("probes")
        if probes is None:
            probes = _probes(targets)
        # Outlines need their exact place, probes only the side of the frame on which they are.
        self._tolerance_px = INVERSE_TOLERANCE_PX if rings else PROBE_TOLERANCE_PX
        points = PointSet([probes, *(ring - PIXEL_CENTRE for ring in rings)])
        data = self._run(image, self._labels(targets), points.array, generator)
        moved_probes, *moved = points.split(data["points"])
        result = self._collect(data, targets)
        height, width = result["image"].shape[:2]
        moved = [ring + PIXEL_CENTRE for ring in moved]
        if boxes is not None:
            outlines = moved[: len(boxes)]
            result["boxes"] = np.array([bounds(ring, width, height) for ring in outlines])
            result["boxes"].shape = (-1, 4)
        if polygons is not None:
            result["polygons"] = [simple_ring(ring) for ring in moved[len(_rows(boxes)) :]]
        unmoved = data["points"] is points.array
        result["visible"] = (
            1.0 if unmoved else _share_inside(moved_probes, len(probes), width, height)
        )
        result["applied"] = describe_applied(data["applied_transforms"])
        return result

    def _labels(self, targets: Targets) -> dict[str, Mask]:
        """Return the labels that are moved; OpenCV warps no booleans."""
        mask, alpha = targets.get("mask"), targets.get("alpha")
        trimap, ignore = targets.get("trimap"), targets.get("ignore")
        labels: dict[str, Mask] = {}
        if mask is not None:
            labels["mask"] = mask.astype(np.uint8) if mask.dtype == np.bool_ else mask
        elif self._asks_for_mask:
            if alpha is None:
                raise InputError(f"pipeline {self.name}: expected a mask or an alpha, found none")
            labels["mask"] = (alpha >= 0.5).astype(np.uint8)
        if alpha is not None:
            labels["alpha"] = alpha
        elif trimap is not None:
            labels["trimap"] = trimap
        if ignore is not None:
            labels["ignore"] = ignore
        return labels

    def _run(
        self,
        image: Image,
        labels: dict[str, Mask],
        points: Points,
        rng: np.random.Generator,
    ) -> dict[str, Any]:
        """Run the transforms with randomness of this call alone."""
        self._compose.set_random_state(rng, random.Random(int(rng.integers(2**63))))
        try:
            data: dict[str, Any] = self._compose(image=image, points=points, **labels)
        except (ValueError, TypeError, OverflowError, cv2.error, CropSizeError) as error:
            size = f"{image.shape[1]}x{image.shape[0]}"
            reason = " ".join(str(error).split())
            raise InputError(f"pipeline {self.name} on an image of {size}: {reason}") from error
        return data

    def _collect(self, data: dict[str, Any], targets: Targets) -> Augmented:
        """Return the moved image and labels in the types they came in."""
        mask, alpha, trimap = targets.get("mask"), targets.get("alpha"), targets.get("trimap")
        image = data["image"]
        if image.dtype != np.uint8 or image.ndim != 3 or image.shape[2] != 3:
            raise InputError(
                f"pipeline {self.name}: expected it to return 8-bit RGB, found {image.dtype} "
                f"{image.shape}; take out the transform that changes the kind of picture"
            )
        result = Augmented(image=image)
        if mask is not None:
            result["mask"] = data["mask"].astype(mask.dtype, copy=False)
        if alpha is not None:
            moved = data["alpha"]
            # Bilinear weights add up to 1 but for rounding: mostly nothing is to clip.
            within = moved.min() >= 0 and moved.max() <= 1
            result["alpha"] = moved if within else np.clip(moved, 0, 1)
        if trimap is not None and alpha is not None:
            band_px = trimap_band_px(alpha, trimap)
            result["trimap"] = trimap_of_alpha(result["alpha"], band_px)
        elif trimap is not None:
            result["trimap"] = data["trimap"]
        if targets.get("ignore") is not None:
            result["ignore"] = data["ignore"]
        for name in LABELS:
            label = result.get(name)
            if isinstance(label, np.ndarray) and label.shape != image.shape[:2]:
                raise InputError(
                    f"pipeline {self.name}: {name} {label.shape} no longer has the image's "
                    f"size {image.shape[:2]}; a transform in it cannot take labels along"
                )
        return result

    def _move_points(
        self,
        points: Points,
        map_x: npt.NDArray[np.float32],
        map_y: npt.NDArray[np.float32],
        **params: Any,
    ) -> Points:
        """Move points by the inverse of a warp; Albumentations' own way loses and rounds them."""
        moved = points.copy()
        moved[:, :2] = invert_map(map_x, map_y, moved[:, :2], self._tolerance_px)
        return moved


def load_pipeline(source: str | Path) -> Pipeline:
    """Load a preset by name, or a pipeline of your own by its path.

    Parameters
    ----------
    source : str or Path
        A preset (`p3m`, `seerslab`, `light`, `heavy`), or the path of a file, YAML or what
        Albumentations saves: whatever ends in .yaml, .yml or .json, or is a Path.

    Returns
    -------
    Pipeline

    Raises
    ------
    InputError
        If there is no such preset or file.
    SchemaError
        If the document is wrong; each problem with its line.

    Examples
    --------
    >>> image, alpha = np.zeros((32, 32, 3), np.uint8), np.ones((32, 32), np.float32)
    >>> item = load_pipeline("p3m")(image=image, alpha=alpha, rng=np.random.default_rng(7))
    >>> item["image"].shape, item["alpha"].dtype.name
    ((32, 32, 3), 'float32')
    """
    if isinstance(source, str) and not source.endswith((".yaml", ".yml", ".json")):
        return Pipeline(parse_document(preset_text(source), f"preset {source}"))
    title, text = read_document(source)
    return Pipeline(parse_document(text, title))


def _unfit_words(step: Step, agreement: float) -> str:
    """Say that a transform's label and picture part, and which parameters are about labels."""
    about = [f"{step.name}.{name}" for name in step.params if "mask" in name]
    fix = f"leave out {', '.join(about)}" if about else "use another transform"
    return (
        f"{step.name} changes label and picture in different ways: on a known picture their IoU is "
        f"{agreement:.2f}, expected {LEAST_IOU}; {fix}"
    )


def _leaves(group: A.BaseCompose) -> Iterator[Any]:
    for transform in group.transforms:
        if isinstance(transform, A.BaseCompose):
            yield from _leaves(transform)
        else:
            yield transform


def _rows(boxes: Points | None) -> Points:
    return np.zeros((0, 4)) if boxes is None else np.asarray(boxes, np.float64).reshape(-1, 4)


def _share_inside(points: Points, total: int, width: int, height: int) -> float:
    if total == 0:
        return 1.0
    # Centres of pixels count from 0 here: the frame reaches half a pixel beyond the outermost.
    low, high = -PIXEL_CENTRE, np.array([width, height]) - PIXEL_CENTRE
    return int(((points >= low) & (points <= high)).all(axis=1).sum()) / total


def _probes(targets: Targets) -> Points:
    label = targets.get("alpha")
    if label is None:
        label = targets.get("mask")
    return np.zeros((0, 2)) if label is None else foreground_probes(label)


def _check(image: Image, targets: Targets) -> None:
    if image.dtype != np.uint8 or image.ndim != 3 or image.shape[2] != 3 or image.size == 0:
        raise InputError(f"image: expected (H, W, 3) uint8 RGB, found {image.dtype} {image.shape}")
    mask, alpha = targets.get("mask"), targets.get("alpha")
    trimap, ignore = targets.get("trimap"), targets.get("ignore")
    for name, label in zip(LABELS, (mask, alpha, trimap, ignore), strict=True):
        if label is not None and label.shape != image.shape[:2]:
            raise InputError(
                f"{name}: expected the image's size {image.shape[:2]}, found {label.shape}; "
                "resize it before, so that the label fits"
            )
    if mask is not None and mask.dtype not in (np.bool_, np.uint8, np.uint16):
        raise InputError(f"mask: expected bool, uint8 or uint16, found {mask.dtype}")
    for name, label in (("trimap", trimap), ("ignore", ignore)):
        if label is not None and label.dtype != np.uint8:
            raise InputError(f"{name}: expected uint8, found {label.dtype}")
    if alpha is not None:
        low, high = float(alpha.min()), float(alpha.max())
        if alpha.dtype != np.float32 or not (low >= 0 and high <= 1):
            raise InputError(
                f"alpha: expected float32 in [0, 1], found {alpha.dtype} from {low} to {high}; "
                "divide 8-bit alphas by 255"
            )
