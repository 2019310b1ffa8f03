"""What Albumentations saves is read as the pipeline that it is."""

from __future__ import annotations

import json

import numpy as np
import pytest
import yaml

import datakit.transforms  # noqa: F401  (keeps Albumentations off the network)
from datakit.errors import SchemaError
from datakit.transforms.document import parse_document
from datakit.transforms.pipeline import Pipeline

A = pytest.importorskip("albumentations")


def saved() -> dict:
    pipeline = A.Compose(
        [
            A.HorizontalFlip(p=1),
            A.OneOf([A.Affine(scale=(0.9, 1.1)), A.CoarseDropout()], p=0.5),
            A.SomeOf([A.RandomBrightnessContrast(p=1), A.Blur()], n=1),
        ],
        bbox_params=A.BboxParams("pascal_voc"),
    )
    found: dict = A.to_dict(pipeline)
    return found


@pytest.mark.parametrize("text", [json.dumps, yaml.safe_dump])
def test_a_saved_pipeline_is_read(text) -> None:
    document = parse_document(text(saved()), "mine")
    assert [step.name for step in document.steps] == ["HorizontalFlip", "OneOf", "SomeOf"]
    assert [step.name for step in document.steps[1].steps] == ["Affine", "CoarseDropout"]
    assert set(document.dropped) == {"Compose.bbox_params", "Affine.mask_interpolation"}
    Pipeline(document)


def test_it_does_what_it_did() -> None:
    image = np.arange(48, dtype=np.uint8).reshape(4, 4, 3)
    flip = A.to_dict(A.Compose([A.HorizontalFlip(p=1)]))
    alone = A.to_dict(A.HorizontalFlip(p=1))
    for one in (flip, alone):
        pipeline = Pipeline(parse_document(json.dumps(one), "mine"))
        assert np.array_equal(pipeline(image=image)["image"], image[:, ::-1])


def test_older_versions_name_their_modules_and_always_apply() -> None:
    step = {
        "__class_fullname__": "albumentations.augmentations.geometric.transforms.HorizontalFlip",
        "always_apply": True,
        "p": 0.5,
    }
    top = {"__class_fullname__": "albumentations.core.composition.Compose", "transforms": [step]}
    document = parse_document(json.dumps({"__version__": "1.3.1", "transform": top}), "mine")
    assert document.steps[0].params == {"p": 1.0}
    assert document.dropped == ("HorizontalFlip.always_apply",)


def test_parameters_that_albumentations_1_named_otherwise_are_read() -> None:
    """As `A.save` of 1.3 and 1.4.10 wrote them."""
    rotate = {"limit": [-90, 90], "border_mode": 0, "value": None, "mask_value": 0.0}
    holes = {"min_holes": None, "max_holes": 8, "min_height": 4, "max_height": 9}
    steps = [
        {"__class_fullname__": "Rotate", **rotate, "p": 0.5},
        {"__class_fullname__": "Affine", "mode": 0, "cval": 7.0, "cval_mask": 0.0, "p": 1.0},
        {"__class_fullname__": "CoarseDropout", **holes, "fill_value": 3, "mask_fill_value": None},
        {"__class_fullname__": "ImageCompression", "quality_lower": 60, "quality_upper": 90},
        {"__class_fullname__": "GaussNoise", "var_limit": [0.0, 51.0**2], "mean": 0.0},
    ]
    top = {"__class_fullname__": "Compose", "transforms": steps}
    text = json.dumps({"__version__": "1.4.10", "transform": top})
    turned, affine, dropout, compression, noise = parse_document(text, "mine").steps
    assert turned.params == {"limit": [-90, 90], "border_mode": 0, "fill_mask": 0.0, "p": 0.5}
    assert affine.params == {"border_mode": 0, "fill": 7.0, "fill_mask": 0.0, "p": 1.0}
    assert dropout.params == {"num_holes_range": [8, 8], "hole_height_range": [4, 9], "fill": 3}
    assert compression.params == {"quality_range": [60, 90]}
    assert noise.params == {"std_range": [0.0, pytest.approx(0.2)], "mean_range": [0.0, 0.0]}
    Pipeline(parse_document(text, "mine"))
    # Today's names mean today's parameters.
    with pytest.raises(SchemaError, match="has no parameter 'cval'"):
        Pipeline(parse_document(text.replace("1.4.10", "2.0.8"), "mine"))


def test_what_is_wrong_in_it_has_its_line() -> None:
    text = yaml.safe_dump(saved()).replace("HorizontalFlip", "HorizontalFlop")
    with pytest.raises(SchemaError, match=r"mine:\d+: transform 'HorizontalFlop' is not known"):
        Pipeline(parse_document(text, "mine"))
