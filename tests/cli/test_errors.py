"""The command line: exit codes, one sentence an error, one JSON object, never a traceback."""

from __future__ import annotations

import json
import os
import shutil
import stat
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from datakit.cli.main import app
from tests.verbs.exports import Export, box, tree

DONE, FINDINGS, UNUSABLE, FAILED = 0, 1, 2, 3


@pytest.fixture
def export(tmp_path: Path) -> Path:
    made = Export(tmp_path / "export/train")
    for name in ("a.jpg", "b.jpg"):
        made.annotate(made.image(name), [box(2, 2, 20, 16)])
    made.write()
    return tmp_path / "export"


def datakit(*arguments: object) -> Result:
    result = CliRunner().invoke(app, [str(argument) for argument in arguments])
    assert result.exception is None or isinstance(result.exception, SystemExit), result.exception
    assert "Traceback" not in result.output
    return result


def coco2mask(*arguments: object) -> Result:
    return datakit("coco2mask", *arguments, "--workers", 0)


def refused(result: Result, *words: str) -> None:
    """Assert exit code 2 and one sentence with these words."""
    assert result.exit_code == UNUSABLE
    assert result.stdout == ""
    last = result.stderr.strip().splitlines()[-1]
    assert last.startswith("Error: ")
    for word in words:
        assert word in last


def test_done(export: Path, tmp_path: Path) -> None:
    result = coco2mask(export, "-o", tmp_path / "out")
    assert result.exit_code == DONE
    assert "samples" in result.stdout
    assert str(tmp_path / "out") in result.stdout


def test_some_failed(export: Path, tmp_path: Path) -> None:
    (export / "train/a.jpg").write_bytes(b"")
    result = coco2mask(export, "-o", tmp_path / "out")
    assert result.exit_code == FAILED
    assert "failures.jsonl" in result.stdout


def test_findings(export: Path) -> None:
    assert datakit("validate", export, "--workers", 0).exit_code == DONE
    (export / "train/a.jpg").write_bytes(b"")
    result = datakit("validate", export, "--workers", 0)
    assert result.exit_code == FINDINGS
    assert "train/a.jpg" in result.stdout


@pytest.mark.parametrize("fault", [False, True])
def test_json_is_one_object_and_nothing_else(export: Path, tmp_path: Path, fault: bool) -> None:
    if fault:
        (export / "train/a.jpg").write_bytes(b"")
    result = coco2mask(export, "-o", tmp_path / "out", "--json")
    summary = json.loads(result.stdout)
    assert summary["counts"]["samples"] == 2 - fault
    assert summary["failed"] == fault
    assert result.stdout.count("\n") == 1
    assert result.exit_code == (FAILED if fault else DONE)


def test_quiet_says_nothing(export: Path, tmp_path: Path) -> None:
    result = coco2mask(export, "-o", tmp_path / "out", "-q")
    assert result.output == ""
    assert result.exit_code == DONE


# Sources that are none


def test_a_missing_source(tmp_path: Path) -> None:
    refused(coco2mask(tmp_path / "no", "-o", tmp_path / "out"), "no such file or folder")
    refused(coco2mask(tmp_path / "no.json", "-o", tmp_path / "out"), "no such file")
    refused(coco2mask("x" * 5000, "-o", tmp_path / "out"), "cannot be opened")
    assert not (tmp_path / "out").exists()


def test_an_empty_source(tmp_path: Path) -> None:
    (tmp_path / "empty").mkdir()
    refused(coco2mask(tmp_path / "empty", "-o", tmp_path / "out"), "found an empty folder")


def test_a_source_of_something_else(tmp_path: Path) -> None:
    (tmp_path / "src").mkdir()
    (tmp_path / "src/notes.txt").write_text("hello")
    refused(coco2mask(tmp_path / "src", "-o", tmp_path / "out"), "found 1 other file")
    refused(datakit("validate", tmp_path / "src"), "found 1 other file (notes.txt)", "--from")


@pytest.mark.parametrize(
    ("name", "expected"), [("notes.txt", "expected a photo"), ("labels.json", "annotations")]
)
def test_one_file_of_something_else_is_named_itself(
    tmp_path: Path, sample_data: Path, name: str, expected: str
) -> None:
    shutil.copytree(sample_data / "portraits/images", tmp_path / "src")
    (tmp_path / "src" / name).write_text('{"a":')
    # The photos beside it are not what was asked for.
    refused(datakit("validate", tmp_path / "src" / name), f"src/{name}: ", expected, "--from")


@pytest.mark.parametrize(
    ("text", "words"),
    [
        (b"", "found an empty file"),
        (b"hello", "expected JSON"),
        (b'{"images": [', "expected JSON"),
        (b"<html></html>", "expected JSON"),
        (b"[]", "expected COCO with images"),
        (b"{}", "expected COCO with images"),
        (b'{"images": 3}', "expected COCO with images"),
        (b"\xff\xfe{\x00}\x00", "expected"),
        (b"[" * 100_000, "expected"),
        (b'{"images": ' + b"[" * 100_000, "expected"),
    ],
)
def test_json_that_is_no_coco(tmp_path: Path, text: bytes, words: str) -> None:
    (tmp_path / "src").mkdir()
    (tmp_path / "src/_annotations.coco.json").write_bytes(text)
    refused(coco2mask(tmp_path / "src", "-o", tmp_path / "out"), words)
    assert not (tmp_path / "out").exists()


