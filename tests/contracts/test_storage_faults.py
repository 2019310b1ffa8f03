"""Storage that fails: nothing lost, nothing half-written, exit codes right; and again to the end.

Here one verb meets each kind of fault; benchmarks/storage_faults.py has the whole table.
"""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from dataclasses import replace
from pathlib import Path

import msgspec
import pytest

from datakit.errors import InputError, OutputError
from datakit.io.dataset import output, whole_files
from datakit.io.store import atomic, object_lock, written_digests
from datakit.io.store.lock import claim
from datakit.io.store.storage import ObjectPath, location
from datakit.records.card import Card
from datakit.records.product import Product
from tests.conftest import Bucket
from tests.object_server import Fault
from tests.storage_campaign import TROUBLES, Campaign, Trouble
from tests.storage_cases import CASES, tree, upload


@pytest.fixture
def sources(storage_sources: dict[str, str]) -> dict[str, str]:
    return storage_sources


@pytest.fixture
def campaign(bucket: Bucket, sources: dict[str, str], second_bucket: Bucket) -> Campaign:
    remote = upload({name: sources[name] for name in ("small", "drafts")}, bucket.url)
    return Campaign(bucket.server, remote, bucket.url, second_bucket.url)


FAST = [t for t in TROUBLES if t.kind not in ("timeout", "503", "reset", "silence")]


def test_coco2mask_meets_every_fault(campaign: Campaign) -> None:
    case = CASES["coco2mask-small"]
    peace = campaign.undisturbed("out", case)
    wrong = {}
    for trouble in FAST:
        campaign.clear("out", case)
        if found := campaign.trial("out", case, trouble, peace):
            wrong[str(trouble)] = found
    assert wrong == {}
    campaign.clear("out", case)
    assert campaign.second_run("out", case) == []


@pytest.mark.parametrize("name", ["stats", "export-small"])
def test_a_verb_meets_a_store_that_goes_down(name: str, campaign: Campaign) -> None:
    case = CASES[name]
    peace = campaign.undisturbed("out", case)
    campaign.clear("out", case)
    trouble = Trouble("500", "out", passes=False, at=0.7)
    assert campaign.trial("out", case, trouble, peace) == []


@pytest.mark.parametrize("name", ["export-shards", "stats", "qc-small"])
def test_a_source_that_goes_down_is_not_the_samples_fault(name: str, campaign: Campaign) -> None:
    case = CASES[name]
    peace = campaign.undisturbed("out", case)
    campaign.clear("out", case)
    assert campaign.trial("out", case, Trouble("500", "src", False, at=0.8), peace) == []


def test_the_first_request_of_a_target_fails(campaign: Campaign) -> None:
    case = CASES["coco2mask-small"]
    peace = campaign.undisturbed("out", case)
    campaign.clear("out", case)
    assert campaign.trial("out", case, Trouble("500", "out", False, at=0.0), peace) == []


def test_a_source_is_only_read(campaign: Campaign) -> None:
    bucket = campaign.src.removeprefix("s3://")
    fault = Fault("denied", methods="PUT|POST|DELETE", path=f"^/{bucket}")
    campaign.server.faults.append(fault)
    for name in ("coco2mask-small", "export-small"):
        campaign.undisturbed(name, CASES[name])
    assert fault.seen == 0


def test_a_clock_that_goes_back_changes_nothing(
    campaign: Campaign, monkeypatch: pytest.MonkeyPatch
) -> None:
    case = CASES["coco2mask-small"]
    peace = campaign.undisturbed("one", case)
    real, calls = time.time, iter(range(1 << 30))
    monkeypatch.setattr(time, "time", lambda: real() - 3600 * next(calls))
    assert campaign.undisturbed("two", case).tree == peace.tree


