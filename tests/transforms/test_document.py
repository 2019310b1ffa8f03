"""Pipeline documents: what is accepted, and that each error names its line."""

from __future__ import annotations

from pathlib import Path

import jsonschema
import pytest

from datakit.errors import InputError, SchemaError
from datakit.transforms.build import build_transforms, known_transforms
from datakit.transforms.document import parse_document, preset_names, preset_text
from datakit.transforms.pipeline import load_pipeline


def load(text: str) -> list[object]:
    return build_transforms(parse_document(text, "mine.yaml"))


@pytest.mark.parametrize("name", preset_names())
def test_presets_load_by_name_and_copied_to_a_file(name: str, tmp_path: Path) -> None:
    path = tmp_path / "mine.yaml"
    path.write_text(preset_text(name), "utf-8")
    assert load_pipeline(name).name == name
    assert load_pipeline(path).document.steps == load_pipeline(str(path)).document.steps


def test_the_two_seed_presets_hold_what_they_promise() -> None:
    names = [step.name for step in load_pipeline("p3m").document.steps]
    assert names == ["HorizontalFlip", "RandomBrightnessContrast", "FastElastic", "CLAHE"]
    steps = load_pipeline("seerslab").document.steps
    names = [inner.name for step in steps for inner in (step, *step.steps)]
    for name in ("AdditiveNoise", "CoarseDropout", "Blur", "MedianBlur", "GaussianBlur"):
        assert name in names
    for name in ("VerticalFlip", "HorizontalFlip", "Affine", "RandomGamma", "GaussNoise"):
        assert name in names
    (noise,) = [step for step in steps if step.name == "GaussNoise"]
    assert noise.params["p"] == 0


@pytest.mark.parametrize(
    ("text", "line", "words"),
    [
        ('name: "\\ud800"\ntransforms:\n- HorizontalFlip\n', 1, "expected Unicode text"),
        ("name: x\n? {}\ntransforms:\n- HorizontalFlip\n", 2, "expected a name"),
        ("transforms:\n- HorizontalFlp\n", 2, "did you mean HorizontalFlip?"),
        ("transforms:\n- Qwxz: {}\n", 2, "transform 'Qwxz' is not known"),
        ("transforms:\n- Affine:\n    p: 1\n    rotat: 3\n", 4, "did you mean rotate?"),
        ("transforms:\n- CLAHE:\n    p: 1\n    clip_limit: -3\n", 4, "clip_limit"),
        ("transforms:\n- Blur:\n    blur_limit: [4, 6]\n", 2, "must be odd"),
        ("transforms:\n- Blur:\n    p: 2\n", 3, "greater than the maximum"),
        ("name: a\ntransforms: []\n", 2, "expected at least one transform"),
        ("transforms:\n- {Blur: {}, CLAHE: {}}\n", 2, "one transform a list entry"),
        ("transforms:\n- Blur: 3\n", 2, "not of type 'object'"),
        ("transforms:\n- OneOf:\n    p: 1\n", 2, "'transforms' is a required property"),
        ("transforms:\n- OneOf:\n    n: 1\n    transforms: [Blur]\n", 3, "no parameter 'n'"),
        ("transforms:\n- SomeOf:\n    n: 3\n    transforms: [Blur]\n", 3, "n is 3"),
        ("transforms:\n- OneOf:\n    transforms:\n    - Blur: {p: 0}\n", 2, "has p: 0"),
        ("transforms:\n- OneOf:\n    transforms:\n    - Blurr\n", 4, "did you mean Blur?"),
        ("transforms:\n- Pad3D\n", 2, "cannot take masks"),
        ("transforms:\n- RandomCropNearBBox\n", 2, "needs cropping_bbox"),
        ("transforms:\n- HistogramMatching\n", 2, "needs hm_metadata"),
        ("transforms:\n- BBoxSafeRandomCrop\n", 2, "use RandomCrop"),
        ("transforms:\n- Normalize\n", 2, "does not return an 8-bit picture"),
        ("transforms:\n- Lambda\n", 2, "is not known"),
        ("transforms:\n- Rotate:\n    fill_mask: 255\n", 3, "padding is background"),
        ("transforms:\n- Rotate:\n    border_mode: 4\n", 3, "shows a second person"),
        ("transforms:\n- Rotate:\n    mask_interpolation: 1\n", 3, "leave it out"),
        ("transforms:\n- Blur: {p: 1, p: 0}\n", 2, "written twice"),
        ("colour: red\ntransforms: [Blur]\n", 1, "'colour' was unexpected"),
        ("transforms:\n- [\n", 3, "not valid YAML"),
        ("transforms: &a\n- *a\n", 2, "aliases"),
        ("transforms:\n- Blur: !!python/object:os.system {}\n", None, "not valid YAML"),
        ("", 1, "found nothing"),
        ("- Blur\n", 1, "is not of type 'object'"),
    ],
)
def test_each_error_names_its_line(text: str, line: int | None, words: str) -> None:
    with pytest.raises(SchemaError) as caught:
        load(text)
    assert words in str(caught.value)
    assert str(caught.value).startswith("mine.yaml:" if line is None else f"mine.yaml:{line}: ")


