"""``report`` and ``review`` on the command line."""

from __future__ import annotations

import json
from pathlib import Path

from datakit.io.dataset.decisions import now, open_log
from datakit.records.review import Decision
from tests.cli.test_errors import DONE, datakit, refused
from tests.verbs.exports import tree
from tests.verbs.test_report import dataset


def test_a_report(tmp_path: Path) -> None:
    set_ = dataset(tmp_path / "set", ["a.png"])
    before = tree(set_)
    result = datakit("report", set_, "-o", tmp_path / "r.html", "--json", "--workers", 0)
    assert result.exit_code == DONE
    assert json.loads(result.stdout)["counts"]["samples"] == 1
    refused(datakit("report", set_, "-o", tmp_path / "r.html"), "--overwrite")
    refused(datakit("report", set_, "-o", tmp_path / "r.pdf"), ".html")
    refused(datakit("report", set_, set_, "-o", tmp_path / "s.html"), "one dataset, got 2")
    assert tree(set_) == before


def test_a_review_is_counted_and_applied(tmp_path: Path) -> None:
    set_ = dataset(tmp_path / "set", [f"{number}.png" for number in range(5)])
    before = tree(set_)
    refused(datakit("review", set_, "--apply", "-o", tmp_path / "out"), "expected decisions")
    with open_log(tmp_path / "set.review") as log:
        for number in range(3):
            log.add(Decision(id=f"{number}.png", verdict="reject", at=now()))
    counted = datakit("review", set_, "--dry-run", "--json")
    assert json.loads(counted.stdout)["counts"]["rejected"] == 3
    result = datakit("review", set_, "--apply", "-o", tmp_path / "out", "--workers", 2)
    assert result.exit_code == DONE
    assert len((tmp_path / "out/metadata.jsonl").read_text().splitlines()) == 2
    again = datakit("review", set_, "--apply", "-o", tmp_path / "two", "--workers", 0)
    assert again.exit_code == DONE
    assert tree(tmp_path / "out") == tree(tmp_path / "two")
    assert tree(set_) == before


def test_what_a_review_refuses(tmp_path: Path, sample_data: Path) -> None:
    set_ = dataset(tmp_path / "set", ["a.png"])
    refused(datakit("review", sample_data / "photos"), "datakit wrote")
    refused(datakit("review", set_, "-o", tmp_path / "out"), "--apply")
    refused(datakit("review", set_, "--apply"), "-o DST")
    refused(datakit("review", set_, "--decisions", set_), "apart from the dataset")
    refused(datakit("review", set_, "--port", 70000), "port")
    refused(datakit("review", set_, "--records", tmp_path / "none"), "no such file")
    refused(datakit("review", set_, "--compare", sample_data / "photos"), "datakit wrote")
    with open_log(tmp_path / "set.review"):
        refused(datakit("review", set_, "--no-browser"), "another datakit review")
