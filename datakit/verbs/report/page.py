"""The sections of the report, made from the manifest's rows and other verbs' records."""

from __future__ import annotations

import shlex
from collections import Counter
from collections.abc import Mapping, Sequence
from statistics import median

from markupsafe import Markup

from datakit.io.layouts.base import Item
from datakit.io.layouts.sources import Collection
from datakit.io.store.storage import location
from datakit.pages.charts import Bar, bar_chart, binned, histogram, log_edges, number
from datakit.pages.report import Group, Page, Section, Table
from datakit.records.counts import counted
from datakit.records.pipeline import StepRecord
from datakit.records.sample import Sample
from datakit.verbs.report.appearance import appearance
from datakit.verbs.report.lineage_table import MOST_FINDINGS, kinds, lineage
from datakit.verbs.report.model_sections import drafts_section, faces_section, hidden
from datakit.verbs.report.options import VERB, Options
from datakit.verbs.report.pictures import illustrate
from datakit.verbs.report.steps import RunRecords, Step, steps_of
from datakit.verbs.report.verdict import judge, torn_groups
from datakit.verbs.shared.command_lines import distinct, script
from datakit.verbs.shared.evidence import Evidence
from datakit.verbs.shared.page_parts import (
    bars,
    failures_section,
    findings_table,
    severity_chart,
)
from datakit.verbs.shared.progress import ProgressListener

_MOST_SIZES = 6
_PERCENTS = tuple(range(0, 101, 5))
_SMALL_PERCENT = 5
"""Labels that mostly cover less would all stand in the first column of a linear axis."""


