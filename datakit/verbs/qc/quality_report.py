"""The report of ``qc``: findings, table of measurements, plots, contact sheets."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from contextlib import closing
from dataclasses import dataclass

import msgspec
import numpy as np
import numpy.typing as npt

from datakit.checks import FAMILIES, all_checks, family_of
from datakit.checks.judge import Measurements, judge
from datakit.checks.limits import Limits
from datakit.checks.table import columns, from_row, to_row
from datakit.checks.thresholds import default_limits, override, parse_target
from datakit.core.images.contact_sheet import contact_sheet
from datakit.engine.base import LazyTask, ordered_map
from datakit.errors import InputError
from datakit.io.dataset.output import DatasetWriter
from datakit.io.layouts.sources import Collection
from datakit.io.pixels import images
from datakit.io.store import atomic
from datakit.io.store.storage import Location
from datakit.io.tables import csv_rows, jsonl, parquet
from datakit.io.tables.score_plots import Scores, save_scores
from datakit.records.finding import SEVERITIES, Finding
from datakit.records.quality import CheckCounts, Quality
from datakit.verbs.qc.options import InspectOptions, JudgeOptions

TABLE = "qc.parquet"
TABLE_KIND = "qc measurements"
FINDINGS = "qc.jsonl"
FINDINGS_CSV = "qc.csv"
PLOTS = "qc.svg"
SHEETS = "sheets"
MEASUREMENTS = ".measurements.jsonl"
FIXES = "fixes.csv"
FIXES_HEADER = "sample,fix,before,after,pixels\n"
TILE_PX = 240
MOST_UNJUDGED = 6


@dataclass(frozen=True)
class Plan:
    """What is measured, and how it is judged."""

    measured: tuple[str, ...]
    limits: Mapping[str, Limits]
    targets: Mapping[str, tuple[float, float]]


@dataclass(frozen=True)
class Judged:
    """Findings of a set, and the scores they came from."""

    findings: list[Finding]
    scores: dict[str, dict[str, float]]
    judged: tuple[str, ...]


def plan(options: JudgeOptions) -> Plan:
    """Return what is measured and judged; InputError for an unknown check or target."""
    limits = override(default_limits(), options.checks, "checks")
    for name in options.check:
        if name not in limits and name not in FAMILIES:
            known = ", ".join([*FAMILIES, *limits])
            raise InputError(f"--check {name!r}: expected a family or a check, one of: {known}")
    chosen = {
        name: limit
        for name, limit in limits.items()
        if not options.check or name in options.check or family_of(name) in options.check
    }
    # Everything is measured, so that a later --rejudge can ask for more than this run did.
    targets = dict(parse_target(text) for text in options.target)
    return Plan(tuple(all_checks()), chosen, targets)


def judged(rows: Sequence[Measurements], how: Plan) -> Judged:
    """Judge measurements."""
    findings, scores = judge(rows, how.limits, targets=how.targets)
    active = tuple(name for name, limit in how.limits.items() if limit.enabled)
    return Judged(findings, scores, active)


def keep_measurements(writer: DatasetWriter) -> list[Measurements]:
    """Turn the run's lines into the table."""
    rows = [msgspec.json.decode(line) for line in writer.lines(MEASUREMENTS)]
    parquet.write(writer.out / TABLE, rows, columns(rows), TABLE_KIND)
    return [from_row(row) for row in rows]


def read_measurements(path: Location) -> list[Measurements]:
    """Read a table of measurements; InputError if it is none."""
    return [from_row(row) for row in parquet.read(path, TABLE_KIND)]


def write(out: Location, rows: Sequence[Measurements], how: Plan, name: str) -> Judged:
    """Judge, and write findings and plots into ``out``."""
    result = judged(rows, how)
    if not (out / TABLE).exists():
        table = [to_row(row) for row in rows]
        parquet.write(out / TABLE, table, columns(table), TABLE_KIND)
    jsonl.write(out / FINDINGS, result.findings)
    atomic.write_bytes(out / FINDINGS_CSV, _csv(result.findings))
    by_check = Counter((finding.check, finding.severity) for finding in result.findings)
    charts = [
        Scores(
            check,
            how.limits[check].unit,
            list(by_sample.values()),
            {s: limit for s in SEVERITIES if (limit := getattr(how.limits[check], s)) is not None},
            {s: by_check[check, s] for s in SEVERITIES},
        )
        for check, by_sample in result.scores.items()
    ]
    save_scores(out / PLOTS, charts, f"Quality of {name}: {len(rows):,} samples")
    return result