@pytest.mark.parametrize("name", ["../x.jpg", "/tmp/x.jpg", "link.jpg"])
def test_hostile_archives(tmp_path: Path, name: str) -> None:
    with zipfile.ZipFile(tmp_path / "e.zip", "w") as archive:
        info = zipfile.ZipInfo(name)
        if name == "link.jpg":
            info.external_attr = (stat.S_IFLNK | 0o777) << 16
        archive.writestr(info, "/etc/passwd")
    words = "symbolic link" if name == "link.jpg" else "would be written outside"
    refused(coco2mask(tmp_path / "e.zip", "-o", tmp_path / "out"), words)
    assert [path.name for path in tmp_path.iterdir()] == ["e.zip"]


def test_hostile_names_are_rows(tmp_path: Path) -> None:
    made = Export(tmp_path / "export")
    for name in ("good.jpg", "folder.jpg", "pipe.jpg", "huge.jpg"):
        made.image(name)
    for name in ("folder.jpg", "pipe.jpg"):
        (made.folder / name).unlink()
    (made.folder / "folder.jpg").mkdir()
    os.mkfifo(made.folder / "pipe.jpg")
    header = b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR" + (100_000).to_bytes(4, "big") * 2
    (made.folder / "huge.jpg").write_bytes(header + b"\x08\x02\0\0\0" + b"\0" * 60)
    for name in ("../../etc/passwd", "/etc/passwd", "good.jpg"):
        made.document["images"].append(
            {"id": name * 2, "file_name": name, "width": 32, "height": 24}
        )
    made.write()
    result = coco2mask(made.folder, "-o", tmp_path / "out", "--json")
    assert result.exit_code == FAILED
    assert json.loads(result.stdout)["counts"] == {
        "samples": 1,
        "masks": 1,
        "empty": 1,
        # The two entries of good.jpg say the same of it: they are one.
        "failed": 5,
    }
    assert {path.name for path in tmp_path.iterdir()} == {"export", "out"}


# Targets that are none


def test_a_target_that_holds_something(export: Path, tmp_path: Path) -> None:
    (tmp_path / "out").mkdir()
    (tmp_path / "out/mine.txt").write_text("mine")
    refused(coco2mask(export, "-o", tmp_path / "out"), "--resume", "--overwrite")
    refused(coco2mask(export, "-o", tmp_path / "out", "--overwrite"), "that datakit wrote")
    refused(coco2mask(export, "-o", tmp_path / "out", "--resume"), "no interrupted run")
    refused(coco2mask(export, "-o", tmp_path / "out/mine.txt"), "found a file")
    assert tree(tmp_path / "out").keys() == {"mine.txt"}


@pytest.mark.parametrize("target", [".", "inside", ".."])
def test_a_target_in_or_around_the_source(export: Path, target: str) -> None:
    before = tree(export.parent)
    refused(coco2mask(export, "-o", export / target, "--overwrite"), "apart from the source")
    assert tree(export.parent) == before


