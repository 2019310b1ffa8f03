import numpy as np
import pytest

from datakit.checks.base import Population, StoredFile, Subject
from datakit.checks.judge import Measurements, judge, measure
from datakit.checks.limits import Limits, Override
from datakit.checks.table import columns, from_row, to_row
from datakit.checks.thresholds import default_limits, override, parse_target
from datakit.errors import InputError, SchemaError
from tests.planted.base import subject_of, to_levels
from tests.planted.mattes import CleanMatte, analytic_matte


def widths(values: list[float]) -> list[Measurements]:
    return [
        Measurements(f"s{k}", {"edge_width_outlier": {"width_px": v, "of_diagonal": v / 1000}})
        for k, v in enumerate(values)
    ]


def test_one_that_differs_from_its_set_is_found_by_robust_statistics() -> None:
    rows = widths([4, 4.2, 3.9, 4.1, 4, 3.8, 4.3, 4, 4.1, 40])
    findings, _ = judge(rows, default_limits())
    assert [finding.sample for finding in findings] == ["s9"]
    assert findings[0].severity == "review"
    assert findings[0].score > findings[0].threshold


def test_a_small_set_has_no_outliers() -> None:
    assert judge(widths([4, 4, 4, 40]), default_limits()) == ([], {})


def test_severity_is_the_highest_level_that_is_reached() -> None:
    limits = {"residue": Limits(review=0.1, warning=0.2, error=0.3, reason="", source="")}
    rows = [Measurements(str(k), {"residue": {"share": k / 10}}) for k in range(5)]
    findings, scores = judge(rows, limits)
    assert [finding.severity for finding in findings] == ["review", "warning", "error", "error"]
    assert [finding.threshold for finding in findings] == [0.1, 0.2, 0.3, 0.3]
    assert scores["residue"]["0"] == 0


def test_a_disabled_check_is_silent() -> None:
    rows = [Measurements("a", {"residue": {"share": 1.0}})]
    quiet = override(default_limits(), {"residue": Override(enabled=False)})
    assert judge(rows, quiet) == ([], {})


def test_overrides_leave_the_rest() -> None:
    before = default_limits()
    after = override(before, {"residue": Override(warning=None, review=0.3)})
    assert after["residue"].warning is None
    assert after["residue"].review == 0.3
    assert after["residue"].reason == before["residue"].reason
    assert {name: after[name] for name in after if name != "residue"} == {
        name: before[name] for name in before if name != "residue"
    }


def test_bad_overrides_are_named() -> None:
    with pytest.raises(SchemaError, match=r"halo2.*not known.*halo"):
        override(default_limits(), {"halo2": Override()})
    with pytest.raises(SchemaError, match=r"checks\.residue: .*review <= warning"):
        override(default_limits(), {"residue": Override(review=0.5)})


@pytest.mark.parametrize(
    "text", ["fg_ratio", "fg_ratio=0.5", "fg_ratio=a+-b", "hair=0.5+-0.1", "fg_ratio=0.5+-0"]
)
def test_bad_targets_are_named(text: str) -> None:
    with pytest.raises(InputError, match="target"):
        parse_target(text)


def test_the_target_is_judged_in_tolerances() -> None:
    rows = [Measurements(f"{s}", {"foreground_target": {"share": s}}) for s in (0.5, 0.65, 0.8)]
    findings, scores = judge(rows, default_limits(), targets=dict([parse_target("fg_ratio=.5±.2")]))
    assert [finding.sample for finding in findings] == ["0.8"]
    assert scores["foreground_target"]["0.65"] == pytest.approx(0.75)


def test_twins_are_found_on_both_sides() -> None:
    one, two, three = (analytic_matte(seed) for seed in (1, 2, 3))
    names = ["twin_images", "twin_labels"]

    def row(name: str, image: np.ndarray, alpha: np.ndarray) -> Measurements:
        subject = Subject(name, image, to_levels(alpha))
        return measure(subject, names)

    rows = [
        row("one", one.image, one.alpha),
        row("one with another label", one.image, three.alpha),
        row("two", two.image, two.alpha),
        row("three with the label of two", three.image, two.alpha),
        row("empty", one.image, np.zeros_like(one.alpha)),
    ]
    findings, _ = judge(rows, default_limits())
    by_check = {name: {f.sample for f in findings if f.check == name} for name in names}
    assert by_check["twin_images"] == {"one", "one with another label", "empty"}
    assert by_check["twin_labels"] == {"two", "three with the label of two"}
    assert "three with the label of two" in next(f for f in findings if f.sample == "two").words