def _csv(findings: Sequence[Finding]) -> bytes:
    names = [field.name for field in msgspec.structs.fields(Finding)]
    rows = ([getattr(finding, name) for name in names] for finding in findings)
    joined = ([" ".join(map(str, v)) if isinstance(v, tuple) else v for v in row] for row in rows)
    return csv_rows.table(names, joined)


def quality(
    result: Judged,
    fail_on: str,
    *,
    counts: dict[str, int],
    out: str | None = None,
    failed: int = 0,
) -> Quality:
    """Return the record of a run."""
    severities = Counter(finding.severity for finding in result.findings)
    by_check = Counter((finding.check, finding.severity) for finding in result.findings)
    checks = {}
    for name in result.judged:
        scores = result.scores.get(name, {})
        worst = max(scores, key=lambda sample: scores[sample], default=None)
        checks[name] = CheckCounts(
            family=family_of(name),
            judged=len(scores),
            worst=None if worst is None else scores[worst],
            worst_sample=worst,
            **{severity: by_check[name, severity] for severity in SEVERITIES},
        )
    counted = SEVERITIES[SEVERITIES.index(fail_on) :] if fail_on in SEVERITIES else ()
    unjudged = [name for name in result.judged if name not in result.scores]
    listed = ", ".join(unjudged[:MOST_UNJUDGED])
    more = f" and {len(unjudged) - MOST_UNJUDGED} more" if len(unjudged) > MOST_UNJUDGED else ""
    notes = (f"skipped, inputs missing: {listed}{more}",) if unjudged else ()
    return Quality(
        out=out,
        counts=counts | {severity: severities[severity] for severity in reversed(SEVERITIES)},
        checks=checks,
        failed=failed,
        findings=sum(severities[severity] for severity in counted),
        notes=notes,
    )


def draw_sheets(
    out: Location,
    options: InspectOptions,
    source: Collection,
    findings: Sequence[Finding],
    how: Plan,
) -> dict[str, list[tuple[Finding, npt.NDArray[np.uint8]]]]:
    """Draw the worst samples of each check that reports, one sheet per check.

    Returns
    -------
    dict
        Check -> the findings on its sheet, each with its tile.
    """
    by_check: dict[str, list[Finding]] = {}
    for finding in findings:
        by_check.setdefault(finding.check, []).append(finding)
    worst = {
        check: sorted(found, key=lambda finding: (-finding.score, finding.sample))[: options.sheet]
        for check, found in by_check.items()
    }
    tiles = _draw_tiles(options, source, worst)
    drawn = {
        check: [
            (finding, tiles[finding.sample][check])
            for finding in chosen
            if check in tiles.get(finding.sample, {})
        ]
        for check, chosen in worst.items()
    }
    for check, found in drawn.items():
        if not found:
            continue
        sheet = contact_sheet(
            [tile for _, tile in found],
            [f"{one.sample}\n{one.score:.4g} {one.severity}" for one, _ in found],
            title=f"{check}: {len(found)} of {len(by_check[check])}, worst first"
            f" ({how.limits[check].unit})",
            tile_px=TILE_PX,
        )
        atomic.write_bytes(out / SHEETS / f"{check}.png", images.encode_png(sheet))
    return drawn


def _draw_tiles(
    options: InspectOptions, source: Collection, worst: Mapping[str, Sequence[Finding]]
) -> dict[str, dict[str, npt.NDArray[np.uint8]]]:
    """Return sample -> check -> tile; every sample is read once for all its sheets."""
    boxes: dict[str, dict[str, tuple[int, int, int, int] | None]] = {}
    for check, findings in worst.items():
        for finding in findings:
            boxes.setdefault(finding.sample, {})[check] = finding.box
    chosen = [item for item in source.items() if item.key in boxes]
    if not chosen:
        return {}
    task = LazyTask("datakit.verbs.qc.task:Draw", {"boxes": boxes})
    with closing(ordered_map(options.make_engine(), task, chosen)) as outcomes:
        return {o.key: o.value for o in outcomes if o.value is not None}