def test_a_target_below_a_file_or_with_a_name_that_cannot_be(export: Path, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("x")
    for target in (tmp_path / "file/out", tmp_path / ("x" * 300)):
        result = coco2mask(export, "-o", target)
        assert result.exit_code == UNUSABLE
        assert result.stderr.splitlines()[-1].startswith("Error: ")


def as_nobody(*arguments: object) -> subprocess.CompletedProcess[str]:
    """Run datakit as a user without rights."""
    # Everything is imported before the rights are dropped: Python itself may be out of reach then.
    program = (
        "import os, sys\n"
        "from click.testing import CliRunner\n"
        "from datakit.cli.main import app, main\n"
        "if os.geteuid() == 0:\n"
        "    import datakit.verbs.coco2mask.task\n"
        "    done = CliRunner().invoke(app, ['coco2mask', '/none', '-o', '/none/out'])\n"
        "    assert done.exit_code == 2\n"
        "    os.setgid(65534); os.setuid(65534)\n"
        "sys.exit(main())\n"
    )
    command = [sys.executable, "-c", program, "coco2mask", *map(str, arguments), "--workers", "0"]
    return subprocess.run(command, capture_output=True, text=True, check=False)


def test_no_permission(export: Path, tmp_path: Path) -> None:
    # pytest keeps its folders to itself; the way down to this one is opened.
    for folder in (tmp_path, tmp_path.parent, tmp_path.parent.parent):
        folder.chmod(0o755)
    locked = tmp_path / "locked"
    locked.mkdir(mode=0o700)
    if os.geteuid() != 0:
        locked.chmod(0)
    for arguments in (
        [export, "-o", locked / "out"],
        [locked, "-o", tmp_path / "x"],
        [locked / "a.zip", "-o", tmp_path / "x"],
        [locked / "a.json", "-o", tmp_path / "x"],
        [export, "-o", tmp_path / "x", "--config", locked / "c.yaml"],
    ):
        done = as_nobody(*arguments)
        assert done.returncode == UNUSABLE, done.stderr
        sentence = done.stderr.splitlines()[-1]
        assert sentence.startswith("Error: ")
        assert "Permission denied" in sentence
        assert "Traceback" not in done.stderr
    locked.chmod(0o700)


# Options


def test_wrong_options_name_the_option(export: Path, tmp_path: Path) -> None:
    out = ("-o", tmp_path / "out")
    refused(coco2mask(export, *out, "--kindd", "binary"), "--kindd")
    refused(coco2mask(export, *out, "--kind", "sepia"), "--kind", "sepia", "binary")
    refused(coco2mask(export, *out, "--size", "640"), "size", "640")
    refused(coco2mask(export, *out, "--images", tmp_path / "no"), "--images", "copy")
    refused(coco2mask(export, *out, "--category", "cat"), "cat", "person")
    refused(coco2mask(export, *out, "--resume", "--overwrite"), "exclude each other")
    refused(datakit("coco2mask", export, *out, "--workers", "-1"), "workers")
    refused(coco2mask(export), "-o")
    refused(coco2mask("-o", tmp_path / "out"), "SRC")
    assert not (tmp_path / "out").exists()


def test_an_unknown_verb() -> None:
    refused(datakit("coco2msk"), "coco2msk", "did you mean 'coco2mask'?")
    refused(datakit("zzz"), "zzz", "datakit --help lists them")


def test_a_missing_choice_is_one_sentence(export: Path, tmp_path: Path) -> None:
    refused(datakit("export", export, "-o", tmp_path / "x"), "--format", "p3m, ")


def test_options_from_a_file_with_flags_on_top(export: Path, tmp_path: Path) -> None:
    config = tmp_path / "c.yaml"
    config.write_text("kind: semantic\ncategory: [person]\ndrop-empty: true\nsize: 16x12\n")
    result = coco2mask(
        export, "-o", tmp_path / "out", "--config", config, "--size", "8x6", "--json"
    )
    assert result.exit_code == DONE, result.output
    card = json.loads((tmp_path / "out/dataset.json").read_text())
    options = card["commands"][-1]["options"]
    assert options["kind"] == "semantic"
    assert options["category"] == ["person"]
    assert options["drop_empty"] is True
    assert options["size"] == "8x6"


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("kind: binary\ncolour: red\n", ["line 2", "'colour'", "kind"]),
        ("kind: sepia\n", ["sepia", "binary"]),
        ("kind: [binary\n", ["expected YAML"]),
        ("- kind\n", ["line 1", "name: value"]),
        ("kind: binary\nkind: semantic\n", ["line 2", "twice"]),
        ("size: 5\n", ["size"]),
        ("category: 3\n", ["category"]),
        ("drop_empty: perhaps\n", ["perhaps"]),
    ],
)
def test_a_wrong_file_of_options(export: Path, tmp_path: Path, text: str, words: list[str]) -> None:
    config = tmp_path / "c.yaml"
    config.write_text(text)
    refused(coco2mask(export, "-o", tmp_path / "out", "--config", config), *words)
    assert not (tmp_path / "out").exists()


def test_a_file_of_options_that_is_not_there(export: Path, tmp_path: Path) -> None:
    missing = tmp_path / "no.yaml"
    refused(coco2mask(export, "-o", tmp_path / "out", "--config", missing), "no.yaml")


# Progress


def test_plain_lines_when_piped(
    export: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("datakit.cli.progress.PLAIN_SECONDS", 0.0)
    result = coco2mask(export, "-o", tmp_path / "out", "--json")
    lines = result.stderr.splitlines()
    assert lines
    assert lines[0].startswith("coco2mask: 1/2, ")
    # What a program reads is one object: notes are in it.
    notes = json.loads(result.stdout)["notes"]
    assert "read as coco: 2 images, 2 labels, not read: nothing" in notes
    assert "\r" not in result.stderr
    assert "\x1b" not in result.output
    assert json.loads(result.stdout)


def test_a_reader_that_leaves_early_is_no_error(export: Path, tmp_path: Path) -> None:
    command = f"{sys.executable} -m datakit coco2mask --help | head -1; exit ${{PIPESTATUS[0]}}"
    done = subprocess.run(["bash", "-c", command], capture_output=True, text=True, check=False)
    assert done.stderr == ""


@pytest.mark.parametrize(("flag", "meant"), [("--ot", "--out"), ("--over", "--overwrite")])
def test_a_flag_that_is_none_is_answered_with_the_nearest(flag: str, meant: str) -> None:
    result = datakit("prelabel", "photos", flag, "x")
    assert result.exit_code == UNUSABLE
    assert meant in result.stderr and "--effort" not in result.stderr.splitlines()[-1]
