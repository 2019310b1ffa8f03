"""Every check of every family: measured, scored, judged and documented the same way."""

from dataclasses import replace
from string import Formatter

import numpy as np
import pytest

from datakit.checks import FAMILIES, all_checks, family_of
from datakit.checks.base import Check, Population, Subject
from datakit.checks.judge import Measurements, judge, measure
from datakit.checks.judge import score as score_of
from datakit.checks.limits import Limits
from datakit.checks.thresholds import default_limits
from tests.checks.check_table import PAGE, page_with_table

NAMES = sorted(all_checks())


@pytest.fixture(params=NAMES)
def check(request: pytest.FixtureRequest) -> Check:
    return all_checks()[request.param]


def test_it_has_limits_a_reason_and_a_source(check: Check) -> None:
    limits = default_limits()[check.name]
    assert limits.unit
    assert limits.reason
    assert limits.source
    assert {limits.review, limits.warning, limits.error} != {None}


def test_nothing_to_look_at_is_no_finding_and_no_error(check: Check) -> None:
    row = measure(Subject("nothing"), [check.name])
    assert judge([row], default_limits())[0] == []


@pytest.mark.parametrize("shape", [(1, 1), (2, 3), (9, 700)])
@pytest.mark.parametrize("level", [0, 255, 100])
def test_odd_pictures_do_not_break_it(check: Check, shape: tuple[int, int], level: int) -> None:
    image = np.full((*shape, 3), 80, np.uint8)
    stored = np.full(shape, level, np.uint8)
    subject = Subject("odd", image, stored, mask=stored > 0, trimap=stored)
    judge([measure(subject, [check.name])], default_limits())


def test_a_clean_sample_passes(check: Check, whole_subject: Subject) -> None:
    row = measure(whole_subject, [check.name, "twin_images"])
    limits = {check.name: default_limits()[check.name]}
    assert judge([row], limits, targets={"fg_ratio": (0.4, 0.4)})[0] == []


def test_measuring_twice_gives_the_same(check: Check, whole_subject: Subject) -> None:
    assert repr(check.measure(whole_subject)) == repr(check.measure(whole_subject))


def test_its_words_name_only_what_is_known(check: Check, whole_subject: Subject) -> None:
    measured = check.measure(whole_subject)
    known = {*measured.values, "score", "twin"}
    assert {name for _, name, _, _ in Formatter().parse(check.words) if name} <= known


def copies(subject: Subject, check: Check) -> list[Measurements]:
    """Return nine equal samples, one of them in another split."""
    names = [check.name, "twin_images"]
    train = measure(subject, names).values
    val = measure(replace(subject, split="val"), names).values
    return [Measurements(f"s{k}", train if k else val) for k in range(9)]


def test_its_score_is_a_number_where_it_was_measured(check: Check, whole_subject: Subject) -> None:
    rows = copies(whole_subject, check)
    population = Population(rows, {"fg_ratio": (0.5, 0.1)})
    scored = score_of(check, "s3", rows[3].values[check.name], population)
    assert np.isfinite(scored.score)


def test_any_score_can_be_put_into_words(check: Check, whole_subject: Subject) -> None:
    rows = copies(whole_subject, check)
    all_of_them = {check.name: Limits(review=-1e9, unit="", reason="", source="")}
    findings, _ = judge(rows, all_of_them, targets={"fg_ratio": (0.5, 0.1)})
    assert len(findings) == 9
    assert "{" not in findings[0].words


def test_the_table_in_the_documentation_is_current() -> None:
    """Made anew by ``python -m tests.checks.check_table``."""
    assert page_with_table() == PAGE.read_text(encoding="utf-8")


def test_families_hold_all_checks_once() -> None:
    counts = [len(FAMILIES.load(family)) for family in FAMILIES]
    assert sum(counts) == len(all_checks())
    assert family_of("halo") == "edge"
    with pytest.raises(KeyError):
        family_of("no such check")