def compose(
    options: Options,
    source: Collection,
    items: Sequence[Item],
    evidence: Evidence,
    run: RunRecords | None,
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
    run : RunRecords or None
        The run that the dataset is a step of.
    progress : ProgressListener
        Where progress is reported while pictures are drawn.
    """
    samples = [item.sample for item in items if item.sample is not None]
    steps = steps_of(source, evidence.folders, run)
    art = illustrate(options, items, evidence, progress)
    notes = list(evidence.notes)
    if art.failed:
        notes.append(
            f"{counted(art.failed, 'pictures')} could not be drawn; datakit validate says why"
        )
    table, left_out = lineage(items, evidence, art)
    if left_out:
        notes.append(
            f"the table of samples has the {MOST_FINDINGS:,} worst findings; {left_out:,} more are "
            "in qc.jsonl"
        )
    folder = location(options.src[0]).resolve().name or options.src[0]
    sections = [
        _samples(samples, art.contact, folder),
        _labels(source, samples, _shares(items, art.shares)),
        appearance(evidence.statistics),
        _quality(evidence, steps, art.checks, folder),
        faces_section(evidence),
        drafts_section(evidence, art.uncertain, folder),
        failures_section([(step.name, step.failed, step.failures) for step in steps]),
        _making(source, steps),
    ]
    made = " → ".join(command.verb for command in source.commands) or "no command on record"
    step = f"Step {folder} of the run. " if run else ""
    return Page(
        title=options.title or (run.folder.name if run else folder),
        subtitle=f"{step}Made by {made}.",
        figures=_figures(samples, evidence, steps),
        sections=[section for section in sections if section is not None],
        lineage=table if samples else {},
        notes=notes,
        verdict=judge(samples, evidence, steps),
    )


def _figures(
    samples: Sequence[Sample], evidence: Evidence, steps: Sequence[Step]
) -> list[tuple[str, str, str]]:
    severities = Counter(
        finding.severity for found in evidence.findings.values() for finding in found
    )
    faces = sum(len(hidden(record.faces)) for record in evidence.faces.values())
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
        ("failures", sum(step.failed for step in steps), "error"),
    ]
    always = ("samples", "groups")
    return [(name, f"{count:,}", tone) for name, count, tone in shown if count or name in always]


def _samples(samples: Sequence[Sample], contact: Group | None, folder: str) -> Section:
    splits = Counter(sample.split or "no split" for sample in samples)
    torn = torn_groups(samples)
    text, lines = [], []
    if len(splits) > 1 and any(sample.group for sample in samples):
        text = ["No group is in two splits."]
    if torn:
        text = [f"{counted(torn, 'groups')} in more than one split. This shows them:"]
        lines = [f"datakit split --audit {shlex.quote(folder)} -o audit"]
    charts = [
        bar_chart("splits", "Samples per split", bars(splits), "samples"),
        _sizes_chart(samples),
    ]
    if len(_groups(samples)) < len(samples):
        groups = _group_sizes(samples)
        charts.append(bar_chart("group-sizes", "Samples per group", groups, "groups"))
    return Section(
        "samples",
        "Samples",
        text=text,
        charts=charts,
        tables=[_split_table(samples)],
        groups=[contact] if contact else [],
        lines=lines,
    )


def _sizes_chart(samples: Sequence[Sample]) -> Markup:
    sizes = Counter(f"{sample.width} × {sample.height}" for sample in samples)
    if len(sizes) <= _MOST_SIZES:
        return bar_chart("sizes", "Image size", bars(sizes), "samples, by pixels")
    megapixels = [sample.width * sample.height / 1e6 for sample in samples]
    edges = log_edges(min(megapixels), max(megapixels))
    title = f"Image size: {len(sizes):,} different sizes"
    counts = binned(megapixels, edges)
    return histogram("sizes", title, edges, counts, axis="megapixels, logarithmic", unit="samples")


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


def _labels(
    source: Collection, samples: Sequence[Sample], shares: Sequence[float]
) -> Section | None:
    classes = Counter(name for sample in samples for name in sample.categories)
    tags = Counter(tag for sample in samples for tag in sample.tags)
    text, charts = _shares_chart(shares, len(samples))
    if classes:
        charts.append(bar_chart("classes", "Samples with a class", bars(classes), "samples"))
    if tags:
        charts.append(bar_chart("tags", "Tags", bars(tags), "samples"))
    label_map = [[name, str(value)] for name, value in source.label_map.items()]
    tables = [Table("Label map", ("class", "value in the mask"), label_map, frozenset({1}))]
    if not charts and not label_map:
        return None
    partial = sum(sample.label_state == "partial" for sample in samples)
    text += [PARTIAL.format(partial)] if partial else []
    return Section("labels", "Labels", text, charts, tables if label_map else ())


def _shares(items: Sequence[Item], measured: Mapping[str, float]) -> list[float]:
    """Return the foreground of the labels in percent, as far as it is known."""
    known = [
        measured.get(item.key) if item.sample.fg_ratio is None else item.sample.fg_ratio
        for item in items
        if item.sample is not None
    ]
    return [100 * share for share in known if share is not None]


def _shares_chart(shares: Sequence[float], samples: int) -> tuple[list[str], list[Markup]]:
    """Return what is to be said of the foreground shares, and their chart."""
    some = [share for share in shares if share]
    if not some:
        return [], []
    small = median(some) < _SMALL_PERCENT
    edges = log_edges(max(min(some), 1e-4), max(some)) if small else _PERCENTS
    counts = binned(some if small else shares, edges)
    axis = "foreground, % of the image"
    chart = histogram(
        *("shares", "Foreground share", edges, counts),
        axis=f"{axis}, logarithmic" if small else axis,
        unit="samples",
    )
    text = f"Half of the labels cover less than {median(some):.3g} % of their image."
    empty = len(shares) - len(some)
    text += f" {counted(empty, 'labels')} cover nothing." if empty else ""
    if len(shares) < samples:
        text += f" Measured on {len(shares):,} of {counted(samples, 'samples')}."
    return [text], [chart]


def _quality(
    evidence: Evidence, steps: Sequence[Step], groups: Sequence[Group], folder: str
) -> Section:
    looked = [step for step in steps if step.checked]
    if not looked:
        name = shlex.quote(folder)
        line = f"datakit qc {name} -o qc\ndatakit report {name} -o report.html --records qc"
        text = "No qc is on record: nobody has looked for errors in the labels. This does:"
        return Section("quality", "Quality", [text], lines=[line])
    severities: Counter[str] = Counter()
    for step in looked:
        for (_, _, severity), count in step.findings.items():
            severities[severity] += count
    names = " and ".join(step.name for step in looked)
    total = sum(severities.values())
    if not total:
        return Section("quality", "Quality", [f"{names} found nothing."])
    known = sum(len(found) for found in evidence.findings.values())
    text = f"{names}: {counted(total, 'findings')}"
    text += f", in {counted(len(evidence.findings), 'samples')} of this dataset."
    if known < total:
        text += f" {total - known:,} are about samples that it does not have."
    table = findings_table([(step.name, step.findings) for step in looked])
    return Section("quality", "Quality", [text], [severity_chart(severities)], [table], groups)


def _making(source: Collection, steps: Sequence[Step]) -> Section | None:
    if not steps:
        return None
    records = [(step, step.record) for step in steps if step.record and step.verb != VERB]
    tables = []
    if records:
        rows = [
            [step.name, step.verb, _told(record), number(found), number(step.failed)]
            for step, record in records
            for found in [max(record.findings, step.findings.total())]
        ]
        headings = ("step", "verb", "what came of it", "findings", "failed")
        tables.append(Table("Steps of the run", headings, rows, frozenset({3, 4})))
    notes = [[step.name, note] for step, record in records for note in record.notes]
    if notes:
        tables.append(Table("What the steps noted", ("step", "note"), notes))
    chain = [(step.name, step.command) for step in steps if step.command]
    names = distinct([name for name, _ in chain])
    commands = [command for _, command in chain]
    versions = " and ".join(dict.fromkeys(command.version for command in commands))
    text = [
        f"To be pasted into a shell: the options that decide the result, of datakit {versions}. "
        "Where the source lay is not on record: put it in for SRC."
    ]
    return Section(
        "commands",
        "How it was made",
        text=text if commands else [],
        tables=tables,
        lines=[script(commands, names)] if commands else [],
    )


def _told(record: StepRecord) -> str:
    counts = [(name, count) for name, count in record.counts.items() if name != "failed"]
    return ", ".join(counted(count, name) for name, count in counts if count)


def _groups(samples: Sequence[Sample]) -> set[str]:
    # A sample without a group is one of its own.
    return {sample.group or f"\0{sample.id}" for sample in samples}


def _group_sizes(samples: Sequence[Sample]) -> list[Bar]:
    sizes = Counter(Counter(sample.group or f"\0{sample.id}" for sample in samples).values())
    few = [Bar(f"{size} sample{'s' * (size > 1)}", sizes[size]) for size in sorted(sizes)[:7]]
    rest = sum(sizes[size] for size in sorted(sizes)[7:])
    return [*few, Bar("more", rest)] if rest else few
