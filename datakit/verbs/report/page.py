"""The sections of the report, made from the manifest's rows and other verbs' records."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from typing import Any

from datakit.io.layouts.base import Item
from datakit.io.layouts.sources import Collection
from datakit.io.store.storage import location
from datakit.pages.charts import Bar, bar_chart, histogram, number
from datakit.pages.report import Group, Page, Section, Table
from datakit.records.anonymization import HiddenFace
from datakit.records.card import Command
from datakit.records.counts import counted
from datakit.records.finding import SEVERITIES
from datakit.records.sample import Sample
from datakit.verbs.report.lineage_table import MOST_FINDINGS, kinds, lineage
from datakit.verbs.report.options import Options
from datakit.verbs.report.pictures import illustrate
from datakit.verbs.report.verdict import judge, torn_groups
from datakit.verbs.shared.command_lines import command_line
from datakit.verbs.shared.evidence import Evidence
from datakit.verbs.shared.progress import ProgressListener

_MOST_ROWS = 300
_MOST_BARS = 10
_SHARES = tuple(step / 20 for step in range(21))
_TENTHS = tuple(step / 10 for step in range(11))


def compose(
    options: Options,
    source: Collection,
    items: Sequence[Item],
    evidence: Evidence,
    progress: ProgressListener,
) -> Page:
    """Return the page of a dataset.

    Parameters
    ----------
    options : Options
        Title and number of pictures.
    source, items : Collection, sequence of Item
        The dataset, opened.
    evidence : Evidence
        What verbs recorded of it.
    progress : ProgressListener
        Where progress is reported while pictures are drawn.
    """
    samples = [item.sample for item in items if item.sample is not None]
    art = illustrate(options, items, evidence, progress)
    notes = list(evidence.notes)
    if art.failed:
        notes.append(
            f"{counted(art.failed, 'pictures')} could not be drawn; datakit validate says why"
        )
    table, left_out = lineage(items, evidence)
    if left_out:
        notes.append(
            f"the table of samples has the {MOST_FINDINGS:,} worst findings; {left_out:,} more are "
            "in qc.jsonl"
        )
    sections = [
        _samples(samples, art.contact),
        _labels(source, samples),
        _quality(evidence, art.checks),
        _faces(evidence),
        _drafts(evidence, art.uncertain),
        _failures(evidence, source),
        _making(source),
    ]
    commands = source.commands
    made = " → ".join(command.verb for command in commands) or "no command on record"
    return Page(
        title=options.title or location(options.src[0]).resolve().name or options.src[0],
        subtitle=f"Made by {made}.",
        figures=_figures(samples, evidence, source),
        sections=[section for section in sections if section is not None],
        lineage=table if samples else {},
        notes=notes,
        verdict=judge(samples, evidence, _failed(evidence, source)),
    )


def _failed(evidence: Evidence, source: Collection) -> int:
    return len(evidence.failures) + sum(command.failed for command in _earlier(source))


def _figures(
    samples: Sequence[Sample], evidence: Evidence, source: Collection
) -> list[tuple[str, str, str]]:
    severities = Counter(
        finding.severity for found in evidence.findings.values() for finding in found
    )
    faces = sum(len(_hidden(record.faces)) for record in evidence.faces.values())
    failed = _failed(evidence, source)
    shown: list[tuple[str, int, str]] = [
        ("samples", len(samples), ""),
        ("groups", len(_groups(samples)), ""),
        ("copies", sum(sample.parent is not None for sample in samples), ""),
        ("errors", severities["error"], "error"),
        ("warnings", severities["warning"], "warning"),
        ("to review", severities["review"], "review"),
        ("faces hidden", faces, ""),
        ("photos waiting", len(evidence.waiting), "review"),
        ("drafts", len(evidence.drafts), ""),
        ("failures", failed, "error"),
    ]
    always = ("samples", "groups")
    return [(name, f"{count:,}", tone) for name, count, tone in shown if count or name in always]


def _samples(samples: Sequence[Sample], contact: Group | None) -> Section:
    splits = Counter(sample.split or "no split" for sample in samples)
    sizes = Counter(f"{sample.width} × {sample.height}" for sample in samples)
    torn = torn_groups(samples)
    text = [
        "No group is in two splits."
        if not torn
        else f"{counted(torn, 'groups')} in more than one split: datakit split --audit names them."
    ]
    charts = [
        bar_chart("splits", "Samples per split", _bars(splits), "samples"),
        bar_chart("sizes", "Image size", _bars(sizes, 6), "samples"),
    ]
    if len(_groups(samples)) < len(samples):
        groups = _group_sizes(samples)
        charts.append(bar_chart("group-sizes", "Samples per group", groups, "groups"))
    return Section(
        "samples",
        "Samples",
        text=text if len(splits) > 1 and any(sample.group for sample in samples) else [],
        charts=charts,
        tables=[_split_table(samples)],
        groups=[contact] if contact else [],
    )


PARTIAL = (
    "{:,} samples are partial: some object on them could not be drawn. Unknown pixels "
    "are striped in the pictures, and left out of errors and losses."
)

UNFINISHED = {"partial": "partial", "none": "unlabelled"}
"""Label states that are not complete -> their words in a table."""


def _split_table(samples: Sequence[Sample]) -> Table:
    rows = []
    for split in dict.fromkeys(sample.split or "no split" for sample in samples):
        part = [sample for sample in samples if (sample.split or "no split") == split]
        files = Counter(kind for sample in part for kind in kinds(sample))
        numbers = (
            len(part),
            len(_groups(part)),
            sum(sample.parent is not None for sample in part),
            *(files[kind] for kind in ("image", "mask", "alpha", "trimap")),
            sum(sample.fg_ratio == 0 for sample in part),
            *(sum(sample.label_state == state for sample in part) for state in UNFINISHED),
        )
        rows.append([split, *map(number, numbers)])
    headings = ("split", "samples", "groups", "copies", "images", "masks", "alphas", "trimaps")
    named = (*headings, "empty", *UNFINISHED.values())
    return Table("Splits", named, rows, frozenset(range(1, len(named))))


def _labels(source: Collection, samples: Sequence[Sample]) -> Section | None:
    shares = [sample.fg_ratio for sample in samples if sample.fg_ratio is not None]
    classes = Counter(name for sample in samples for name in sample.categories)
    tags = Counter(tag for sample in samples for tag in sample.tags)
    charts = []
    if shares:
        counts = _binned(shares, _SHARES)
        title = f"Foreground share, mean {sum(shares) / len(shares):.3f}"
        charts.append(
            histogram(
                *("shares", title, _SHARES, counts), axis="share of the image", unit="samples"
            )
        )
    if classes:
        charts.append(bar_chart("classes", "Samples with a class", _bars(classes), "samples"))
    if tags:
        charts.append(bar_chart("tags", "Tags", _bars(tags), "samples"))
    label_map = [[name, str(value)] for name, value in source.label_map.items()]
    tables = [Table("Label map", ("class", "value in the mask"), label_map, frozenset({1}))]
    if not charts and not label_map:
        return None
    partial = sum(sample.label_state == "partial" for sample in samples)
    text = [PARTIAL.format(partial)] if partial else []
    return Section("labels", "Labels", text, charts, tables if label_map else ())


def _quality(evidence: Evidence, groups: Sequence[Group]) -> Section | None:
    rows = [finding for found in evidence.findings.values() for finding in found]
    if not rows:
        return None
    by_check = Counter((finding.check, finding.severity) for finding in rows)
    families = {finding.check: finding.family for finding in rows}
    order = sorted(
        families, key=lambda check: tuple(-by_check[check, s] for s in reversed(SEVERITIES))
    )
    table = Table(
        "Findings of each check",
        ("check", "family", "errors", "warnings", "to review"),
        [
            [
                check,
                families[check],
                *(number(by_check[check, severity]) for severity in reversed(SEVERITIES)),
            ]
            for check in order
        ],
        frozenset({2, 3, 4}),
    )
    severities = Counter(finding.severity for finding in rows)
    chart = bar_chart(
        "severities",
        "Findings by severity",
        [Bar(name, severities[name], name) for name in reversed(SEVERITIES)],
        "findings",
    )
    text = f"{counted(len(rows), 'findings')} in {counted(len(evidence.findings), 'samples')}."
    return Section("quality", "Quality", [text], [chart], [table], groups)


def _faces(evidence: Evidence) -> Section | None:
    records = [*evidence.faces.values(), *evidence.waiting]
    if not records:
        return None
    faces = [face for record in records for face in _hidden(record.faces)]
    residuals = [
        (record.id, face.residual)
        for record in evidence.faces.values()
        for face in record.faces
        if face.residual
    ]
    charts = [
        bar_chart("photos", "Photos", _bars(Counter(r.status for r in records)), "photos"),
        bar_chart("methods", "How faces were hidden", _bars(Counter(f.method for f in faces)), ""),
        bar_chart("masks", "What their masks follow", _bars(Counter(f.mask for f in faces)), ""),
    ]
    text = [
        f"{len(faces):,} faces were hidden in {len(records):,} photos."
        + (" A photo that waits for a person is not in the dataset." if evidence.waiting else ""),
        f"{len(residuals):,} hidden faces still drew a detector's answer in the result."
        if residuals
        else "No detector answered to a hidden face in the result.",
    ]
    tables = []
    if residuals:
        rows = [[name, number(round(score, 4))] for name, score in residuals[:_MOST_ROWS]]
        tables.append(Table("Residuals", ("photo", "score"), rows, frozenset({1})))
    if evidence.waiting:
        waiting = [
            [record.id, record.status, str(len(_hidden(record.faces))), "; ".join(record.reasons)]
            for record in evidence.waiting[:_MOST_ROWS]
        ]
        headings = ("photo", "status", "faces", "why a person has to look")
        tables.append(Table("Waiting for a person", headings, waiting, frozenset({2})))
    models = {name: digest for record in records for name, digest in record.models.items()}
    tables.append(
        Table("Detectors", ("model", "sha256 of its weights"), [*map(list, models.items())])
    )
    return Section("anonymization", "Anonymization", text, charts, tables)


def _hidden(faces: Iterable[HiddenFace]) -> list[HiddenFace]:
    return [face for face in faces if face.mask != "none"]


def _drafts(evidence: Evidence, uncertain: Group | None) -> Section | None:
    drafts = list(evidence.drafts.values())
    if not drafts:
        return None
    counts = _binned([draft.doubt for draft in drafts], _TENTHS)
    reasons = Counter(draft.reason for draft in drafts)
    return Section(
        "drafts",
        "Drafted labels",
        text=[f"{len(drafts):,} labels were drafted by a model; datakit review shows them."],
        charts=[
            histogram(
                "uncertainty", "Uncertainty", _TENTHS, counts, axis="uncertainty", unit="drafts"
            ),
            bar_chart("reasons", "What the uncertainty comes from", _bars(reasons), "drafts"),
        ],
        groups=[uncertain] if uncertain else [],
    )


def _failures(evidence: Evidence, source: Collection) -> Section | None:
    rows = [[row.id, row.step, row.error] for row in evidence.failures[:_MOST_ROWS]]
    more = len(evidence.failures) - len(rows)
    text = [f"{more:,} more are in failures.jsonl."] if more else []
    words = ("what", "step", "why")
    tables = [Table("What could not be processed", words, rows)] if rows else []
    for command in _earlier(source):
        before = [[row.id, row.step, row.error] for row in command.failures]
        more = command.failed - len(before)
        rest = f"; {more:,} more are in the dataset that it wrote" if more else ""
        title = f"What {command.verb} could not process, before{rest}"
        tables.append(Table(title, words, before))
    return Section("failures", "Failures", text=text, tables=tables) if tables else None


def _earlier(source: Collection) -> list[Command]:
    """Return the commands before the last one that could not process something."""
    return [command for command in source.commands[:-1] if command.failed]


def _making(source: Collection) -> Section | None:
    commands = source.commands
    if not commands:
        return None
    return Section(
        "commands",
        "How it was made",
        text=[
            "In this order, with the options that decide the result; paths were not recorded, and "
            "defaults are left out."
        ],
        lines=[f"{command_line(command)}  # datakit {command.version}" for command in commands],
    )


def _bars(counts: Counter[Any], most: int = _MOST_BARS) -> list[Bar]:
    """Return a bar for each of the most frequent, and one for the rest."""
    common = counts.most_common()
    bars = [Bar(str(name), count) for name, count in common[:most]]
    rest = common[most:]
    return [*bars, Bar(f"{len(rest)} others", sum(count for _, count in rest))] if rest else bars


def _groups(samples: Sequence[Sample]) -> set[str]:
    # A sample without a group is one of its own.
    return {sample.group or f"\0{sample.id}" for sample in samples}


def _group_sizes(samples: Sequence[Sample]) -> list[Bar]:
    sizes = Counter(Counter(sample.group or f"\0{sample.id}" for sample in samples).values())
    few = [Bar(f"{size} sample{'s' * (size > 1)}", sizes[size]) for size in sorted(sizes)[:7]]
    rest = sum(sizes[size] for size in sorted(sizes)[7:])
    return [*few, Bar("more", rest)] if rest else few


def _binned(values: Iterable[float], edges: Sequence[float]) -> list[int]:
    """Count values in equal bins; the last edge belongs to the last bin."""
    counts = [0] * (len(edges) - 1)
    for value in values:
        bin_number = int((value - edges[0]) / (edges[-1] - edges[0]) * len(counts))
        counts[min(max(bin_number, 0), len(counts) - 1)] += 1
    return counts
