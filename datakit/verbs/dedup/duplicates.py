"""The duplicates of a source: the clusters, what is kept of each, and their tables."""

from __future__ import annotations

from collections import defaultdict
from contextlib import closing
from dataclasses import dataclass

import msgspec

from datakit.engine.base import LazyTask, ordered_map
from datakit.engine.local import LocalEngine
from datakit.io.layouts.base import Item
from datakit.io.layouts.sources import Collection
from datakit.io.pixels import images
from datakit.io.store import atomic
from datakit.io.store.storage import location
from datakit.io.tables import csv_rows, jsonl
from datakit.records.summary import Summary
from datakit.verbs.dedup.options import VERB, ReportOptions
from datakit.verbs.dedup.task import Cluster, Member
from datakit.verbs.shared.lineage import Lineage
from datakit.verbs.shared.lineage_duplicates import WORTH_WORKERS
from datakit.verbs.shared.pair_sheet import draw_pairs
from datakit.verbs.shared.people import (
    FACES,
    PERSON_ROW,
    identify_people,
    person_rows,
    write_embeddings,
)
from datakit.verbs.shared.progress import ProgressListener
from datakit.verbs.shared.run_record import Run
from datakit.verbs.shared.tracing import trace

PEOPLE = "people.csv"


@dataclass(frozen=True)
class Duplicates:
    """The duplicates of a source.

    Attributes
    ----------
    source : Collection
    lineage : Lineage
        Its samples, and why any two are related.
    clusters : list of list of int
        Indices of samples that are one picture, two and more of each, the largest cluster first.
    """

    source: Collection
    lineage: Lineage
    clusters: list[list[int]]

    def summary(self, options: ReportOptions) -> Summary:
        """Return the counts of samples, clusters and extra copies, and what failed."""
        extra = sum(len(cluster) - 1 for cluster in self.clusters)
        counts = {
            "samples": len(self.lineage.items),
            "clusters": len(self.clusters),
            "extra copies": extra,
        }
        if options.people:
            counts["people"] = len(self.lineage.persons)
            counts["people in several photos"] = sum(len(one) > 1 for one in self.lineage.persons)
        failed = len(self.lineage.failures) + len(self.source.failures)
        return Summary(verb=VERB, counts=counts, failed=failed, notes=tuple(self.lineage.notes))

    def dropped(self, kept: list[set[int]]) -> set[int]:
        """Return the samples of the clusters that are not kept."""
        return {at for cluster in self.clusters for at in cluster}.difference(*kept)


def find_duplicates(
    options: ReportOptions, source: Collection, progress: ProgressListener | None
) -> Duplicates:
    """Compare the samples of a source; with ``people``, also find out who is in several photos."""
    lineage = trace(list(source.items()), options, progress=progress)
    if options.people:
        identify_people(lineage, options, progress)
    return Duplicates(source, lineage, _clusters(lineage))


def _clusters(lineage: Lineage) -> list[list[int]]:
    """Return the groups of two and more, the largest first."""
    members: dict[int, list[int]] = defaultdict(list)
    for at, label in enumerate(lineage.label.tolist()):
        members[label].append(at)
    found = [cluster for cluster in members.values() if len(cluster) > 1]
    return sorted(found, key=lambda cluster: (-len(cluster), cluster[0]))


def choose_kept(found: Duplicates, options: ReportOptions) -> list[set[int]]:
    """Return which of each cluster to keep; of one whose files are unreadable by now, all."""
    lineage, clusters = found.lineage, found.clusters
    exact: dict[str, str] = {}
    for link in lineage.links:
        if link.reason == "exact":
            exact[link.one] = exact[link.other] = exact.get(link.one, link.one)
    number = {home: at for at, home in enumerate(dict.fromkeys(exact.values()))}
    items = lineage.items
    ranked = [
        sorted(c, key=lambda at: (0 if options.keep == "first" else -_pixels(items[at]), at))
        for c in clusters
    ]

    def member(at: int) -> Member:
        file = items[at].image
        assert file is not None
        home = exact.get(items[at].key)
        return Member(file, lineage.inspections[at].print, -1 if home is None else number[home])

    work = [
        Cluster(items[cluster[0]].key, tuple(member(at) for at in cluster)) for cluster in ranked
    ]
    engine = options.make_engine() if len(work) >= WORTH_WORKERS else LocalEngine(0)
    with closing(ordered_map(engine, LazyTask("datakit.verbs.dedup.task:Keep", {}), work)) as done:
        return [
            {cluster[rank] for rank in outcome.value} if outcome.value else set(cluster)
            for cluster, outcome in zip(ranked, done, strict=True)
        ]


def _pixels(item: Item) -> int:
    if item.stated_wh is not None:
        return item.stated_wh[0] * item.stated_wh[1]

    assert item.image is not None
    width, height = images.probe(item.image.read(), item.image.name).size_wh
    return width * height


def write_tables(options: ReportOptions, found: Duplicates, kept: list[set[int]]) -> None:
    """Write what was found into ``options.out``: tables, the contact sheet, and who is where."""
    _write_clusters(options, found.lineage, found.clusters, kept)
    if options.people:
        salt = Run(VERB, options, found.source).fingerprint
        rows = person_rows(found.lineage, salt)
        atomic.write_bytes(location(options.out) / PEOPLE, csv_rows.table(PERSON_ROW, rows))
    if options.keep_embeddings:
        write_embeddings(location(options.out) / FACES, found.lineage)


def _write_clusters(
    options: ReportOptions, lineage: Lineage, clusters: list[list[int]], kept: list[set[int]]
) -> None:
    out = location(options.out)
    links = {link.other: link for link in lineage.links if link.reason not in ("apart", "frames")}
    rows: list[dict[str, object]] = []
    for number, (cluster, best) in enumerate(zip(clusters, kept, strict=True), 1):
        for at in cluster:
            item = lineage.items[at]
            link = links.get(item.key)
            rows.append(
                {
                    "cluster": number,
                    "id": item.key,
                    "file": item.source_name,
                    "keep": "yes" if at in best else "no",
                    "reason": link.reason if link else "",
                    "like": link.one if link else "",
                    "error": "" if link is None or link.error is None else link.error,
                }
            )
    atomic.write_bytes(out / "clusters.csv", csv_rows.records(rows))
    document = [
        {
            "keep": [lineage.items[at].key for at in cluster if at in best],
            "samples": [lineage.items[at].key for at in cluster],
        }
        for cluster, best in zip(clusters, kept, strict=True)
    ]
    text = msgspec.json.format(msgspec.json.encode(document), indent=2)
    atomic.write_bytes(out / "clusters.json", text + b"\n")
    jsonl.write(out / "lineage.jsonl", lineage.links)
    if clusters and options.sheet:
        _draw(options, lineage, clusters)


def _draw(options: ReportOptions, lineage: Lineage, clusters: list[list[int]]) -> None:
    """Draw the pairs that were joined, the least alike first: there an eye is worth most."""
    links = [link for link in lineage.links if link.reason not in ("apart", "frames")]
    links.sort(key=lambda link: -(link.error or 0.0))
    shown = [
        (link.one, link.other, link.reason + (f", error {link.error:.2f}" if link.error else ""))
        for link in links[: options.sheet]
    ]
    title = f"{len(shown)} of {len(links)} pairs, the least alike, in {len(clusters)} clusters"
    draw_pairs(location(options.out) / "clusters.png", lineage, shown, title)