def test_one_denied_object_is_one_failure(bucket: Bucket, sources: dict[str, str]) -> None:
    remote = upload({"export": sources["export"]}, bucket.url)
    bucket.server.faults.append(Fault("denied", methods="HEAD|GET", path="astronaut.*jpg$"))
    result = CASES["coco2mask"].run(remote, f"{bucket.url}/out")
    assert (result.exit_code, result.failed) == (3, 1)
    rows = tree(f"{bucket.url}/out")["failures.jsonl"]
    assert b"access denied" in rows


KILLED = """
import os, sys
import datakit
from datakit.io.dataset import output
add, left = output.DatasetWriter.add, [int(sys.argv[3])]
def killed(self, *given):
    add(self, *given)
    left[0] -= 1
    if not left[0]:
        os.kill(os.getpid(), 9)
output.DatasetWriter.add = killed
datakit.coco2mask(sys.argv[1], sys.argv[2], workers=0)
"""


@pytest.mark.parametrize("remote", [True, False])
def test_a_killed_driver_is_resumed(
    remote: bool, bucket: Bucket, sources: dict[str, str], tmp_path: Path
) -> None:
    case = CASES["coco2mask"]
    case.run(sources, str(tmp_path / "whole"))
    root = bucket.url if remote else f"file://{tmp_path}"
    done = subprocess.run([sys.executable, "-c", KILLED, sources["export"], f"{root}/out", "7"])
    assert done.returncode == -signal.SIGKILL
    with pytest.raises(InputError, match="--resume"):
        case.run(sources, f"{root}/out")
    case.run(sources, f"{root}/out", resume=True)
    assert tree(f"{root}/out") == tree(str(tmp_path / "whole"))


def write(out: ObjectPath, mode: output.Mode, *, stop: bool = False) -> list[str]:
    """Write two items; return those that an earlier run had done."""
    done = []
    with output.create(out, "run", mode) as writer:
        for key in "ab":
            if writer.recorded(key) is not None:
                done.append(key)
            atomic.write_bytes(out / f"{key}.txt", key.encode())
            digests = written_digests.take(str(out), [f"{key}.txt"])
            writer.add(key, Product(files={f"{key}.txt": 1}, digests=digests))
        if stop:
            raise OutputError("stopped")
        writer.finish(Card(counts={}, commands=()))
    return done


@pytest.fixture
def place(bucket: Bucket) -> ObjectPath:
    found = location(f"{bucket.url}/set")
    assert isinstance(found, ObjectPath)
    return found


def test_only_what_journal_and_object_agree_on_is_kept(place: ObjectPath) -> None:
    with pytest.raises(OutputError, match="stopped"):
        write(place, "new", stop=True)
    (place / "a.txt").write_bytes(b"x")  # the same size, other bytes
    assert write(place, "resume") == ["b"]
    assert tree(str(place))["a.txt"] == b"a"


def test_a_tag_that_is_no_digest_is_checked_by_reading(
    place: ObjectPath, monkeypatch: pytest.MonkeyPatch
) -> None:
    with pytest.raises(OutputError, match="stopped"):
        write(place, "new", stop=True)
    real = whole_files._Objects._listing.func
    encrypted = property(
        lambda self: {key: replace(entry, md5="0" * 32) for key, entry in real(self).items()}
    )
    monkeypatch.setattr(whole_files._Objects, "_listing", encrypted)
    assert write(place, "resume") == ["a", "b"]


def test_overwriting_takes_only_what_datakit_wrote(place: ObjectPath) -> None:
    (place / "mine.txt").write_bytes(b"precious")
    with pytest.raises(InputError, match="replaces only folders that datakit wrote"):
        output.check_target(place, "overwrite")
    (place / "mine.txt").unlink()
    write(place, "new")
    output.check_target(place, "overwrite")
    (place / "old.txt").write_bytes(b"")
    write(place, "overwrite")
    assert sorted(tree(str(place))) == [
        "a.txt",
        "b.txt",
        "dataset.json",
        "metadata.jsonl",
        "old.txt",
    ]


