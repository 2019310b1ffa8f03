"""Pipeline steps to Albumentations transforms: names looked up, parameters checked, by line."""

from __future__ import annotations

import inspect
import warnings
from difflib import get_close_matches
from functools import cache
from typing import Any

import albumentations as A  # noqa: N812
import cv2
from pydantic import ValidationError

from datakit.transforms.document import GROUPS, Document, Step, problem_list
from datakit.transforms.elastic import FastElastic

OWN = {"FastElastic": FastElastic}
FLOAT_RESULT = {"FromFloat", "Normalize", "ToFloat", "ToTensorV2"}
BOX_DRIVEN = {"AtLeastOneBBoxRandomCrop", "BBoxSafeRandomCrop", "RandomSizedBBoxSafeCrop"}
AT_HAND = {"image", "mask"}
ADVICE = (
    "This augmenter is very slow",
    ".*is a special case of",
    ".*is a specialized version of",
    ".*is an alias for",
)
"""Beginnings of warnings that recommend another transform; the one named still works."""

Problems = list[tuple[int, str]]


def build_transforms(document: Document) -> list[Any]:
    """Return the Albumentations transforms and groups that a document asks for.

    Raises
    ------
    SchemaError
        Listing each unknown transform, unknown or impossible parameter, and transform that cannot
        keep labels and image together, with its line.
    """
    problems: Problems = []
    built = [_build(step, problems) for step in document.steps]
    if problems:
        raise problem_list(document.title, sorted(problems))
    return built


@cache
def known_transforms() -> dict[str, type[Any]]:
    """Return the transforms that can be named, by name: Albumentations' and datakit's own."""
    found = {
        name: kind
        for name, kind in vars(A).items()
        if inspect.isclass(kind)
        and issubclass(kind, A.BasicTransform)
        and kind not in (A.BasicTransform, A.DualTransform, A.ImageOnlyTransform, A.Transform3D)
        and name != "Lambda"  # its functions cannot be written in YAML
    }
    return found | OWN


def _build(step: Step, problems: Problems) -> Any:
    if step.name in GROUPS:
        return _build_group(step, problems)
    kind = known_transforms().get(step.name)
    if kind is None:
        problems.append((step.line, _unknown_name(step.name)))
        return None
    before = len(problems)
    problems.extend((step.line, words) for words in _unfit(kind))
    problems.extend(_parameter_problems(kind, step))
    if len(problems) > before:
        return None
    return _construct(kind, step, problems)


def _build_group(step: Step, problems: Problems) -> Any:
    inner = [_build(child, problems) for child in step.steps]
    params = dict(step.params)
    kind = getattr(A, step.name)
    takes = inspect.signature(kind.__init__).parameters
    for name in set(params) - set(takes):
        problems.append((step.param_lines[name], f"{step.name} has no parameter {name!r}"))
        return None
    if params.get("n", 0) > len(inner):
        words = f"{step.name}: n is {params['n']}, but it holds {len(inner)} transforms"
        problems.append((step.param_lines["n"], words))
    if step.name == "OneOf" and not any(t is None or t.p > 0 for t in inner):
        problems.append((step.line, "OneOf: every transform in it has p: 0"))
    return None if problems else kind(inner, **params)


def _unknown_name(name: str) -> str:
    near = get_close_matches(name, [*known_transforms(), *GROUPS], n=1, cutoff=0.5)
    hint = f"did you mean {near[0]}?" if near else "see the Albumentations 2.0 reference"
    return f"transform {name!r} is not known; {hint}"


def _unfit(kind: type[Any]) -> list[str]:
    """Say why a transform cannot serve image and labels together, if so."""
    name = kind.__name__
    if issubclass(kind, A.Transform3D):
        return [f"{name} cannot take masks of pictures: it transforms volumes; use a 2D transform"]
    if name in FLOAT_RESULT:
        return [f"{name} does not return an 8-bit picture; do it after loading, in the training"]
    if name in BOX_DRIVEN:
        return [f"{name} chooses its crop by boxes, which labels do not need; use RandomCrop"]
    targets = getattr(kind, "_targets", ())
    targets = targets if isinstance(targets, tuple) else (targets,)
    if issubclass(kind, A.DualTransform) and A.core.type_definitions.Targets.MASK not in targets:
        return [f"{name} cannot take masks, so the label would no longer fit the image"]
    return []


def _parameter_problems(kind: type[Any], step: Step) -> Problems:
    takes = [n for n in inspect.signature(kind.__init__).parameters if n not in ("self", "strict")]
    problems: Problems = []
    for name, value in step.params.items():
        line = step.param_lines[name]
        if name not in takes:
            near = get_close_matches(name, takes, n=1)
            hint = f"did you mean {near[0]}?" if near else f"it takes: {', '.join(takes)}"
            problems.append((line, f"{step.name} has no parameter {name!r}; {hint}"))
        elif name == "mask_interpolation":
            words = "labels are moved by their meaning (alphas as the image); leave it out"
            problems.append((line, f"{step.name}.{name}: {words}"))
        elif name == "fill_mask" and value not in (0, None):
            words = f"padding is background in the label, expected 0, found {value}"
            problems.append((line, f"{step.name}.{name}: {words}"))
        elif name == "border_mode" and value != cv2.BORDER_CONSTANT:
            words = (
                "padding must be background: a mirrored or repeated border shows a second person"
            )
            fix = f"expected {cv2.BORDER_CONSTANT} (constant), found {value}"
            problems.append((line, f"{step.name}.{name}: {words}; {fix}"))
    return problems


def _construct(kind: type[Any], step: Step, problems: Problems) -> Any:
    """Build one transform; whatever Albumentations objects to, warnings too, is a problem."""
    params = {name: _tuples(value) for name, value in step.params.items()}
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("error")
            for advice in ADVICE:
                warnings.filterwarnings("ignore", message=advice)
            transform = kind(**params)
    except (ValueError, TypeError, UserWarning, DeprecationWarning) as error:
        problems.extend((line, f"{step.name}{words}") for line, words in _objections(error, step))
        return None
    missing = set(transform.targets_as_params) - AT_HAND
    if missing:
        words = (
            f"needs {', '.join(sorted(missing))} beside the image, which a dataset does not have"
        )
        problems.append((step.line, f"{step.name} {words}"))
        return None
    if getattr(transform, "mask_interpolation", None) is not None:
        transform.mask_interpolation = cv2.INTER_NEAREST
    return transform


def _objections(error: Exception, step: Step) -> Problems:
    """Return what Albumentations (through pydantic) says of each parameter, one line each."""
    if not isinstance(error.__cause__, ValidationError):
        return [(step.line, f": {' '.join(str(error).split())}")]
    found = []
    for detail in error.__cause__.errors():
        name = str(detail["loc"][0]) if detail["loc"] else ""
        words = " ".join(detail["msg"].removeprefix("Value error, ").split())
        if detail["type"] != "missing" and name:
            words += f"; found {detail['input']!r}"
        found.append((step.param_lines.get(name, step.line), f"{name and '.'}{name}: {words}"))
    return found


def _tuples(value: Any) -> Any:
    """Return YAML's lists as the tuples that Albumentations declares."""
    if isinstance(value, list):
        return tuple(_tuples(item) for item in value)
    if isinstance(value, dict):
        return {key: _tuples(item) for key, item in value.items()}
    return value