def test_all_problems_are_listed_in_order_of_their_lines() -> None:
    text = "transforms:\n- Blurr\n- Affine: {rotat: 3, border_mode: 4}\n- CLAHE: {clip_limit: -3}\n"
    with pytest.raises(SchemaError) as caught:
        load(text)
    head, *problems = str(caught.value).splitlines()
    assert head == "mine.yaml: 4 problems"
    assert [problem.split(":")[1] for problem in problems] == ["2", "3", "3", "4"]


def test_deep_and_huge_documents_are_refused() -> None:
    with pytest.raises(SchemaError, match="at most"):
        load("#" * 100_001)
    with pytest.raises(SchemaError, match=r"mine\.yaml:1: expected at most 20 levels"):
        load("transforms: " + "[" * 20_000)


def test_every_transform_of_albumentations_that_needs_nothing_can_be_named() -> None:
    required = {
        "CenterCrop": "{height: 8, width: 8}",
        "CropAndPad": "{px: 3}",
        "CropNonEmptyMaskIfExists": "{height: 8, width: 8}",
        "GridElasticDeform": "{num_grid_xy: [4, 4], magnitude: 3}",
        "LongestMaxSize": "{max_size: 8}",
        "RandomCrop": "{height: 8, width: 8}",
        "RandomResizedCrop": "{size: [8, 8]}",
        "RandomSizedCrop": "{min_max_height: [4, 8], size: [8, 8]}",
        "Resize": "{height: 8, width: 8}",
        "SmallestMaxSize": "{max_size: 8}",
    }
    refused = {
        "AtLeastOneBBoxRandomCrop", "BBoxSafeRandomCrop", "CenterCrop3D", "CoarseDropout3D",
        "CubicSymmetry", "FDA", "FromFloat", "HistogramMatching", "Mosaic", "Normalize",
        "OverlayElements", "Pad3D", "PadIfNeeded3D", "PixelDistributionAdaptation",
        "RandomCrop3D", "RandomCropNearBBox", "RandomSizedBBoxSafeCrop", "TextImage",
        "ToFloat", "ToTensorV2", "ToTensor3D",
    }  # fmt: skip
    for name in set(known_transforms()) - refused:
        assert len(load(f"transforms:\n- {name}: {required.get(name, '{}')}\n")) == 1


def test_unknown_preset_and_missing_file_name_the_choices(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="preset 'p4m' is not known; choose one of: heavy, light"):
        load_pipeline("p4m")
    with pytest.raises(InputError, match=r"no\.yaml: expected a YAML file"):
        load_pipeline(tmp_path / "no.yaml")


def test_the_schema_is_a_schema() -> None:
    from datakit.transforms.document import _validator

    jsonschema.Draft202012Validator.check_schema(_validator().schema)