def test_a_finished_dataset_is_reopened_for_what_is_kept(place: ObjectPath) -> None:
    write(place, "new")
    assert output.is_finished(place)
    output.reopen(place, "run")
    assert not output.is_finished(place)
    assert write(place, "resume") == ["a", "b"]
    assert output.is_finished(place)


def test_a_kill_between_emptying_and_removing_begins_anew(place: ObjectPath) -> None:
    with pytest.raises(OutputError, match="stopped"):
        write(place, "new", stop=True)
    (place / ".datakit/journal/00000000.jsonl").write_bytes(b"")
    (place / ".datakit/journal/00000001.jsonl").write_bytes(b"what is left of the old one")
    assert write(place, "resume") == []
    assert sorted(tree(str(place))) == ["a.txt", "b.txt", "dataset.json", "metadata.jsonl"]


# Locks


@pytest.mark.parametrize("url", ["s3", "memory", "file"])
def test_the_second_run_hears_whose_the_first_is(
    url: str, place: ObjectPath, tmp_path: Path
) -> None:
    names = {"s3": str(place), "memory": f"memory://locks-{os.getpid()}/a", "file": str(tmp_path)}
    out = location(names[url])
    refusal = rf"another run is writing here \(process {os.getpid()} "
    with claim(out), pytest.raises(InputError, match=refusal), claim(out):
        pass
    with claim(out) as held:
        held.check()


def other(place: ObjectPath, **changes: object) -> object_lock.Owner:
    """Leave the lock of another process."""
    owner = msgspec.structs.replace(object_lock._this_process(), token="other", **changes)
    (place / ".datakit/lock-000001").write_bytes(msgspec.json.encode(owner))
    return owner


def test_the_lock_of_a_dead_process_is_taken_over_at_once(place: ObjectPath) -> None:
    other(place, pid=2**22 + 1)
    with claim(place):
        pass
    assert not (place / ".datakit").exists()


def test_a_pulse_that_stands_still_is_a_dead_one(
    place: ObjectPath, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(object_lock, "DEAD_S", 0.5)
    monkeypatch.setattr(object_lock, "POLL_S", 0.1)
    other(place, machine="another", host="far")
    started = time.monotonic()
    with claim(place) as held:
        assert time.monotonic() - started >= 0.5
        held.check()


def test_a_pulse_that_moves_is_a_living_one(
    place: ObjectPath, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(object_lock, "POLL_S", 0.0)
    other(place, machine="another", host="far")
    pulses = iter(range(1, 1 << 30))

    def beat(_: float) -> None:
        other(place, machine="another", host="far", pulse=next(pulses))

    monkeypatch.setattr(object_lock.time, "sleep", beat)
    with pytest.raises(InputError, match="on far"), claim(place):
        pass


def test_an_owner_that_lost_its_lock_stops(place: ObjectPath) -> None:
    with claim(place) as held:
        owner = msgspec.structs.replace(object_lock._this_process(), token="other", host="far")
        (place / ".datakit/lock-000002").write_bytes(msgspec.json.encode(owner))
        held.beat()  # type: ignore[attr-defined]
        with pytest.raises(OutputError, match=r"lost its lock to process .* on far"):
            held.check()
    # The other's lock is left to it.
    assert (place / ".datakit/lock-000002").exists()


def test_a_silent_owner_asks_before_it_goes_on(
    place: ObjectPath, monkeypatch: pytest.MonkeyPatch, bucket: Bucket
) -> None:
    with claim(place) as held:
        monkeypatch.setattr(object_lock, "GIVE_UP_S", 0.0)
        before = len(bucket.server.requests)
        held.check()
        assert len(bucket.server.requests) > before
        bucket.server.faults.append(Fault("500", methods="PUT"))
        with pytest.raises(OutputError, match="--resume"):
            held.check()
        bucket.server.faults.clear()