def test_rows_survive_the_table() -> None:
    matte = analytic_matte(1)
    row = measure(Subject("a", matte.image, to_levels(matte.alpha)), list(default_limits()))
    flat = to_row(row)
    assert columns([flat])[:2] == ["id", "file"]
    back = from_row(flat)
    assert judge([back], default_limits()) == judge([row], default_limits())
    assert to_row(back) == flat


def test_files_that_cannot_be_read_are_findings() -> None:
    subject = Subject(
        "a",
        image_file=StoredFile(None, "no image"),
        alpha_file=StoredFile(None, "ends early", cut_off=True),
    )
    findings, _ = judge([measure(subject, list(default_limits()))], default_limits())
    assert [(f.check, f.severity) for f in findings] == [
        ("unreadable", "error"),
        ("truncated", "error"),
    ]
    assert findings[0].words == "image cannot be read: no image"


@pytest.mark.parametrize(
    ("alpha_wh", "wanted"),
    [
        ((300, 400), []),
        ((400, 300), ["turned"]),
        ((150, 200), ["size_differs"]),
        ((151, 200), ["size_differs"]),
        ((280, 400), ["aspect_differs"]),
    ],
)
def test_sizes_differ_in_one_way_at_a_time(alpha_wh: tuple[int, int], wanted: list[str]) -> None:
    image, stored = np.zeros((400, 300, 3), np.uint8), np.zeros(alpha_wh[::-1], np.uint8)
    names = ["turned", "aspect_differs", "size_differs"]
    row = measure(Subject("a", image, stored), names)
    assert [f.check for f in judge([row], default_limits())[0]] == wanted


def test_real_islands_and_holes_are_not_reported() -> None:
    """A gap that is in the picture too lies on its edges."""
    from tests.planted.base import make_base
    from tests.planted.defects import plant_hole, plant_island

    base = make_base(analytic_matte(3), analytic_matte(4))
    for plant, name in ((plant_hole, "holes"), (plant_island, "islands")):
        planted = plant(base, 0.002, np.random.default_rng(3))
        assert planted is not None and planted.alpha is not None
        alpha = planted.alpha[..., None]
        front, back = np.array([220, 40, 60.0]), np.array([30, 120, 90.0])
        grain = np.random.default_rng(1).normal(0, 4, base.image.shape)
        image = np.clip(alpha * front + (1 - alpha) * back + grain, 0, 255).astype(np.uint8)
        limits = {name: default_limits()[name]}
        assert len(judge([measure(planted, [name])], limits)[0]) == 1
        real = subject_of(base, planted.alpha, image)
        assert judge([measure(real, [name])], limits)[0] == []


def test_population_columns_have_nan_where_nothing_was_measured() -> None:
    rows = [Measurements("a", {"x": {"v": 1.0}}), Measurements("b"), Measurements("c", {"x": {}})]
    assert np.isnan(Population(rows).column("x", "v")).tolist() == [False, True, True]


def test_a_picture_in_two_splits_is_a_leak() -> None:
    pictures = [analytic_matte(seed) for seed in range(4)]

    def row(name: str, matte: CleanMatte, split: str, group: str = "") -> Measurements:
        image = matte.image[:, ::-1] if name.startswith("mirrored") else matte.image
        subject = Subject(
            name, np.ascontiguousarray(image), to_levels(matte.alpha), split=split, group=group
        )
        return measure(subject, ["twin_images", "leakage"])

    rows = [
        row("a", pictures[0], "train"),
        row("copy of a", pictures[0], "train"),
        row("mirrored a", pictures[0], "val"),
        row("b", pictures[1], "val"),
        row("c", pictures[2], "train", "family"),
        row("d", pictures[3], "test", "family"),
    ]
    leaks = {"leakage": default_limits()["leakage"]}
    findings, _ = judge(rows, leaks)
    assert {f.sample for f in findings} == {"a", "copy of a", "mirrored a", "c", "d"}
    one_split = [row("a", pictures[0], "train"), row("again", pictures[0], "train")]
    assert judge(one_split, leaks) == ([], {})
