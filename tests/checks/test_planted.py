"""Each planted defect is seen at its documented strength; the campaign on real mattes is slow."""

import numpy as np
import pytest

from datakit.checks.judge import judge, measure
from datakit.checks.thresholds import default_limits
from tests.planted.base import make_base
from tests.planted.defects import DEFECTS, Defect
from tests.planted.mattes import analytic_matte, sample_mattes

BASES = [make_base(analytic_matte(seed), analytic_matte(seed + 4)) for seed in range(4)]


@pytest.mark.parametrize("defect", DEFECTS, ids=lambda defect: defect.check)
def test_a_planted_defect_is_found(defect: Defect) -> None:
    limits = {defect.check: default_limits()[defect.check]}
    planted = missed = 0
    for number, base in enumerate(BASES):
        rng = np.random.default_rng([1, number])
        subject = defect.plant(base, defect.strengths[0], rng)
        if subject is None:
            continue
        planted += 1
        findings, _ = judge([measure(subject, [defect.check])], limits)
        missed += [finding.check for finding in findings] != [defect.check]
    assert planted > 0
    assert missed == 0


def test_the_sample_portraits_are_clean() -> None:
    from benchmarks.qc_detection import original
    from datakit.checks import all_checks

    rows = [measure(original(matte), list(all_checks())) for matte in sample_mattes()]
    findings, _ = judge(rows, default_limits())
    assert {finding.check for finding in findings} <= {"residue"}
