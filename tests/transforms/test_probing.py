"""Every step of a pipeline is tried on a known picture: labels that part from it are refused."""

from __future__ import annotations

import pytest

from datakit.errors import SchemaError
from datakit.transforms.document import parse_document, preset_names, preset_text
from datakit.transforms.pipeline import Pipeline


@pytest.mark.parametrize(
    ("step", "words"),
    [
        ("Morphological: {scale: [7, 7], operation: dilation}", r"Morphological.*IoU is 0\.\d\d"),
        ("Morphological: {scale: [5, 5], operation: erosion}", "use another transform"),
        ("PixelDropout: {dropout_prob: 0.3, mask_drop_value: 0}", "PixelDropout.mask_drop_value"),
        ("CoarseDropout: {fill: 120, fill_mask: 0}", "leave out CoarseDropout.fill_mask"),
        ("GridDropout: {ratio: 0.4, fill_mask: 0}", "GridDropout.fill_mask"),
        ("OneOf: {transforms: [HorizontalFlip, {MaskDropout: {fill_mask: 0}}]}", "MaskDropout"),
    ],
)
def test_labels_that_part_from_the_picture_are_refused(step: str, words: str) -> None:
    with pytest.raises(SchemaError, match=words) as caught:
        Pipeline(parse_document(f"transforms:\n- {step}\n", "mine.yaml"))
    assert "mine.yaml:2" in str(caught.value)


@pytest.mark.parametrize(
    "step",
    [
        "CoarseDropout: {fill: 120}",
        "PixelDropout: {dropout_prob: 0.3}",
        "GridDropout: {ratio: 0.4}",
        "Affine: {rotate: [-30, 30], scale: [0.7, 1.3], shear: [-8, 8]}",
        "Perspective: {scale: [0.05, 0.1]}",
        "RandomCrop: {height: 700, width: 700}",
        "RandomResizedCrop: {size: [96, 64]}",
        "ElasticTransform: {alpha: 40, sigma: 6}",
        "GridDistortion",
        "OpticalDistortion",
        "RandomGridShuffle: {grid: [2, 2]}",
        "D4",
        "InvertImg",
        "RandomBrightnessContrast",
    ],
)
def test_labels_that_follow_are_accepted(step: str) -> None:
    Pipeline(parse_document(f"transforms:\n- {step}\n", "mine.yaml"))


@pytest.mark.parametrize("name", preset_names())
def test_presets_follow(name: str) -> None:
    Pipeline(parse_document(preset_text(name), name))
